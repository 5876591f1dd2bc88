//! Public keys and their identity.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Fingerprint, KeyError};
use crate::hazmat::der::{self, EXPONENT};
use crate::hazmat::hash::sha256;

const BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The identity of a key: the SHA-256 of its whole `SubjectPublicKeyInfo` (crypto 6, item 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The id with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| KeyError::Encoding)?;
        Ok(Self(bytes))
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("a key id of 64 hex characters"))
    }
}

/// An RSA public key that official clients accept: exponent 65537, at least 2048 bits, one encoding.
#[derive(Clone)]
pub struct PublicKey {
    spki: Box<[u8]>,
    bits: usize,
    fingerprint: Fingerprint,
    id: KeyId,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let (modulus, exponent) = der::read_spki(spki).map_err(|_| KeyError::Structure)?;
        Self::of(spki.into(), modulus, exponent)
    }

    /// Reads the hex in which public keys are published.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_spki_hex(text: &str) -> Result<Self, KeyError> {
        Self::from_spki(&hex::decode(text).map_err(|_| KeyError::Encoding)?)
    }

    pub(super) fn from_numbers(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        Self::of(der::write_spki(modulus, exponent).into(), modulus, exponent)
    }

    fn of(spki: Box<[u8]>, modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        if exponent != EXPONENT {
            return Err(KeyError::Exponent);
        }
        let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else { return Err(KeyError::Modulus) };
        let bits = modulus.len() * 8 - first.leading_zeros() as usize;
        if !BITS.contains(&bits) || last % 2 == 0 {
            return Err(KeyError::Modulus);
        }
        let id = KeyId(sha256(&[&spki]));
        Ok(Self { bits, fingerprint: Fingerprint::of_modulus(modulus), id, spki })
    }

    /// Who this key is.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What maps of the format file it under.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The bits of the modulus.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The `SubjectPublicKeyInfo` in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The hex to publish.
    pub fn to_spki_hex(&self) -> String {
        hex::encode(&self.spki)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits, {})", self.bits, self.id)
    }
}
