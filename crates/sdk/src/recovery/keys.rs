//! Private keys behind a recovery key (crypto 4.5, `KEYPAIR_RECOVERY`).

use std::time::Duration;

use keystead_crypto::key::{OwnKey, PrivateKey};
use keystead_crypto::recovery::{RecoveryData, RecoveryKey, open_key_pairs, seal_key_pairs};
use serde_json::Value;

use super::known::{KnownRecoveryKey, fetch, remember};
use super::{Recovery, RecoveryError, RecoveryKeyError, RecoveryKit, kit};
use crate::api::{Caller, Parts};
use crate::call::Call;
use crate::data_owners::DataOwner;
use crate::error::{RequestError, WriteError};
use crate::secret::SecretText;

/// What the server has for a recovery key, for its recipient `owner`.
pub(super) async fn data_of(caller: &Caller, owner: &str, key: &RecoveryKey) -> Result<RecoveryData, RecoveryKeyError> {
    let data = match fetch(caller, &key.id()).await {
        Ok(data) => data.ok_or(RecoveryKeyError::NotFound)?,
        Err(RequestError::Forbidden(_)) => return Err(RecoveryKeyError::ForSomebodyElse),
        Err(error) => return Err(error.into()),
    };
    if data.recipient == owner { Ok(data) } else { Err(RecoveryKeyError::ForSomebodyElse) }
}

/// The keys of `owner` behind the recovery key that a person gave, for the start of an API. Those that the owner
/// does not publish are left out.
pub(crate) async fn open_keys(
    parts: &Parts,
    caller: &Caller,
    owner: &DataOwner,
    text: &SecretText,
) -> Result<Vec<PrivateKey>, RecoveryKeyError> {
    let key = kit::read(text)?;
    let data = data_of(caller, owner.id(), &key).await?;
    let listed = owner.listed_keys().map_err(|_| RecoveryKeyError::Foreign)?;
    let mut keys: Vec<PrivateKey> = Vec::new();
    for found in open_key_pairs(&key, &data)?.content {
        let is_listed = listed.get(found.private.public().id()).is_some();
        if found.owner == owner.id() && is_listed && !keys.contains(&found.private) {
            keys.push(found.private);
        }
    }
    if keys.is_empty() {
        return Err(RecoveryKeyError::Foreign);
    }
    let known = KnownRecoveryKey::new(&data, keys.iter().map(|key| key.public().id()));
    // the report knows of it then; the keys are more important than that
    let _ = remember(&*parts.storage, owner.id(), known).await;
    Ok(keys)
}

impl Recovery {
    /// When something expires that is made now, in milliseconds since 1970.
    pub(super) fn end_of(&self, expires: Option<Duration>) -> Option<i64> {
        let millis = |life: Duration| i64::try_from(life.as_millis()).unwrap_or(i64::MAX);
        expires.map(|life| self.core.parts.time.now().saturating_add(millis(life)))
    }

    /// Makes a recovery key for every usable key of the user. The server keeps the sealed keys for as long as
    /// `expires` says, or until they are deleted. Show the kit to the person; it exists nowhere else.
    ///
    /// Whether the server kept the data is checked by reading them back.
    ///
    /// # Errors
    /// [`RecoveryError::Nothing`]: there is no usable key. [`RecoveryError::NotKept`].
    pub async fn make_recovery_key(&self, expires: Option<Duration>) -> Result<RecoveryKit, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        let (key, ring) = (RecoveryKey::make(&*core.parts.random), core.keys.ring());
        let usable: Vec<&OwnKey> = ring.of(owner).filter(|own| own.is_usable()).collect();
        let end = self.end_of(expires);
        let data = seal_key_pairs(&*core.parts.random, &key, owner, usable.iter().copied(), end)
            .map_err(|_| RecoveryError::Nothing)?;
        self.publish(&data).await?;
        let stored = fetch(&core.caller, &data.id).await?.ok_or(RecoveryError::NotKept)?;
        if (RecoveryData { rev: None, ..stored }) != data {
            return Err(RecoveryError::NotKept);
        }
        let known = KnownRecoveryKey::new(&data, usable.iter().map(|own| own.public().id()));
        remember(&*core.parts.storage, owner, known).await?;
        Ok(RecoveryKit::new(&key, end))
    }

    /// `POST recoverydata`.
    pub(super) async fn publish(&self, data: &RecoveryData) -> Result<(), RecoveryError> {
        match self.core.caller.write::<Value>(Call::post(&["recoverydata"]).json(data).repeatable()).await {
            Ok(_) => Ok(()),
            // the id is random and ours: the answer to an earlier attempt was lost
            Err(WriteError::AlreadyExists(refusal) | WriteError::Conflict(refusal)) if refusal.after_repetition() => {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}
