//! What clients say of their halves, in the words of Portal, as an event of our rules (portal 1.3, 2.3); none where it
//! was said before. Pure. All that can be news is about the operation under way, so there is never more than one event,
//! and it happens or not as a whole.

use std::collections::{BTreeMap, BTreeSet};

use keystead_model::wallet::{
    BackupMethod, BackupSet, Curve, Event, Fence, PairId, PairStatus, SigningSet, WalletState,
};

/// Why something cannot be said of these pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotSaid {
    /// Not pairs of this wallet, or of the other kind.
    #[error("not a pair of this wallet and kind")]
    Foreign,
    /// They are over.
    #[error("the pair is over: it was replaced or given up")]
    Over,
    /// More was said before.
    #[error("the status of a pair moves only forwards")]
    Backwards,
    /// There is no backup that it could be about.
    #[error("there is no backup that waits for this")]
    NoBackup,
    /// There is no signing pair that it could be about.
    #[error("there is no signing pair yet")]
    NoSigning,
}

/// What is said of backup pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackupSaid {
    /// The key is stored with the method.
    Key,
    /// The cipher text is stored with the application.
    CipherText,
}

impl BackupSaid {
    /// The status on the wire.
    pub(super) fn parse(status: &str) -> Option<Self> {
        match status {
            "STORED_CLIENT_BACKUP_SHARE_KEY" => Some(Self::Key),
            "STORED_CLIENT_BACKUP_SHARE" => Some(Self::CipherText),
            _ => None,
        }
    }

    fn event(self, fence: Fence, pairs: BTreeSet<PairId>, success: bool) -> Event {
        match self {
            Self::Key => Event::BackupKeyStored { fence, pairs },
            Self::CipherText => Event::ClientBackupStored { fence, pairs, success },
        }
    }

    fn was_said(self, set: &BackupSet, curve: Curve) -> bool {
        let confirmed = &set.confirmed;
        match self {
            Self::Key => *confirmed.key.get(curve),
            Self::CipherText => *confirmed.cipher_text.get(curve),
        }
    }
}

/// The client keeps its halves of these signing pairs.
pub(super) fn signing_stored(state: &WalletState, pairs: &[PairId]) -> Result<Option<Event>, NotSaid> {
    let mut news = News::new();
    for pair in pairs {
        let known = |set: &&SigningSet| set.pairs.curve_of(pair).is_some();
        let set = state.signing_sets().iter().find(known).ok_or(NotSaid::Foreign)?;
        let curve = set.pairs.curve_of(pair).ok_or(NotSaid::Foreign)?;
        if set.status == PairStatus::Retired {
            return Err(NotSaid::Over);
        }
        if !*set.confirmed.get(curve) {
            note(&mut news, state, *pair)?;
        }
    }
    Ok(only(news)?.map(|(fence, pairs)| Event::SigningHalfConfirmed { fence, pairs }))
}

/// `what` is so for these backup pairs.
pub(super) fn backup_stored(state: &WalletState, pairs: &[PairId], what: BackupSaid) -> Result<Option<Event>, NotSaid> {
    let mut news = News::new();
    for pair in pairs {
        let known = |set: &&BackupSet| set.pairs.curve_of(pair).is_some();
        let set = state.backup_sets().iter().find(known).ok_or(NotSaid::Foreign)?;
        let curve = set.pairs.curve_of(pair).ok_or(NotSaid::Foreign)?;
        if set.status == PairStatus::Retired {
            return Err(NotSaid::Over);
        }
        if what.was_said(set, curve) {
            continue;
        }
        if what == BackupSaid::Key && BackupSaid::CipherText.was_said(set, curve) {
            return Err(NotSaid::Backwards);
        }
        note(&mut news, state, *pair)?;
    }
    Ok(only(news)?.map(|(fence, pairs)| what.event(fence, pairs, true)))
}

type News = BTreeMap<Fence, BTreeSet<PairId>>;

/// Puts a pair to the others of its operation.
fn note(news: &mut News, state: &WalletState, pair: PairId) -> Result<(), NotSaid> {
    let fence = state.fence_of(pair).ok_or(NotSaid::Over)?;
    news.entry(fence).or_default().insert(pair);
    Ok(())
}

/// The news of one operation. Those of two are about one that is over.
fn only(mut news: News) -> Result<Option<(Fence, BTreeSet<PairId>)>, NotSaid> {
    let first = news.pop_first();
    if news.is_empty() { Ok(first) } else { Err(NotSaid::Over) }
}

/// What older clients say of a whole backup: of the newest one, of this method if one is named.
pub(super) fn newest_backup(
    state: &WalletState,
    method: Option<BackupMethod>,
    what: BackupSaid,
    success: bool,
) -> Result<Option<Event>, NotSaid> {
    let current = state.backup_sets().iter().filter(|set| set.status != PairStatus::Retired);
    let of_method = current.filter(|set| method.is_none_or(|method| same(method, set.method)));
    let newest = of_method.max_by_key(|set| set.generation).ok_or(NotSaid::NoBackup)?;
    let open: BTreeSet<PairId> =
        newest.pairs.iter().filter(|(curve, _)| !what.was_said(newest, *curve)).map(|(_, pair)| *pair).collect();
    let (Some(first), true) = (open.first(), success || what == BackupSaid::CipherText) else { return Ok(None) };
    let fence = state.fence_of(*first).ok_or(NotSaid::Over)?;
    Ok(Some(what.event(fence, open, success)))
}

/// Methods that Portal has no name for are called `CUSTOM` by its clients.
fn same(said: BackupMethod, made: BackupMethod) -> bool {
    said == made || said.as_str() == made.portal_name()
}

/// What older clients say of the newest signing pairs.
pub(super) fn newest_signing(state: &WalletState) -> Result<Option<Event>, NotSaid> {
    let current = state.signing_sets().iter().filter(|set| set.status != PairStatus::Retired);
    let newest = current.max_by_key(|set| set.generation).ok_or(NotSaid::NoSigning)?;
    let pairs: Vec<PairId> = newest.pairs.iter().map(|(_, pair)| *pair).collect();
    signing_stored(state, &pairs)
}

#[cfg(test)]
mod tests;
