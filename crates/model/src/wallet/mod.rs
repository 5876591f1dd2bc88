//! The life of a wallet: which halves exist, which are in force, and what survives when something fails.
//!
//! A wallet has a signing pair for each curve, one half with the client and one with the server, and, for each
//! backup method, a backup pair, one half encrypted with the app and one with the custodian (portal 1.2).
//! Everything here is pure. [`lifecycle::apply`] is the server's side, [`client`] is the device's, [`choose`]
//! says which pair is used. `tests/it/wallet_model.rs` checks both sides together in every interleaving of
//! crashes, lost and repeated messages, and custodians that fail, dawdle or answer with old halves; the
//! invariants are listed in `docs/protocol/wallet-lifecycle.md`.

pub mod choose;
pub mod client;
mod error;
mod event;
mod id;
pub mod lifecycle;
mod operation;
mod state;
mod status;

pub use error::LifecycleError;
pub use event::{Effect, Event};
pub use id::{Curve, Fence, Generation, Millis, NotAnId, OperationId, PairId, PairIds, PerCurve};
pub use operation::{Finished, Operation, OperationKind, Outcome, PersistedStep, Place, Step, persisted_steps};
pub use state::{
    BackupSet, Frozen, MAX_BANS, MAX_PENDING_BACKUPS, RETIRED_REMEMBERED, SETTLING, ServerView, SigningSet, WalletState,
};
pub use status::{
    BackupConfirmations, BackupMethod, BackupPairStatus, CustodianSlots, PairStatus, PublicStatus, SigningPairStatus,
};
