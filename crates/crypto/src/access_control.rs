//! How the server recognises who may read without learning who that is (crypto 2.7).
//!
//! From the [`AccessControlSecret`] of an exchange data and the type of an entity comes an
//! [`AccessControlKey`]; its hash, the [`DelegationKey`], stands in the entity. Whoever presents the
//! key has the delegation.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::hazmat::hash::sha256;
use crate::secret::{AccessControlSecret, fixed_secret};

/// The name of the header that carries access control keys.
pub const HEADER: &str = "Icure-Access-Control-Keys";

/// How many keys one value of the header holds at most.
pub const KEYS_PER_HEADER: usize = 360;

/// What kind of entity something is about: part of every access control key and of every binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the class of that name in the schema")]
pub enum EntityType {
    Article,
    AccessLog,
    CalendarItem,
    Classification,
    ClassificationTemplate,
    Contact,
    /// Only in the oldest data: services in contacts use [`EntityType::Contact`].
    Service,
    Document,
    Form,
    HealthElement,
    Invoice,
    MaintenanceTask,
    Message,
    Patient,
    Receipt,
    /// Older clients only.
    TimeTable,
    Topic,
}

impl EntityType {
    /// Every type.
    pub const ALL: [Self; 17] = [
        Self::Article,
        Self::AccessLog,
        Self::CalendarItem,
        Self::Classification,
        Self::ClassificationTemplate,
        Self::Contact,
        Self::Service,
        Self::Document,
        Self::Form,
        Self::HealthElement,
        Self::Invoice,
        Self::MaintenanceTask,
        Self::Message,
        Self::Patient,
        Self::Receipt,
        Self::TimeTable,
        Self::Topic,
    ];

    /// The name that enters hashes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Article => "Article",
            Self::AccessLog => "AccessLog",
            Self::CalendarItem => "CalendarItem",
            Self::Classification => "Classification",
            Self::ClassificationTemplate => "ClassificationTemplate",
            Self::Contact => "Contact",
            Self::Service => "Service",
            Self::Document => "Document",
            Self::Form => "Form",
            Self::HealthElement => "HealthElement",
            Self::Invoice => "Invoice",
            Self::MaintenanceTask => "MaintenanceTask",
            Self::Message => "Message",
            Self::Patient => "Patient",
            Self::Receipt => "Receipt",
            Self::TimeTable => "TimeTable",
            Self::Topic => "Topic",
        }
    }

    /// The type with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fixed_secret! {
    /// Presented to the server, opens every entity of one type that was shared under one exchange data.
    AccessControlKey, 16
}

impl AccessControlSecret {
    /// The key for entities of a type.
    pub fn derive_key(&self, entity_type: EntityType) -> AccessControlKey {
        let secret = Zeroizing::new(hex::encode(self.expose()));
        let hash = Zeroizing::new(sha256(&[secret.as_bytes(), entity_type.as_str().as_bytes()]));
        let (key, _) = hash.split_at(AccessControlKey::LENGTH);
        AccessControlKey(Zeroizing::new(key.into()))
    }
}

impl AccessControlKey {
    /// The hash that entities carry.
    pub fn derive_delegation_key(&self) -> DelegationKey {
        DelegationKey(sha256(&[self.expose()]))
    }

    /// The 32 characters of requests that make exchange data maps and delegations.
    pub fn to_hex(&self) -> String {
        hex::encode(self.expose())
    }
}

/// The key of a delegation in the metadata of an entity: the SHA-256 of an access control key. Public.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DelegationKey([u8; 32]);

impl fmt::Display for DelegationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DelegationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DelegationKey({self})")
    }
}

/// Not 64 hex characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a delegation key")]
pub struct DelegationKeyError;

impl FromStr for DelegationKey {
    type Err = DelegationKeyError;

    fn from_str(text: &str) -> Result<Self, DelegationKeyError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DelegationKeyError)?;
        Ok(Self(bytes))
    }
}

impl Serialize for DelegationKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DelegationKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The values of [`HEADER`] for keys of one entity type; repeat the header once per value.
///
/// Send only the keys that a request needs: every key tells the server what belongs together.
pub fn header_values<'a>(keys: impl IntoIterator<Item = &'a AccessControlKey>) -> Vec<String> {
    let keys: Vec<_> = keys.into_iter().collect();
    let chunks = keys.chunks(KEYS_PER_HEADER);
    chunks
        .map(|chunk| Base64::encode_string(&chunk.iter().flat_map(|key| key.expose()).copied().collect::<Vec<_>>()))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn types_are_complete_and_named_apart() {
        for entity_type in EntityType::ALL {
            assert_eq!(EntityType::parse(entity_type.as_str()), Some(entity_type));
        }
        assert_eq!(EntityType::parse("Nothing"), None);
    }

    proptest! {
        #[test]
        fn headers_hold_every_key_once(count in 0_usize..1000) {
            let secret = AccessControlSecret::from_bytes(&[3; 16]).unwrap();
            let keys: Vec<_> = (0..count).map(|_| secret.derive_key(EntityType::Contact)).collect();
            let values = header_values(&keys);
            prop_assert_eq!(values.len(), count.div_ceil(KEYS_PER_HEADER));
            let bytes: usize = values.iter().map(|value| Base64::decode_vec(value).unwrap().len()).sum();
            prop_assert_eq!(bytes, 16 * count);
        }

        #[test]
        fn parsing_any_delegation_key(text in ".{0,70}") {
            if let Ok(key) = text.parse::<DelegationKey>() {
                prop_assert_eq!(key.to_string(), text.to_lowercase());
            }
        }
    }
}
