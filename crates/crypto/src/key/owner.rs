//! The public keys that a data owner lists (crypto 1.3).

use serde_json::{Map, Value};

use super::{Fingerprint, KeyId, Oaep, PublicKey};

/// A public key and the padding that its place in the data owner decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: PublicKey,
    /// How to encrypt for it.
    pub padding: Oaep,
}

/// Why the keys of a data owner cannot be used, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OwnerKeysError {
    /// One key stands in two places with two paddings. Official clients refuse such a data owner too.
    #[error("a key listed for both paddings")]
    ListedTwice,
    /// Two keys with one fingerprint, which nobody makes by accident (crypto 6, item 1).
    #[error("two keys with one fingerprint")]
    FingerprintCollision,
}

/// Every public key that a data owner lists, each once.
///
/// What the server hands out, and no more: nothing here is trusted. [`super::Pins`] turns listed keys
/// into trusted ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerKeys {
    keys: Vec<ListedKey>,
    unreadable: usize,
}

impl OwnerKeys {
    /// Reads the key fields of a data owner or a stub.
    ///
    /// Entries that are no keys are left out and counted in [`Self::unreadable`].
    ///
    /// # Errors
    /// See [`OwnerKeysError`].
    pub fn of(owner: &Map<String, Value>) -> Result<Self, OwnerKeysError> {
        let legacy = owner.get("publicKey").and_then(Value::as_str).into_iter();
        let outer = owner.get("aesExchangeKeys").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        // outer keys starting with x are placeholders; an empty one is a defect of old clients
        let outer = outer.map(String::as_str).filter(|key| !key.is_empty() && !key.starts_with('x'));
        let modern = owner.get("publicKeysForOaepWithSha256").and_then(Value::as_array);
        let modern = modern.into_iter().flatten().filter_map(Value::as_str);
        let listed = legacy.chain(outer).map(|key| (key, Oaep::Sha1)).chain(modern.map(|key| (key, Oaep::Sha256)));

        let mut keys = Self::default();
        for (text, padding) in listed {
            match PublicKey::from_spki_hex(text) {
                Ok(key) => keys.add(ListedKey { key, padding })?,
                Err(_) => keys.unreadable += 1,
            }
        }
        Ok(keys)
    }

    fn add(&mut self, new: ListedKey) -> Result<(), OwnerKeysError> {
        for known in &self.keys {
            if known.key == new.key {
                let same = known.padding == new.padding;
                return if same { Ok(()) } else { Err(OwnerKeysError::ListedTwice) };
            }
            if known.key.fingerprint() == new.key.fingerprint() {
                return Err(OwnerKeysError::FingerprintCollision);
            }
        }
        self.keys.push(new);
        Ok(())
    }

    /// The keys, those for SHA-1 first.
    pub fn keys(&self) -> &[ListedKey] {
        &self.keys
    }

    /// The key with this identity.
    pub fn get(&self, id: KeyId) -> Option<&ListedKey> {
        self.keys.iter().find(|listed| listed.key.id() == id)
    }

    /// The key that a map entry may be for.
    pub fn with_fingerprint(&self, fingerprint: Fingerprint) -> Option<&ListedKey> {
        self.keys.iter().find(|listed| listed.key.fingerprint() == fingerprint)
    }

    /// How many entries are no keys that we can read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }
}
