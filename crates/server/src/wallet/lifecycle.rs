//! Which pairs of a wallet count: one generation signs, one backup brings it back, and what is new waits until the
//! client said that it is stored (`spec/wallet.md` 5.3).
//!
//! Pure: no store, no clock. Everything that is made has a generation of its own, and generations only go up.
//!
//! | | made | in force once the client stored |
//! |---|---|---|
//! | create | a signing pair | its half of the signing pair |
//! | backup | a backup pair | the sealed half of the backup pair |
//! | recover | both | both |
//!
//! What comes into force replaces what was, in one step, and voids everything else that waits. Until then the old
//! pairs count, and a recovery may start from what waits as well as from what counts: an application may have
//! replaced its copy by the new one before it could say so.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Generations that may wait at a time.
pub(super) const MOST_PENDING: usize = 4;

/// What a pair is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Signing,
    Backup,
}

/// What made a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Origin {
    Create,
    Backup,
    Recover,
}

impl Origin {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Create => &[Kind::Signing],
            Self::Backup => &[Kind::Backup],
            Self::Recover => &[Kind::Signing, Kind::Backup],
        }
    }
}

/// A generation that was made and does not count yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pending {
    pub(super) generation: u32,
    pub(super) origin: Origin,
    /// What the client said it has stored.
    stored: BTreeSet<Kind>,
}

/// The generations of a wallet.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle {
    /// The last number that was given out.
    last: u32,
    /// The generation that signs.
    signing: Option<u32>,
    /// The generation that brings the wallet back.
    backup: Option<u32>,
    /// Oldest first.
    pending: Vec<Pending>,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// There is one already.
    #[error("there is a wallet already")]
    Exists,
    /// There is none, or it was never confirmed.
    #[error("there is no wallet: create one, and confirm that its half is stored")]
    NoWallet,
    /// Neither in force nor waiting.
    #[error("this backup does not count, or counts no more")]
    UnknownBackup,
    /// Nothing of this generation waits.
    #[error("nothing of this generation waits: it was rejected, or another came into force")]
    NotPending,
    /// The backup is confirmed last.
    #[error("confirm the signing half first, the backup last")]
    SigningFirst,
    /// What is in force cannot be rejected any more.
    #[error("this generation is in force already")]
    InForce,
    /// Too many generations wait.
    #[error("too many backups wait: confirm or reject one of them")]
    TooManyPending,
    /// Numbers are used up.
    #[error("the wallet was renewed too often")]
    UsedUp,
}

impl Lifecycle {
    pub(super) fn signing(&self) -> Option<u32> {
        self.signing
    }

    pub(super) fn backup(&self) -> Option<u32> {
        self.backup
    }

    pub(super) fn pending(&self) -> &[Pending] {
        &self.pending
    }

    /// The generation that signs.
    pub(super) fn begin_signing(&self) -> Result<u32, Refused> {
        self.signing.ok_or(Refused::NoWallet)
    }

    /// Takes a number for a new wallet.
    pub(super) fn begin_create(&mut self) -> Result<u32, Refused> {
        if self.signing.is_some() {
            return Err(Refused::Exists);
        }
        self.next()
    }

    /// Takes a number for a backup of what signs.
    pub(super) fn begin_backup(&mut self) -> Result<u32, Refused> {
        self.signing.ok_or(Refused::NoWallet)?;
        // what waits may be all that an application has: it is not dropped for this
        if self.pending.len() >= MOST_PENDING {
            return Err(Refused::TooManyPending);
        }
        self.next()
    }

    /// Takes a number for a recovery from the backup of generation `source`.
    pub(super) fn begin_recovery(&mut self, source: u32) -> Result<u32, Refused> {
        self.signing.ok_or(Refused::NoWallet)?;
        self.check_source(source)?;
        self.next()
    }

    fn next(&mut self) -> Result<u32, Refused> {
        self.last = self.last.checked_add(1).ok_or(Refused::UsedUp)?;
        Ok(self.last)
    }

    fn check_source(&self, source: u32) -> Result<(), Refused> {
        match self.kept().contains(&(source, Kind::Backup)) {
            true => Ok(()),
            false => Err(Refused::UnknownBackup),
        }
    }

