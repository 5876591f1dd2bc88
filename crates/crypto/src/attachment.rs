//! Attachments of documents, whole or in pieces (crypto 3.9).
//!
//! The format is that of every sealed value: IV and AES-CBC under the key of the document. Beyond it,
//! our IV is a tag over the document, the attachment and the content. A tag needs the content twice:
//! once to compute it ([`AttachmentTagger`]), once to seal ([`AttachmentSealer`]). A source that can
//! be read only once is sealed without ([`AttachmentSealer::untagged`]), as official clients do.

use zeroize::Zeroizing;

use crate::hazmat::aes_cbc::{self, BLOCK, Decryptor, Encryptor};
use crate::hazmat::hash::equal;
use crate::hazmat::siv::Tagger;
use crate::random::{self, Random};
use crate::secret::EntityKey;

/// Which attachment of which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttachmentRef<'a> {
    /// The id of the document.
    pub document_id: &'a str,
    /// The key of a secondary attachment; none for the main one.
    pub secondary: Option<&'a str>,
}

impl AttachmentRef<'_> {
    fn binding(&self) -> Vec<u8> {
        let (kind, key) = match self.secondary {
            None => ("attachment", ""),
            Some(key) => ("secondaryAttachments", key),
        };
        let length = self.document_id.len();
        format!("Document\0{kind}\0{length}\0{}\0{key}", self.document_id).into_bytes()
    }
}

/// Why an attachment could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// No candidate key opens it, or what it opens to is not accepted.
    #[error("no candidate key opens the attachment")]
    NoKey,
    /// The bytes are not a sealed attachment, were cut off, or are of another key.
    #[error("malformed attachment")]
    Malformed,
    /// The content was not the same the second time.
    #[error("the content changed while it was sealed")]
    ContentChanged,
}

/// What is known of opened content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentStatus {
    /// Sealed for this very attachment by somebody who holds the key, and complete.
    Authentic,
    /// Carries no tag for it: written by another client, or from a stream, or changed.
    Untagged,
}

/// The tag of an attachment, from a first pass over its content.
pub struct AttachmentTag([u8; BLOCK]);

/// Computes the tag of content that comes in pieces.
pub struct AttachmentTagger(Tagger);

impl AttachmentTagger {
    /// Starts.
    pub fn new(key: &EntityKey, attachment: AttachmentRef<'_>) -> Self {
        Self(Tagger::new(key.expose(), &attachment.binding()))
    }

    /// Takes the next piece.
    pub fn update(&mut self, content: &[u8]) {
        self.0.update(content);
    }

    /// The tag.
    pub fn finish(self) -> AttachmentTag {
        AttachmentTag(self.0.finish())
    }
}

/// Seals content that comes in pieces.
pub struct AttachmentSealer {
    encryptor: Encryptor,
    iv: [u8; BLOCK],
    started: bool,
    check: Option<Tagger>,
}

impl AttachmentSealer {
    /// Seals with the tag of a first pass over the same content.
    ///
    /// # Errors
    /// None that a key of 16 or 32 bytes can cause.
    pub fn tagged(key: &EntityKey, attachment: AttachmentRef<'_>, tag: AttachmentTag) -> Result<Self, AttachmentError> {
        let check = Some(Tagger::new(key.expose(), &attachment.binding()));
        Self::new(key, tag.0, check)
    }

    /// Seals with a random IV, for a source that can be read only once. Readers cannot tell it from
    /// what somebody else made.
    ///
    /// # Errors
    /// None that a key of 16 or 32 bytes can cause.
    pub fn untagged(random: &dyn Random, key: &EntityKey) -> Result<Self, AttachmentError> {
        Self::new(key, random::bytes(random), None)
    }

    fn new(key: &EntityKey, iv: [u8; BLOCK], check: Option<Tagger>) -> Result<Self, AttachmentError> {
        let encryptor = Encryptor::new(key.expose(), &iv).map_err(|_| AttachmentError::Malformed)?;
        Ok(Self { encryptor, iv, started: false, check })
    }

