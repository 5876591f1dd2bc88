//! The names and values under which official clients store keys on a device (crypto 1.4), so that
//! their keys can be taken over.

use std::collections::BTreeMap;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Fingerprint, KeyError, PrivateKey, PublicKey};
use crate::hazmat::aes_cbc;
use crate::hazmat::der::{self, RsaNumbers};
use crate::hazmat::hash::{equal, sha256};
use crate::secret::symmetric_key;

const PREFIX: &str = "org.taktik.icure.rsa.";

/// Name of a private key made on this device.
pub fn device_key_name(owner: &str, key: Fingerprint) -> String {
    format!("{PREFIX}device.{owner}.{}", key.v1())
}

/// Name of a private key that arrived in any other way.
pub fn recovered_key_name(owner: &str, key: Fingerprint) -> String {
    format!("{PREFIX}recovered.{owner}.{}", key.v1())
}

/// Name of the official cache of verified keys. Ours, keyed by whole keys, is [`super::Pins`].
pub fn verification_cache_name(owner: &str) -> String {
    format!("{PREFIX}{owner}.verification.self")
}

/// Name of the local RSA-PSS signing key of the generation before November 2024.
pub fn signing_key_name(owner: &str) -> String {
    format!("{PREFIX}sign.{owner}.self")
}

/// Name of the public half of a local RSA-PSS signing key.
pub fn signature_verification_key_name(owner: &str, key: Fingerprint) -> String {
    format!("{PREFIX}sign.verify.{owner}.{}", key.v1())
}

/// Every name under which some client may have stored a private key of `owner`, newest habit first.
pub fn private_key_names(owner: &str, key: Fingerprint) -> [String; 4] {
    [
        device_key_name(owner, key),
        recovered_key_name(owner, key),
        format!("{PREFIX}{owner}.{}", key.v1()),
        format!("{PREFIX}{owner}"),
    ]
}

/// A stored value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Not the JSON that clients store.
    #[error("not a stored key")]
    Json,
    /// The JSON holds no readable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The sealed value was sealed with another key, or changed.
    #[error("a stored value that does not open")]
    Sealed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    private_key: Option<Encoded>,
    public_key: Option<Encoded>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Encoded {
    Der(String),
    Jwk(Box<Jwk>),
}

impl Drop for Encoded {
    fn drop(&mut self) {
        if let Self::Der(text) = self {
            text.zeroize();
        }
    }
}

/// The numbers of a JSON Web Key (RFC 7518, 6.3). What it says of the algorithm means nothing here.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
struct Jwk {
    n: String,
    e: String,
    #[serde(default)]
    d: String,
    #[serde(default)]
    p: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    dp: String,
    #[serde(default)]
    dq: String,
    #[serde(default)]
    qi: String,
}

impl Jwk {
    fn numbers<const N: usize>(texts: [&str; N]) -> Result<[Zeroizing<Vec<u8>>; N], KeyError> {
        let mut numbers = std::array::from_fn(|_| Zeroizing::new(Vec::new()));
        for (number, text) in numbers.iter_mut().zip(texts) {
            **number = Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyError::Encoding)?;
        }
        Ok(numbers)
    }

    fn private(&self) -> Result<PrivateKey, KeyError> {
        let texts = [&self.n, &self.e, &self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi];
        let numbers = Self::numbers(texts.map(String::as_str))?;
        let [modulus, exponent, secrets @ ..] = numbers.each_ref().map(|number| der::trim(number));
        PrivateKey::from_pkcs8(&der::write_pkcs8(&RsaNumbers { modulus, exponent, secrets }))
    }

    fn public(&self) -> Result<PublicKey, KeyError> {
        let [modulus, exponent] = Self::numbers([&self.n, &self.e])?;
        PublicKey::from_numbers(der::trim(&modulus), der::trim(&exponent))
    }
}

/// Reads a stored private key: base64 PKCS#8 or a JSON Web Key, with or without its public half.
///
/// # Errors
/// See [`ImportError`].
pub fn open_private_key(value: &str) -> Result<PrivateKey, ImportError> {
    let stored: Stored = serde_json::from_str(value).map_err(|_| ImportError::Json)?;
    match &stored.private_key {
        Some(Encoded::Der(text)) => {
            let pkcs8 = Zeroizing::new(Base64::decode_vec(text).map_err(|_| KeyError::Encoding)?);
            Ok(PrivateKey::from_pkcs8(&pkcs8)?)
        }
        Some(Encoded::Jwk(jwk)) => Ok(jwk.private()?),
        None => Err(ImportError::Json),
    }
}

