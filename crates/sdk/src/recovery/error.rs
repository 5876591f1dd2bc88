//! Why something does not come back.

use keystead_crypto::envelope::EnvelopeError;
use keystead_crypto::exchange::ExchangeError;

use crate::entities::RecordError;
use crate::error::{RequestError, WriteError};
use crate::keys::KeysError;
use crate::storage::StorageError;

/// Why a recovery key brings nothing back.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryKeyError {
    /// The text is no recovery key: 52 letters and digits, or 26 of older applications.
    #[error("this is not a recovery key: letters are missing or wrong")]
    NotARecoveryKey,
    /// The server has nothing for it. It may be mistyped: the format has no check letters.
    #[error("nothing belongs to this recovery key: it is mistyped, has expired or was deleted")]
    NotFound,
    /// It was made for another data owner than the user.
    #[error("this recovery key was made for somebody else")]
    ForSomebodyElse,
    /// It brings something else back than was asked for: keys, or access to what was shared.
    #[error("this recovery key is for another purpose")]
    OtherPurpose,
    /// What the server has for it does not open, or to nonsense.
    #[error("what was stored for this recovery key is damaged")]
    Damaged,
    /// None of the keys that it brings back is published as the user's.
    #[error("the keys behind this recovery key are not the user's")]
    Foreign,
    /// The server did not answer as expected.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl RecoveryKeyError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Request(error) if error.retryable())
    }
}

impl From<keystead_crypto::recovery::RecoveryError> for RecoveryKeyError {
    fn from(error: keystead_crypto::recovery::RecoveryError) -> Self {
        match error {
            keystead_crypto::recovery::RecoveryError::OtherType => Self::OtherPurpose,
            _ => Self::Damaged,
        }
    }
}

/// Why recovery was not prepared, reported on or carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// The user is no data owner, and has nothing to recover.
    #[error("the user is no data owner")]
    NotADataOwner,
    /// There is nothing to make a recovery key for: no usable key, or nothing shared that can be opened.
    #[error("there is nothing to recover")]
    Nothing,
    /// The server says that it stored the recovery data, but does not give back the same.
    #[error("the server did not keep the recovery data")]
    NotKept,
    /// A recovery key brings nothing back.
    #[error(transparent)]
    Key(#[from] RecoveryKeyError),
    /// The passphrase is shorter than [`keystead_crypto::recovery::MIN_PASSPHRASE`] characters.
    #[error("the passphrase is too short")]
    PassphraseTooShort,
    /// The passphrase is another one, or the file was changed: nobody can tell which.
    #[error("the passphrase is wrong, or the file was changed")]
    WrongPassphrase,
    /// Not a file of exported keys, or one of a newer version.
    #[error("not a file of exported keys")]
    NotAnExport,
    /// The keys in the file are of another data owner than the user.
    #[error("the keys are of somebody else")]
    ForSomebodyElse,
    /// There is not enough memory to turn the passphrase into a key.
    #[error("the passphrase could not be turned into a key")]
    Derivation,
    /// The QR code could not be drawn.
    #[error("the QR code could not be drawn")]
    QrCode,
    /// The [`crate::progress::Monitor`] stopped the work.
    #[error("stopped")]
    Stopped,
    /// The keys are not ready.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Records or exchange data cannot be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The storage of this device cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RecoveryError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Key(error) => error.retryable(),
            Self::Keys(error) => error.retryable(),
            Self::Record(error) => error.retryable(),
            Self::Storage(error) => error.retryable(),
            _ => false,
        }
    }
}

impl From<RequestError> for RecoveryError {
    fn from(error: RequestError) -> Self {
        Self::Record(error.into())
    }
}

impl From<WriteError> for RecoveryError {
    fn from(error: WriteError) -> Self {
        Self::Record(error.into())
    }
}

impl From<ExchangeError> for RecoveryError {
    fn from(error: ExchangeError) -> Self {
        Self::Record(error.into())
    }
}

impl From<EnvelopeError> for RecoveryError {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::Refused => Self::WrongPassphrase,
            EnvelopeError::Derivation => Self::Derivation,
            _ => Self::NotAnExport,
        }
    }
}
