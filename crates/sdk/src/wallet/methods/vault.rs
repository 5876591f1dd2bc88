//! Keys among the user's own encrypted records: a document for each, with the key as its attachment.
//!
//! It is shared like everything that the user writes. Somebody who reads it, a doctor for instance, has one of the
//! things that a recovery takes; the text that the application keeps and a login of the user are the others.

use std::sync::Arc;

use async_trait::async_trait;
use keystead_crypto::attachment::AttachmentStatus;
use serde_json::json;
use zeroize::Zeroizing;

use super::{BackupKey, BackupKeys, KeyId, MethodError};
use crate::api::Core;
use crate::data_owners::DataOwnerType;
use crate::documents::{AttachmentName, Document, Documents};
use crate::entities::Records;
use crate::patients::children_of;

/// The sealed name of the documents.
const NAME: &str = "Key of a wallet backup";
/// What they are to everybody: by it they are found among many.
const KIND: &str = "template_admin";
/// The most bytes of a key.
const LONGEST: u64 = 1024;

pub(super) struct Vault<'m> {
    pub(super) core: &'m Arc<Core>,
}

impl Vault<'_> {
    fn documents(&self) -> Documents {
        Documents::new(Arc::clone(self.core))
    }

    fn patient(&self) -> Result<&str, MethodError> {
        match &self.core.owner {
            Some((DataOwnerType::Patient, id)) => Ok(id),
            _ => Err(MethodError::NoRecords),
        }
    }

    async fn found(&self) -> Result<Records<Document>, MethodError> {
        let own = self.patient()?;
        let filter = json!({
            "$type": "DocumentByTypeDataOwnerPatientFilter",
            "dataOwnerId": own,
            "documentType": KIND,
            "secretPatientKeys": children_of(self.core, own).await?,
        });
        let mut found = self.documents().find(&filter).await?;
        found.records.retain(|document| document.name() == Some(NAME) && document.has_attachment());
        Ok(found)
    }

    async fn read(&self, document: &Document) -> Result<Option<BackupKey>, MethodError> {
        let mut content = Zeroizing::new(Vec::with_capacity(256));
        let read = self.documents().read_attachment(document, AttachmentName::Main, LONGEST, &mut *content).await?;
        let line = std::str::from_utf8(&content).ok().filter(|_| read == AttachmentStatus::Authentic);
        Ok(line.and_then(BackupKey::from_line))
    }
}

#[async_trait]
impl BackupKeys for Vault<'_> {
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError> {
        let found = self.found().await?;
        let mut keys = Vec::new();
        for document in &found.records {
            keys.extend(self.read(document).await?);
        }
        match keys.is_empty() && !found.unreadable.is_empty() {
            true => Err(MethodError::RecordsClosed),
            false => Ok(keys),
        }
    }

    async fn append(&self, key: &BackupKey) -> Result<(), MethodError> {
        let documents = self.documents();
        let mut document = Document::new(NAME);
        document.record.body.insert("documentType".to_owned(), json!(KIND));
        let document = documents.create_for(self.patient()?, document).await?;
        let line = key.to_line().expose().as_bytes().to_vec();
        documents.set_attachment(&document, AttachmentName::Main, &["public.plain-text"], line).await?;
        Ok(())
    }

    async fn remove(&self, id: &KeyId) -> Result<(), MethodError> {
        let documents = self.documents();
        for document in self.found().await?.records {
            if self.read(&document).await?.is_some_and(|key| key.id() == id) {
                let document = documents.delete_attachment(&document, AttachmentName::Main).await?;
                documents.delete(&document).await?;
            }
        }
        Ok(())
    }
}
