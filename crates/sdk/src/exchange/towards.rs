//! Exchange data that the user gives access under: found, extended or made (crypto 2.2 to 2.6).

use std::sync::Arc;

use keystead_crypto::access_control::EntityType;
use keystead_crypto::delegation::Participant;
use keystead_crypto::exchange::{
    Entries, ExchangeData, ExchangeError, MapRecipient, NewExchangeData, extend_exchange_data, make_exchange_data,
    make_exchange_data_map, map_recipient, verify_exchange_data,
};
use keystead_crypto::key::TrustedKey;
use serde_json::json;

use super::{Exchange, Towards, crypto};
use crate::api::Core;
use crate::call::Call;
use crate::data_owners::Stub;
use crate::entities::RecordError;
use crate::error::WriteError;

impl Exchange {
    /// What to give `delegate` access under.
    pub(crate) async fn towards(&self, core: &Core, delegate: &str) -> Result<Arc<Towards>, RecordError> {
        if let Some(known) = self.state.read().towards.get(delegate) {
            return Ok(known.clone());
        }
        let _alone = self.making.lock().await;
        if let Some(known) = self.state.read().towards.get(delegate) {
            return Ok(known.clone());
        }
        let generation = self.generation();
        let owner = core.owner_id()?;
        let (keys, anonymous) = if delegate == owner {
            (core.keys.ring().recipients(owner), core.is_anonymous())
        } else {
            let stub: Stub = core.caller.read(Call::get(&["dataowner", "stub", delegate])).await?;
            if stub.id() != delegate {
                return Err(crate::error::RequestError::Unreadable.into());
            }
            let keys = core.trust.keys_of(&stub).await?.map_err(|alarm| RecordError::UntrustedKeys(Box::new(alarm)))?;
            (keys, core.parts.strategies.requires_anonymous_delegation(stub.owner_type()))
        };
        let (data, open) = match self.usable(core, delegate, &keys).await? {
            Some(found) => found,
            None => self.make(core, delegate, &keys).await?,
        };
        let open = self.add(generation, open);
        let towards = Arc::new(Towards { open, delegate_keys: data.among(&keys), anonymous });
        let mut state = self.state.write();
        if state.generation == generation {
            state.towards.insert(delegate.to_owned(), towards.clone());
        }
        Ok(towards)
    }

    /// Exchange data that exist, that we made ourselves, and that nobody else was let into.
    async fn usable(
        &self,
        core: &Core,
        delegate: &str,
        keys: &[TrustedKey],
    ) -> Result<Option<(ExchangeData, keystead_crypto::exchange::OpenExchangeData)>, RecordError> {
        let owner = core.owner_id()?;
        let ring = core.keys.ring();
        let crypto = crypto(core, &ring);
        for data in Self::between(core, owner, delegate).await? {
            if data.delegator != owner || data.delegate != delegate || data.deletion_date.is_some() {
                continue;
            }
            let open = match data.open(&ring).await {
                Ok(open) => open,
                Err(ExchangeError::NoKey | ExchangeError::Malformed) => continue,
                Err(error) => return Err(error.into()),
            };
            match verify_exchange_data(crypto, &data, &open, owner, &[]).await {
                Ok(verification) if verification.is_safe_for_writing() => {}
                Ok(_) | Err(ExchangeError::NoKey | ExchangeError::Malformed) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut wanted = ring.recipients(owner);
            wanted.extend(keys.iter().cloned());
            let signer = self.signer(core).await?;
            let data = match extend_exchange_data(crypto, &data, &wanted, signer.as_deref()).await {
                Ok(None) | Err(ExchangeError::FingerprintCollision) => data,
                Ok(Some(extended)) => match core.caller.write(Call::put(&["exchangedata"]).json(&extended)).await {
                    Ok(written) => written,
                    // somebody else extends it at the same moment; whoever is missing is added next time
                    Err(WriteError::Conflict(_)) => data,
                    Err(error) => return Err(error.into()),
                },
                Err(error) => return Err(error.into()),
            };
            return Ok(Some((data, open)));
        }
        Ok(None)
    }

    async fn make(
        &self,
        core: &Core,
        delegate: &str,
        keys: &[TrustedKey],
    ) -> Result<(ExchangeData, keystead_crypto::exchange::OpenExchangeData), RecordError> {
        let owner = core.owner_id()?;
        let ring = core.keys.ring();
        let signer = self.signer(core).await?;
        let new = NewExchangeData { delegator: owner, delegate, delegate_keys: keys, signer: signer.as_deref() };
        let (data, open) = make_exchange_data(crypto(core, &ring), new).await?;
        match core.caller.write::<ExchangeData>(Call::post(&["exchangedata"]).json(&data).repeatable()).await {
            Ok(_) => {}
            // the id is random and ours: the answer to an earlier attempt was lost
            Err(WriteError::AlreadyExists(refusal) | WriteError::Conflict(refusal)) if refusal.after_repetition() => {}
            Err(error) => return Err(error.into()),
        }
        Ok((data, open))
    }

    /// The entries of the exchange data map that a delegation to `towards` needs; empty if none.
    pub(crate) async fn map_entries(&self, core: &Core, towards: &Towards) -> Result<Entries, RecordError> {
        let delegator: Participant<'_> = core.delegator()?;
        let ring = core.keys.ring();
        let recipients = match map_recipient(delegator.anonymous, towards.anonymous) {
            None => return Ok(Entries::default()),
            Some(MapRecipient::Delegator) => ring.recipients(delegator.id),
            Some(MapRecipient::Delegate) => towards.delegate_keys.clone(),
        };
        Ok(make_exchange_data_map(crypto(core, &ring), towards.open.id(), &recipients).await?)
    }

    /// Makes sure that the server has the exchange data maps that delegations to these need; to be called
    /// before an entity that has them is written.
    pub(crate) async fn publish_maps(
        &self,
        core: &Core,
        entity_type: EntityType,
        delegates: &[Arc<Towards>],
    ) -> Result<(), RecordError> {
        let mut batch = serde_json::Map::new();
        let mut mapped = Vec::new();
        for towards in delegates {
            let key = towards.open.access_control_secret().derive_key(entity_type);
            let delegation = key.derive_delegation_key();
            if self.state.read().mapped.contains(&delegation) {
                continue;
            }
            let entries = self.map_entries(core, towards).await?;
            if !entries.is_empty() {
                batch.insert(key.to_hex(), json!(entries));
                mapped.push(delegation);
            }
        }
        if !batch.is_empty() {
            let call = Call::put(&["exchangedatamap", "batch"]).json(&json!({ "batch": batch })).repeatable();
            core.caller.text(call).await?;
            self.state.write().mapped.extend(mapped);
        }
        Ok(())
    }
}
