//! What the server keeps of a wallet: one record, changed by one transaction at a time (wallet 5.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{Curve, Fence, Generation, Millis, OperationId, PairId, PairIds, PerCurve};
use super::operation::{Finished, Operation, Step};
use super::status::{
    BackupConfirmations, BackupMethod, BackupPairStatus, CustodianSlots, PairStatus, SigningPairStatus,
};

/// How many bans a wallet may suffer before somebody looks at it (wallet 5.4).
pub const MAX_BANS: u8 = 3;

/// How many backups that never came into force are kept. An owner who has so many can still renew the
/// signing pair; a committed backup clears them.
pub const MAX_PENDING_BACKUPS: usize = 32;

/// How many retired generations are remembered, to tell a stale pair from a foreign one.
pub const RETIRED_REMEMBERED: usize = 16;

/// For how long a webhook call that was not answered may still change something at the custodian. The
/// call itself is given up after ten seconds (portal 3.1).
pub const SETTLING: Millis = 60_000;

/// The signing pairs of both curves that were made together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningSet {
    /// When they were made.
    pub generation: Generation,
    /// Their ids.
    pub pairs: PairIds,
    /// Whether they sign.
    pub status: PairStatus,
    /// For which curves the client said that it keeps its half.
    pub confirmed: PerCurve<bool>,
}

impl SigningSet {
    /// What Portal's API says of one of the pairs (portal 1.3).
    pub const fn portal_status(&self, curve: Curve) -> SigningPairStatus {
        if *self.confirmed.get(curve) { SigningPairStatus::StoredClient } else { SigningPairStatus::StoredDatabase }
    }
}

/// The backup pairs of both curves that were made together, for one method.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupSet {
    /// When they were made.
    pub generation: Generation,
    /// How the user opens the client half.
    pub method: BackupMethod,
    /// Their ids.
    pub pairs: PairIds,
    /// Whether they are in force.
    pub status: PairStatus,
    /// Who said to keep what.
    pub confirmed: BackupConfirmations,
    /// Whether we keep a sealed copy of the custodian half. We do from the protocol to the commit that
    /// puts this backup, or a later one, in force: until then the app may have the new cipher text while
    /// the custodian has the old half.
    pub copy: bool,
}

impl BackupSet {
    /// What Portal's API says of one of the pairs (portal 1.3).
    pub fn portal_status(&self, curve: Curve) -> BackupPairStatus {
        self.confirmed.status(curve)
    }
}

/// The pair is not to sign until it is renewed from the backup (wallet 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frozen {
    /// The generation that was banned.
    pub generation: Generation,
    /// The signing session in which it happened.
    pub session: OperationId,
}

/// The server's record of one wallet.
///
/// Only [`apply`](super::lifecycle::apply) changes it. It is stored whole, in the same transaction as the
/// effects that are [stored](super::Effect::is_stored).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WalletState {
    pub(super) slots: CustodianSlots,
    /// Of the operation that began last.
    pub(super) latest: Generation,
    pub(super) signing: Vec<SigningSet>,
    pub(super) backups: Vec<BackupSet>,
    pub(super) operation: Option<Operation>,
    pub(super) finished: Option<Finished>,
    pub(super) frozen: Option<Frozen>,
    pub(super) bans: u8,
    /// Backups that were given to the custodian without a clear answer, and when: such a call may still
    /// arrive and overwrite what is there.
    pub(super) unsettled: BTreeMap<Generation, Millis>,
    pub(super) ejectable_until: Option<Millis>,
    pub(super) released: bool,
    pub(super) ejected_at: Option<Millis>,
}

/// What a client may know of the server's record: the answer to a status query (wallet 5.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerView {
    /// Of the operation that began last; a client that begins one names it.
    pub latest: Generation,
    /// The signing pairs in force.
    pub signing: Option<(Generation, PairIds)>,
    /// The operation under way and its step.
    pub operation: Option<(Fence, Step)>,
    /// The last operation that ended, and whether it was committed.
    pub finished: Option<(Fence, bool)>,
    /// Whether signing is refused until the pair is renewed.
    pub frozen: bool,
}

