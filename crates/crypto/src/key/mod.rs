//! RSA keys of data owners: what is published, what is held, and how one is told from another
//! (crypto 1).
//!
//! A key is identified by [`KeyId`], the SHA-256 of its whole public half. The [`Fingerprint`]s of
//! the format are 88 bits of the modulus, which anybody can make a second key for within a second;
//! here they only ever find candidates.

use std::fmt;

mod fingerprint;
pub mod import;
mod owner;
mod phrase;
mod pin;
mod private;
mod public;
mod ring;
mod trusted;
mod words;

pub use fingerprint::Fingerprint;
pub use owner::{ListedKey, OwnerKeys, OwnerKeysError};
pub use phrase::{PHRASE_WORDS, Phrase, derive_phrase, key_claim, read_key_claim};
pub use pin::{Assessment, Pin, PinError, PinnedBecause, PinnedKey, Pins};
pub use private::PrivateKey;
pub use public::{KeyId, PublicKey};
pub use ring::{KeyRing, KeyTrust, OwnKey};
pub use trusted::{TrustReason, TrustedKey, one_generation};

/// The size of a new key. Official clients refuse to load a data owner with any other (crypto 6, item 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySize {
    /// 2048 bits, as the official clients make. The default: decision 0101.
    #[default]
    Rsa2048,
    /// 4096 bits: for keys that must last decades. Opening costs about six times as much.
    Rsa4096,
}

/// Which hash RSA-OAEP uses, for the label and for MGF1. Decided by where the key is listed (crypto 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oaep {
    /// SHA-1: keys in `publicKey` and `aesExchangeKeys`, made by clients of old.
    Sha1,
    /// SHA-256: keys in `publicKeysForOaepWithSha256`.
    Sha256,
}

impl Oaep {
    /// The name in recovery data: `sha-1` or `sha-256`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            Self::Sha256 => "sha-256",
        }
    }

    /// The padding with this name in recovery data.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256].into_iter().find(|padding| padding.as_str() == name)
    }
}

impl fmt::Display for Oaep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why bytes are not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not hex, or not base64.
    #[error("a key in an unreadable encoding")]
    Encoding,
    /// Not the canonical DER of an RSA key: SPKI for a public one, PKCS#8 without attributes for a private one.
    #[error("not the canonical DER of an RSA key")]
    Structure,
    /// The exponent is not 65537, which every official client insists on.
    #[error("an RSA exponent other than 65537")]
    Exponent,
    /// The modulus has less than 2048 or more than 8192 bits, or is even.
    #[error("an RSA modulus that is not accepted")]
    Modulus,
}