    /// The pairs of a generation were made, on both sides. `source` is the backup that a recovery started from.
    pub(super) fn made(&mut self, generation: u32, origin: Origin, source: Option<u32>) -> Result<(), Refused> {
        match origin {
            Origin::Create if self.signing.is_some() => return Err(Refused::Exists),
            // nobody was told the address of a wallet that was not confirmed
            Origin::Create => self.pending.clear(),
            Origin::Backup if self.pending.len() >= MOST_PENDING => return Err(Refused::TooManyPending),
            Origin::Backup => {}
            Origin::Recover => {
                let source = source.ok_or(Refused::UnknownBackup)?;
                // another generation may have come into force while this one was made
                self.check_source(source)?;
                if self.pending.len() >= MOST_PENDING {
                    // who recovers shows which backup they have: others that wait are not needed
                    if let Some(index) = self.pending.iter().position(|pending| pending.generation != source) {
                        self.pending.remove(index);
                    }
                }
            }
        }
        self.pending.push(Pending { generation, origin, stored: BTreeSet::new() });
        Ok(())
    }

    /// The client says whether it stored its part. Saying the same again changes nothing.
    pub(super) fn confirm(&mut self, generation: u32, kind: Kind, stored: bool) -> Result<(), Refused> {
        let in_force = match kind {
            Kind::Signing => self.signing,
            Kind::Backup => self.backup,
        };
        if in_force == Some(generation) {
            return if stored { Ok(()) } else { Err(Refused::InForce) };
        }
        let index = self
            .pending
            .iter()
            .position(|pending| pending.generation == generation && pending.origin.kinds().contains(&kind));
        let index = index.ok_or(Refused::NotPending)?;
        if !stored {
            self.pending.remove(index);
            return Ok(());
        }
        let Some(pending) = self.pending.get_mut(index) else { return Err(Refused::NotPending) };
        // The backup comes last: the word that puts everything into force is then said when the application has this
        // very backup, and not another one that it was given meanwhile.
        if kind == Kind::Backup && pending.origin == Origin::Recover && !pending.stored.contains(&Kind::Signing) {
            return Err(Refused::SigningFirst);
        }
        pending.stored.insert(kind);
        let kinds = pending.origin.kinds();
        if kinds.iter().all(|kind| pending.stored.contains(kind)) {
            for kind in kinds {
                match kind {
                    Kind::Signing => self.signing = Some(generation),
                    Kind::Backup => self.backup = Some(generation),
                }
            }
            self.pending.clear();
        }
        Ok(())
    }

