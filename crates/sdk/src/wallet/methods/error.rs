//! What can go wrong with the method of a backup.

use std::sync::Arc;

use crate::api::ConfigurationError;
use crate::documents::AttachmentTransferError;
use crate::entities::RecordError;
use crate::storage::StorageError;
use crate::transport::TransportError;

/// Why a method could not be used. Nothing is lost: the backup of before is as good as it was.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// What was typed is guessed too easily: how many characters it needs.
    #[error("too short: at least {0} characters")]
    TooShort(usize),
    /// The backup was made with another method than this one.
    #[error("the backup was made with another method")]
    OtherMethod,
    /// Where the method keeps its keys there is none for this backup: another account, another file?
    #[error("there is no key for this backup: is it another account or file than the backup was made with?")]
    NoKey,
    /// The key may be among records that cannot be opened: ask for access to be given back.
    #[error("the records that hold the key cannot be opened yet: ask for access to be given back")]
    RecordsClosed,
    /// The vault needs the records of a patient.
    #[error("only a patient has records of their own to keep a key in")]
    NoRecords,
    /// A key was put there and could not be read again.
    #[error("the key was stored and could not be read again")]
    NotKept,
    /// Google does not accept the access token, or there is none (Portal's `GOOGLE_UNAUTHENTICATED`).
    #[error("Google does not accept the access token")]
    Unauthenticated,
    /// Google refused for another reason: the status.
    #[error("Google Drive refused: status {0}")]
    Refused(u16),
    /// Google's answer is not what it should be.
    #[error("the answer of Google Drive is not what it should be")]
    Unreadable,
    /// The address of Google Drive cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// Google was not reached.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] StorageError),
    /// The records cannot be read or written.
    #[error("the records: {0}")]
    Records(Arc<RecordError>),
    /// The document with the key cannot be read or written.
    #[error("the document with the key: {0}")]
    Document(Arc<AttachmentTransferError>),
    /// What keeps the keys for the application failed.
    #[error("what keeps the keys failed")]
    Other(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl MethodError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Transport(error) => error.retryable(),
            Self::File(error) => error.retryable(),
            Self::Records(error) => error.retryable(),
            Self::Document(error) => error.retryable(),
            Self::Refused(status) => *status == 429 || *status >= 500,
            Self::Other(_) => true,
            _ => false,
        }
    }
}

impl From<RecordError> for MethodError {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::NotADataOwner => Self::NoRecords,
            error => Self::Records(Arc::new(error)),
        }
    }
}

impl From<AttachmentTransferError> for MethodError {
    fn from(error: AttachmentTransferError) -> Self {
        Self::Document(Arc::new(error))
    }
}
