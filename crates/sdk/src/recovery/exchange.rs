//! Access given back by handing over a recovery key, so that no public key has to be trusted (crypto 4.5,
//! `EXCHANGE_KEY_RECOVERY`).

use std::collections::BTreeMap;
use std::time::Duration;

use keystead_crypto::exchange::{ExchangeData, ExchangeError, extend_exchange_data};
use keystead_crypto::recovery::{
    ExchangeSecrets, RecoveryKey, open_exchange_secrets, restore_exchange_data, seal_exchange_secrets,
};
use keystead_crypto::secret::{AccessControlSecret, ExchangeKey, SharedSignatureKey};
use serde_json::json;

use super::keys::data_of;
use super::{Recovery, RecoveryError, RecoveryKit, kit, maps};
use crate::call::Call;
use crate::error::WriteError;
use crate::exchange::{Exchange, crypto};
use crate::secret::SecretText;

/// Ids that are asked for in one request.
const BATCH: usize = 100;

/// How often somebody else may change exchange data at the same moment.
const ATTEMPTS: usize = 6;

/// What a recovery key for exchange data brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RestoredExchange {
    /// Exchange data that the user's keys open now, and did not before.
    pub restored: usize,
    /// Exchange data that they opened already.
    pub open_before: usize,
    /// Exchange data that the server does not give to the user, or to which the secrets do not belong.
    pub unusable: usize,
}

