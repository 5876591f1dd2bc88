//! Which recovery keys were made or used on this device. Servers do not list them: whoever has the key finds
//! what it opens, and nobody else.

use std::collections::BTreeSet;
use std::fmt;

use keystead_crypto::key::KeyId;
use keystead_crypto::recovery::{RecoveryData, RecoveryDataType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Recovery, RecoveryError};
use crate::api::Caller;
use crate::call::Call;
use crate::error::{RequestError, WriteError};
use crate::storage::{Storage, StorageError};

const WHAT: &str = "the list of recovery keys";

/// Recovery data of the user that this device knows of. Not the recovery key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRecoveryKey {
    pub(super) id: String,
    /// When the server forgets it, in milliseconds since 1970.
    pub expires: Option<i64>,
    /// The private keys that it brings back.
    pub keys: BTreeSet<KeyId>,
    /// The SHA-256 of what the server keeps, so that it cannot be replaced unseen.
    digest: String,
}

impl KnownRecoveryKey {
    pub(super) fn new(data: &RecoveryData, keys: impl IntoIterator<Item = KeyId>) -> Self {
        Self {
            id: data.id.clone(),
            expires: data.expiration_instant,
            keys: keys.into_iter().collect(),
            digest: digest(data),
        }
    }

    /// What [`Recovery::delete`] takes.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Debug for KnownRecoveryKey {
    /// Without the id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownRecoveryKey").field("expires", &self.expires).finish_non_exhaustive()
    }
}

fn digest(data: &RecoveryData) -> String {
    hex::encode(Sha256::digest(data.encrypted_self.as_bytes()))
}

#[derive(Default, Serialize, Deserialize)]
struct List {
    version: u8,
    known: Vec<KnownRecoveryKey>,
}

fn name(owner: &str) -> String {
    format!("org.keystead.recovery-data.{owner}")
}

async fn load(storage: &dyn Storage, owner: &str) -> Result<Vec<KnownRecoveryKey>, StorageError> {
    let Some(text) = storage.get(&name(owner)).await? else { return Ok(Vec::new()) };
    let list: List = serde_json::from_str(&text).map_err(|_| StorageError::Corrupted(WHAT))?;
    if list.version == 1 { Ok(list.known) } else { Err(StorageError::NewerVersion) }
}

async fn save(storage: &dyn Storage, owner: &str, known: Vec<KnownRecoveryKey>) -> Result<(), StorageError> {
    let text = serde_json::to_string(&List { version: 1, known }).map_err(|_| StorageError::Corrupted(WHAT))?;
    storage.set(&name(owner), &text).await
}

/// Remembers recovery data.
pub(super) async fn remember(storage: &dyn Storage, owner: &str, new: KnownRecoveryKey) -> Result<(), StorageError> {
    let mut known = load(storage, owner).await?;
    known.retain(|other| other.id != new.id);
    known.push(new);
    save(storage, owner, known).await
}

/// `GET recoverydata/{id}`; `None` if there is none, or it has expired.
pub(super) async fn fetch(caller: &Caller, id: &str) -> Result<Option<RecoveryData>, RequestError> {
    match caller.read(Call::get(&["recoverydata", id])).await {
        Ok(data) => Ok(Some(data)),
        Err(RequestError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Recovery {
    /// The recovery keys that were made or used on this device and that still bring keys back: the server has
    /// what they open, unchanged. Those that were made on other devices nobody can list.
    ///
    /// # Errors
    /// See [`RecoveryError`].
    pub async fn list(&self) -> Result<Vec<KnownRecoveryKey>, RecoveryError> {
        let core = &*self.core;
        let mut found = Vec::new();
        for known in load(&*core.parts.storage, self.owner()?).await? {
            let over = known.expires.is_some_and(|end| end <= core.parts.time.now());
            if over {
                continue;
            }
            let stored = fetch(&core.caller, &known.id).await?;
            if stored.is_some_and(|data| digest(&data) == known.digest) {
                found.push(known);
            }
        }
        Ok(found)
    }

    /// Deletes the recovery data `id`, so that its recovery key opens nothing any more. `false` if there is none.
    ///
    /// # Errors
    /// See [`RecoveryError`].
    pub async fn delete(&self, id: &str) -> Result<bool, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        // twice is like once, and the second time there is nothing
        let call = Call::delete(&["recoverydata", id]).repeatable();
        let deleted = match core.caller.write::<Value>(call).await {
            Ok(_) => true,
            Err(WriteError::Request(RequestError::NotFound(refusal))) => refusal.after_repetition(),
            Err(error) => return Err(error.into()),
        };
        let mut known = load(&*core.parts.storage, owner).await?;
        let before = known.len();
        known.retain(|known| known.id != id);
        if known.len() < before {
            save(&*core.parts.storage, owner, known).await?;
        }
        Ok(deleted)
    }

    /// Deletes all recovery data for the user, whoever made it and on whatever device: of this type only, if one
    /// is given. How many there were.
    ///
    /// # Errors
    /// See [`RecoveryError`].
    pub async fn delete_all(&self, only: Option<RecoveryDataType>) -> Result<u64, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        let mut path = vec!["recoverydata", "forRecipient", owner];
        match only {
            None => {}
            Some(RecoveryDataType::KeypairRecovery) => path.extend(["ofType", "KEYPAIR_RECOVERY"]),
            Some(RecoveryDataType::ExchangeKeyRecovery) => path.extend(["ofType", "EXCHANGE_KEY_RECOVERY"]),
        }
        let count: Value = core.caller.write(Call::delete(&path)).await?;
        if only != Some(RecoveryDataType::ExchangeKeyRecovery) {
            save(&*core.parts.storage, owner, Vec::new()).await?;
        }
        count.get("numberValue").and_then(Value::as_u64).ok_or_else(|| RequestError::Unreadable.into())
    }
}
