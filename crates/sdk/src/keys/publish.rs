//! Publishing a key: adding it to the stub of its owner (crypto 1.3).

use keystead_crypto::key::{OwnerKeys, PublicKey};
use serde_json::{Value, json};

use super::KeysError;
use crate::api::Caller;
use crate::call::Call;
use crate::data_owners::Stub;
use crate::error::WriteError;

/// How often somebody else may change the data owner at the same moment.
const ATTEMPTS: usize = 6;

/// Makes the server list `key`. Doing it twice is like doing it once, so it can be repeated after a crash or
/// a lost answer.
pub(super) async fn publish(caller: &Caller, owner: &str, key: &PublicKey) -> Result<(), KeysError> {
    let mut conflict = None;
    for _ in 0..ATTEMPTS {
        let Stub { owner_type, fields } = caller.read(Call::get(&["dataowner", "stub", owner])).await?;
        if OwnerKeys::of(&fields)?.get(key.id()).is_some() {
            return Ok(());
        }
        let mut changed = fields;
        let listed = changed.entry("publicKeysForOaepWithSha256").or_insert_with(|| json!([]));
        match listed {
            Value::Array(listed) => listed.push(json!(key.to_spki_hex())),
            other => *other = json!([key.to_spki_hex()]),
        }
        let call = Call::put(&["dataowner", "stub"]).json(&Stub { owner_type, fields: changed }).repeatable();
        match caller.write::<Stub>(call).await {
            Ok(stub) if OwnerKeys::of(&stub.fields)?.get(key.id()).is_some() => return Ok(()),
            Ok(_) => return Err(KeysError::NotPublished),
            // changed by somebody else, or by an attempt of our own whose answer was lost
            Err(WriteError::Conflict(refusal)) => conflict = Some(refusal),
            Err(error) => return Err(error.into()),
        }
    }
    Err(conflict.map_or(KeysError::NotPublished, |refusal| WriteError::Conflict(refusal).into()))
}
