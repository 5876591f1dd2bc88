//! From one own key to another: transfer keys (crypto 4.4).

use serde_json::{Map, Value};

use crate::entity::Object;
use crate::hazmat::siv;
use crate::key::{Fingerprint, ListedKey, PrivateKey, PublicKey};
use crate::secret::ExchangeKey;

/// An entry for `transferKeys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferKey {
    /// Whoever holds this key opens the entry; outer name, v1.
    pub source: String,
    /// The key that is in it; inner name, v1.
    pub target: String,
    /// The sealed target, in hex.
    pub sealed: String,
}

/// A private key that a transfer key gave back. It belongs to a listed public key, byte for byte.
pub struct TransferredKey {
    /// The key.
    pub private: PrivateKey,
    /// Its public half, as it is listed.
    pub listed: ListedKey,
    /// Sealed as a transfer key of this owner by somebody who holds the self exchange key. If that
    /// exchange data is verified, it was the owner, and nobody need be asked about the key.
    pub authentic: bool,
}

fn binding(owner: &str, target: &PublicKey) -> Vec<u8> {
    format!("TransferKey\0{}\0{owner}", target.id()).into_bytes()
}

/// Seals `target` for whoever can open a self exchange data that has an entry for `source`.
///
/// `None` cannot happen for keys of 16 or 32 bytes.
pub fn seal_transfer_key(
    self_exchange_key: &ExchangeKey,
    owner: &str,
    source: &PublicKey,
    target: &PrivateKey,
) -> Option<TransferKey> {
    let binding = binding(owner, target.public());
    let sealed = siv::seal(self_exchange_key.expose(), &binding, target.expose_pkcs8()).ok()?;
    let [source, target] = [source, target.public()].map(|key| key.fingerprint().v1());
    Some(TransferKey { source, target, sealed: hex::encode(sealed) })
}

/// Every private key among `missing` that some transfer key of the data owner `id` gives back, given
/// the exchange keys of the self exchange data that open: tries each on each, since the names of
/// entries are not reliable.
pub fn open_transfer_keys(
    id: &str,
    owner: &Object,
    self_exchange_keys: &[&ExchangeKey],
    missing: &[ListedKey],
) -> Vec<TransferredKey> {
    let mut recovered: Vec<TransferredKey> = Vec::new();
    for (name, sealed) in entries(owner) {
        // a name that is a fingerprint can be told to be of no interest; others must be tried
        let fingerprint = Fingerprint::parse(name);
        let interesting = |key: &&ListedKey| {
            let found = recovered.iter().any(|transferred| transferred.listed.key == key.key);
            !found && fingerprint.is_none_or(|named| named == key.key.fingerprint())
        };
        let interesting: Vec<_> = missing.iter().filter(interesting).collect();
        let Ok(sealed) = hex::decode(sealed) else { continue };
        let open = |key: &&ExchangeKey, listed: &ListedKey| {
            let (pkcs8, authentic) = siv::open(key.expose(), &binding(id, &listed.key), &sealed).ok()?;
            let private = PrivateKey::from_pkcs8(&pkcs8).ok()?;
            let listed = listed.clone();
            (*private.public() == listed.key).then_some(TransferredKey { private, listed, authentic })
        };
        let found = self_exchange_keys.iter().find_map(|key| interesting.iter().find_map(|listed| open(key, listed)));
        recovered.extend(found);
    }
    recovered
}

/// Inner names and values of `transferKeys`.
fn entries(owner: &Object) -> impl Iterator<Item = (&str, &str)> {
    let outer = owner.get("transferKeys").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let inner = outer.filter_map(Value::as_object).flatten();
    inner.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}
