//! Bringing the exchange data that open what others gave (crypto 3.6).

use std::collections::BTreeSet;

use keystead_crypto::access_control::DelegationKey;
use keystead_crypto::delegation::SecurityMetadata;
use keystead_crypto::exchange::{ExchangeData, ExchangeDataMap, ExchangeError, open_exchange_data_map};
use serde::Deserialize;
use serde_json::json;

use super::Exchange;
use crate::api::Core;
use crate::call::Call;
use crate::entities::RecordError;

/// Ids that are asked for in one request.
const BATCH: usize = 100;

/// How many are on one page of everything that the user has a part in.
const PAGE: &str = "1000";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    rows: Vec<ExchangeData>,
    next_key_pair: Option<NextPage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NextPage {
    start_key_doc_id: Option<String>,
}

impl Exchange {
    /// Brings what opens the delegations of these entities, as far as the keys at hand do.
    pub(crate) async fn fetch(&self, core: &Core, entities: &[SecurityMetadata]) -> Result<(), RecordError> {
        if core.is_anonymous() {
            self.complete(core).await?;
        }
        let (mut ids, mut maps): (BTreeSet<String>, BTreeSet<DelegationKey>) = Default::default();
        {
            let state = self.state.read();
            for metadata in entities {
                let missing = metadata.missing_exchange_data(&state.index).map(str::to_owned);
                ids.extend(missing.filter(|id| !state.closed.contains(id)));
                maps.extend(metadata.missing_maps(&state.index).filter(|key| !state.unmapped.contains(key)));
            }
        }
        ids.extend(self.fetch_maps(core, maps.into_iter().collect()).await?);
        self.fetch_ids(core, ids.into_iter().collect()).await
    }

    /// The ids of the exchange data behind delegations that name one side.
    async fn fetch_maps(&self, core: &Core, keys: Vec<DelegationKey>) -> Result<Vec<String>, RecordError> {
        let ring = core.keys.ring();
        let mut found = Vec::new();
        for batch in keys.chunks(BATCH) {
            let call = Call::post(&["exchangedatamap", "batch"]).json(&json!({ "ids": batch })).repeatable();
            let maps: Vec<ExchangeDataMap> = core.caller.read(call).await?;
            let mut opened = BTreeSet::new();
            for map in maps {
                match open_exchange_data_map(&map, &ring).await {
                    Ok(id) => {
                        opened.insert(map.id);
                        found.push(id);
                    }
                    Err(ExchangeError::NoKey | ExchangeError::Malformed) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            self.state.write().unmapped.extend(batch.iter().filter(|key| !opened.contains(key)));
        }
        Ok(found)
    }

    async fn fetch_ids(&self, core: &Core, mut ids: Vec<String>) -> Result<(), RecordError> {
        let generation = self.generation();
        {
            let state = self.state.read();
            ids.retain(|id| state.index.get(id).is_none() && !state.closed.contains(id));
        }
        for batch in ids.chunks(BATCH) {
            let call = Call::post(&["exchangedata", "byIds"]).json(&json!({ "ids": batch })).repeatable();
            let found: Vec<ExchangeData> = core.caller.read(call).await?;
            self.open_all(core, generation, &found).await?;
        }
        Ok(())
    }

    /// Fetches everything that the user has a part in, once. Whoever is anonymous finds their exchange data in
    /// no other way.
    pub(crate) async fn complete(&self, core: &Core) -> Result<(), RecordError> {
        if self.state.read().complete {
            return Ok(());
        }
        let _alone = self.fetching.lock().await;
        if self.state.read().complete {
            return Ok(());
        }
        let generation = self.generation();
        let all = Self::all(core).await?;
        self.open_all(core, generation, &all).await?;
        let mut state = self.state.write();
        state.complete = state.generation == generation;
        Ok(())
    }

    /// Everything that the user has a part in, page by page.
    pub(crate) async fn all(core: &Core) -> Result<Vec<ExchangeData>, RecordError> {
        let owner = core.owner_id()?;
        let (mut all, mut from): (Vec<ExchangeData>, Option<String>) = Default::default();
        loop {
            let mut call = Call::get(&["exchangedata", "byParticipant", owner]).query("limit", PAGE);
            if let Some(from) = &from {
                call = call.query("startDocumentId", from);
            }
            let page: Page = core.caller.read(call).await?;
            all.extend(page.rows);
            // a server that gives the same page again must not keep us here
            let next = page.next_key_pair.and_then(|next| next.start_key_doc_id);
            match next {
                Some(next) if from.as_ref() != Some(&next) => from = Some(next),
                _ => return Ok(all),
            }
        }
    }

    async fn open_all(&self, core: &Core, generation: u64, found: &[ExchangeData]) -> Result<(), RecordError> {
        let ring = core.keys.ring();
        for data in found {
            if self.state.read().index.get(&data.id).is_some() {
                continue;
            }
            match data.open(&ring).await {
                Ok(open) => {
                    self.add(generation, open);
                }
                Err(ExchangeError::NoKey | ExchangeError::Malformed) => {
                    self.state.write().closed.insert(data.id.clone());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
