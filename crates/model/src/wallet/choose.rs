//! Which pair is used: for signing, for a recovery, and which of the custodian's answers counts.

use serde::{Deserialize, Serialize};

use super::error::LifecycleError;
use super::id::{Curve, Generation, PairId, PairIds, PerCurve};
use super::state::{BackupSet, SigningSet, WalletState};
use super::status::PairStatus;

/// A half that the custodian shows: what `/backup/fetch` lists, as far as it can be read (portal 3.1).
/// Entries that cannot be parsed are left out by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustodianShare {
    /// The pair that the half names.
    pub pair: PairId,
    /// Whether it is the half it says to be. While it is pending with us: whether it equals our copy byte
    /// for byte. Later: whether it fits the public commitments of the pair.
    pub intact: bool,
}

/// Where the custodian's half of a backup pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HalfSource {
    /// Our own sealed copy: the custodian may not have it yet.
    PendingCopy,
    /// The custodian.
    Custodian,
}

/// What the custodian's answer says about one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// It shows the half.
    Found,
    /// It shows a half of this name that is another one.
    Tampered,
    /// It shows other halves of the same curve of this wallet: it did not get the half, or its answer is
    /// an old one.
    Stale,
    /// It shows nothing of the curve.
    Missing,
}

/// The signing pairs that may sign, if a half of this pair signs for the client.
///
/// # Errors
/// The pair is not in force, or is frozen.
pub fn may_sign(state: &WalletState, pair: PairId) -> Result<&SigningSet, LifecycleError> {
    let active = signing_in_force(state, |set| set.pairs.curve_of(&pair).is_some())?;
    if state.frozen.is_some() { Err(LifecycleError::Frozen) } else { Ok(active) }
}

/// The signing pairs in force, if these are they.
pub(super) fn signing_in_force(
    state: &WalletState,
    is_it: impl Fn(&SigningSet) -> bool,
) -> Result<&SigningSet, LifecycleError> {
    let active = state.active_signing().ok_or(LifecycleError::NoWallet)?;
    match state.signing.iter().find(|set| is_it(set)).map(|set| set.status) {
        Some(PairStatus::Active) => Ok(active),
        Some(PairStatus::Pending) => Err(LifecycleError::PendingPair),
        Some(PairStatus::Retired) => Err(LifecycleError::RetiredPair { expected: active.generation }),
        None => Err(LifecycleError::ForeignPair),
    }
}

/// The backup pairs from which a recovery may start, best first: those in force, then those that never came
/// into force, the newest first. Which of them it can be is for the client's cipher text to say.
pub fn recoverable(state: &WalletState) -> Vec<&BackupSet> {
    let mut sets: Vec<&BackupSet> = state.backups.iter().filter(|set| set.status != PairStatus::Retired).collect();
    sets.sort_by_key(|set| (set.status != PairStatus::Active, std::cmp::Reverse(set.generation)));
    sets
}

/// The backup pairs that a client's cipher text names.
///
/// Pairs that are pending count: the app may have stored the new cipher text and nobody may have said so.
///
/// # Errors
/// They are retired, or not both of one make.
pub fn backup_held(state: &WalletState, held: PairIds) -> Result<&BackupSet, LifecycleError> {
    let set = state.backups.iter().find(|set| set.pairs == held).ok_or(LifecycleError::ForeignPair)?;
    if set.status == PairStatus::Retired {
        let expected = state.active_backups().map(|set| set.generation).max().unwrap_or(Generation::NONE);
        return Err(LifecycleError::RetiredPair { expected });
    }
    Ok(set)
}

/// For each curve, where to take the custodian's half of the backup pairs that the client holds; `Err` with
/// what the custodian's answer says where it is not to be had. Stale and foreign entries are passed over.
pub fn half_sources(
    set: &BackupSet,
    state: &WalletState,
    shown: &[CustodianShare],
) -> PerCurve<Result<HalfSource, Answer>> {
    set.pairs.map(|curve, pair| {
        if set.copy {
            return Ok(HalfSource::PendingCopy);
        }
        match answer(state, curve, *pair, shown) {
            Answer::Found => Ok(HalfSource::Custodian),
            other => Err(other),
        }
    })
}

/// What the custodian's answer says about one pair.
pub fn answer(state: &WalletState, curve: Curve, wanted: PairId, shown: &[CustodianShare]) -> Answer {
    let mut found = Answer::Missing;
    for share in shown {
        found = match found {
            _ if share.pair == wanted && share.intact => return Answer::Found,
            _ if share.pair == wanted => Answer::Tampered,
            Answer::Missing if state.backups.iter().any(|set| *set.pairs.get(curve) == share.pair) => Answer::Stale,
            other => other,
        };
    }
    found
}
