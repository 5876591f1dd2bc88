//! Making and changing entities.

use std::collections::BTreeMap;
use std::sync::Arc;

use keystead_crypto::delegation::{DelegationContent, NewDelegation, Permission, has_metadata, make_root_metadata};
use keystead_crypto::entity::{EntityRef, Manifests, open_entity, seal_entity};
use keystead_crypto::secret::EntityKey;
use keystead_model::Object;
use serde_json::json;

use super::open::{access, open_one};
use super::{Kind, Record, RecordError, Shared};
use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::error::WriteError;
use crate::exchange::Towards;

/// An entity to be made.
#[derive(Default)]
pub(crate) struct Draft<'a> {
    /// Its fields in clear. An id is chosen where there is none.
    pub(crate) body: Object,
    /// The ids of what it belongs to, sealed.
    pub(crate) owning_entity_ids: Vec<&'a str>,
    /// Whom it is shared with, beside those whom all new data is shared with.
    pub(crate) shared_with: BTreeMap<String, Shared>,
}

/// Seals an entity for the user and those whom it is shared with, and stores it.
pub(crate) async fn create(core: &Core, kind: Kind, draft: Draft<'_>) -> Result<Record, RecordError> {
    let mut body = draft.body;
    if text(&body, "id").is_none() {
        body.insert("id".to_owned(), json!(core.uuid()));
    }
    let now = core.parts.time.now();
    for field in ["created", "modified"] {
        body.entry(field).or_insert_with(|| json!(now));
    }
    let stored = with_root(core, kind, &body, &draft.owning_entity_ids, draft.shared_with).await?;
    let call = Call::post(&[kind.path]).json(&stored).repeatable();
    let call = core.with_access(call, kind.entity_type).await?;
    let written = match core.caller.write::<Object>(call).await {
        Err(WriteError::AlreadyExists(refusal) | WriteError::Conflict(refusal)) if refusal.after_repetition() => {
            let id = text(&body, "id").unwrap_or_default();
            let call = core.with_access(Call::get(&[kind.path, id]), kind.entity_type).await?;
            let found: Object = core.caller.read(call).await?;
            if found.get("encryptedSelf") != stored.get("encryptedSelf") {
                return Err(WriteError::AlreadyExists(refusal).into());
            }
            found
        }
        outcome => outcome?,
    };
    core.seen.note(core.seen.before(), [&written])?;
    open_one(core, kind, written).await
}

/// The entity sealed with a new key, with the metadata of a new one (crypto 3.3).
pub(crate) async fn with_root(
    core: &Core,
    kind: Kind,
    body: &Object,
    owning_entity_ids: &[&str],
    mut shared_with: BTreeMap<String, Shared>,
) -> Result<Object, RecordError> {
    let owner = core.owner_id()?;
    if let Some(shared) = kind.shared {
        for delegate in core.memo.future_shares(core, shared).await? {
            shared_with.insert(delegate, Shared::Write);
        }
    }
    shared_with.remove(owner);
    let own = core.exchange.towards(core, owner).await?;
    let mut others: Vec<(Arc<Towards>, Permission)> = Vec::new();
    for (delegate, shared) in &shared_with {
        others.push((core.exchange.towards(core, delegate).await?, shared.permission()));
    }
    let delegates: Vec<_> = others.iter().map(|(towards, _)| towards.clone()).collect();
    core.exchange.publish_maps(core, kind.entity_type, &delegates).await?;

    let random = &*core.parts.random;
    let (key, secret_id) = (EntityKey::make(random), core.uuid());
    let id = text(body, "id").ok_or(RecordError::Malformed("id"))?;
    let entity = EntityRef { entity_type: kind.entity_type, id };
    let content = DelegationContent { secret_ids: &[&secret_id], owning_entity_ids, encryption_keys: &[&key] };
    let delegator = core.delegator()?;
    let root = NewDelegation {
        entity,
        exchange_data: &own.open,
        delegator,
        delegate: delegator,
        content,
        permissions: Permission::Write,
    };
    let others: Vec<_> = others
        .iter()
        .map(|(towards, permissions)| NewDelegation {
            exchange_data: &towards.open,
            delegate: towards.delegate(),
            permissions: *permissions,
            ..root
        })
        .collect();
    let metadata = make_root_metadata(body, &root, &others)?;
    let mut stored = seal_entity(random, &Manifests::default(), entity, &key, body)?;
    stored.insert("securityMetadata".to_owned(), metadata.to_json());
    Ok(stored)
}

/// Seals a changed entity with its key and stores it.
pub(crate) async fn modify(core: &Core, kind: Kind, record: &Record) -> Result<Record, RecordError> {
    let body = &record.body;
    if !has_metadata(body) {
        return Err(RecordError::Malformed("securityMetadata"));
    }
    let access = access(core, kind, body).await?;
    let id = text(body, "id").ok_or(RecordError::Malformed("id"))?;
    let entity = EntityRef { entity_type: kind.entity_type, id };
    let keys = access.keys();
    let manifests = Manifests::default();
    // the key that opens what it carries; the first one for an entity that was never sealed
    let position = match body.contains_key("encryptedSelf") {
        true => open_entity(&manifests, entity, &keys, body).map_err(|_| RecordError::Unreadable)?.key,
        false => 0,
    };
    let key = keys.get(position).ok_or(RecordError::Unreadable)?;
    let mut sealed = seal_entity(&*core.parts.random, &manifests, entity, key, body)?;
    sealed.insert("modified".to_owned(), json!(core.parts.time.now()));
    let call = core.with_access(Call::put(&[kind.path]).json(&sealed).repeatable(), kind.entity_type).await?;
    let written: Object = match core.caller.write(call).await {
        Err(WriteError::Conflict(refusal)) if refusal.after_repetition() => {
            // our own earlier attempt, or somebody else's work?
            let call = core.with_access(Call::get(&[kind.path, id]), kind.entity_type).await?;
            let found: Object = core.caller.read(call).await?;
            let is_ours =
                sealed.iter().filter(|(name, _)| *name != "rev").all(|(name, value)| found.get(name) == Some(value));
            if !is_ours {
                return Err(WriteError::Conflict(refusal).into());
            }
            found
        }
        outcome => outcome?,
    };
    core.seen.note(core.seen.before(), [&written])?;
    open_one(core, kind, written).await
}
