//! What we remember of other people's keys, so that a server cannot swap them (crypto 6, items 1 and 2).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::phrase::read_key_claim;
use super::{KeyId, ListedKey, Oaep, OwnerKeys, TrustedKey, derive_phrase};
use crate::identity::{IdentityPublic, VerifiedIdentity, VerifiedSuccession};

/// Why a key was pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "because")]
#[non_exhaustive]
pub enum PinnedBecause {
    /// It was listed when we first had to do with its owner.
    FirstUse,
    /// A key that was pinned already signed for it.
    Succession {
        /// That key.
        from: KeyId,
    },
    /// A person compared the phrase or scanned the key.
    Confirmed,
}

/// A key of somebody else that we take for theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PinnedKey {
    /// The key.
    pub id: KeyId,
    /// How to encrypt for it. A server that lists the key elsewhere cannot change it.
    #[serde(with = "padding_name")]
    pub padding: Oaep,
    /// Why it is pinned.
    #[serde(flatten)]
    pub because: PinnedBecause,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

mod padding_name {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::Oaep;

    pub(super) fn serialize<S: Serializer>(padding: &Oaep, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(padding.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Oaep, D::Error> {
        let name = String::deserialize(deserializer)?;
        Oaep::parse(&name).ok_or_else(|| de::Error::custom("sha-1 or sha-256"))
    }
}

/// What we remember of one data owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pin {
    /// The keys that are taken for the owner's.
    pub keys: Vec<PinnedKey>,
    /// Keys that somebody declared lost or stolen: never trusted again.
    pub revoked: BTreeSet<KeyId>,
    /// Identity keys that a pinned key vouched for, with that key.
    pub identities: BTreeMap<KeyId, IdentityPublic>,
    /// Whether this owner's client signs exchange data; if so, one without signature is suspect.
    pub signs: bool,
}

/// The pins of every data owner that we had to do with. Stored by the application, sealed, under a
/// name of our own; version 1 is JSON with the field `version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pins {
    version: u8,
    owners: BTreeMap<String, Pin>,
}

impl Default for Pins {
    fn default() -> Self {
        Self { version: 1, owners: BTreeMap::new() }
    }
}

/// Why something was not pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinError {
    /// Stored pins of a version that we do not know, or damaged.
    #[error("unreadable pins")]
    Unreadable,
    /// There are pins already: a change needs a signature or a person.
    #[error("the data owner is known already")]
    NotFirst,
    /// What the person typed or scanned is not for this key of this owner.
    #[error("the phrase is of another key")]
    PhraseDiffers,
    /// The signature is not by a pinned key, or is about something else.
    #[error("no pinned key stands behind the new one")]
    NoSuccession,
    /// The key was declared lost or stolen.
    #[error("a revoked key")]
    Revoked,
}

/// What the keys that a server lists look like beside the pins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// Pinned keys: these may be encrypted for.
    pub trusted: Vec<TrustedKey>,
    /// Keys that nobody stands behind. With [`Self::first_use`] unset: alarm.
    pub unknown: Vec<ListedKey>,
    /// Pinned keys that are not listed any more. Alarm: servers keep published keys.
    pub missing: Vec<KeyId>,
    /// Pinned keys that are listed for another padding. Alarm.
    pub moved: Vec<KeyId>,
    /// Nothing is pinned yet.
    pub first_use: bool,
}

impl Assessment {
    /// Whether somebody should look: a known data owner's keys are not what they were.
    pub fn is_alarming(&self) -> bool {
        !self.missing.is_empty() || !self.moved.is_empty() || (!self.first_use && !self.unknown.is_empty())
    }
}

impl Pins {
    /// Reads stored pins.
    ///
    /// # Errors
    /// [`PinError::Unreadable`].
    pub fn from_json(json: &str) -> Result<Self, PinError> {
        let pins: Self = serde_json::from_str(json).map_err(|_| PinError::Unreadable)?;
        if pins.version == 1 { Ok(pins) } else { Err(PinError::Unreadable) }
    }

    /// What to store.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is remembered of `owner`.
    pub fn of(&self, owner: &str) -> Option<&Pin> {
        self.owners.get(owner)
    }

