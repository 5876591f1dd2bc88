//! Sealed attachments, as they stream to the server and back (crypto 3.9).

use std::io::Write;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use keystead_crypto::attachment::{
    AttachmentError, AttachmentOpener, AttachmentRef, AttachmentSealer, AttachmentStatus, AttachmentTag,
    AttachmentTagger,
};
use keystead_crypto::entity::{EntityRef, Manifests, open_entity};
use keystead_crypto::secret::EntityKey;
use keystead_model::Object;

use super::content::{Content, ContentError};
use super::{Document, Documents};
use crate::call::Call;
use crate::entities::{self, DOCUMENT, RecordError, access};
use crate::error::RequestError;
use crate::transport::{Pieces, TransportError, Upload};

/// Which attachment of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentName<'a> {
    /// The main one.
    Main,
    /// A secondary one.
    Secondary(&'a str),
}

/// Why an attachment was not sent or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentTransferError {
    /// The server refused it or did not answer, or the document's key is not at hand. A conflict means that
    /// somebody else changed the document meanwhile.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The content cannot be read.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// It is cut off, changed, or of another key. What was written until then is worth nothing.
    #[error("not what was sealed: {0}")]
    Broken(AttachmentError),
    /// It is larger than the caller accepts. What was written until then is worth nothing.
    #[error("larger than what is accepted")]
    TooLarge,
    /// What it is written to failed.
    #[error("it cannot be written")]
    Sink,
}

impl AttachmentTransferError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Record(error) if error.retryable())
    }
}

impl From<RequestError> for AttachmentTransferError {
    fn from(error: RequestError) -> Self {
        Self::Record(error.into())
    }
}

impl From<TransportError> for AttachmentTransferError {
    fn from(error: TransportError) -> Self {
        RequestError::from(error).into()
    }
}

impl Documents {
    /// Seals content as an attachment, in place of an earlier one of the same name, and sends it piece by piece.
    /// `utis` say what it is, as uniform type identifiers, the best first. An interrupted upload changes nothing.
    ///
    /// # Errors
    /// See [`AttachmentTransferError`].
    pub async fn set_attachment(
        &self,
        document: &Document,
        name: AttachmentName<'_>,
        utis: &[&str],
        content: impl Content + 'static,
    ) -> Result<Document, AttachmentTransferError> {
        let core = &*self.core;
        let key = self.key(document).await?;
        let attachment = reference(document, name);
        let mut tagger = AttachmentTagger::new(&key, attachment);
        let mut pieces = content.open()?;
        while let Some(piece) = pieces.try_next().await.map_err(|_| ContentError)? {
            tagger.update(&piece);
        }
        let length = AttachmentSealer::sealed_length(content.length());
        let pieces = seal(&key, attachment, tagger.finish(), content.open()?)?;
        let mut call = call(Method::PUT, document, name).query("encrypted", "true");
        if !utis.is_empty() {
            // official clients print a list, with brackets (wire 5.3)
            call = call.query("utis", &format!("[{}]", utis.join(", ")));
        }
        let call = core.with_access(revision(call, document)?, DOCUMENT.entity_type).await?;
        let written: Object = core.caller.upload(call, Upload { length, pieces }).await.map_err(RecordError::from)?;
        Ok(entities::open_one(core, DOCUMENT, written).await?.into())
    }

