//! Exchange data maps after exchange data came back (crypto 3.5): they lead whoever is named in a delegation to
//! exchange data whose other side is hidden, and were sealed for the key that is lost.

use std::collections::{BTreeMap, BTreeSet};

use keystead_crypto::access_control::{AccessControlKey, DelegationKey, EntityType};
use keystead_crypto::exchange::{ExchangeDataMap, ExchangeError, OpenExchangeData, make_exchange_data_map};
use keystead_crypto::key::TrustedKey;
use serde_json::{Map, json};

use super::{Recovery, RecoveryError};
use crate::api::Core;
use crate::call::Call;
use crate::exchange::{Exchange, crypto};

/// Exchange data whose maps are asked for in one request; each can have one per class.
const BATCH: usize = 6;

impl Recovery {
    /// Once somebody gave access back to a new key: finds again what they gave. How many maps led to nothing
    /// before.
    ///
    /// Needed by whoever is named in what they share, such as healthcare professionals, since givers with official
    /// clients do not renew the maps by which these find what hidden counterparts shared. For others it only
    /// forgets what did not open. Costs one request for every few counterparts; done twice it does no harm.
    ///
    /// # Errors
    /// See [`RecoveryError`]. What was mended before stays.
    pub async fn find_again(&self) -> Result<usize, RecoveryError> {
        let core = &*self.core;
        let mut mended = 0;
        if !core.is_anonymous() {
            let ring = core.keys.ring();
            let mut opened = Vec::new();
            for data in Exchange::all(core).await? {
                match data.open(&ring).await {
                    Ok(open) => opened.push(open),
                    Err(ExchangeError::NoKey | ExchangeError::Malformed) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            mended = mend(core, &opened).await?;
        }
        core.exchange.forget();
        core.memo.forget();
        Ok(mended)
    }
}

/// Adds the user's keys to the maps that lead to these exchange data, in every class where there is one. How many.
pub(super) async fn mend(core: &Core, opened: &[OpenExchangeData]) -> Result<usize, RecoveryError> {
    // who is hidden is led by access control keys, which exchange data hold themselves
    if core.is_anonymous() {
        return Ok(0);
    }
    let ring = core.keys.ring();
    let own: Vec<TrustedKey> = ring.recipients(core.owner_id()?);
    let mut mended = 0;
    for opened in opened.chunks(BATCH) {
        let mut led: BTreeMap<DelegationKey, (AccessControlKey, &OpenExchangeData)> = BTreeMap::new();
        for open in opened {
            for class in EntityType::ALL {
                let key = open.access_control_secret().derive_key(class);
                led.insert(key.derive_delegation_key(), (key, open));
            }
        }
        let ids: Vec<&DelegationKey> = led.keys().collect();
        let call = Call::post(&["exchangedatamap", "batch"]).json(&json!({ "ids": ids })).repeatable();
        let found: Vec<ExchangeDataMap> = core.caller.read(call).await?;
        let lacking: BTreeSet<DelegationKey> =
            found.iter().filter(|map| lacks_one(map, &own)).map(|map| map.id).collect();
        let mut batch = Map::new();
        for id in lacking {
            let Some((key, open)) = led.get(&id) else { continue };
            let entries = make_exchange_data_map(crypto(core, &ring), open.id(), &own).await?;
            batch.insert(key.to_hex(), json!(entries));
        }
        if !batch.is_empty() {
            mended += batch.len();
            let call = Call::put(&["exchangedatamap", "batch"]).json(&json!({ "batch": batch })).repeatable();
            core.caller.text(call).await?;
        }
    }
    Ok(mended)
}

fn lacks_one(map: &ExchangeDataMap, own: &[TrustedKey]) -> bool {
    own.iter().any(|key| !map.encrypted_exchange_data_ids.contains_key(&key.key().fingerprint().v2()))
}
