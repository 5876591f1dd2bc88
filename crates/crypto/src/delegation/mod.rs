//! Who has access to an entity, and its keys for each of them (crypto 3.2 to 3.6, 3.10).
//!
//! [`make_root_metadata`] and [`make_delegation`] write the metadata of a new entity,
//! [`SecurityMetadata::open_with`] reads what one exchange data opens, [`make_share_request`] and
//! [`make_update_request`] share an existing one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access_control::DelegationKey;
use crate::entity::Object;

mod blob;
mod make;
mod open;
mod share;

pub use make::{DelegationContent, NewDelegation, Participant, make_delegation, make_root_metadata};
pub use open::{OpenedDelegation, OpenedValue};
pub use share::{
    EntryUpdate, RequestedPermission, ShareRequest, UpdateRequest, make_share_request, make_update_request,
};

/// What a delegation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Permission {
    /// Read, and share on as READ.
    Read,
    /// Read and modify, and share on.
    Write,
}

/// One delegation, as the entity carries it. Ids of anonymous participants are absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecureDelegation {
    /// Who gave access, unless anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegator: Option<String>,
    /// Who got access, unless anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// Sealed secret ids: children of the entity name one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_ids: Vec<String>,
    /// Sealed entity keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encryption_keys: Vec<String>,
    /// Sealed ids of the entity that this one belongs to, e.g. the patient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owning_entity_ids: Vec<String>,
    /// Keys of the delegations that this one was derived from; none for a root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_delegations: Vec<DelegationKey>,
    /// The exchange data behind it, if and only if both participants are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_data_id: Option<String>,
    /// What it allows. WRITE for a root.
    pub permissions: Permission,
}

/// The `securityMetadata` of an entity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityMetadata {
    /// The delegations by their keys.
    pub secure_delegations: BTreeMap<DelegationKey, SecureDelegation>,
}

/// Why metadata could not be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// The entity has metadata already: share it instead.
    #[error("the entity has security metadata already")]
    NotNew,
    /// A delegation without parents must be WRITE.
    #[error("a root delegation without WRITE")]
    RootPermission,
    /// The metadata does not have the shape of the format.
    #[error("malformed security metadata")]
    Malformed,
    /// The participants are not those of the exchange data.
    #[error("the exchange data is between others")]
    Participants,
    /// A value could not be sealed.
    #[error("a value that cannot be sealed")]
    Value,
}

impl SecurityMetadata {
    /// The metadata of an entity; empty if it has none.
    ///
    /// # Errors
    /// [`DelegationError::Malformed`].
    pub fn of(entity: &Object) -> Result<Self, DelegationError> {
        match entity.get("securityMetadata") {
            None | Some(Value::Null) => Ok(Self::default()),
            Some(metadata) => Self::deserialize(metadata).map_err(|_| DelegationError::Malformed),
        }
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Whether an entity has metadata of any generation, so that it must not get a root again (crypto 3.3).
pub fn has_metadata(entity: &Object) -> bool {
    // secretForeignKeys are no metadata: they say what a new child belongs to
    ["securityMetadata", "delegations", "encryptionKeys", "cryptedForeignKeys"].iter().any(|field| {
        match entity.get(*field) {
            None | Some(Value::Null) => false,
            Some(Value::Object(map)) => !map.is_empty(),
            Some(_) => true,
        }
    })
}
