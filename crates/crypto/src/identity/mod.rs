//! Signatures of data owners. The format has none that anybody but the signer can check, so these
//! are ours, carried where official clients keep what they do not know (crypto 6, items 2, 3, 5).
//!
//! An [`IdentityKey`] (Ed25519) is derived from an RSA private key: whoever recovers the one has the
//! other, and there is nothing more to back up. An [`IdentityCertificate`] binds the two, signed by
//! the RSA key; it also proves that somebody holds the RSA key. A [`Succession`] is an old key's
//! word for a new one. An [`Approval`] records a give-back.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

use crate::hazmat::hash::hmac_sha256;
use crate::key::PrivateKey;
use crate::provider::ProviderError;

mod approval;
mod certificate;
mod encoding;
mod succession;

pub use approval::{Approval, ApprovalMethod};
pub use certificate::{IdentityCertificate, SignerIdentity, VerifiedIdentity};
pub(crate) use encoding::Parts;
pub use succession::{Succession, VerifiedSuccession};

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not the encoding of what it should be, or of a version that we do not know.
    #[error("unreadable signature")]
    Unreadable,
    /// The signature is not by the key that it names, or not over this.
    #[error("signature does not verify")]
    Signature,
    /// It is about another key or another data owner.
    #[error("signature over something else")]
    OtherSubject,
    /// The platform failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// The Ed25519 key of a data owner, derived from one of its RSA keys.
pub struct IdentityKey(Box<SigningKey>);

impl IdentityKey {
    /// The identity key that belongs to `key`.
    pub fn derive(key: &PrivateKey) -> Self {
        let seed = Zeroizing::new(hmac_sha256(key.expose_pkcs8(), &[b"keystead/identity/ed25519/v1"]));
        Self(Box::new(SigningKey::from_bytes(&seed)))
    }

    /// The public half.
    pub fn public(&self) -> IdentityPublic {
        IdentityPublic(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// The public half of an [`IdentityKey`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityPublic([u8; 32]);

impl IdentityPublic {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), IdentityError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| IdentityError::Signature)?;
        let signature = Signature::from_bytes(signature);
        key.verify_strict(message, &signature).map_err(|_| IdentityError::Signature)
    }
}

impl fmt::Debug for IdentityPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityPublic({})", hex::encode(self.0))
    }
}

impl Serialize for IdentityPublic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for IdentityPublic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut bytes)
            .map_err(|_| de::Error::custom("an identity key of 64 hex characters"))?;
        Ok(Self(bytes))
    }
}
