//! De-anonymisation metadata: who is behind an anonymous delegation, for chosen eyes (crypto 3.11).
//!
//! Whoever can open a delegation may tell others who is behind it, by an entity
//! `SecureDelegationKeyMap` of its own, shared like any other. Its own delegations are made with the
//! *type of the entity that it is about*.

use serde_json::Value;

use crate::access_control::DelegationKey;
use crate::entity::{EntityRef, Manifest, Object, OpenError, SealError, open_root, seal_with};
use crate::random::Random;
use crate::secret::EntityKey;

/// Who is behind a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMap {
    /// The delegation.
    pub delegation_key: DelegationKey,
    /// Who gave access.
    pub delegator: String,
    /// Who got access.
    pub delegate: String,
}

/// Seals a map; `entity` has the map's own id, and the type of the entity that it is about.
///
/// Add `securityMetadata` made for the same `entity`.
///
/// # Errors
/// See [`SealError`].
pub fn seal_key_map(
    random: &dyn Random,
    entity: EntityRef<'_>,
    key: &EntityKey,
    map: &KeyMap,
) -> Result<Object, SealError> {
    let mut body = Object::new();
    body.insert("id".to_owned(), entity.id.into());
    body.insert("delegationKey".to_owned(), map.delegation_key.to_string().into());
    body.insert("delegator".to_owned(), map.delegator.clone().into());
    body.insert("delegate".to_owned(), map.delegate.clone().into());
    seal_with(random, &manifest(), entity, key, &body)
}

/// Opens a map; also says whether it is authentic.
///
/// # Errors
/// [`OpenError::NoKey`], also if it opens to something else.
pub fn open_key_map(entity: EntityRef<'_>, keys: &[&EntityKey], stored: &Object) -> Result<(KeyMap, bool), OpenError> {
    let opened = open_root(Some(&manifest()), entity, keys, stored)?;
    let text = |name: &str| opened.body.get(name).and_then(Value::as_str).ok_or(OpenError::NoKey);
    let map = KeyMap {
        delegation_key: text("delegationKey")?.parse().map_err(|_| OpenError::NoKey)?,
        delegator: text("delegator")?.to_owned(),
        delegate: text("delegate")?.to_owned(),
    };
    Ok((map, opened.is_authenticated()))
}

fn manifest() -> Manifest {
    Manifest::parse(["delegator", "delegate"]).unwrap_or_default()
}
