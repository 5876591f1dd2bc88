//! Documents: files of a patient, with a sealed name and sealed attachments.

mod attachments;
mod content;

use std::collections::BTreeMap;
use std::sync::Arc;

use keystead_model::Object;
use serde_json::{Value, json};

pub use attachments::{AttachmentName, AttachmentTransferError};
#[cfg(not(target_family = "wasm"))]
pub use content::FileContent;
pub use content::{Content, ContentError};

use crate::api::Core;
use crate::document::text;
use crate::entities::{self, DOCUMENT, Draft, Grant, Record, RecordError, Records, Shared, record};
use crate::events::{Source, Subscription};
use crate::exchange::{Sender, senders};
use crate::patients::children_of;

record! {
    /// A document: its name is sealed; type, tags, codes and dates stand in clear.
    Document
}

impl Document {
    /// A document with a name, to be given to [`Documents::create_for`].
    pub fn new(name: &str) -> Self {
        let mut body = Object::new();
        body.insert("name".to_owned(), json!(name));
        Record { body, report: None }.into()
    }

    /// The sealed name.
    pub fn name(&self) -> Option<&str> {
        text(&self.record.body, "name")
    }

    /// Whether there is a main attachment.
    pub fn has_attachment(&self) -> bool {
        self.record.body.contains_key("attachmentId") || self.record.body.contains_key("objectStoreReference")
    }

    /// The names of the secondary attachments.
    pub fn secondary_attachments(&self) -> Vec<&str> {
        let map = self.record.body.get("secondaryAttachments").and_then(Value::as_object);
        map.into_iter().flat_map(Object::keys).map(String::as_str).collect()
    }

    /// The kind of the main attachment, as a uniform type identifier.
    pub fn main_uti(&self) -> Option<&str> {
        text(&self.record.body, "mainUti")
    }
}

/// Documents of patients, and their attachments.
///
/// ```no_run
/// use keystead_sdk::documents::{AttachmentName, Document};
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let documents = api.documents();
/// let patient = api.patients().current().await?;
/// let letter = documents.create_for(patient.id(), Document::new("letter")).await?;
/// let letter = documents.set_attachment(&letter, AttachmentName::Main, &["public.plain-text"], b"Dear doctor".to_vec()).await?;
/// let mut content = Vec::new();
/// documents.read_attachment(&letter, AttachmentName::Main, 1 << 20, &mut content).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Documents {
    core: Arc<Core>,
}

impl Documents {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes a document of a patient.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: the user knows nothing of the patient by which the document could be found.
    pub async fn create_for(&self, patient: &str, document: Document) -> Result<Document, RecordError> {
        self.create_shared(patient, document, &[]).await
    }

    /// Makes a document of a patient that is shared with these data owners from the start, beside those whom the
    /// user shares all medical information with.
    ///
    /// # Errors
    /// As [`Self::create_for`]; [`RecordError::UntrustedKeys`].
    pub async fn create_shared(
        &self,
        patient: &str,
        document: Document,
        with: &[(&str, Shared)],
    ) -> Result<Document, RecordError> {
        let mut body = document.record.body;
        body.insert("secretForeignKeys".to_owned(), json!(children_of(&self.core, patient).await?));
        let shared_with: BTreeMap<_, _> = with.iter().map(|(id, shared)| ((*id).to_owned(), *shared)).collect();
        let draft = Draft { body, owning_entity_ids: vec![patient], shared_with };
        Ok(entities::create(&self.core, DOCUMENT, draft).await?.into())
    }

    /// The document `id`.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: no key at hand opens it.
    pub async fn get(&self, id: &str) -> Result<Document, RecordError> {
        Ok(entities::get(&self.core, DOCUMENT, id).await?.into())
    }

    /// The documents of a patient that the user can read.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn list_for(&self, patient: &str) -> Result<Records<Document>, RecordError> {
        let keys = children_of(&self.core, patient).await?;
        self.find(&json!({
            "$type": "DocumentByDataOwnerPatientDateFilter",
            "dataOwnerId": self.core.owner_id()?,
            "secretPatientKeys": keys,
        }))
        .await
    }

    /// What a filter finds (wire 5.6).
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find(&self, filter: &Value) -> Result<Records<Document>, RecordError> {
        let ids = entities::matching(&self.core, DOCUMENT, filter).await?;
        entities::get_all(&self.core, DOCUMENT, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Writes a changed document. Attachments are not changed by it.
    ///
    /// # Errors
    /// [`RecordError::is_conflict`]: somebody else changed it meanwhile.
    pub async fn modify(&self, document: &Document) -> Result<Document, RecordError> {
        Ok(entities::modify(&self.core, DOCUMENT, &document.record).await?.into())
    }

    /// Shares a document, with its attachments.
    ///
    /// # Errors
    /// [`RecordError::UntrustedKeys`], [`RecordError::NotShared`].
    pub async fn share(&self, document: &Document, with: &str, shared: Shared) -> Result<Document, RecordError> {
        Ok(entities::share(&self.core, DOCUMENT, &document.record, Grant::of(with, shared)).await?.into())
    }

    /// What a filter finds (wire 5.6), and what becomes of it.
    pub fn subscribe(&self, filter: &Value) -> Subscription<Document> {
        Subscription::new(Arc::clone(&self.core), Source::Entities(DOCUMENT), filter)
    }

    /// Who gave the user access to a document, and who of them signed for it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn senders(&self, document: &Document) -> Result<Vec<Sender>, RecordError> {
        senders(&self.core, DOCUMENT, &document.record.body).await
    }

    /// Marks a document as deleted.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete(&self, document: &Document) -> Result<(), RecordError> {
        entities::delete(&self.core, DOCUMENT, document.id(), document.rev()).await
    }
}
