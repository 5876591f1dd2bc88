//! Reads everything that the report is about.

use std::collections::{BTreeMap, BTreeSet};

use keystead_crypto::delegation::SecurityMetadata;
use keystead_crypto::entity::{EntityRef, Manifests, open_entity};
use keystead_crypto::exchange::{ExchangeData, ExchangeError, ExchangeIndex, OpenExchangeData};
use keystead_crypto::key::{KeyRing, OwnerKeys};
use keystead_crypto::secret::EntityKey;
use keystead_model::Object;
use serde_json::{Value, json};

use super::super::export::current;
use super::super::{Recovery, RecoveryError};
use super::RecordClass;
use super::scenario::{Counterpart, Node, World};
use crate::call::Call;
use crate::data_owners::Stub;
use crate::document::text;
use crate::entities::{Kind, matching};
use crate::error::RequestError;
use crate::exchange::Exchange;
use crate::keys::KeysError;
use crate::progress::Monitor;

/// Ids that are asked for in one request.
const BATCH: usize = 200;

/// A record that the user can reach.
pub(super) struct Item {
    pub(super) class: RecordClass,
    pub(super) id: String,
    /// The ids of the exchange data each of which opens it by itself.
    pub(super) ways: BTreeSet<String>,
}

/// Counts what is done.
struct Counter<'a> {
    monitor: &'a Monitor,
    done: u64,
    total: u64,
}

impl Counter<'_> {
    fn add(&mut self, count: usize) -> Result<(), RecoveryError> {
        self.done += u64::try_from(count).unwrap_or_default();
        self.monitor.report(self.done.min(self.total), self.total);
        if self.monitor.is_cancelled() { Err(RecoveryError::Stopped) } else { Ok(()) }
    }
}

pub(super) async fn gather(recovery: &Recovery, monitor: &Monitor) -> Result<(World, Vec<Item>), RecoveryError> {
    let core = &*recovery.core;
    let owner = recovery.owner()?;
    let current = current(&core.caller).await?;
    let listed = current.listed_keys().map_err(KeysError::from)?;
    let ring = core.keys.ring();
    let all = Exchange::all(core).await?;
    let others: BTreeSet<&str> = all
        .iter()
        .flat_map(|data| [data.delegator.as_str(), data.delegate.as_str()])
        .filter(|id| *id != owner)
        .collect();

    // documents are found by the secret ids of patients, which are known only once these are open
    let mut ids: BTreeMap<RecordClass, Vec<String>> = BTreeMap::new();
    for class in RecordClass::ALL {
        if let Some(filter) = filter(class, owner) {
            ids.insert(class, matching(core, class.kind(), &filter).await?);
        }
    }
    let total = all.len() + others.len() + ids.values().map(Vec::len).sum::<usize>() + 1;
    let mut counter = Counter { monitor, done: 0, total: u64::try_from(total).unwrap_or(u64::MAX) };
    counter.add(0)?;

    let mut counterparts = BTreeMap::new();
    for id in others {
        counterparts.insert(id.to_owned(), counterpart(recovery, id).await?);
        counter.add(1)?;
    }
    let (mut nodes, mut index) = (Vec::new(), ExchangeIndex::new());
    for data in all {
        if let Some((node, open)) = open(data, &ring).await? {
            index.add(open);
            nodes.push(node);
        }
        counter.add(1)?;
    }
    let mut reader = Reader { recovery, index: &index, manifests: Manifests::default(), secret_ids: BTreeSet::new() };
    let mut items = Vec::new();
    for (class, ids) in &ids {
        for batch in ids.chunks(BATCH) {
            items.extend(reader.read(*class, batch).await?);
            counter.add(batch.len())?;
        }
    }
    for ids in reader.documents(owner).await?.chunks(BATCH) {
        items.extend(reader.read(RecordClass::Document, ids).await?);
    }
    counter.add(1)?;
    let here = ring.of(owner).map(|own| own.public().id()).collect();
    let fields = current.fields().clone();
    Ok((World { owner: owner.to_owned(), fields, listed, here, nodes, counterparts }, items))
}

