//! Exchange data maps after exchange data came back (crypto 3.5): they lead whoever is named in a delegation to
//! exchange data whose other side is hidden, and were sealed for the key that is lost.

use std::collections::BTreeSet;

use keystead_crypto::access_control::EntityType;
use keystead_crypto::exchange::{ExchangeDataMap, OpenExchangeData, make_exchange_data_map};
use serde_json::{Map, json};

use super::RecoveryError;
use crate::api::Core;
use crate::call::Call;
use crate::exchange::crypto;

/// Adds the user's keys to the maps that lead to this exchange data, in every class where there is one.
pub(super) async fn mend(core: &Core, open: &OpenExchangeData) -> Result<(), RecoveryError> {
    // who is hidden is led by access control keys, which exchange data hold themselves
    if core.is_anonymous() {
        return Ok(());
    }
    let keys: Vec<_> = EntityType::ALL.iter().map(|class| open.access_control_secret().derive_key(*class)).collect();
    let ids: Vec<_> = keys.iter().map(|key| key.derive_delegation_key()).collect();
    let call = Call::post(&["exchangedatamap", "batch"]).json(&json!({ "ids": ids })).repeatable();
    let found: Vec<ExchangeDataMap> = core.caller.read(call).await?;
    let own: Vec<_> = core.keys.ring().recipients(core.owner_id()?);
    let lacking = |map: &&ExchangeDataMap| {
        own.iter().any(|key| !map.encrypted_exchange_data_ids.contains_key(&key.key().fingerprint().v2()))
    };
    let lacking: BTreeSet<_> = found.iter().filter(lacking).map(|map| map.id).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let ring = core.keys.ring();
    let entries = make_exchange_data_map(crypto(core, &ring), open.id(), &own).await?;
    let mut batch = Map::new();
    for (key, _) in keys.iter().zip(&ids).filter(|(_, id)| lacking.contains(id)) {
        batch.insert(key.to_hex(), json!(entries));
    }
    let call = Call::put(&["exchangedatamap", "batch"]).json(&json!({ "batch": batch })).repeatable();
    core.caller.text(call).await?;
    Ok(())
}
