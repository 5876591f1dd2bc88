//! Opening entities with whatever access the user has.

use std::collections::{BTreeMap, BTreeSet};

use keystead_crypto::access_control::DelegationKey;
use keystead_crypto::delegation::{OpenedDelegation, SecurityMetadata};
use keystead_crypto::entity::{EntityRef, Manifests, open_entity};
use keystead_crypto::secret::EntityKey;
use keystead_model::Object;

use super::record::readable;
use super::{Kind, Record, RecordError};
use crate::api::Core;
use crate::document::text;

/// What the user knows of an entity through all delegations that open.
pub(crate) struct Access {
    pub(crate) delegations: Vec<OpenedDelegation>,
}

impl Access {
    /// The keys of delegations that open.
    pub(crate) fn delegation_keys(&self) -> Vec<DelegationKey> {
        self.delegations.iter().map(|delegation| delegation.key).collect()
    }

    /// The entity's keys, those that were sealed for it first.
    pub(crate) fn keys(&self) -> Vec<&EntityKey> {
        let mut keys: Vec<_> = self.delegations.iter().flat_map(|delegation| &delegation.encryption_keys).collect();
        keys.sort_by_key(|key| !key.authentic);
        let mut seen: Vec<&EntityKey> = Vec::new();
        for key in keys {
            if !seen.contains(&&key.value) {
                seen.push(&key.value);
            }
        }
        seen
    }

    /// The secret ids, by which children of the entity are found.
    pub(crate) fn secret_ids(&self) -> BTreeSet<&str> {
        let ids = self.delegations.iter().flat_map(|delegation| &delegation.secret_ids);
        ids.map(|id| id.value.as_str()).collect()
    }

    /// The ids of the entity that this one belongs to.
    pub(crate) fn owning_entity_ids(&self) -> BTreeSet<&str> {
        let ids = self.delegations.iter().flat_map(|delegation| &delegation.owning_entity_ids);
        ids.map(|id| id.value.as_str()).collect()
    }
}

/// What the user knows of an entity. Brings the exchange data that it needs.
pub(crate) async fn access(core: &Core, kind: Kind, body: &Object) -> Result<Access, RecordError> {
    let metadata = SecurityMetadata::of(body)?;
    core.exchange.fetch(core, std::slice::from_ref(&metadata)).await?;
    let id = text(body, "id").ok_or(RecordError::Malformed("id"))?;
    let entity = EntityRef { entity_type: kind.entity_type, id };
    Ok(Access { delegations: core.exchange.open_with(&metadata, entity) })
}

/// Opens entities as the server gave them. Those that do not open come back as they are.
pub(crate) async fn open(core: &Core, kind: Kind, stored: Vec<Object>) -> Result<Vec<Record>, RecordError> {
    let mut metadata: BTreeMap<usize, SecurityMetadata> = BTreeMap::new();
    for (position, body) in stored.iter().enumerate() {
        // one entity that nobody could have written must not hide the others
        if let Ok(found) = SecurityMetadata::of(body) {
            metadata.insert(position, found);
        }
    }
    core.exchange.fetch(core, &metadata.values().cloned().collect::<Vec<_>>()).await?;
    let manifests = Manifests::default();
    let opened = stored.into_iter().enumerate().map(|(position, body)| {
        let report = (|| {
            let entity = EntityRef { entity_type: kind.entity_type, id: text(&body, "id")? };
            let access = Access { delegations: core.exchange.open_with(metadata.get(&position)?, entity) };
            open_entity(&manifests, entity, &access.keys(), &body).ok()
        })();
        match report {
            Some(opened) => Record { body: opened.body, report: Some(opened.report) },
            None => Record { body, report: None },
        }
    });
    Ok(opened.collect())
}

/// Opens one entity.
pub(crate) async fn open_one(core: &Core, kind: Kind, stored: Object) -> Result<Record, RecordError> {
    let record = open(core, kind, vec![stored]).await?.pop();
    readable(record.ok_or(RecordError::Unreadable)?)
}