    /// Takes the next piece and appends what can be sent.
    pub fn update(&mut self, content: &[u8], sealed: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.started, true) {
            sealed.extend_from_slice(&self.iv);
        }
        if let Some(check) = &mut self.check {
            check.update(content);
        }
        self.encryptor.update(content, sealed);
    }

    /// Appends the end.
    ///
    /// # Errors
    /// [`AttachmentError::ContentChanged`]: this was not what the tag was computed over. Discard what
    /// was sealed.
    pub fn finish(mut self, sealed: &mut Vec<u8>) -> Result<(), AttachmentError> {
        self.update(&[], sealed);
        let Self { encryptor, iv, check, .. } = self;
        if check.is_some_and(|check| !equal(&check.finish(), &iv)) {
            return Err(AttachmentError::ContentChanged);
        }
        encryptor.finish(sealed);
        Ok(())
    }

    /// How many bytes content of a length becomes.
    pub fn sealed_length(content: u64) -> u64 {
        BLOCK as u64 + (content / BLOCK as u64 + 1) * BLOCK as u64
    }
}

/// Opens an attachment that comes in pieces.
///
/// What it gives before [`Self::finish`] is not authenticated yet: keep it apart until then.
pub struct AttachmentOpener {
    key: Zeroizing<Vec<u8>>,
    iv: Vec<u8>,
    decryptor: Option<Decryptor>,
    tagger: Tagger,
}

impl AttachmentOpener {
    /// Starts.
    pub fn new(key: &EntityKey, attachment: AttachmentRef<'_>) -> Self {
        let tagger = Tagger::new(key.expose(), &attachment.binding());
        Self { key: Zeroizing::new(key.expose().to_vec()), iv: Vec::new(), decryptor: None, tagger }
    }

    /// Takes the next piece and appends the content so far.
    ///
    /// # Errors
    /// None that a key of 16 or 32 bytes can cause.
    pub fn update(&mut self, sealed: &[u8], content: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let missing = (BLOCK - self.iv.len()).min(sealed.len());
        let (start, rest) = sealed.split_at_checked(missing).ok_or(AttachmentError::Malformed)?;
        self.iv.extend_from_slice(start);
        let Ok(iv) = <&[u8; BLOCK]>::try_from(self.iv.as_slice()) else { return Ok(()) };
        let decryptor = match &mut self.decryptor {
            Some(decryptor) => decryptor,
            none => none.insert(Decryptor::new(&self.key, iv).map_err(|_| AttachmentError::Malformed)?),
        };
        let before = content.len();
        decryptor.update(rest, content);
        self.tagger.update(content.get(before..).unwrap_or_default());
        Ok(())
    }

    /// Appends the end of the content, and says what is known of all of it.
    ///
    /// # Errors
    /// [`AttachmentError::Malformed`]: cut off, changed, or of another key.
    pub fn finish(mut self, content: &mut Vec<u8>) -> Result<AttachmentStatus, AttachmentError> {
        let decryptor = self.decryptor.take().ok_or(AttachmentError::Malformed)?;
        let before = content.len();
        decryptor.finish(content).map_err(|_| AttachmentError::Malformed)?;
        self.tagger.update(content.get(before..).unwrap_or_default());
        let authentic = equal(&self.tagger.finish(), &self.iv);
        Ok(if authentic { AttachmentStatus::Authentic } else { AttachmentStatus::Untagged })
    }
}

/// Seals content that is in memory, with its tag.
///
/// # Errors
/// None that a key of 16 or 32 bytes can cause.
pub fn seal_attachment(
    key: &EntityKey,
    attachment: AttachmentRef<'_>,
    content: &[u8],
) -> Result<Vec<u8>, AttachmentError> {
    let mut tagger = AttachmentTagger::new(key, attachment);
    tagger.update(content);
    aes_cbc::seal(key.expose(), &tagger.finish().0, content).map_err(|_| AttachmentError::Malformed)
}

