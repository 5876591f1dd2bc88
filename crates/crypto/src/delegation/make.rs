//! The metadata of new entities (crypto 3.3, 3.4).

use super::blob::{self, Kind, Place};
use super::{DelegationError, Permission, SecureDelegation, SecurityMetadata, has_metadata};
use crate::access_control::DelegationKey;
use crate::entity::{EntityRef, Object};
use crate::exchange::{MapRecipient, OpenExchangeData, map_recipient};
use crate::secret::EntityKey;

/// A side of a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant<'a> {
    /// The data owner id.
    pub id: &'a str,
    /// Whether entities must not name it. Must be the same in all apps on a database, for ever.
    pub anonymous: bool,
}

impl<'a> Participant<'a> {
    fn named(self) -> Option<&'a str> {
        (!self.anonymous).then_some(self.id)
    }
}

/// What a delegation gives.
#[derive(Clone, Copy, Default)]
pub struct DelegationContent<'a> {
    /// Secret ids of the entity.
    pub secret_ids: &'a [&'a str],
    /// Ids of the entity that it belongs to.
    pub owning_entity_ids: &'a [&'a str],
    /// Keys of the entity.
    pub encryption_keys: &'a [&'a EntityKey],
}

/// A delegation to be made.
#[derive(Clone, Copy)]
pub struct NewDelegation<'a> {
    /// The entity.
    pub entity: EntityRef<'a>,
    /// The exchange data from `delegator` to `delegate`.
    pub exchange_data: &'a OpenExchangeData,
    /// Who gives access.
    pub delegator: Participant<'a>,
    /// Who gets access.
    pub delegate: Participant<'a>,
    /// What it gives.
    pub content: DelegationContent<'a>,
    /// What it allows.
    pub permissions: Permission,
}

impl NewDelegation<'_> {
    /// The key of the delegation.
    pub fn key(&self) -> DelegationKey {
        self.exchange_data.access_control_secret().derive_key(self.entity.entity_type).derive_delegation_key()
    }

    /// For whose keys an exchange data map must be sent, before the entity.
    pub fn map_recipient(&self) -> Option<MapRecipient> {
        map_recipient(self.delegator.anonymous, self.delegate.anonymous)
    }

    pub(super) fn check(&self) -> Result<(), DelegationError> {
        let (delegator, delegate) = (self.exchange_data.delegator(), self.exchange_data.delegate());
        let fits = delegator == self.delegator.id && delegate == self.delegate.id;
        if fits { Ok(()) } else { Err(DelegationError::Participants) }
    }

    /// The exchange data may be named only where that hides nobody.
    pub(super) fn exchange_data_id(&self) -> Option<String> {
        let hidden = self.delegator.anonymous || self.delegate.anonymous;
        (!hidden).then(|| self.exchange_data.id().to_owned())
    }

    pub(super) fn named(&self) -> [Option<String>; 2] {
        [self.delegator, self.delegate].map(|side| side.named().map(str::to_owned))
    }

    pub(super) fn seal(&self, kind: Kind, value: &[u8]) -> Result<String, DelegationError> {
        let place = Place { entity: self.entity, delegation: self.key(), kind };
        blob::seal(self.exchange_data.exchange_key(), place, value).ok_or(DelegationError::Value)
    }

    /// Sealed secret ids, encryption keys and owning entity ids.
    pub(super) fn seal_content(&self) -> Result<[Vec<String>; 3], DelegationError> {
        let texts = |kind, values: &[&str]| -> Result<Vec<_>, _> {
            values.iter().map(|value| self.seal(kind, value.as_bytes())).collect()
        };
        let keys = self.content.encryption_keys.iter().map(|key| self.seal(Kind::EncryptionKey, key.expose()));
        Ok([
            texts(Kind::SecretId, self.content.secret_ids)?,
            keys.collect::<Result<_, _>>()?,
            texts(Kind::OwningEntityId, self.content.owning_entity_ids)?,
        ])
    }
}

/// Makes a delegation with the given parents; none for a root.
///
/// # Errors
/// [`DelegationError::RootPermission`], [`DelegationError::Participants`].
pub fn make_delegation(
    new: &NewDelegation<'_>,
    parents: &[DelegationKey],
) -> Result<(DelegationKey, SecureDelegation), DelegationError> {
    new.check()?;
    if parents.is_empty() && new.permissions != Permission::Write {
        return Err(DelegationError::RootPermission);
    }
    let [secret_ids, encryption_keys, owning_entity_ids] = new.seal_content()?;
    let [delegator, delegate] = new.named();
    let delegation = SecureDelegation {
        delegator,
        delegate,
        secret_ids,
        encryption_keys,
        owning_entity_ids,
        parent_delegations: parents.to_vec(),
        exchange_data_id: new.exchange_data_id(),
        permissions: new.permissions,
    };
    Ok((new.key(), delegation))
}

/// The metadata of a new entity: a root, and one delegation under it for each initial delegate. Those
/// to the delegator itself are left out.
///
/// For each delegation with [`NewDelegation::map_recipient`] send the exchange data map first.
///
/// # Errors
/// [`DelegationError::NotNew`], [`DelegationError::Participants`], [`DelegationError::RootPermission`].
pub fn make_root_metadata(
    entity: &Object,
    root: &NewDelegation<'_>,
    others: &[NewDelegation<'_>],
) -> Result<SecurityMetadata, DelegationError> {
    if has_metadata(entity) {
        return Err(DelegationError::NotNew);
    }
    let mut metadata = SecurityMetadata::default();
    let (root_key, root_delegation) = make_delegation(root, &[])?;
    metadata.secure_delegations.insert(root_key, root_delegation);
    for other in others.iter().filter(|other| other.delegate.id != root.delegate.id) {
        let (key, delegation) = make_delegation(other, &[root_key])?;
        metadata.secure_delegations.insert(key, delegation);
    }
    Ok(metadata)
}