/// What finds every record of a class (wire 5.6).
fn filter(class: RecordClass, owner: &str) -> Option<Value> {
    match class {
        RecordClass::Patient => Some(json!({ "$type": "PatientByHcPartyFilter", "healthcarePartyId": owner })),
        RecordClass::Contact => Some(json!({ "$type": "ContactByHcPartyFilter", "hcpId": owner })),
        RecordClass::HealthcareElement => Some(json!({ "$type": "HealthElementByHcPartyFilter", "hcpId": owner })),
        RecordClass::Notification => {
            Some(json!({ "$type": "MaintenanceTaskAfterDateFilter", "healthcarePartyId": owner, "date": 0 }))
        }
        RecordClass::Document => None,
    }
}

/// Whoever the server does not know any more has no keys.
async fn counterpart(recovery: &Recovery, id: &str) -> Result<Counterpart, RecoveryError> {
    match recovery.core.caller.read::<Stub>(Call::get(&["dataowner", "stub", id])).await {
        Ok(stub) => Ok(Counterpart {
            owner_type: Some(stub.owner_type()),
            // keys that contradict each other nobody would use
            keys: stub.listed_keys().unwrap_or_default(),
        }),
        Err(RequestError::NotFound(_) | RequestError::Forbidden(_) | RequestError::Invalid(_)) => {
            Ok(Counterpart { owner_type: None, keys: OwnerKeys::default() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens exchange data twice, to be indexed and to be kept; `None` if no key at hand opens it.
async fn open(data: ExchangeData, ring: &KeyRing) -> Result<Option<(Node, OpenExchangeData)>, RecoveryError> {
    if data.deletion_date.is_some() {
        return Ok(None);
    }
    let open = match data.open(ring).await {
        Ok(open) => open,
        Err(ExchangeError::NoKey | ExchangeError::Malformed) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let malformed = |_| RecoveryError::from(ExchangeError::Malformed);
    let key = keystead_crypto::secret::ExchangeKey::from_bytes(open.exchange_key().expose()).map_err(malformed)?;
    let secret = open.access_control_secret().expose();
    let secret = keystead_crypto::secret::AccessControlSecret::from_bytes(secret).map_err(malformed)?;
    let kept = OpenExchangeData::of(&data, key, secret);
    Ok(Some((Node { data, open: kept }, open)))
}

struct Reader<'a> {
    recovery: &'a Recovery,
    index: &'a ExchangeIndex,
    manifests: Manifests,
    /// The secret ids of patients.
    secret_ids: BTreeSet<String>,
}

impl Reader<'_> {
    /// Reads records, and finds out which exchange data open each.
    async fn read(&mut self, class: RecordClass, ids: &[String]) -> Result<Vec<Item>, RecoveryError> {
        let core = &*self.recovery.core;
        let kind = class.kind();
        let call = Call::post(&[kind.path, "byIds"]).json(&json!({ "ids": ids })).repeatable();
        let call = core.with_access(call, kind.entity_type).await?;
        let stored: Vec<Object> = core.caller.read(call).await?;
        let exists = |body: &&Object| body.get("deletionDate").is_none_or(Value::is_null);
        Ok(stored.iter().filter(exists).filter_map(|body| self.item(class, kind, body)).collect())
    }

    fn item(&mut self, class: RecordClass, kind: Kind, body: &Object) -> Option<Item> {
        let id = text(body, "id")?;
        let entity = EntityRef { entity_type: kind.entity_type, id };
        let mut ways = BTreeSet::new();
        for opened in SecurityMetadata::of(body).unwrap_or_default().open_with(entity, self.index) {
            if class == RecordClass::Patient {
                self.secret_ids.extend(opened.secret_ids.iter().map(|id| id.value.clone()));
            }
            let keys: Vec<&EntityKey> = opened.encryption_keys.iter().map(|key| &key.value).collect();
            if open_entity(&self.manifests, entity, &keys, body).is_ok() {
                ways.insert(opened.exchange_data_id);
            }
        }
        Some(Item { class, id: id.to_owned(), ways })
    }

    /// The ids of the documents of all patients that were read.
    async fn documents(&self, owner: &str) -> Result<Vec<String>, RecoveryError> {
        let mut found = BTreeSet::new();
        let secret_ids: Vec<&String> = self.secret_ids.iter().collect();
        for batch in secret_ids.chunks(BATCH) {
            let filter = json!({
                "$type": "DocumentByDataOwnerPatientDateFilter", "dataOwnerId": owner, "secretPatientKeys": batch,
            });
            found.extend(matching(&self.recovery.core, RecordClass::Document.kind(), &filter).await?);
        }
        Ok(found.into_iter().collect())
    }
}