/// Opens an attachment with the first of `keys` that fits; `accepts` is asked about content without a
/// tag, because a wrong key opens one in some hundred to something.
///
/// # Errors
/// [`AttachmentError::NoKey`].
pub fn open_attachment(
    keys: &[&EntityKey],
    attachment: AttachmentRef<'_>,
    sealed: &[u8],
    accepts: impl Fn(&[u8]) -> bool,
) -> Result<(Vec<u8>, AttachmentStatus), AttachmentError> {
    for key in keys {
        let mut content = Vec::with_capacity(sealed.len());
        let mut opener = AttachmentOpener::new(key, attachment);
        opener.update(sealed, &mut content)?;
        match opener.finish(&mut content) {
            Ok(AttachmentStatus::Authentic) => return Ok((content, AttachmentStatus::Authentic)),
            Ok(status) if accepts(&content) => return Ok((content, status)),
            Ok(_) | Err(_) => {}
        }
    }
    Err(AttachmentError::NoKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAIN: AttachmentRef<'_> = AttachmentRef { document_id: "doc", secondary: None };

    fn key(byte: u8) -> EntityKey {
        EntityKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn bound_to_document_and_attachment() {
        let sealed = seal_attachment(&key(1), MAIN, b"content").unwrap();
        let open = |attachment| open_attachment(&[&key(2), &key(1)], attachment, &sealed, |_| true).unwrap();
        assert_eq!(open(MAIN), (b"content".to_vec(), AttachmentStatus::Authentic));
        let elsewhere = [
            AttachmentRef { document_id: "other", secondary: None },
            AttachmentRef { document_id: "doc", secondary: Some("") },
            AttachmentRef { document_id: "doc", secondary: Some("x") },
        ];
        for attachment in elsewhere {
            assert_eq!(open(attachment).1, AttachmentStatus::Untagged);
        }
    }

    #[test]
    fn content_that_changes_between_the_passes_is_noticed() {
        let mut tagger = AttachmentTagger::new(&key(1), MAIN);
        tagger.update(b"first");
        let mut sealer = AttachmentSealer::tagged(&key(1), MAIN, tagger.finish()).unwrap();
        let mut sealed = Vec::new();
        sealer.update(b"second", &mut sealed);
        assert_eq!(sealer.finish(&mut sealed), Err(AttachmentError::ContentChanged));
    }

    proptest! {
        #[test]
        fn pieces(content in proptest::collection::vec(any::<u8>(), 0..300), size in 1_usize..40) {
            let whole = seal_attachment(&key(1), MAIN, &content).unwrap();
            prop_assert_eq!(whole.len() as u64, AttachmentSealer::sealed_length(content.len() as u64));
            let mut tagger = AttachmentTagger::new(&key(1), MAIN);
            content.chunks(size).for_each(|piece| tagger.update(piece));
            let mut sealer = AttachmentSealer::tagged(&key(1), MAIN, tagger.finish()).unwrap();
            let mut sealed = Vec::new();
            content.chunks(size).for_each(|piece| sealer.update(piece, &mut sealed));
            sealer.finish(&mut sealed).unwrap();
            prop_assert_eq!(&sealed, &whole);

            let mut opener = AttachmentOpener::new(&key(1), MAIN);
            let mut opened = Vec::new();
            for piece in sealed.chunks(size) {
                opener.update(piece, &mut opened).unwrap();
            }
            prop_assert_eq!(opener.finish(&mut opened), Ok(AttachmentStatus::Authentic));
            prop_assert_eq!(opened, content);
        }

        #[test]
        fn changed_or_cut_is_never_authentic(at in 0_usize..60, bit in 0_u8..8, cut in 0_usize..60) {
            let mut sealed = seal_attachment(&key(1), MAIN, &[7; 40]).unwrap();
            let length = sealed.len();
            sealed[at % length] ^= 1 << bit;
            let opened = open_attachment(&[&key(1)], MAIN, &sealed, |_| true);
            prop_assert!(!matches!(opened, Ok((_, AttachmentStatus::Authentic))));
            sealed[at % length] ^= 1 << bit;
            let opened = open_attachment(&[&key(1)], MAIN, &sealed[..cut % length], |_| true);
            prop_assert!(!matches!(opened, Ok((_, AttachmentStatus::Authentic))));
        }

        #[test]
        fn opening_anything(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = open_attachment(&[&key(1)], MAIN, &bytes, |_| true);
        }
    }
}
