//! Reading delegations.

use zeroize::Zeroizing;

use super::blob::{self, Kind, Place};
use super::{Permission, SecureDelegation, SecurityMetadata};
use crate::access_control::DelegationKey;
use crate::entity::EntityRef;
use crate::exchange::{ExchangeIndex, OpenExchangeData};
use crate::secret::EntityKey;

/// A value of a delegation, and whether it was sealed for this very entity and delegation.
pub struct OpenedValue<T> {
    /// The value.
    pub value: T,
    /// Sealed for this place by somebody who holds the exchange key. If not: written by another
    /// client, or moved here from another entity.
    pub authentic: bool,
}

/// What one delegation gives.
pub struct OpenedDelegation {
    /// Its key.
    pub key: DelegationKey,
    /// The exchange data behind it: who made that, and so who gave access, is what
    /// [`crate::exchange::verify_sender`] says of it.
    pub exchange_data_id: String,
    /// Who gave access, by the exchange data.
    pub delegator: String,
    /// What it allows.
    pub permissions: Permission,
    /// Secret ids.
    pub secret_ids: Vec<OpenedValue<String>>,
    /// Ids of the owning entity, perhaps as `group/id`.
    pub owning_entity_ids: Vec<OpenedValue<String>>,
    /// Candidates for the key of the entity.
    pub encryption_keys: Vec<OpenedValue<EntityKey>>,
}

impl SecurityMetadata {
    /// Every delegation that some indexed exchange data opens: by the id that it names, or by its key.
    pub fn open_with(&self, entity: EntityRef<'_>, index: &ExchangeIndex) -> Vec<OpenedDelegation> {
        let opened = self.secure_delegations.iter().filter_map(|(key, delegation)| {
            let by_id = delegation.exchange_data_id.as_deref().and_then(|id| index.get(id));
            let exchange_data = by_id.or_else(|| index.behind(*key))?;
            Some(delegation.open(*key, entity, exchange_data))
        });
        opened.collect()
    }

    /// The ids of exchange data that delegations name and the index lacks: fetch these next.
    pub fn missing_exchange_data<'a>(&'a self, index: &'a ExchangeIndex) -> impl Iterator<Item = &'a str> {
        let ids = self.secure_delegations.values().filter_map(|delegation| delegation.exchange_data_id.as_deref());
        ids.filter(|id| index.get(id).is_none())
    }

    /// The keys of delegations with exactly one named side that the index does not open: ask for their
    /// exchange data maps next.
    pub fn missing_maps<'a>(&'a self, index: &'a ExchangeIndex) -> impl Iterator<Item = DelegationKey> + 'a {
        let half_named =
            |delegation: &SecureDelegation| delegation.delegator.is_some() != delegation.delegate.is_some();
        let keys = self.secure_delegations.iter().filter(move |(_, delegation)| half_named(delegation));
        keys.map(|(key, _)| *key).filter(|key| index.behind(*key).is_none())
    }
}

impl SecureDelegation {
    /// Opens what is in the delegation. Values that do not open are left out.
    pub fn open(
        &self,
        key: DelegationKey,
        entity: EntityRef<'_>,
        exchange_data: &OpenExchangeData,
    ) -> OpenedDelegation {
        let open = |kind, text: &String| {
            blob::open(exchange_data.exchange_key(), Place { entity, delegation: key, kind }, text)
        };
        let texts = |kind, sealed: &[String]| -> Vec<OpenedValue<String>> {
            let opened = sealed.iter().filter_map(|text| {
                let (value, authentic) = open(kind, text)?;
                Some(OpenedValue { value: std::str::from_utf8(&value).ok()?.to_owned(), authentic })
            });
            opened.collect()
        };
        let keys = self.encryption_keys.iter().filter_map(|text| {
            let (value, authentic): (Zeroizing<Vec<u8>>, bool) = open(Kind::EncryptionKey, text)?;
            Some(OpenedValue { value: EntityKey::from_bytes(&value).ok()?, authentic })
        });
        OpenedDelegation {
            key,
            exchange_data_id: exchange_data.id().to_owned(),
            delegator: exchange_data.delegator().to_owned(),
            permissions: self.permissions,
            secret_ids: texts(Kind::SecretId, &self.secret_ids),
            owning_entity_ids: texts(Kind::OwningEntityId, &self.owning_entity_ids),
            encryption_keys: keys.collect(),
        }
    }
}
