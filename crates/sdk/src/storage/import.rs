//! Takes over what an official client stored on this device: its private keys and which of them were
//! verified (crypto 1.4).
//!
//! Official clients keep plain entries, in a browser's local storage or as files named by the entry. Read
//! them in whatever way fits and hand them over; afterwards the SDK finds the keys when it starts.

use std::collections::BTreeMap;

use keystead_crypto::key::import::{StorageKey, open_private_key, open_sealed_value, read_verification_cache};
use keystead_crypto::key::{KeyId, import::recovered_key_name};

use super::{KeyStorage, Storage, StorageError};
use crate::keys::record::Record;
use crate::secret::SecretText;

const PREFIX: &str = "org.taktik.icure.rsa.";
const CACHE: &str = ".verification.self";

/// What was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// Private keys that are now in the key storage.
    pub keys: Vec<KeyId>,
    /// Of those, the ones that the official client had been told are the owner's.
    pub verified: usize,
    /// Entries that are under a name of keys, but hold none that can be read.
    pub unreadable: usize,
}

/// Takes over the private keys among `entries`, which may hold anything else. `sealed_with` is the key of the
/// encrypting storage of mobile clients, where there is one.
///
/// A key keeps the name that it has, which says whether it was made on this device.
///
/// # Errors
/// A key cannot be kept. Those before it are; importing again does no harm.
pub async fn import(
    entries: &BTreeMap<String, SecretText>,
    sealed_with: Option<&StorageKey>,
    storage: &dyn Storage,
    key_storage: &dyn KeyStorage,
) -> Result<Imported, StorageError> {
    let mut imported = Imported::default();
    let open = |value: &SecretText| match sealed_with {
        Some(key) => open_sealed_value(key, value.expose()).map(|text| SecretText::from(text.as_str())).ok(),
        None => Some(value.duplicate()),
    };
    let named = entries.iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, name, value)));
    for (rest, name, value) in named {
        if rest.starts_with("sign.") || rest.ends_with(CACHE) {
            continue;
        }
        let Some((key, value)) = open(value).and_then(|value| Some((open_private_key(value.expose()).ok()?, value)))
        else {
            imported.unreadable += 1;
            continue;
        };
        let id = key.public().id();
        let owner = owner_of(rest);
        // names without a fingerprint hold one key only; the name that says where it came from is kept
        let with_fingerprint = rest.ends_with(&format!(".{}", key.public().fingerprint().v1()));
        let name = if with_fingerprint { name.clone() } else { recovered_key_name(owner, key.public().fingerprint()) };
        key_storage.set_key(&name, &value).await?;
        let cache = entries.get(&format!("{PREFIX}{owner}{CACHE}")).and_then(open);
        let cache = cache.and_then(|text| read_verification_cache(text.expose()).ok()).unwrap_or_default();
        if cache.get(&key.public().fingerprint()) == Some(&true) {
            let mut record = Record::load(storage, owner).await?;
            record.verify(id);
            record.save(storage, owner).await?;
            imported.verified += 1;
        }
        if !imported.keys.contains(&id) {
            imported.keys.push(id);
        }
    }
    Ok(imported)
}

/// The owner in what follows the prefix: `device.OWNER.FP`, `recovered.OWNER.FP`, `OWNER.FP` or `OWNER`.
fn owner_of(rest: &str) -> &str {
    let owner = rest.strip_prefix("device.").or_else(|| rest.strip_prefix("recovered.")).unwrap_or(rest);
    match owner.rsplit_once('.') {
        Some((owner, fingerprint)) if fingerprint.len() == 32 => owner,
        _ => owner,
    }
}

#[cfg(test)]
mod tests {
    use super::owner_of;

    #[test]
    fn every_generation_of_names() {
        let fingerprint = "0".repeat(32);
        for rest in ["device.o.x.FP", "recovered.o.x.FP", "o.x.FP", "o.x"] {
            assert_eq!(owner_of(&rest.replace("FP", &fingerprint)), "o.x", "{rest}");
        }
    }
}
