//! What happens to a wallet, and what is to be done about it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::choose::CustodianShare;
use super::id::{Fence, Generation, Millis, OperationId, PairId, PairIds};
use super::operation::OperationKind;
use super::status::{BackupMethod, CustodianSlots};

/// Something that happened. Whoever reports it twice, late or for the wrong operation does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "event")]
pub enum Event {
    /// A client asks for an operation.
    OperationBegan {
        /// Its id, chosen by the client, which keeps it before it asks.
        operation: OperationId,
        /// [`ServerView::latest`](super::ServerView) as the client knows it: a request that was overtaken by another
        /// operation, or that arrives again after its own ended, changes nothing.
        after: Generation,
        /// What to do.
        operation_kind: OperationKind,
        /// Whether the caller proved anew who they are; for [eject](OperationKind::Eject), and to
        /// recover a frozen wallet (wallet 5.4).
        stepped_up: bool,
        /// When.
        at: Millis,
    },
    /// The protocol is through on the server, and was checked: commitments compared, a message signed as
    /// a test (wallet 5.3). Stored before the last message leaves, so that the client never has a half
    /// whose counterpart is lost.
    ProtocolFinished {
        /// The operation.
        fence: Fence,
        /// New signing pairs, if the operation makes any.
        signing: Option<PairIds>,
        /// New backup pairs, if the operation makes any.
        backup: Option<PairIds>,
    },
    /// The client keeps its halves of these signing pairs (`STORED_CLIENT`).
    SigningHalfConfirmed {
        /// The operation.
        fence: Fence,
        /// Those of one curve or of both.
        pairs: BTreeSet<PairId>,
    },
    /// The keys of these backup pairs are where the method keeps them
    /// (`STORED_CLIENT_BACKUP_SHARE_KEY`). Only noted.
    BackupKeyStored {
        /// The operation.
        fence: Fence,
        /// Those of one curve or of both.
        pairs: BTreeSet<PairId>,
    },
    /// The app stored the cipher text of these backup pairs, or says that it did not
    /// (`storedClientBackupShare`).
    ClientBackupStored {
        /// The operation.
        fence: Fence,
        /// Those of one curve or of both.
        pairs: BTreeSet<PairId>,
        /// Whether it is stored. `false` ends nothing and proves nothing: the app may have stored it and
        /// lost the answer. The operation waits for another try, or to be abandoned.
        success: bool,
    },
    /// The operation is taken up again: by the worker, after [`Effect::TakeUp`] or a delay, or after
    /// the server started.
    Resumed {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
    /// The webhook took the new custodian halves of both curves: 2xx for each call.
    CustodianPushed {
        /// The operation.
        fence: Fence,
    },
    /// A webhook call failed, was refused or was not answered in time. It may have arrived.
    CustodianPushFailed {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
    /// What the custodian shows when asked for its halves, stale and foreign ones included.
    CustodianAnswered {
        /// The operation.
        fence: Fence,
        /// The halves that could be read.
        shares: Vec<CustodianShare>,
    },
    /// The custodian keeps another number of halves than was known, or there is another custodian.
    CustodianChanged {
        /// How many it keeps.
        slots: CustodianSlots,
    },
    /// Time passed: calls that were given up [`SETTLING`](super::SETTLING) ago cannot arrive any more.
    CustodianSettled {
        /// When.
        at: Millis,
    },
    /// The operation took too long. Ends it unless the client has done its part.
    TimedOut {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
    /// The client gives up, or the protocol failed.
    Abandoned {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
    /// A signing session was aborted in a way that may have told the other side something (wallet 5.4).
    BanReported {
        /// The generation that was signing.
        generation: Generation,
        /// The session.
        session: OperationId,
    },
    /// Somebody looked at the bans of a wallet: they are forgiven.
    Reviewed {
        /// Whether the wallet may sign again as it is. Only without a backup, from which the pair would
        /// have to be renewed.
        unfreeze: bool,
    },
    /// The custodian allows the owner to take the key out (portal 2.1).
    EjectWindowOpened {
        /// Until when; at least a minute from now.
        until: Millis,
        /// When.
        at: Millis,
    },
    /// The custodian half is about to go to the owner, maybe again: the window has to be open each time.
    BackupHalfReleased {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
    /// The owner says to have the key.
    Ejected {
        /// The operation.
        fence: Fence,
        /// When.
        at: Millis,
    },
}

/// Something to do. Those that are [stored](Effect::is_stored) belong into the transaction that stores
/// the new state; the others are done after it, and again after a crash, by way of [`Event::Resumed`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "effect")]
pub enum Effect {
    /// Seal and keep the server's halves of new signing pairs, and the custodian's halves of new backup
    /// pairs.
    PersistPending {
        /// Of the halves.
        generation: Generation,
        /// Whose server halves to keep.
        signing: Option<PairIds>,
        /// Whose custodian halves to keep.
        backup: Option<PairIds>,
    },
    /// Destroy the server's halves: what kills these signing pairs (portal 1.6).
    DestroyServerSigningHalf {
        /// Of the halves.
        generation: Generation,
        /// The pairs.
        pairs: PairIds,
    },
    /// Destroy our copies of the custodian's halves.
    WipePendingCustodianHalf {
        /// Of the halves.
        generation: Generation,
        /// The pairs.
        pairs: PairIds,
    },
    /// Stop every signing session of the wallet.
    KillSigningSessions {
        /// The generation that was signing.
        generation: Generation,
    },
    /// Let the worker raise [`Event::Resumed`] now.
    TakeUp {
        /// The operation.
        fence: Fence,
    },
    /// Let the worker raise [`Event::Resumed`] after a delay; the client is told `WEBHOOK_FAILED`.
    RetryLater {
        /// The operation.
        fence: Fence,
    },
    /// Let the worker raise [`Event::CustodianSettled`] at this time, then [`Event::Resumed`].
    WaitUntilSettled {
        /// The operation.
        fence: Fence,
        /// When.
        until: Millis,
    },
    /// Call `/backup` for both curves, with our copies, and report the outcome.
    PushCustodianHalf {
        /// The operation.
        fence: Fence,
        /// Named in the call.
        method: BackupMethod,
        /// Named in the halves.
        pairs: PairIds,
    },
    /// Call `/backup/fetch` and report what it shows.
    FetchCustodianHalf {
        /// The operation.
        fence: Fence,
        /// The pairs that are looked for.
        pairs: PairIds,
    },
}

impl Effect {
    /// Whether this belongs into the transaction that stores the new state.
    pub const fn is_stored(&self) -> bool {
        matches!(
            self,
            Self::PersistPending { .. } | Self::DestroyServerSigningHalf { .. } | Self::WipePendingCustodianHalf { .. }
        )
    }
}
