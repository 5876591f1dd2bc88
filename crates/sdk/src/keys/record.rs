//! What this device remembers about the user's own keys, under a name of our own: a lying server can then
//! not make it forget them.

use std::collections::BTreeSet;

use keystead_crypto::key::{Fingerprint, KeyId, PublicKey};
use serde::{Deserialize, Serialize};

use super::NewKeyReason;
use crate::storage::{Storage, StorageError};

/// A key that was made on this device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Made {
    /// The key.
    pub(crate) id: KeyId,
    /// By which the key storage files it.
    fingerprint: String,
    /// Whether the server was seen to list it.
    pub(crate) published: bool,
    /// Why it was made.
    pub(crate) because: NewKeyReason,
}

impl Made {
    pub(crate) fn new(key: &PublicKey, because: NewKeyReason) -> Self {
        Self { id: key.id(), fingerprint: key.fingerprint().v1(), published: false, because }
    }

    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        Fingerprint::parse(&self.fingerprint)
    }
}

/// The record of one data owner, version 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u8,
    /// Keys made on this device.
    pub(crate) made: Vec<Made>,
    /// Other keys that a person or the application confirmed.
    verified: BTreeSet<KeyId>,
}

impl Default for Record {
    fn default() -> Self {
        Self { version: 1, made: Vec::new(), verified: BTreeSet::new() }
    }
}

impl Record {
    /// The record of `owner`; an empty one if there is none.
    pub(crate) async fn load(storage: &dyn Storage, owner: &str) -> Result<Self, StorageError> {
        let Some(text) = storage.get(&name(owner)).await? else { return Ok(Self::default()) };
        let record: Self =
            serde_json::from_str(&text).map_err(|_| StorageError::Corrupted("the record of the user's keys"))?;
        if record.version == 1 { Ok(record) } else { Err(StorageError::NewerVersion) }
    }

    pub(crate) async fn save(&self, storage: &dyn Storage, owner: &str) -> Result<(), StorageError> {
        let text = serde_json::to_string(self).map_err(|_| StorageError::Corrupted("the record of the user's keys"))?;
        storage.set(&name(owner), &text).await
    }

    /// Remembers that a key is the owner's.
    pub(crate) fn verify(&mut self, id: KeyId) {
        self.verified.insert(id);
    }

    pub(crate) fn is_verified(&self, id: KeyId) -> bool {
        self.verified.contains(&id)
    }
}

fn name(owner: &str) -> String {
    format!("org.keystead.own-keys.{owner}")
}