impl WalletState {
    /// A wallet without any pair, whose custodian keeps so many halves.
    pub fn new(slots: CustodianSlots) -> Self {
        Self { slots, ..Self::default() }
    }

    /// The generation of the operation that began last; the next one names it (see
    /// [`Event::OperationBegan`](super::Event::OperationBegan)).
    pub const fn latest(&self) -> Generation {
        self.latest
    }

    /// Every set of signing pairs that is remembered.
    pub fn signing_sets(&self) -> &[SigningSet] {
        &self.signing
    }

    /// Every set of backup pairs that is remembered.
    pub fn backup_sets(&self) -> &[BackupSet] {
        &self.backups
    }

    /// The signing pairs in force, frozen or not.
    pub fn active_signing(&self) -> Option<&SigningSet> {
        self.signing.iter().find(|set| set.status == PairStatus::Active)
    }

    /// The backup pairs in force: at most one set for each method.
    pub fn active_backups(&self) -> impl Iterator<Item = &BackupSet> {
        self.backups.iter().filter(|set| set.status == PairStatus::Active)
    }

    /// The operation under way.
    pub const fn operation(&self) -> Option<&Operation> {
        self.operation.as_ref()
    }

    /// The last operation that ended.
    pub const fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    /// Whether and why signing is refused.
    pub const fn frozen(&self) -> Option<&Frozen> {
        self.frozen.as_ref()
    }

    /// How many bans there were since the last review.
    pub const fn bans(&self) -> u8 {
        self.bans
    }

    /// Whether somebody has to look at the wallet before it may be unfrozen (wallet 5.4).
    pub const fn needs_review(&self) -> bool {
        self.bans >= MAX_BANS
    }

    /// Until when the custodian half is given to the owner (portal 2.1).
    pub const fn ejectable_until(&self) -> Option<Millis> {
        self.ejectable_until
    }

    /// Whether a custodian half was ever given to the owner, who may have had the whole key since.
    pub const fn was_released(&self) -> bool {
        self.released
    }

    /// When the owner said to have the whole key.
    pub const fn ejected_at(&self) -> Option<Millis> {
        self.ejected_at
    }

    /// Backups that the custodian may still be given by a call without an answer, and since when.
    pub const fn unsettled(&self) -> &BTreeMap<Generation, Millis> {
        &self.unsettled
    }

    /// What a client may know.
    pub fn view(&self) -> ServerView {
        ServerView {
            latest: self.latest,
            signing: self.active_signing().map(|set| (set.generation, set.pairs)),
            operation: self.operation.as_ref().map(|operation| (operation.fence, operation.step)),
            finished: self
                .finished
                .map(|finished| (finished.fence, finished.outcome == super::operation::Outcome::Committed)),
            frozen: self.frozen.is_some(),
        }
    }

    /// The fence of the operation that makes a pair, for callers that know no more than the pair, such as
    /// `PATCH /api/v3/clients/me/signing-share-pairs` (portal 2.2). Of an operation that ended, too, if it
    /// was the last one, so that a repeated call is told from a wrong one.
    pub fn fence_of(&self, pair: PairId) -> Option<Fence> {
        let signing = self.signing.iter().filter(|set| set.pairs.curve_of(&pair).is_some()).map(|set| set.generation);
        let backup = self.backups.iter().filter(|set| set.pairs.curve_of(&pair).is_some()).map(|set| set.generation);
        let generation = signing.chain(backup).next()?;
        let current = self.operation.as_ref().map(|operation| operation.fence);
        let finished = self.finished.map(|finished| finished.fence);
        current.into_iter().chain(finished).find(|fence| fence.generation == generation)
    }

    pub(super) fn signing_of(&self, generation: Generation) -> Option<&SigningSet> {
        self.signing.iter().find(|set| set.generation == generation)
    }

    pub(super) fn backup_of(&self, generation: Generation) -> Option<&BackupSet> {
        self.backups.iter().find(|set| set.generation == generation)
    }

    pub(super) fn backup_of_mut(&mut self, generation: Generation) -> Option<&mut BackupSet> {
        self.backups.iter_mut().find(|set| set.generation == generation)
    }
}