    /// Reads an attachment piece by piece into `into`, at most `limit` bytes; says whether it is as it was sealed.
    /// Until this returns well, what was written may be anything: keep it apart.
    ///
    /// # Errors
    /// See [`AttachmentTransferError`].
    pub async fn read_attachment(
        &self,
        document: &Document,
        name: AttachmentName<'_>,
        limit: u64,
        into: &mut (dyn Write + Send),
    ) -> Result<AttachmentStatus, AttachmentTransferError> {
        let core = &*self.core;
        let key = self.key(document).await?;
        let call = core.with_access(call(Method::GET, document, name), DOCUMENT.entity_type).await?;
        let mut sealed = core.caller.download(call).await?;
        let mut opener = AttachmentOpener::new(&key, reference(document, name));
        let (mut content, mut left) = (Vec::new(), limit);
        let mut write = |content: &mut Vec<u8>| {
            left = left.checked_sub(content.len() as u64).ok_or(AttachmentTransferError::TooLarge)?;
            into.write_all(content).map_err(|_| AttachmentTransferError::Sink)?;
            content.clear();
            Ok::<_, AttachmentTransferError>(())
        };
        while let Some(piece) = sealed.try_next().await? {
            opener.update(&piece, &mut content).map_err(AttachmentTransferError::Broken)?;
            write(&mut content)?;
        }
        let status = opener.finish(&mut content).map_err(AttachmentTransferError::Broken)?;
        write(&mut content)?;
        Ok(status)
    }

    /// Removes an attachment.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete_attachment(
        &self,
        document: &Document,
        name: AttachmentName<'_>,
    ) -> Result<Document, RecordError> {
        let core = &*self.core;
        let call = revision(call(Method::DELETE, document, name), document)?;
        let call = core.with_access(call, DOCUMENT.entity_type).await?;
        let written: Object = core.caller.write(call).await?;
        Ok(entities::open_one(core, DOCUMENT, written).await?.into())
    }

    /// The key of a document: the one that opens its fields.
    async fn key(&self, document: &Document) -> Result<EntityKey, RecordError> {
        let body = &document.record.body;
        let access = access(&self.core, DOCUMENT, body).await?;
        let keys = access.keys();
        let entity = EntityRef { entity_type: DOCUMENT.entity_type, id: document.id() };
        let position = match body.contains_key("encryptedSelf") {
            true => open_entity(&Manifests::default(), entity, &keys, body).map_err(|_| RecordError::Unreadable)?.key,
            false => 0,
        };
        let key = keys.get(position).ok_or(RecordError::Unreadable)?;
        EntityKey::from_bytes(key.expose()).map_err(|_| RecordError::Unreadable)
    }
}

fn reference<'a>(document: &'a Document, name: AttachmentName<'a>) -> AttachmentRef<'a> {
    let secondary = match name {
        AttachmentName::Main => None,
        AttachmentName::Secondary(key) => Some(key),
    };
    AttachmentRef { document_id: document.id(), secondary }
}

fn call(method: Method, document: &Document, name: AttachmentName<'_>) -> Call {
    match name {
        AttachmentName::Main => Call::rest(method, &["document", document.id(), "attachment"]),
        AttachmentName::Secondary(key) => Call::rest(method, &["document", document.id(), "secondaryAttachments", key]),
    }
}

fn revision(call: Call, document: &Document) -> Result<Call, RecordError> {
    Ok(call.query("rev", document.rev().ok_or(RecordError::Malformed("rev"))?))
}

/// Seals pieces as they pass. If the content is not what the tag was made of, the upload breaks off.
fn seal(
    key: &EntityKey,
    attachment: AttachmentRef<'_>,
    tag: AttachmentTag,
    content: Pieces,
) -> Result<Pieces, AttachmentTransferError> {
    let sealer = AttachmentSealer::tagged(key, attachment, tag).map_err(AttachmentTransferError::Broken)?;
    let sealed = stream::unfold(Some((sealer, content)), |state| async {
        let (mut sealer, mut content) = state?;
        let mut sealed = Vec::new();
        loop {
            match content.try_next().await {
                Ok(Some(piece)) => {
                    sealer.update(&piece, &mut sealed);
                    if !sealed.is_empty() {
                        return Some((Ok(Bytes::from(sealed)), Some((sealer, content))));
                    }
                }
                Ok(None) => {
                    let end = sealer.finish(&mut sealed).map_err(|_| TransportError::Invalid);
                    return Some((end.map(|()| Bytes::from(sealed)), None));
                }
                Err(error) => return Some((Err(error), None)),
            }
        }
    });
    Ok(sealed.boxed())
}
