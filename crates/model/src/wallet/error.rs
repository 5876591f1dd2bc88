//! Why an event is refused. Nothing changed then.

use super::id::{Fence, Generation};
use super::operation::Step;

/// An event that does not fit the state of the wallet, and what would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum LifecycleError {
    /// The event is of an operation that is over, or was begun in ignorance of a later one.
    #[error("too late: the wallet is at generation {}", expected.0)]
    Stale {
        /// [`ServerView::latest`](super::ServerView) as it is.
        expected: Generation,
    },
    /// The event is of an operation that the wallet does not know.
    #[error("this is not the operation under way")]
    UnknownOperation {
        /// The operation under way, if any.
        expected: Option<Fence>,
    },
    /// Another operation is under way (`OPERATION_IN_PROGRESS`).
    #[error("another operation is under way")]
    InProgress {
        /// Which one: it can be abandoned.
        current: Fence,
    },
    /// Something has to happen before (`STATE_INVALID`).
    #[error("too early: the operation is at {at:?}")]
    TooEarly {
        /// How far the operation is.
        at: Step,
    },
    /// This kind of operation has no such event.
    #[error("this operation has no such step")]
    NotPartOfOperation,
    /// The wallet has a signing pair already (portal 1.1).
    #[error("a wallet already exists")]
    WalletExists,
    /// There is no signing pair yet.
    #[error("there is no wallet yet")]
    NoWallet,
    /// A pair was in force once (`DKG_REFRESH_MISMATCH`, `SIGN_SHARE_MISMATCH`).
    #[error("the pair is retired; the one in force is of generation {}", expected.0)]
    RetiredPair {
        /// The generation in force.
        expected: Generation,
    },
    /// A pair that is not in force yet.
    #[error("the pair is not in force yet")]
    PendingPair,
    /// A pair that is not one of this wallet, or of another kind, or both curves are not of one make.
    #[error("not a pair of this wallet")]
    ForeignPair,
    /// The protocol made other pairs than the operation is for, or ids that are in use.
    #[error("the operation makes other pairs")]
    WrongPairs,
    /// Signing, or a backup of the signing pair, while the pair is frozen (wallet 5.4).
    #[error("frozen: recover the wallet from its backup")]
    Frozen,
    /// The caller has to prove anew who they are.
    #[error("prove anew who you are")]
    StepUpRequired,
    /// Too many bans: somebody has to look at it (wallet 5.4).
    #[error("to be reviewed by an operator")]
    ReviewRequired,
    /// A wallet with a backup is unfrozen by recovering it, in no other way.
    #[error("recover the wallet from its backup")]
    RecoverInstead,
    /// Too many backups were begun and never finished. Renew the signing pair alone.
    #[error("too many unfinished backups")]
    TooManyPendingBackups,
    /// The custodian did not allow it, or not any more (portal 1.4).
    #[error("the custodian has to allow this first")]
    EjectWindowClosed,
    /// Less than a minute ahead (portal 2.1).
    #[error("less than a minute ahead")]
    EjectWindowTooShort,
    /// There are no more generations.
    #[error("no more generations")]
    Exhausted,
}
