//! Who may do what with an encryptable entity (wire 4.1 to 4.5): one pure function from the caller
//! and the entity's security metadata to a level.
//!
//! [`grants`] says what an entity grants, [`level`] what that means for a caller. Around them:
//! [`control_keys`] reads the header of the access control keys, [`metadata`] judges the security
//! metadata of a body, [`keys`] the key fields of data owners.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use crate::Object;
use crate::schema::is_sha256_hex;

pub mod control_keys;
pub mod keys;
pub mod metadata;
#[cfg(test)]
mod tests;

pub use control_keys::{
    ControlKeysError, MAX_CONTROL_KEYS, access_control_keys, delegation_key, delegation_key_of_hex,
};
pub use keys::{KEY_FIELDS, KeyUpdateError, drop_key_fields, key_fields, put_key_fields, put_stub};
pub use metadata::{check_metadata, may_create, metadata_unchanged};

/// What a caller may do with an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Read it and share it on.
    Read,
    /// Read, modify, delete and share it.
    Write,
}

impl Level {
    /// The level that the `permissions` of a secure delegation name (`AccessLevel` of wire 8.6).
    pub fn parse(permissions: &str) -> Option<Self> {
        match permissions {
            "READ" => Some(Self::Read),
            "WRITE" => Some(Self::Write),
            _ => None,
        }
    }

    /// The `permissions` of a secure delegation that give this level.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
        }
    }
}

/// What kind of data owner a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataOwnerType {
    /// A healthcare party.
    Hcp,
    /// A patient.
    Patient,
    /// A device.
    Device,
}

/// Who asks: the data owner behind a session and the access control keys of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The caller's data owner id, if the user is one.
    pub data_owner: Option<String>,
    /// Ids of the ancestors of a healthcare party, nearest first.
    pub parents: Vec<String>,
    /// Delegation keys (64 hex characters) of the access control keys presented (wire 4.2).
    pub delegation_keys: Vec<String>,
}

impl Caller {
    /// Every access key the caller holds: own id, parents' ids, delegation keys.
    pub fn access_keys(&self) -> Vec<String> {
        self.held().map(str::to_owned).collect()
    }

    /// Whether `id` is the caller's data owner id or that of a parent.
    pub fn acts_as(&self, id: &str) -> bool {
        self.ids().any(|own| own == id)
    }

    /// The ids, without any that looks like a delegation key: readers of an entity see its delegation
    /// keys, and whoever then made a data owner of that id would hold the key of somebody else.
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.data_owner.iter().chain(&self.parents).map(String::as_str).filter(|id| !is_sha256_hex(id))
    }

    fn held(&self) -> impl Iterator<Item = &str> {
        self.ids().chain(self.delegation_keys.iter().map(String::as_str))
    }

    /// Whether the caller holds the access key: a data owner id or a delegation key.
    fn holds(&self, key: &str) -> bool {
        self.acts_as(key) || self.delegation_keys.iter().any(|held| held == key)
    }
}

/// The access keys of a caller, ready for many look-ups: an anonymous data owner can present
/// thousands.
#[derive(Debug, Clone)]
pub struct AccessKeys<'a>(HashSet<&'a str>);

impl<'a> AccessKeys<'a> {
    /// The access keys of `caller`.
    pub fn of(caller: &'a Caller) -> Self {
        Self(caller.held().collect())
    }

    /// As [`level`].
    pub fn level(&self, grants: &[Grant]) -> Option<Level> {
        grants.iter().filter(|grant| self.0.contains(grant.key.as_str())).map(|grant| grant.level).max()
    }
}

/// Access that an entity grants: whoever holds `key` has `level`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// A data owner id or a delegation key.
    pub key: String,
    /// What it allows.
    pub level: Level,
}

/// Everything that an entity grants (the table of wire 4.3), each key once with its highest level, in
/// the order of the keys.
///
/// `patient_id` is the id of the entity if it is a Patient: a patient has WRITE on the own record. Keys
/// in `keysEquivalences` grant what the delegation that they stand for grants.
pub fn grants(patient_id: Option<&str>, body: &Object) -> Vec<Grant> {
    let mut levels = BTreeMap::new();
    let mut grant = |key: &str, level: Level| {
        // Blank keys cannot be held by anybody; they are left out so that nobody ever does.
        if !key.is_empty() {
            let highest = levels.entry(key.to_owned()).or_insert(level);
            *highest = level.max(*highest);
        }
    };
    for delegation in secure_delegations(body) {
        let Some(level) = delegation.level() else { continue };
        for key in [Some(delegation.key), delegation.delegator(), delegation.delegate()].into_iter().flatten() {
            grant(key, level);
        }
    }
    for (key, stands_for) in equivalences(body) {
        if let Some(level) = secure_delegation(body, stands_for).and_then(|delegation| delegation.level()) {
            grant(key, level);
        }
    }
    for id in legacy_holders(body) {
        grant(id, Level::Write);
    }
    if let Some(id) = patient_id {
        grant(id, Level::Write);
    }
    levels.into_iter().map(|(key, level)| Grant { key, level }).collect()
}

