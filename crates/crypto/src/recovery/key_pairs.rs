//! Private keys behind a recovery key.

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Recovered, RecoveryData, RecoveryDataType, RecoveryError, RecoveryKey};
use crate::key::{Oaep, OwnKey, PrivateKey};
use crate::random::Random;

/// A private key that came back. Whether it is the owner's, the listed public keys say.
pub struct RecoveredKey {
    /// Whose key it is: the recipient's, or a parent's.
    pub owner: String,
    /// The key.
    pub private: PrivateKey,
    /// How others encrypt for it.
    pub padding: Oaep,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    pair: Pair,
    algorithm: String,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
struct Pair {
    public_key: String,
    private_key: String,
}

/// Seals the given keys, which must be usable, for the data owner `recipient`.
///
/// # Errors
/// [`RecoveryError::Nothing`]: none of the keys is usable.
pub fn seal_key_pairs<'a>(
    random: &dyn Random,
    key: &RecoveryKey,
    recipient: &str,
    keys: impl IntoIterator<Item = &'a OwnKey>,
    expires: Option<i64>,
) -> Result<RecoveryData, RecoveryError> {
    let mut content: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    let mut size = 1024;
    for own in keys.into_iter().filter(|own| own.is_usable()) {
        let pair = Pair {
            public_key: Base64::encode_string(own.public().spki()),
            private_key: Base64::encode_string(own.private().expose_pkcs8()),
        };
        size += 2 * (pair.public_key.len() + pair.private_key.len());
        content.entry(own.owner()).or_default().push(Entry { pair, algorithm: own.padding().as_str().to_owned() });
    }
    if content.is_empty() {
        return Err(RecoveryError::Nothing);
    }
    // large enough from the start, so that growing leaves no copy behind
    let mut json = Zeroizing::new(Vec::with_capacity(size));
    serde_json::to_writer(&mut *json, &content).map_err(|_| RecoveryError::Malformed)?;
    RecoveryData::seal(random, key, recipient, RecoveryDataType::KeypairRecovery, json, expires)
}

/// The keys in recovery data.
///
/// # Errors
/// [`RecoveryError::OtherKey`], [`RecoveryError::OtherType`], [`RecoveryError::Malformed`].
pub fn open_key_pairs(key: &RecoveryKey, data: &RecoveryData) -> Result<Recovered<Vec<RecoveredKey>>, RecoveryError> {
    let (json, authentic) = data.open(key, RecoveryDataType::KeypairRecovery)?;
    let content: BTreeMap<String, Vec<Entry>> = serde_json::from_slice(&json).map_err(|_| RecoveryError::Malformed)?;
    let mut keys = Vec::new();
    for (owner, entries) in &content {
        for Entry { pair, algorithm } in entries {
            let pkcs8 = Base64::decode_vec(&pair.private_key).map(Zeroizing::new);
            let spki = Base64::decode_vec(&pair.public_key).map_err(|_| RecoveryError::Malformed)?;
            let private = PrivateKey::from_pkcs8(&pkcs8.map_err(|_| RecoveryError::Malformed)?)
                .map_err(|_| RecoveryError::Malformed)?;
            let padding = Oaep::parse(algorithm).ok_or(RecoveryError::Malformed)?;
            if private.public().spki() != spki {
                return Err(RecoveryError::Malformed);
            }
            keys.push(RecoveredKey { owner: owner.clone(), private, padding });
        }
    }
    Ok(Recovered { content: keys, authentic })
}