/// Reads a stored public key, as clients store those that check signatures.
///
/// # Errors
/// See [`ImportError`].
pub fn open_public_key(value: &str) -> Result<PublicKey, ImportError> {
    let stored: Stored = serde_json::from_str(value).map_err(|_| ImportError::Json)?;
    match &stored.public_key {
        Some(Encoded::Der(text)) => {
            Ok(PublicKey::from_spki(&Base64::decode_vec(text).map_err(|_| KeyError::Encoding)?)?)
        }
        Some(Encoded::Jwk(jwk)) => Ok(jwk.public()?),
        None => Err(ImportError::Json),
    }
}

/// The value that an official client stores for a private key.
pub fn expose_private_key(key: &PrivateKey) -> Zeroizing<String> {
    let encoded = Zeroizing::new(Base64::encode_string(key.expose_pkcs8()));
    let mut value = Zeroizing::new(String::with_capacity(encoded.len() + 20));
    value.push_str("{\"privateKey\":\"");
    value.push_str(&encoded);
    value.push_str("\"}");
    value
}

/// Reads the official cache of verified keys: fingerprint v1 to answer.
///
/// Only a hint what to ask the person about: fingerprints can be forged.
///
/// # Errors
/// [`ImportError::Json`].
pub fn read_verification_cache(value: &str) -> Result<BTreeMap<Fingerprint, bool>, ImportError> {
    let cache: BTreeMap<String, bool> = serde_json::from_str(value).map_err(|_| ImportError::Json)?;
    Ok(cache.into_iter().filter_map(|(key, verified)| Some((Fingerprint::parse(&key)?, verified))).collect())
}

symmetric_key! {
    /// The key of the encrypting storage of mobile clients.
    StorageKey
}

#[derive(Deserialize)]
struct Sealed {
    encrypted: String,
    hash: String,
}

/// Opens a value of the encrypting storage of mobile clients.
///
/// # Errors
/// [`ImportError::Json`] for another shape, [`ImportError::Sealed`] if it does not open.
pub fn open_sealed_value(key: &StorageKey, value: &str) -> Result<Zeroizing<String>, ImportError> {
    let sealed: Sealed = serde_json::from_str(value).map_err(|_| ImportError::Json)?;
    let bytes = Base64::decode_vec(&sealed.encrypted).map_err(|_| ImportError::Sealed)?;
    let hash = Base64::decode_vec(&sealed.hash).map_err(|_| ImportError::Sealed)?;
    let (plaintext, _) = aes_cbc::open(key.expose(), &bytes).map_err(|_| ImportError::Sealed)?;
    if !equal(&sha256(&[&plaintext]), &hash) {
        return Err(ImportError::Sealed);
    }
    let text = std::str::from_utf8(&plaintext).map_err(|_| ImportError::Sealed)?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::vectors;

    #[test]
    fn a_json_web_key_gives_the_same_bytes() {
        let key = vectors::private_key("B");
        let numbers = der::read_pkcs8(key.expose_pkcs8()).ok().unwrap();
        let text = |number: &[u8]| Base64UrlUnpadded::encode_string(number);
        let [d, p, q, dp, dq, qi] = numbers.secrets.map(text);
        let (n, e) = (text(numbers.modulus), text(numbers.exponent));
        let jwk = json!({"alg": "RSA-OAEP", "d": d, "p": p, "q": q, "dp": dp, "dq": dq, "qi": qi, "n": n, "e": e});
        let value = json!({"publicKey": {"n": n, "e": e}, "privateKey": jwk}).to_string();
        assert!(open_private_key(&value).ok().unwrap() == key);
        assert_eq!(open_public_key(&value).ok().unwrap(), *key.public());
        assert!(open_private_key(&expose_private_key(&key)).ok().unwrap() == key);
    }

    #[test]
    fn sealed_values_open_only_unchanged() {
        let key = StorageKey::from_bytes(&[5; 32]).unwrap();
        let sealed = aes_cbc::seal(key.expose(), &[1; 16], b"{}").unwrap();
        let value = |sealed: &[u8], hash: &[u8]| {
            json!({"encrypted": Base64::encode_string(sealed), "hash": Base64::encode_string(hash)}).to_string()
        };
        assert_eq!(*open_sealed_value(&key, &value(&sealed, &sha256(&[b"{}"]))).ok().unwrap(), "{}");
        assert_eq!(open_sealed_value(&key, &value(&sealed, &sha256(&[b"{]"]))).err(), Some(ImportError::Sealed));
    }

    proptest! {
        #[test]
        fn reading_anything(text in ".{0,60}") {
            let _ = open_private_key(&text);
            let _ = open_public_key(&text);
            let _ = read_verification_cache(&text);
            let _ = open_private_key(&json!({ "privateKey": text }).to_string());
        }
    }
}
