//! What can go wrong with a wallet.

use keystead_mpc::{MpcError, NotUsable};

use super::methods::MethodError;
use crate::error::{RequestError, WriteError};
use crate::storage::StorageError;
use crate::transport::TransportError;

/// Why something about a wallet was not done.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// There is a wallet already. If it is not on this device: recover it.
    #[error("there is a wallet already: recover it if it is not on this device")]
    Exists,
    /// There is no wallet.
    #[error("there is no wallet: create one")]
    NoWallet,
    /// This device has no half of the wallet: recover it here.
    #[error("the wallet is not on this device: recover it")]
    NotOnDevice,
    /// The half on this device is of a pair that does not count any more, because the wallet was recovered elsewhere
    /// (Portal's `SIGN_SHARE_MISMATCH`, `DKG_REFRESH_MISMATCH`).
    #[error("this device's half belongs to a pair that was replaced ({0}): recover the wallet here")]
    ShareMismatch(&'static str),
    /// The other side did what a cheater does: the wallet signs again after a recovery.
    #[error("the wallet is frozen: recover it")]
    Frozen,
    /// That happened too often: a person has to look.
    #[error("the wallet is locked: ask the operator")]
    Locked,
    /// The server's key of the channel is not the one that is pinned: the application's, or the one of the first use.
    /// Somebody may be between this device and the server; nothing of the wallet was sent to them. A server that lost its secret has
    /// another key, too, and nothing of the wallet any more.
    #[error("the server is not the one that this device knows: its channel key is another one")]
    ServerKeyChanged,
    /// The halves were made with another key of a device: recover the wallet here.
    #[error("the wallet was made or recovered with another device key: recover it here")]
    OtherDevice,
    /// Another session with the wallet is under way: try again in a moment.
    #[error("another session with the wallet is under way")]
    Busy,
    /// Another operation is under way, begun by another device or waiting for [`stored_backup`] or [`stored_ejected`]:
    /// finish it, or try again when it is over.
    ///
    /// [`stored_backup`]: super::Wallet::stored_backup
    /// [`stored_ejected`]: super::Wallet::stored_ejected
    #[error("another operation with the wallet is under way")]
    InProgress,
    /// To recover a frozen wallet, and to take the keys out, takes a fresh login: with a one-time code or a password,
    /// moments ago.
    #[error("log in again first")]
    StepUpRequired,
    /// The policy of the group, or somebody who has to agree, does not allow this signature (Portal's
    /// `ADDRESS_BLOCKED`, else `POLICY_DENIED`).
    #[error("this may not be signed ({0})")]
    Denied(&'static str),
    /// The keys are taken out only while an administrator allows it.
    #[error("an administrator has to allow first that the keys are taken out")]
    EjectNotAllowed,
    /// The custodian has not taken its half of the backup yet. Nothing is lost, and what was in force still is: the
    /// server goes on trying. Ask again later by the same call.
    #[error("the custodian has not taken its half yet")]
    CustodianWaits,
    /// The custodian does not answer, or does not show the half that is needed (Portal's `WEBHOOK_FAILED`).
    #[error("the custodian does not give its half")]
    CustodianFailed,
    /// The operation is further than this device thought.
    #[error("the operation is further than this device thought")]
    Overtaken,
    /// The password or PIN is wrong, or what it seals was changed, or is somebody else's. Nothing is lost: try another.
    #[error("the password does not open the backup")]
    WrongPassword,
    /// The method of the backup could not be used.
    #[error(transparent)]
    Method(#[from] MethodError),
    /// The device asks for no passcode, so that whoever finds it could sign: set one, then try again. What was kept
    /// of the wallet is erased where a passcode is removed.
    #[error("this device has no passcode: set one, then create or recover the wallet")]
    NoPasscode,
    /// The restore drill failed: why. The backup may be worth nothing: make another.
    #[error("the drill failed: {0}")]
    DrillFailed(&'static str),
    /// The text is no sealed backup.
    #[error("the backup is damaged or not a backup")]
    DamagedBackup,
    /// The backup was replaced by a newer one, or is of another wallet.
    #[error("the backup was replaced by a newer one, or is of another wallet")]
    BackupRetired,
    /// Nothing on this device waits to be confirmed, or it was overtaken: keep the backup that was stored before.
    #[error("nothing waits to be confirmed, or another generation came into force")]
    NothingPending,
    /// No keys that were taken out wait to be confirmed: none were given, or the operation was given up since, by a
    /// recovery or because it waited for a day. Keys that the application has are good all the same, but the server does
    /// not count the wallet as ejected.
    #[error("no keys wait to be confirmed: none were taken out, or that was given up since")]
    NotEjected,
    /// The server refused for another reason: its code.
    #[error("refused: {0}")]
    Refused(String),
    /// The protocol failed.
    #[error(transparent)]
    Protocol(MpcError),
    /// The storage of this device failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server did not answer as expected.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl WalletError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Busy | Self::CustodianWaits | Self::CustodianFailed | Self::Protocol(MpcError::Recoverable(_)) => {
                true
            }
            Self::Storage(error) => error.retryable(),
            Self::Method(error) => error.retryable(),
            Self::Request(error) => error.retryable(),
            _ => false,
        }
    }

    /// What a server says as the last word of a session.
    pub(super) fn told(code: &str) -> Self {
        match code {
            "SIGN_SHARE_MISMATCH" => Self::ShareMismatch("SIGN_SHARE_MISMATCH"),
            "DKG_REFRESH_MISMATCH" => Self::ShareMismatch("DKG_REFRESH_MISMATCH"),
            "WALLET_EXISTS" => Self::Exists,
            "NO_WALLET" => Self::NoWallet,
            "WALLET_FROZEN" => Self::Frozen,
            "WALLET_LOCKED" => Self::Locked,
            "WALLET_BUSY" => Self::Busy,
            "OTHER_DEVICE" => Self::OtherDevice,
            "EJECT_WINDOW_CLOSED" => Self::EjectNotAllowed,
            "OPERATION_IN_PROGRESS" => Self::InProgress,
            "TOO_MANY_ABORTS" => Self::Busy,
            "ADDRESS_BLOCKED" => Self::Denied("ADDRESS_BLOCKED"),
            "POLICY_DENIED" => Self::Denied("POLICY_DENIED"),
            "STEP_UP_REQUIRED" => Self::StepUpRequired,
            "WEBHOOK_FAILED" => Self::CustodianFailed,
            "STATE_INVALID" | "WALLET_STALE" | "WALLET_SUPERSEDED" => Self::Overtaken,
            // a code only: another server may repeat input
            other => Self::Refused(other.chars().filter(|letter| letter.is_ascii_graphic()).take(40).collect()),
        }
    }
}

impl From<MpcError> for WalletError {
    fn from(error: MpcError) -> Self {
        match error {
            MpcError::SignShareMismatch | MpcError::RefreshMismatch => Self::ShareMismatch(error.code()),
            error => Self::Protocol(error),
        }
    }
}

impl From<NotUsable> for WalletError {
    fn from(standing: NotUsable) -> Self {
        match standing {
            NotUsable::Frozen => Self::Frozen,
            NotUsable::Locked => Self::Locked,
        }
    }
}

impl From<TransportError> for WalletError {
    fn from(error: TransportError) -> Self {
        Self::Request(error.into())
    }
}

impl From<WriteError> for WalletError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict(_) => Self::NothingPending,
            WriteError::AlreadyExists(_) => Self::Exists,
            WriteError::Request(RequestError::NotFound(_)) => Self::NoWallet,
            WriteError::Request(RequestError::TooManyRequests(_)) => Self::Busy,
            WriteError::Request(error) => Self::Request(error),
        }
    }
}
