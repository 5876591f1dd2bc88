//! What can go wrong with records.

use keystead_crypto::delegation::DelegationError;
use keystead_crypto::entity::SealError;
use keystead_crypto::exchange::ExchangeError;
use keystead_crypto::provider::ProviderError;

use crate::error::{RequestError, WriteError};
use crate::storage::StorageError;
use crate::trust::KeyAlarm;

/// Why a record was not read, written or shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The server refused it or did not answer. A conflict means that somebody else changed the record: read it
    /// again, make the change again, write again.
    #[error(transparent)]
    Request(#[from] WriteError),
    /// The user is no data owner, and owns no records.
    #[error("the user is no data owner")]
    NotADataOwner,
    /// No key at hand opens the record: it was shared under a key that is lost. Whoever still reads it can give
    /// access back.
    #[error("no key at hand opens the record")]
    Unreadable,
    /// Nothing can be sealed for somebody whose keys changed, until a person confirmed one of them.
    #[error("nobody stands behind the keys that are listed for the other side")]
    UntrustedKeys(Box<KeyAlarm>),
    /// The server did not accept a share, for this reason.
    #[error("not shared: status {status}, {reason}")]
    NotShared {
        /// The status.
        status: u16,
        /// What the server says.
        reason: String,
    },
    /// The server does not accept a subscription, or ended it, for this reason.
    #[error("not subscribed: {0}")]
    NotSubscribed(String),
    /// The record is not what it should be: the name of the field.
    #[error("the record's {0} is not what it should be")]
    Malformed(&'static str),
    /// An older version of the record than one that was seen before.
    #[error("the server gave an older version of a record than before")]
    RolledBack,
    /// Exchange data cannot be used.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Metadata cannot be made or read.
    #[error(transparent)]
    Delegation(#[from] DelegationError),
    /// The record cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The platform failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// What this device remembers cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RecordError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Request(error) => error.retryable(),
            Self::NotShared { status, .. } => *status == 409,
            Self::Storage(error) => error.retryable(),
            _ => false,
        }
    }

    /// Whether somebody else changed the record meanwhile.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Request(WriteError::Conflict(_)))
    }
}

impl From<RequestError> for RecordError {
    fn from(error: RequestError) -> Self {
        Self::Request(error.into())
    }
}