/// What `caller` may do, given what an entity grants; `None` is nothing (wire 4.3).
///
/// For many entities and one caller, [`AccessKeys::level`] gives the same faster.
pub fn level(grants: &[Grant], caller: &Caller) -> Option<Level> {
    grants.iter().filter(|grant| caller.holds(&grant.key)).map(|grant| grant.level).max()
}

/// One entry of `securityMetadata.secureDelegations` (wire 4.1).
#[derive(Clone, Copy)]
pub(crate) struct SecureDelegation<'a> {
    /// The delegation key.
    pub(crate) key: &'a str,
    pub(crate) body: &'a Object,
}

impl<'a> SecureDelegation<'a> {
    pub(crate) fn level(self) -> Option<Level> {
        Level::parse(self.text("permissions")?)
    }

    pub(crate) fn delegator(self) -> Option<&'a str> {
        self.text("delegator")
    }

    pub(crate) fn delegate(self) -> Option<&'a str> {
        self.text("delegate")
    }

    /// Delegation keys of the parents.
    pub(crate) fn parents(self) -> impl Iterator<Item = &'a str> {
        texts(self.body, "parentDelegations")
    }

    fn text(self, field: &str) -> Option<&'a str> {
        self.body.get(field)?.as_str()
    }
}

/// The secure delegations of an entity.
pub(crate) fn secure_delegations(body: &Object) -> impl Iterator<Item = SecureDelegation<'_>> {
    let entries = metadata_map(body, "secureDelegations").into_iter().flatten();
    entries.filter_map(|(key, value)| Some(SecureDelegation { key, body: value.as_object()? }))
}

/// The secure delegation with this very key.
pub(crate) fn secure_delegation<'a>(body: &'a Object, key: &str) -> Option<SecureDelegation<'a>> {
    let (key, value) = metadata_map(body, "secureDelegations")?.get_key_value(key)?;
    Some(SecureDelegation { key, body: value.as_object()? })
}

/// Whether the caller can access the entity through this very delegation.
pub(crate) fn is_accessible(body: &Object, delegation: SecureDelegation<'_>, caller: &Caller) -> bool {
    let mut sides = [delegation.delegator(), delegation.delegate()].into_iter().flatten();
    let mut other_keys = equivalences(body).filter(|(_, stands_for)| *stands_for == delegation.key);
    caller.holds(delegation.key) || sides.any(|id| caller.acts_as(id)) || other_keys.any(|(key, _)| caller.holds(key))
}

/// The delegation key that `key` stands for through `keysEquivalences`: itself, if for none.
pub(crate) fn canonical<'a>(body: &'a Object, key: &'a str) -> &'a str {
    metadata_map(body, "keysEquivalences").and_then(|map| map.get(key)?.as_str()).unwrap_or(key)
}

/// Delegation keys that stand for others, with the key that each stands for.
pub(crate) fn equivalences(body: &Object) -> impl Iterator<Item = (&str, &str)> {
    let entries = metadata_map(body, "keysEquivalences").into_iter().flatten();
    entries.filter_map(|(key, stands_for)| Some((key.as_str(), stands_for.as_str()?)))
}

/// Data owners with access through the legacy `delegations` (wire 4.3, 7.2): each key and each `owner`.
pub(crate) fn legacy_holders(body: &Object) -> impl Iterator<Item = &str> {
    let entries = body.get("delegations").and_then(Value::as_object).into_iter().flatten();
    entries.flat_map(|(id, delegations)| {
        let owners = delegations.as_array().into_iter().flatten().filter_map(|one| one.get("owner")?.as_str());
        owners.chain([id.as_str()])
    })
}

fn metadata_map<'a>(body: &'a Object, field: &str) -> Option<&'a Object> {
    body.get("securityMetadata")?.get(field)?.as_object()
}

/// The texts in a list of an object.
pub(crate) fn texts<'a>(body: &'a Object, field: &str) -> impl Iterator<Item = &'a str> {
    body.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}
