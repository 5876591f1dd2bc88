//! Public keys that may be encrypted for.

use super::{KeyId, ListedKey, Oaep, OwnKey, PublicKey};

/// Why a public key is taken for its owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustReason {
    /// We hold the private half.
    Held,
    /// It is pinned: seen first, signed by a pinned key, or confirmed by a person.
    Pinned,
    /// The application vouches for it.
    Application,
}

/// A public key that somebody answers for. Whatever encrypts asks for this type, never for a
/// [`ListedKey`], so that no key reaches an encryption only because a server listed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    key: PublicKey,
    padding: Oaep,
    reason: TrustReason,
}

impl TrustedKey {
    /// A key whose private half we hold.
    pub fn held(own: &OwnKey) -> Self {
        Self { key: own.public().clone(), padding: own.padding(), reason: TrustReason::Held }
    }

    pub(super) fn pinned(listed: &ListedKey) -> Self {
        Self { key: listed.key.clone(), padding: listed.padding, reason: TrustReason::Pinned }
    }

    /// A key that the application vouches for, without a pin: for applications that know their keys by
    /// other means. Whoever calls this for what a server listed lets the server read what is sealed.
    pub fn dangerously_assume(listed: &ListedKey) -> Self {
        Self { key: listed.key.clone(), padding: listed.padding, reason: TrustReason::Application }
    }

    /// The key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Who the key is.
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// How to encrypt for it.
    pub fn padding(&self) -> Oaep {
        self.padding
    }

    /// Why it is trusted.
    pub fn reason(&self) -> TrustReason {
        self.reason
    }
}

/// Of the keys of *one* data owner those to encrypt for: never a SHA-1 key if there is a SHA-256 key
/// (crypto 6, item 9).
pub fn one_generation(keys: Vec<TrustedKey>) -> Vec<TrustedKey> {
    let modern = keys.iter().any(|key| key.padding == Oaep::Sha256);
    keys.into_iter().filter(|key| !modern || key.padding == Oaep::Sha256).collect()
}
