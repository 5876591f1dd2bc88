//! What is to be signed, and what comes of it.

use crate::error::MpcError;
use crate::hash::tagged;
use crate::ids::Curve;

/// The longest message that is signed on Ed25519, in bytes. It is not sent: both parties know it.
pub const MAX_CONTENT: usize = 1024 * 1024;

/// What is to be signed. Both parties make it themselves, from the transaction that they decoded: the
/// session fails if they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignRequest {
    curve: Curve,
    content: Vec<u8>,
    path: Vec<u32>,
}

impl SignRequest {
    /// A digest, on secp256k1.
    pub fn digest(digest: [u8; 32]) -> Self {
        Self { curve: Curve::Secp256k1, content: digest.to_vec(), path: Vec::new() }
    }

    /// A message, on Ed25519.
    pub fn message(message: impl Into<Vec<u8>>) -> Self {
        Self { curve: Curve::Ed25519, content: message.into(), path: Vec::new() }
    }

    /// By the child key at a path of non-hardened BIP-32 indices, secp256k1 only.
    #[must_use]
    pub fn at_path(mut self, path: impl Into<Vec<u32>>) -> Self {
        self.path = path.into();
        self
    }

    /// The curve.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// The digest or message.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The path of the child; empty for the key of the pair itself.
    pub fn path(&self) -> &[u32] {
        &self.path
    }

    /// What stands for it in the id of the session.
    pub(crate) fn to_hash(&self) -> Result<[u8; 32], MpcError> {
        if self.content.len() > MAX_CONTENT {
            return Err(MpcError::Request("the message is too long to be signed"));
        }
        if self.curve == Curve::Ed25519 && !self.path.is_empty() {
            return Err(MpcError::Request("keys on Ed25519 have no children"));
        }
        let path: Vec<u8> = self.path.iter().flat_map(|index| index.to_be_bytes()).collect();
        Ok(tagged("sign request", &[&[self.curve.to_byte()], &self.content, &path]))
    }
}

/// A signature, checked against the public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// ECDSA: `r`, `s` (low), 32 bytes each, big-endian. Ed25519: `R`, `s` as in RFC 8032.
    pub bytes: [u8; 64],
    /// ECDSA: 0 to 3, which of the keys that fit is the signer's. 0 on Ed25519.
    pub recovery_id: u8,
}

/// What comes of signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key that signed: a child, if a path was asked for.
    pub public_key: Vec<u8>,
    /// `None` on the server for Ed25519, where only the client learns the signature.
    pub signature: Option<Signature>,
}