impl Recovery {
    /// Gives `for_owner`, who lost their keys, back what was shared between the two, in both directions: makes a
    /// recovery key to be handed over safely, for instance by voice. No key of theirs is trusted for it.
    ///
    /// # Errors
    /// [`RecoveryError::Nothing`]: nothing that the user can open was shared between the two.
    pub async fn give_recovery_of_exchange_keys(
        &self,
        for_owner: &str,
        expires: Option<Duration>,
    ) -> Result<RecoveryKit, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        let ring = core.keys.ring();
        let mut stored = Exchange::between(core, owner, for_owner).await?;
        if for_owner != owner {
            stored.extend(Exchange::between(core, for_owner, owner).await?);
        }
        let mut secrets = Vec::new();
        for data in stored.iter().filter(|data| is_between(data, owner, for_owner)) {
            match ExchangeSecrets::of(crypto(core, &ring), data).await {
                Ok(opened) => secrets.push(opened),
                Err(ExchangeError::NoKey | ExchangeError::Malformed) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let key = RecoveryKey::make(&*core.parts.random);
        let end = self.end_of(expires);
        let data = seal_exchange_secrets(&*core.parts.random, &key, for_owner, &secrets, end)
            .map_err(|_| RecoveryError::Nothing)?;
        // only the recipient may read it, so that it cannot be read back to see that it was kept
        self.publish(&data).await?;
        Ok(RecoveryKit::new(&key, end))
    }

    /// Uses a recovery key that somebody else made for the user: lets the user's keys into what was shared with
    /// them. Using it again does no harm, also where the first time was interrupted.
    ///
    /// # Errors
    /// [`RecoveryError::Key`]: the recovery key brings nothing back.
    pub async fn use_exchange_recovery(&self, text: &SecretText) -> Result<RestoredExchange, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        let key = kit::read(text)?;
        let data = data_of(&core.caller, owner, &key).await?;
        let secrets = open_exchange_secrets(&key, &data).map_err(super::RecoveryKeyError::from)?.content;
        let ids: Vec<&str> = secrets.iter().map(|secrets| secrets.exchange_data_id.as_str()).collect();
        let mut stored: BTreeMap<String, ExchangeData> = BTreeMap::new();
        for batch in ids.chunks(BATCH) {
            stored.extend(self.exchange_data(batch).await?);
        }
        let mut outcome = RestoredExchange::default();
        let mut failed = None;
        for secrets in secrets {
            let Some(data) = stored.remove(&secrets.exchange_data_id) else {
                outcome.unusable += 1;
                continue;
            };
            match self.restore(data, secrets).await {
                Ok(Restored::Now) => outcome.restored += 1,
                Ok(Restored::Before) => outcome.open_before += 1,
                Ok(Restored::No) => outcome.unusable += 1,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        // also after a failure: what was restored until then is open
        core.exchange.forget();
        core.memo.forget();
        failed.map_or(Ok(outcome), Err)
    }

    async fn exchange_data(&self, ids: &[&str]) -> Result<BTreeMap<String, ExchangeData>, RecoveryError> {
        let call = Call::post(&["exchangedata", "byIds"]).json(&json!({ "ids": ids })).repeatable();
        let found: Vec<ExchangeData> = self.core.caller.read(call).await?;
        Ok(found.into_iter().map(|data| (data.id.clone(), data)).collect())
    }

    /// Adds entries for the user's usable keys to one exchange data.
    async fn restore(&self, mut data: ExchangeData, secrets: ExchangeSecrets) -> Result<Restored, RecoveryError> {
        let core = &*self.core;
        let owner = self.owner()?;
        let ring = core.keys.ring();
        let (mut conflict, mut was_closed) = (None, false);
        for _ in 0..ATTEMPTS {
            if data.delegator != owner && data.delegate != owner {
                return Ok(Restored::No);
            }
            let (extended, open) = match data.open(&ring).await {
                Ok(open) => {
                    let own = ring.recipients(owner);
                    match extend_exchange_data(crypto(core, &ring), &data, &own, None).await? {
                        Some(extended) => (extended, open),
                        None => {
                            maps::mend(core, std::slice::from_ref(&open)).await?;
                            // an attempt of our own whose answer was lost
                            return Ok(if was_closed { Restored::Now } else { Restored::Before });
                        }
                    }
                }
                Err(ExchangeError::NoKey | ExchangeError::Malformed) => {
                    was_closed = true;
                    match restore_exchange_data(crypto(core, &ring), owner, &data, copy(&secrets)?).await {
                        Ok(restored) => restored,
                        Err(ExchangeError::Malformed | ExchangeError::FingerprintCollision) => return Ok(Restored::No),
                        Err(error) => return Err(error.into()),
                    }
                }
                Err(error) => return Err(error.into()),
            };
            let call = Call::put(&["exchangedata"]).json(&extended).repeatable();
            match core.caller.write::<ExchangeData>(call).await {
                Ok(_) => {
                    maps::mend(core, std::slice::from_ref(&open)).await?;
                    return Ok(Restored::Now);
                }
                Err(WriteError::Conflict(refusal)) => conflict = Some(refusal),
                Err(error) => return Err(error.into()),
            }
            let id = data.id.clone();
            let Some(newer) = self.exchange_data(&[&id]).await?.remove(&id) else { return Ok(Restored::No) };
            data = newer;
        }
        conflict.map_or(Ok(Restored::No), |refusal| Err(WriteError::Conflict(refusal).into()))
    }
}

enum Restored {
    Now,
    Before,
    No,
}

fn is_between(data: &ExchangeData, one: &str, other: &str) -> bool {
    let sides = (data.delegator.as_str(), data.delegate.as_str());
    sides == (one, other) || sides == (other, one)
}

/// Another copy of secrets, for another attempt.
fn copy(secrets: &ExchangeSecrets) -> Result<ExchangeSecrets, RecoveryError> {
    let malformed = |_| RecoveryError::from(ExchangeError::Malformed);
    Ok(ExchangeSecrets {
        exchange_data_id: secrets.exchange_data_id.clone(),
        exchange_key: ExchangeKey::from_bytes(secrets.exchange_key.expose()).map_err(malformed)?,
        access_control_secret: AccessControlSecret::from_bytes(secrets.access_control_secret.expose())
            .map_err(malformed)?,
        shared_signature_key: SharedSignatureKey::from_bytes(secrets.shared_signature_key.expose())
            .map_err(malformed)?,
    })
}