    /// Every pair whose server half has to be there. What is not among them any more is destroyed.
    pub(super) fn kept(&self) -> BTreeSet<(u32, Kind)> {
        let signing = self.signing.map(|generation| (generation, Kind::Signing));
        let backup = self.backup.map(|generation| (generation, Kind::Backup));
        let pending = self
            .pending
            .iter()
            .flat_map(|pending| pending.origin.kinds().iter().map(move |kind| (pending.generation, *kind)));
        signing.into_iter().chain(backup).chain(pending).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    fn created() -> Lifecycle {
        let mut wallet = Lifecycle::default();
        let one = wallet.begin_create().unwrap();
        wallet.made(one, Origin::Create, None).unwrap();
        assert_eq!(wallet.begin_signing(), Err(Refused::NoWallet));
        wallet.confirm(one, Kind::Signing, true).unwrap();
        wallet
    }

    fn backed_up() -> Lifecycle {
        let mut wallet = created();
        let two = wallet.begin_backup().unwrap();
        wallet.made(two, Origin::Backup, None).unwrap();
        wallet.confirm(two, Kind::Backup, true).unwrap();
        wallet
    }

    #[test]
    fn a_recovery_replaces_both_pairs_at_once_and_only_when_both_are_stored() {
        let mut wallet = backed_up();
        let three = wallet.begin_recovery(2).unwrap();
        wallet.made(three, Origin::Recover, Some(2)).unwrap();
        wallet.confirm(three, Kind::Signing, true).unwrap();
        assert_eq!((wallet.signing(), wallet.backup()), (Some(1), Some(2)));
        wallet.confirm(three, Kind::Backup, true).unwrap();
        assert_eq!((wallet.signing(), wallet.backup()), (Some(3), Some(3)));
        assert_eq!(wallet.kept(), BTreeSet::from([(3, Kind::Signing), (3, Kind::Backup)]));
        // the answer was lost, and the client asks again
        wallet.confirm(three, Kind::Backup, true).unwrap();
        assert_eq!(wallet.confirm(three, Kind::Backup, false), Err(Refused::InForce));
        assert_eq!(wallet.begin_recovery(2), Err(Refused::UnknownBackup));
    }

    #[test]
    fn what_was_not_stored_leaves_the_old_in_force() {
        let mut wallet = backed_up();
        let before = wallet.kept();
        let three = wallet.begin_recovery(2).unwrap();
        wallet.made(three, Origin::Recover, Some(2)).unwrap();
        wallet.confirm(three, Kind::Signing, true).unwrap();
        wallet.confirm(three, Kind::Backup, false).unwrap();
        assert_eq!(wallet.kept(), before);
        assert_eq!(wallet.confirm(three, Kind::Backup, true), Err(Refused::NotPending));
        assert_eq!(wallet.begin_recovery(2).unwrap(), 4, "numbers are not used twice");
    }

    #[test]
    fn the_application_replaced_its_copy_and_could_not_say_so() {
        let mut wallet = backed_up();
        let three = wallet.begin_recovery(2).unwrap();
        wallet.made(three, Origin::Recover, Some(2)).unwrap();
        for source in three..three + 10 {
            let next = wallet.begin_recovery(source).unwrap();
            wallet.made(next, Origin::Recover, Some(source)).unwrap();
            assert!(wallet.pending().len() <= MOST_PENDING);
        }
        let last = wallet.last;
        assert_eq!(wallet.confirm(last, Kind::Backup, true), Err(Refused::SigningFirst));
        wallet.confirm(last, Kind::Signing, true).unwrap();
        wallet.confirm(last, Kind::Backup, true).unwrap();
        assert_eq!((wallet.signing(), wallet.backup()), (Some(last), Some(last)));
    }

    #[test]
    fn what_was_made_from_a_backup_that_counts_no_more_is_refused() {
        let mut wallet = backed_up();
        let three = wallet.begin_recovery(2).unwrap();
        let four = wallet.begin_backup().unwrap();
        wallet.made(four, Origin::Backup, None).unwrap();
        wallet.confirm(four, Kind::Backup, true).unwrap();
        assert_eq!(wallet.made(three, Origin::Recover, Some(2)), Err(Refused::UnknownBackup));
        assert_eq!(Lifecycle::default().begin_recovery(0), Err(Refused::NoWallet));
        assert_eq!(wallet.begin_create(), Err(Refused::Exists));
    }

    /// A wallet, and what the application around it has.
    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    struct World {
        wallet: Lifecycle,
        /// A protocol that runs: generation, origin, source.
        running: Option<(u32, Origin, Option<u32>)>,
        /// The one sealed backup that the application keeps.
        copy: Option<u32>,
        /// Whether a backup was ever confirmed.
        confirmed: bool,
    }

    #[derive(Clone, Copy, Debug)]
    enum Event {
        Create,
        Backup,
        Recover,
        /// Both sides finish.
        Finish,
        /// The connection breaks.
        Cut,
        /// The application replaces its copy by what waits at this place.
        Keep(usize),
        /// The client confirms what waits at this place; of a backup, only what the application has.
        Confirm(usize, Kind),
        /// The client rejects what waits at this place, which the application does not have.
        Reject(usize, Kind),
    }

    impl World {
        fn new() -> Self {
            Self { wallet: Lifecycle::default(), running: None, copy: None, confirmed: false }
        }

        fn events() -> Vec<Event> {
            let mut events = vec![Event::Create, Event::Backup, Event::Recover, Event::Finish, Event::Cut];
            for place in 0..MOST_PENDING {
                events.push(Event::Keep(place));
                for kind in [Kind::Signing, Kind::Backup] {
                    events.extend([Event::Confirm(place, kind), Event::Reject(place, kind)]);
                }
            }
            events
        }

        /// What happens, or nothing where it cannot.
        fn apply(&mut self, event: Event) {
            let at = |place: usize| self.wallet.pending().get(place).cloned();
            match event {
                Event::Create if self.running.is_none() => {
                    self.running = self.wallet.begin_create().ok().map(|next| (next, Origin::Create, None));
                }
                Event::Backup if self.running.is_none() => {
                    self.running = self.wallet.begin_backup().ok().map(|next| (next, Origin::Backup, None));
                }
                Event::Recover if self.running.is_none() => {
                    if let Some(copy) = self.copy {
                        // the invariant: whatever the application has brings the wallet back
                        let next = self.wallet.begin_recovery(copy).unwrap();
                        self.running = Some((next, Origin::Recover, Some(copy)));
                    }
                }
                Event::Finish => {
                    if let Some((generation, origin, source)) = self.running.take() {
                        let _ = self.wallet.made(generation, origin, source);
                    }
                }
                Event::Cut => self.running = None,
                // nor while a recovery from what it has runs
                Event::Keep(place) if !matches!(self.running, Some((_, Origin::Recover, _))) => {
                    // never by an older one than it has
                    let newer = |pending: &Pending| self.copy.is_none_or(|copy| copy < pending.generation);
                    if let Some(pending) =
                        at(place).filter(|pending| pending.origin != Origin::Create && newer(pending))
                    {
                        self.copy = Some(pending.generation);
                    }
                }
                Event::Confirm(place, kind) => {
                    if let Some(pending) = at(place)
                        && (kind == Kind::Signing || self.copy == Some(pending.generation))
                    {
                        let _ = self.wallet.confirm(pending.generation, kind, true);
                        self.confirmed |= self.wallet.backup().is_some();
                    }
                }
                Event::Reject(place, kind) => {
                    if let Some(pending) = at(place)
                        && self.copy != Some(pending.generation)
                    {
                        let _ = self.wallet.confirm(pending.generation, kind, false);
                    }
                }
                _ => {}
            }
        }

        fn check(&self, before: &Self) {
            let kept = self.wallet.kept();
            if before.wallet.signing().is_some() {
                let signs = self.wallet.begin_signing().unwrap();
                assert!(kept.contains(&(signs, Kind::Signing)), "what signs has its half");
                assert!(before.wallet.signing() <= Some(signs), "never back");
            }
            if self.confirmed {
                let backup = self.wallet.backup().unwrap();
                assert!(kept.contains(&(backup, Kind::Backup)), "the backup in force has its half");
                assert!(before.wallet.backup() <= Some(backup), "never back");
            }
            if let Some(copy) = self.copy {
                assert!(kept.contains(&(copy, Kind::Backup)), "what the application has brings the wallet back");
            }
            assert!(self.wallet.pending().len() <= MOST_PENDING);
            assert!(self.wallet.last >= before.wallet.last);
        }

        /// The same with numbers in order of size only: equal states, however many attempts led to them.
        fn shape(&self) -> Self {
            let mut numbers: BTreeSet<u32> = self.wallet.kept().into_iter().map(|(number, _)| number).collect();
            numbers.extend(self.running.iter().flat_map(|(next, _, source)| [Some(*next), *source]).flatten());
            numbers.extend(self.copy);
            let rank = |number: u32| u32::try_from(numbers.range(..number).count()).unwrap() + 1;
            let mut shape = self.clone();
            shape.wallet.last = u32::try_from(numbers.len()).unwrap() + 1;
            shape.wallet.signing = shape.wallet.signing.map(rank);
            shape.wallet.backup = shape.wallet.backup.map(rank);
            shape.wallet.pending.iter_mut().for_each(|pending| pending.generation = rank(pending.generation));
            shape.running = shape.running.map(|(next, origin, source)| (rank(next), origin, source.map(rank)));
            shape.copy = shape.copy.map(rank);
            shape
        }
    }

    /// Every state that up to eighteen events lead to, numbers aside.
    #[test]
    fn at_every_moment_one_generation_signs_and_what_was_kept_brings_it_back() {
        let mut seen = HashSet::from([World::new()]);
        let mut queue = VecDeque::from([(World::new(), 0)]);
        while let Some((world, depth)) = queue.pop_front() {
            if depth == 18 {
                continue;
            }
            for event in World::events() {
                let mut next = world.clone();
                next.apply(event);
                next.check(&world);
                let shape = next.shape();
                if seen.insert(shape.clone()) {
                    queue.push_back((shape, depth + 1));
                }
            }
        }
        assert!(seen.len() > 500, "only {} states", seen.len());
        assert!(
            seen.iter()
                .any(|world| world.wallet.signing().is_some() && world.wallet.signing() == world.wallet.backup())
        );
    }

    proptest! {
        #[test]
        fn long_histories_too(choices in proptest::collection::vec(any::<proptest::sample::Index>(), 1..200)) {
            let (events, mut world) = (World::events(), World::new());
            for choice in choices {
                let before = world.clone();
                world.apply(*choice.get(&events));
                world.check(&before);
            }
        }
    }
}