    /// Compares what a server lists with what is pinned.
    pub fn assess(&self, owner: &str, listed: &OwnerKeys) -> Assessment {
        let nothing = Pin::default();
        let pin = self.owners.get(owner).unwrap_or(&nothing);
        let mut assessment = Assessment { first_use: pin.keys.is_empty(), ..Assessment::default() };
        for key in listed.keys() {
            let id = key.key.id();
            match pin.keys.iter().find(|pinned| pinned.id == id) {
                _ if pin.revoked.contains(&id) => {}
                None => assessment.unknown.push(key.clone()),
                Some(pinned) if pinned.padding == key.padding => assessment.trusted.push(TrustedKey::pinned(key)),
                Some(_) => assessment.moved.push(id),
            }
        }
        let gone = pin.keys.iter().map(|pinned| pinned.id).filter(|id| listed.get(*id).is_none());
        assessment.missing.extend(gone.filter(|id| !pin.revoked.contains(id)));
        assessment
    }

    /// Pins every listed key of an owner whom we meet for the first time.
    ///
    /// # Errors
    /// [`PinError::NotFirst`]: something is pinned already.
    pub fn pin_first_use(&mut self, owner: &str, listed: &OwnerKeys, now: i64) -> Result<Vec<TrustedKey>, PinError> {
        if self.of(owner).is_some_and(|pin| !pin.keys.is_empty()) {
            return Err(PinError::NotFirst);
        }
        listed.keys().iter().map(|key| self.pin(owner, key, PinnedBecause::FirstUse, now)).collect()
    }

    /// Pins a key that a person confirmed by typing the phrase that the owner's device shows.
    ///
    /// # Errors
    /// [`PinError::PhraseDiffers`], [`PinError::Revoked`].
    pub fn confirm(&mut self, owner: &str, key: &ListedKey, typed: &str, now: i64) -> Result<TrustedKey, PinError> {
        if !derive_phrase(owner, &key.key).matches(typed) {
            return Err(PinError::PhraseDiffers);
        }
        self.pin(owner, key, PinnedBecause::Confirmed, now)
    }

    /// Pins a key that a person confirmed by scanning what the owner's device shows.
    ///
    /// # Errors
    /// [`PinError::PhraseDiffers`], [`PinError::Revoked`].
    pub fn confirm_scan(&mut self, owner: &str, key: &ListedKey, scan: &str, now: i64) -> Result<TrustedKey, PinError> {
        if read_key_claim(scan) != Some((owner, key.key.id())) {
            return Err(PinError::PhraseDiffers);
        }
        self.pin(owner, key, PinnedBecause::Confirmed, now)
    }

    /// Pins a key that an already pinned one signed for.
    ///
    /// # Errors
    /// [`PinError::NoSuccession`]: the signature is about another key or owner, or by a key that is not
    /// pinned or was revoked. [`PinError::Revoked`].
    pub fn succeed(
        &mut self,
        key: &ListedKey,
        succession: &VerifiedSuccession,
        now: i64,
    ) -> Result<TrustedKey, PinError> {
        let from = succession.from();
        let stands = self
            .of(succession.owner())
            .is_some_and(|pin| pin.keys.iter().any(|pinned| pinned.id == from) && !pin.revoked.contains(&from));
        if !stands || succession.to() != key.key.id() {
            return Err(PinError::NoSuccession);
        }
        self.pin(succession.owner(), key, PinnedBecause::Succession { from }, now)
    }

    /// Remembers the identity key behind a pinned key, and that this owner's client signs.
    ///
    /// # Errors
    /// [`PinError::NoSuccession`]: the key that vouches for it is not pinned.
    pub fn remember_identity(&mut self, owner: &str, identity: &VerifiedIdentity) -> Result<(), PinError> {
        let pin = self.owners.get_mut(owner).ok_or(PinError::NoSuccession)?;
        if !pin.keys.iter().any(|pinned| pinned.id == identity.key()) {
            return Err(PinError::NoSuccession);
        }
        pin.identities.insert(identity.key(), identity.identity());
        pin.signs = true;
        Ok(())
    }

    /// Never trusts the key again.
    pub fn revoke(&mut self, owner: &str, id: KeyId) {
        let pin = self.owners.entry(owner.to_owned()).or_default();
        pin.revoked.insert(id);
        pin.identities.remove(&id);
    }

    fn pin(
        &mut self,
        owner: &str,
        key: &ListedKey,
        because: PinnedBecause,
        since: i64,
    ) -> Result<TrustedKey, PinError> {
        let pin = self.owners.entry(owner.to_owned()).or_default();
        let id = key.key.id();
        if pin.revoked.contains(&id) {
            return Err(PinError::Revoked);
        }
        pin.keys.retain(|pinned| pinned.id != id);
        pin.keys.push(PinnedKey { id, padding: key.padding, because, since });
        Ok(TrustedKey::pinned(key))
    }
}
