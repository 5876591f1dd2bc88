//! The record of a give-back: who opened what for which key, and what made them sure.

use super::encoding::push;
use super::{IdentityError, IdentityPublic, Parts, SignerIdentity};
use crate::hazmat::transcript::Transcript;
use crate::key::KeyId;

const VERSION: u8 = 1;

/// What made the giver sure that the new key is the owner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalMethod {
    /// A person compared the short phrase or scanned the key.
    Person,
    /// An older, pinned key signed for the new one.
    Succession,
}

/// A signed record of one give-back (crypto 6, item 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Who gave access back.
    pub giver: String,
    /// To whom.
    pub owner: String,
    /// The key that was let in.
    pub key: KeyId,
    /// What made the giver sure.
    pub method: ApprovalMethod,
    /// When, in milliseconds since 1970.
    pub made: i64,
    /// The ids of the exchange data that were extended.
    pub exchange_data: Vec<String>,
}

impl Approval {
    fn method_code(&self) -> u8 {
        match self.method {
            ApprovalMethod::Person => 1,
            ApprovalMethod::Succession => 2,
        }
    }

    fn statement(&self) -> Vec<u8> {
        Transcript::new("keystead/give-back/v1")
            .field(self.giver.as_bytes())
            .field(self.owner.as_bytes())
            .field(self.key.as_bytes())
            .field(&[self.method_code()])
            .field(&self.made.to_be_bytes())
            .list(self.exchange_data.iter().map(String::as_bytes))
            .finish()
    }

    /// Version 1: the version, the fields in order, the signature. The giver is the signer.
    pub fn sign(mut self, signer: &SignerIdentity) -> Vec<u8> {
        signer.owner().clone_into(&mut self.giver);
        let signature = signer.sign(&self.statement());
        let mut bytes = vec![VERSION];
        push(&mut bytes, self.giver.as_bytes());
        push(&mut bytes, self.owner.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.push(self.method_code());
        bytes.extend_from_slice(&self.made.to_be_bytes());
        bytes.extend_from_slice(&u16::try_from(self.exchange_data.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.exchange_data.iter().for_each(|id| push(&mut bytes, id.as_bytes()));
        bytes.extend_from_slice(&signature);
        bytes
    }

    /// Reads a record and checks that `identity` signed it.
    ///
    /// # Errors
    /// [`IdentityError::Unreadable`], [`IdentityError::Signature`].
    pub fn open(bytes: &[u8], identity: &IdentityPublic) -> Result<Self, IdentityError> {
        let mut parts = Parts::of_version(bytes, VERSION)?;
        let (giver, owner) = (parts.text()?.to_owned(), parts.text()?.to_owned());
        let key = KeyId::from_bytes(parts.array()?);
        let method = match parts.array()? {
            [1] => ApprovalMethod::Person,
            [2] => ApprovalMethod::Succession,
            _ => return Err(IdentityError::Unreadable),
        };
        let made = i64::from_be_bytes(parts.array()?);
        let count = u16::from_be_bytes(parts.array()?);
        let exchange_data: Result<_, IdentityError> = (0..count).map(|_| Ok(parts.text()?.to_owned())).collect();
        let approval = Self { giver, owner, key, method, made, exchange_data: exchange_data? };
        let signature = parts.array()?;
        parts.end()?;
        identity.verify(&approval.statement(), &signature)?;
        Ok(approval)
    }
}
