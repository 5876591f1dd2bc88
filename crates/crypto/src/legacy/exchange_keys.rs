//! Exchange keys in data owners.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::entity::Object;
use crate::key::{Fingerprint, KeyRing, Oaep, OwnKey, TrustedKey};
use crate::provider::{CryptoProvider, ProviderError};
use crate::secret::ExchangeKey;

/// An opened exchange key.
pub struct LegacyExchangeKey {
    /// In whose document it stands.
    pub delegator: String,
    /// With whom it is shared.
    pub delegate: String,
    /// The key.
    pub key: ExchangeKey,
}

/// Opens every exchange key of the data owner `delegator` that our keys open: `aesExchangeKeys`, and
/// `hcPartyKeys` of the oldest clients. Which do not open are left out.
///
/// # Errors
/// The platform failed.
pub async fn open_exchange_keys(
    ring: &KeyRing,
    delegator: &str,
    owner: &Object,
) -> Result<Vec<LegacyExchangeKey>, ProviderError> {
    let mut keys = Vec::new();
    let by_own_key = map(owner.get("aesExchangeKeys")).filter(|(own_key, _)| !own_key.starts_with('x'));
    for (_, by_delegate) in by_own_key {
        for (delegate, entries) in map(Some(by_delegate)) {
            let entries: Vec<_> =
                map(Some(entries)).filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
            add(&mut keys, ring, delegator, delegate, &entries).await?;
        }
    }
    for (delegate, pair) in map(owner.get("hcPartyKeys")) {
        // one for the owner, one for the delegate, without saying for which key
        let entries: Vec<_> =
            pair.as_array().into_iter().flatten().filter_map(|value| Some(("", value.as_str()?))).collect();
        add(&mut keys, ring, delegator, delegate, &entries).await?;
    }
    Ok(keys)
}

/// Opens what the server answers to `{type}/{delegate}/aesExchangeKeys`: exchange keys towards
/// `delegate`, by delegator, by the delegator's key, by the delegate's key (wire 6.1).
///
/// # Errors
/// The platform failed.
pub async fn open_exchange_keys_towards(
    ring: &KeyRing,
    delegate: &str,
    answer: &Object,
) -> Result<Vec<LegacyExchangeKey>, ProviderError> {
    let mut keys = Vec::new();
    for (delegator, by_key) in answer {
        for (_, entries) in map(Some(by_key)) {
            let entries: Vec<_> =
                map(Some(entries)).filter_map(|(name, value)| Some((name, value.as_str()?))).collect();
            add(&mut keys, ring, delegator, delegate, &entries).await?;
        }
    }
    Ok(keys)
}

/// Lets another key into an exchange key: the fingerprint and the hex for `aesExchangeKeys`.
///
/// # Errors
/// The platform failed.
pub async fn wrap_exchange_key(
    provider: &dyn CryptoProvider,
    key: &ExchangeKey,
    to: &TrustedKey,
) -> Result<(String, String), ProviderError> {
    let ciphertext = provider.encrypt(to.key(), to.padding(), key.expose()).await?;
    Ok((to.key().fingerprint().v1(), hex::encode(ciphertext)))
}

fn map(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.and_then(Value::as_object).into_iter().flat_map(Map::iter);
    entries.map(|(name, value)| (name.as_str(), value))
}

/// Adds the first entry that opens.
async fn add(
    keys: &mut Vec<LegacyExchangeKey>,
    ring: &KeyRing,
    delegator: &str,
    delegate: &str,
    entries: &[(&str, &str)],
) -> Result<(), ProviderError> {
    for (name, value) in entries {
        let fingerprint = Fingerprint::parse(name);
        let candidates = ring
            .keys()
            .filter(|key| name.is_empty() || fingerprint.is_some_and(|found| key.public().fingerprint() == found));
        let Ok(ciphertext) = hex::decode(value) else { continue };
        for own in candidates {
            let Some(plaintext) = decrypt(own, &ciphertext).await? else { continue };
            let Ok(key) = ExchangeKey::from_bytes(&plaintext) else { continue };
            keys.push(LegacyExchangeKey { delegator: delegator.to_owned(), delegate: delegate.to_owned(), key });
            return Ok(());
        }
    }
    Ok(())
}

/// Clients of old used SHA-1 for everything here; later ones the padding of the key.
async fn decrypt(own: &OwnKey, ciphertext: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, ProviderError> {
    for padding in [Oaep::Sha1, Oaep::Sha256] {
        match own.imported().decrypt(padding, ciphertext).await {
            Ok(plaintext) => return Ok(Some(plaintext)),
            Err(ProviderError::Decryption) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
