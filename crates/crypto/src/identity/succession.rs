//! An old key's word for a new one.

use super::encoding::push;
use super::{IdentityError, Parts};
use crate::hazmat::transcript::Transcript;
use crate::key::{KeyId, OwnKey, PublicKey};
use crate::provider::{CryptoProvider, ProviderError};

const VERSION: u8 = 1;

/// "Data owner X: the key N is mine too", signed by an older key of X (RSA-PSS). Whoever has pinned
/// the older key may pin the new one without asking a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    from: KeyId,
    to: KeyId,
    made: i64,
    signature: Vec<u8>,
}

/// A succession whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSuccession {
    owner: String,
    from: KeyId,
    to: KeyId,
}

impl VerifiedSuccession {
    /// Whose keys these are.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The older key, which must be trusted for this to mean anything.
    pub fn from(&self) -> KeyId {
        self.from
    }

    /// The new key.
    pub fn to(&self) -> KeyId {
        self.to
    }
}

fn statement(owner: &str, from: KeyId, to: KeyId, made: i64) -> Vec<u8> {
    Transcript::new("keystead/succession/v1")
        .field(owner.as_bytes())
        .field(from.as_bytes())
        .field(to.as_bytes())
        .field(&made.to_be_bytes())
        .finish()
}

impl Succession {
    /// Signs with `from`, at `now` (milliseconds since 1970), that `to` belongs to the same owner.
    ///
    /// # Errors
    /// The platform failed to sign.
    pub async fn make(from: &OwnKey, to: &PublicKey, now: i64) -> Result<Self, ProviderError> {
        let (from_id, to) = (from.public().id(), to.id());
        let signature = from.imported().sign(&statement(from.owner(), from_id, to, now)).await?;
        Ok(Self { from: from_id, to, made: now, signature })
    }

    /// Checks the signature with `from`, a key of `owner`.
    ///
    /// # Errors
    /// [`IdentityError::OtherSubject`]: another key signed. [`IdentityError::Signature`]: not over
    /// this, or not for `owner`.
    pub async fn verify(
        &self,
        provider: &dyn CryptoProvider,
        owner: &str,
        from: &PublicKey,
    ) -> Result<VerifiedSuccession, IdentityError> {
        if from.id() != self.from {
            return Err(IdentityError::OtherSubject);
        }
        match provider.verify(from, &statement(owner, self.from, self.to, self.made), &self.signature).await? {
            true => Ok(VerifiedSuccession { owner: owner.to_owned(), from: self.from, to: self.to }),
            false => Err(IdentityError::Signature),
        }
    }

    /// The older key, unverified.
    pub fn from(&self) -> KeyId {
        self.from
    }

    /// The new key, unverified.
    pub fn to(&self) -> KeyId {
        self.to
    }

    /// Version 1: the version, both keys, when, the signature behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.from.as_bytes());
        bytes.extend_from_slice(self.to.as_bytes());
        bytes.extend_from_slice(&self.made.to_be_bytes());
        push(&mut bytes, &self.signature);
        bytes
    }

    /// Reads [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`IdentityError::Unreadable`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IdentityError> {
        let mut parts = Parts::of_version(bytes, VERSION)?;
        let (from, to) = (KeyId::from_bytes(parts.array()?), KeyId::from_bytes(parts.array()?));
        let made = i64::from_be_bytes(parts.array()?);
        let signature = parts.bytes()?.to_vec();
        parts.end()?;
        Ok(Self { from, to, made, signature })
    }
}
