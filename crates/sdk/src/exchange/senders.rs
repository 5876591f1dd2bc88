//! Who gave the user access to a record, in a form that a lying server cannot make up (crypto 6, item 3).

use std::collections::BTreeMap;
use std::fmt;

use keystead_crypto::exchange::{ExchangeData, SenderError, SenderSignature, verify_sender};
use keystead_crypto::key::TrustedKey;
use keystead_model::Object;
use serde_json::json;

use super::crypto;
use crate::api::Core;
use crate::call::Call;
use crate::data_owners::Stub;
use crate::entities::{Kind, RecordError, access};

/// Somebody who is said to have given the user access to a record, and what stands behind that.
pub struct Sender {
    owner: String,
    signature: Result<SenderSignature, SenderError>,
}

impl Sender {
    /// The data owner that the exchange data names as their maker.
    pub fn owner_id(&self) -> &str {
        &self.owner
    }

    /// The signature of that data owner, by a key that is pinned for them; or why they cannot be named.
    ///
    /// # Errors
    /// [`SenderError::Unsigned`] is usual: official clients do not sign for their receivers. Anything else deserves
    /// attention.
    pub fn signature(&self) -> Result<&SenderSignature, SenderError> {
        self.signature.as_ref().map_err(|problem| *problem)
    }
}

impl fmt::Debug for Sender {
    /// Without the id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("signature", &self.signature.as_ref().map(drop)).finish_non_exhaustive()
    }
}

/// Who gave the user the keys of a record. What was signed once must be signed from then on: the pins remember it.
pub(crate) async fn senders(core: &Core, kind: Kind, body: &Object) -> Result<Vec<Sender>, RecordError> {
    let mut delegators: BTreeMap<String, String> = BTreeMap::new();
    for delegation in access(core, kind, body).await?.delegations {
        delegators.insert(delegation.exchange_data_id, delegation.delegator);
    }
    let ids: Vec<&String> = delegators.keys().collect();
    let call = Call::post(&["exchangedata", "byIds"]).json(&json!({ "ids": ids })).repeatable();
    let found: Vec<ExchangeData> = core.caller.read(call).await?;
    let mut senders = Vec::new();
    for (id, owner) in &delegators {
        // the very data that opened the record name the sender; what the server gives now must be the same
        let data = found.iter().find(|data| data.id == *id && data.delegator == *owner);
        let signature = match data {
            Some(data) => signature(core, data).await?,
            None => Err(SenderError::Forged),
        };
        senders.push(Sender { owner: owner.clone(), signature });
    }
    Ok(senders)
}

async fn signature(core: &Core, data: &ExchangeData) -> Result<Result<SenderSignature, SenderError>, RecordError> {
    let ring = core.keys.ring();
    let open = match core.exchange.state.read().index.get(&data.id) {
        Some(open) => open.clone(),
        None => return Ok(Err(SenderError::Forged)),
    };
    let trusted = trusted_keys(core, &data.delegator).await?;
    let pins = core.trust.pins().await?;
    let verified = verify_sender(crypto(core, &ring), data, &open, &trusted, pins.of(&data.delegator)).await;
    if let Ok(signed) = &verified {
        // an owner who is not pinned is the user: no server lists the user's keys to the user
        let _unpinned = core.trust.change(|pins| pins.remember_identity(&data.delegator, &signed.identity)).await?;
    }
    Ok(verified)
}

/// The keys that stand for a data owner on this device; none if nobody stands behind any.
async fn trusted_keys(core: &Core, owner: &str) -> Result<Vec<TrustedKey>, RecordError> {
    if owner == core.owner_id()? {
        return Ok(core.keys.ring().recipients(owner));
    }
    let stub: Stub = core.caller.read(Call::get(&["dataowner", "stub", owner])).await?;
    if stub.id() != owner {
        return Err(crate::error::RequestError::Unreadable.into());
    }
    Ok(core.trust.keys_of(&stub).await?.unwrap_or_default())
}
