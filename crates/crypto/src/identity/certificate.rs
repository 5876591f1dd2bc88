//! The bond between an RSA key and the identity key derived from it.

use super::encoding::push;
use super::{IdentityError, IdentityKey, IdentityPublic, Parts};
use crate::hazmat::transcript::Transcript;
use crate::key::{KeyId, OwnKey, PublicKey};
use crate::provider::{CryptoProvider, ProviderError};

const VERSION: u8 = 1;

/// "The RSA key K of data owner X signs as E", signed by K (RSA-PSS).
///
/// Whoever checks it has K from a pin or a person; E follows. Making one takes the private half of K,
/// so it also proves that somebody holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityCertificate {
    key: KeyId,
    identity: IdentityPublic,
    signature: Vec<u8>,
}

/// An identity key whose certificate was checked against an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedIdentity {
    key: KeyId,
    identity: IdentityPublic,
}

impl VerifiedIdentity {
    /// The RSA key that vouches for it.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The identity key.
    pub fn identity(&self) -> IdentityPublic {
        self.identity
    }
}

fn statement(owner: &str, key: KeyId, identity: IdentityPublic) -> Vec<u8> {
    Transcript::new("keystead/identity-certificate/v1")
        .field(owner.as_bytes())
        .field(key.as_bytes())
        .field(identity.as_bytes())
        .finish()
}

impl IdentityCertificate {
    /// The certificate of `own`, for its owner.
    ///
    /// # Errors
    /// The platform failed to sign.
    pub async fn make(own: &OwnKey) -> Result<Self, ProviderError> {
        let (key, identity) = (own.public().id(), IdentityKey::derive(own.private()).public());
        let signature = own.imported().sign(&statement(own.owner(), key, identity)).await?;
        Ok(Self { key, identity, signature })
    }

    /// Checks that `key`, which the caller trusts to be one of `owner`'s, vouches for the identity.
    ///
    /// # Errors
    /// [`IdentityError::OtherSubject`]: the certificate is of another key. [`IdentityError::Signature`]:
    /// `key` did not sign it for `owner`.
    pub async fn verify(
        &self,
        provider: &dyn CryptoProvider,
        owner: &str,
        key: &PublicKey,
    ) -> Result<VerifiedIdentity, IdentityError> {
        if key.id() != self.key {
            return Err(IdentityError::OtherSubject);
        }
        let statement = statement(owner, self.key, self.identity);
        match provider.verify(key, &statement, &self.signature).await? {
            true => Ok(VerifiedIdentity { key: self.key, identity: self.identity }),
            false => Err(IdentityError::Signature),
        }
    }

    /// The RSA key that it is of, unverified.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The identity key that it names, unverified.
    pub fn identity(&self) -> IdentityPublic {
        self.identity
    }

    /// Version 1: the version, the key, the identity, the signature behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(self.identity.as_bytes());
        push(&mut bytes, &self.signature);
        bytes
    }

    /// Reads [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`IdentityError::Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        let mut parts = Parts::of_version(bytes, VERSION)?;
        let (key, identity) = (KeyId::from_bytes(parts.array()?), IdentityPublic::from_bytes(parts.array()?));
        let signature = parts.bytes()?.to_vec();
        parts.end()?;
        Ok(Self { key, identity, signature })
    }
}

/// What a device signs with: made once per start, because the certificate costs an RSA signature.
pub struct SignerIdentity {
    owner: String,
    key: IdentityKey,
    certificate: IdentityCertificate,
}

impl SignerIdentity {
    /// Signs for the owner of `own`.
    ///
    /// # Errors
    /// The platform failed to sign.
    pub async fn make(own: &OwnKey) -> Result<Self, ProviderError> {
        let certificate = IdentityCertificate::make(own).await?;
        Ok(Self { owner: own.owner().to_owned(), key: IdentityKey::derive(own.private()), certificate })
    }

    /// Who signs.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The proof that the RSA key stands behind the signatures.
    pub fn certificate(&self) -> &IdentityCertificate {
        &self.certificate
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message)
    }
}
