//! Transfer keys that are missing (crypto 4.4): made at every start, so that whoever holds one verified key of
//! the user gets the others.

use std::collections::{BTreeMap, BTreeSet};

use keystead_crypto::exchange::{
    Crypto, ExchangeData, ExchangeError, NewExchangeData, OpenExchangeData, extend_exchange_data, make_exchange_data,
    verify_exchange_data,
};
use keystead_crypto::identity::SignerIdentity;
use keystead_crypto::key::{KeyId, OwnerKeys, TrustedKey};
use keystead_crypto::recovery::{TransferEdge, TransferKey, plan_transfer_keys, seal_transfer_key};
use keystead_model::Object;
use serde_json::{Value, json};

use super::recover::between;
use super::start::Start;
use crate::call::Call;
use crate::data_owners::Stub;
use crate::entities::RecordError;
use crate::error::WriteError;

/// How often somebody else may change the data owner at the same moment.
const ATTEMPTS: usize = 6;

impl Start<'_> {
    /// Makes what is missing. A start does not fail for it: the keys are here, and the next start tries again.
    pub(super) async fn connect_keys(&mut self) {
        match self.make_transfer_keys().await {
            Ok(made) => self.report.transfer_keys_made = made,
            Err(_) => self.report.transfer_keys_missing = true,
        }
    }

    async fn make_transfer_keys(&self) -> Result<usize, RecordError> {
        let id = self.owner.id();
        let sources: BTreeSet<KeyId> = self.ring.recipients(id).iter().map(TrustedKey::id).collect();
        let available: BTreeSet<KeyId> = self.ring.of(id).map(|own| own.public().id()).collect();
        // from a key to itself there is nothing to do
        if sources.is_empty() || available.len() < 2 {
            return Ok(0);
        }
        let mut exchange = None;
        let mut conflict = None;
        for _ in 0..ATTEMPTS {
            let stub: Stub = self.caller.read(Call::get(&["dataowner", "stub", id])).await?;
            let listed = stub.listed_keys().map_err(|_| RecordError::Malformed("public keys"))?;
            let plan = plan(&stub.fields, &listed, &sources, &available);
            if plan.is_empty() {
                return Ok(0);
            }
            if exchange.is_none() {
                exchange = Some(self.self_exchange_data().await?);
            }
            let Some(open) = &exchange else { return Ok(0) };
            let sealed = plan.iter().filter_map(|edge| self.seal(open, edge)).collect::<Vec<_>>();
            let made = sealed.len();
            let Stub { owner_type, mut fields } = stub;
            add(&mut fields, sealed);
            let call = Call::put(&["dataowner", "stub"]).json(&Stub { owner_type, fields }).repeatable();
            match self.caller.write::<Stub>(call).await {
                Ok(_) => return Ok(made),
                // changed by somebody else, or by an attempt of our own whose answer was lost
                Err(WriteError::Conflict(refusal)) => conflict = Some(refusal),
                Err(error) => return Err(error.into()),
            }
        }
        conflict.map_or(Ok(0), |refusal| Err(WriteError::Conflict(refusal).into()))
    }

    fn seal(&self, open: &OpenExchangeData, edge: &TransferEdge) -> Option<TransferKey> {
        let [source, target] = [edge.source, edge.target].map(|id| self.ring.get(id));
        seal_transfer_key(open.exchange_key(), self.owner.id(), source?.public(), target?.private())
    }

    /// Exchange data of the user with themselves, made by the user, that every usable key opens.
    async fn self_exchange_data(&self) -> Result<OpenExchangeData, RecordError> {
        let id = self.owner.id();
        let crypto = Crypto { provider: &*self.parts.provider, random: &*self.parts.random, ring: &self.ring };
        let own = self.ring.of(id).find(|own| own.is_usable());
        let signer = match own {
            Some(own) => Some(SignerIdentity::make(own).await?),
            None => None,
        };
        let found = between(self.caller, id, id).await.map_err(|_| RecordError::Malformed("exchange data"))?;
        for data in found.iter().filter(|data| data.deletion_date.is_none()) {
            let Some(open) = unless_closed(data.open(&self.ring).await)? else { continue };
            let verified = unless_closed(verify_exchange_data(crypto, data, &open, id, &[]).await)?;
            if !verified.is_some_and(|verified| verified.is_safe_for_writing()) {
                continue;
            }
            if let Some(data) = extend_exchange_data(crypto, data, &self.ring.recipients(id), signer.as_ref()).await? {
                self.caller.write::<ExchangeData>(Call::put(&["exchangedata"]).json(&data)).await?;
            }
            return Ok(open);
        }
        let new = NewExchangeData { delegator: id, delegate: id, delegate_keys: &[], signer: signer.as_ref() };
        let (data, open) = make_exchange_data(crypto, new).await?;
        match self.caller.write::<ExchangeData>(Call::post(&["exchangedata"]).json(&data).repeatable()).await {
            // the id is random and ours: the answer to an earlier attempt was lost
            Err(WriteError::AlreadyExists(refusal) | WriteError::Conflict(refusal)) if refusal.after_repetition() => {}
            outcome => drop(outcome?),
        }
        Ok(open)
    }
}

/// Without what cannot be opened.
fn unless_closed<T>(outcome: Result<T, ExchangeError>) -> Result<Option<T>, RecordError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(ExchangeError::NoKey | ExchangeError::Malformed) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is to be made, among keys that are listed.
fn plan(owner: &Object, listed: &OwnerKeys, from: &BTreeSet<KeyId>, to: &BTreeSet<KeyId>) -> Vec<TransferEdge> {
    let only = |ids: &BTreeSet<KeyId>| ids.iter().copied().filter(|id| listed.get(*id).is_some()).collect();
    plan_transfer_keys(owner, listed, &only(from), &only(to))
}

/// Adds transfer keys beside those that are there.
fn add(fields: &mut Object, sealed: Vec<TransferKey>) {
    let mut by_source: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for TransferKey { source, target, sealed } in sealed {
        by_source.entry(source).or_default().push((target, sealed));
    }
    let all = fields.entry("transferKeys").or_insert_with(|| json!({}));
    if !all.is_object() {
        *all = json!({});
    }
    let Value::Object(all) = all else { return };
    for (source, targets) in by_source {
        let Value::Object(map) = all.entry(source).or_insert_with(|| json!({})) else { continue };
        map.extend(targets.into_iter().map(|(target, sealed)| (target, json!(sealed))));
    }
}
