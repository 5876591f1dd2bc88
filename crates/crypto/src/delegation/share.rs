//! Sharing existing entities (crypto 3.10): the requests of `bulkSharedMetadataUpdate`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::blob::{self, Kind, Place};
use super::make::NewDelegation;
use super::{DelegationError, SecureDelegation};
use crate::access_control::DelegationKey;
use crate::exchange::Entries;

/// What a share asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RequestedPermission {
    /// READ.
    MaxRead,
    /// READ.
    FullRead,
    /// WRITE if some parent is WRITE, else READ.
    MaxWrite,
    /// WRITE.
    FullWrite,
    /// WRITE without parents, for oneself.
    Root,
}

/// A new delegation, as the server makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShareRequest {
    /// Who gives access, unless anonymous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explicit_delegator: Option<String>,
    /// Who gets access, unless anonymous.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explicit_delegate: Option<String>,
    /// The access control key, one.
    pub access_control_keys: Vec<String>,
    /// Sealed secret ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret_ids: Vec<String>,
    /// Sealed entity keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub encryption_keys: Vec<String>,
    /// Sealed ids of the owning entity.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owning_entity_ids: Vec<String>,
    /// The exchange data, if both sides are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange_data_id: Option<String>,
    /// The exchange data map, if exactly one side is named.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub encrypted_exchange_data_id: Entries,
    /// What it asks for.
    pub requested_permissions: RequestedPermission,
}

/// Whether a value is added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EntryUpdate {
    /// Added.
    Create,
    /// Removed.
    Delete,
}

/// More values for a delegation that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRequest {
    /// The delegation.
    pub metadata_access_control_hash: DelegationKey,
    /// Changes to the sealed secret ids.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_ids: BTreeMap<String, EntryUpdate>,
    /// Changes to the sealed entity keys.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub encryption_keys: BTreeMap<String, EntryUpdate>,
    /// Changes to the sealed ids of the owning entity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub owning_entity_ids: BTreeMap<String, EntryUpdate>,
}

/// Asks for a delegation that the entity does not have yet.
///
/// `map` are the entries of the exchange data map if [`NewDelegation::map_recipient`] asks for one.
///
/// # Errors
/// [`DelegationError::Participants`]; [`DelegationError::Malformed`] if `map` does not fit.
pub fn make_share_request(
    new: &NewDelegation<'_>,
    requested: RequestedPermission,
    map: Entries,
) -> Result<ShareRequest, DelegationError> {
    new.check()?;
    if new.map_recipient().is_some() == map.is_empty() {
        return Err(DelegationError::Malformed);
    }
    let [secret_ids, encryption_keys, owning_entity_ids] = new.seal_content()?;
    let [explicit_delegator, explicit_delegate] = new.named();
    let key = new.exchange_data.access_control_secret().derive_key(new.entity.entity_type);
    Ok(ShareRequest {
        explicit_delegator,
        explicit_delegate,
        access_control_keys: vec![key.to_hex()],
        secret_ids,
        encryption_keys,
        owning_entity_ids,
        exchange_data_id: new.exchange_data_id(),
        encrypted_exchange_data_id: map,
        requested_permissions: requested,
    })
}

/// Asks for the values of `new` that the delegation lacks; `None` if it has them all.
///
/// # Errors
/// [`DelegationError::Participants`].
pub fn make_update_request(
    new: &NewDelegation<'_>,
    existing: &SecureDelegation,
) -> Result<Option<UpdateRequest>, DelegationError> {
    new.check()?;
    let known = |kind, sealed: &[String]| -> BTreeSet<Vec<u8>> {
        let place = Place { entity: new.entity, delegation: new.key(), kind };
        let key = new.exchange_data.exchange_key();
        sealed.iter().filter_map(|text| Some(blob::open(key, place, text)?.0.to_vec())).collect()
    };
    let missing = |kind, sealed: &[String], values: Vec<&[u8]>| -> Result<BTreeMap<_, _>, DelegationError> {
        let known = known(kind, sealed);
        let missing = values.into_iter().filter(|value| !known.contains(*value));
        missing.map(|value| Ok((new.seal(kind, value)?, EntryUpdate::Create))).collect()
    };
    let secret_ids = new.content.secret_ids.iter().map(|id| id.as_bytes()).collect();
    let owners = new.content.owning_entity_ids.iter().map(|id| id.as_bytes()).collect();
    let keys = new.content.encryption_keys.iter().map(|key| key.expose()).collect();
    let request = UpdateRequest {
        metadata_access_control_hash: new.key(),
        secret_ids: missing(Kind::SecretId, &existing.secret_ids, secret_ids)?,
        encryption_keys: missing(Kind::EncryptionKey, &existing.encryption_keys, keys)?,
        owning_entity_ids: missing(Kind::OwningEntityId, &existing.owning_entity_ids, owners)?,
    };
    let nothing =
        request.secret_ids.is_empty() && request.encryption_keys.is_empty() && request.owning_entity_ids.is_empty();
    Ok((!nothing).then_some(request))
}
