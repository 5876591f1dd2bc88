use std::collections::BTreeSet;

use super::apply;
use crate::wallet::choose::{Answer, CustodianShare, HalfSource, answer, half_sources, may_sign, recoverable};
use crate::wallet::{
    BackupMethod, Curve, CustodianSlots, Effect, Event, Fence, Generation, LifecycleError, MAX_BANS,
    MAX_PENDING_BACKUPS, Millis, OperationId, OperationKind, Outcome, PairId, PairIds, PairStatus, PerCurve,
    PublicStatus, SETTLING, Step, WalletState,
};

fn pairs(generation: u32, kind: u8) -> PairIds {
    let id = |curve: u8| PairId([generation as u8, kind, curve, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    PerCurve { secp256k1: id(1), ed25519: id(2) }
}

fn signing(generation: u32) -> PairIds {
    pairs(generation, 1)
}

fn backup(generation: u32) -> PairIds {
    pairs(generation, 2)
}

fn fence(generation: u32) -> Fence {
    Fence { operation: OperationId([generation as u8; 16]), generation: Generation(generation) }
}

fn shown(pairs: PairIds) -> Vec<CustodianShare> {
    pairs.to_set().into_iter().map(|pair| CustodianShare { pair, intact: true }).collect()
}

/// A wallet that things happen to.
struct Wallet(WalletState);

impl Wallet {
    fn new(slots: CustodianSlots) -> Self {
        Self(WalletState::new(slots))
    }

    fn ok(&mut self, event: Event) -> Vec<Effect> {
        let (next, effects) = apply(&self.0, event.clone()).unwrap_or_else(|error| panic!("{event:?}: {error}"));
        self.0 = next;
        effects
    }

    fn refused(&self, event: Event) -> LifecycleError {
        apply(&self.0, event).map(|(_, effects)| effects).unwrap_err()
    }

    /// Nothing changes and nothing is to be done.
    fn ignored(&mut self, event: Event) {
        let before = self.0.clone();
        assert_eq!(self.ok(event), []);
        assert_eq!(self.0, before);
    }

    fn begin(&mut self, kind: OperationKind) -> Fence {
        let generation = self.0.latest().0 + 1;
        self.ok(began(generation, kind));
        fence(generation)
    }

    fn generate(&mut self, fence: Fence, kind: OperationKind) -> Vec<Effect> {
        let generation = fence.generation.0;
        let signing = kind.makes_signing().then(|| signing(generation));
        let backup = kind.makes_backup().then(|| backup(generation));
        self.ok(Event::ProtocolFinished { fence, signing, backup })
    }

    fn confirm_signing(&mut self, fence: Fence) -> Vec<Effect> {
        self.ok(Event::SigningHalfConfirmed { fence, pairs: signing(fence.generation.0).to_set() })
    }

    fn store_cipher_text(&mut self, fence: Fence) -> Vec<Effect> {
        self.ok(Event::ClientBackupStored { fence, pairs: backup(fence.generation.0).to_set(), success: true })
    }

    fn resume(&mut self, fence: Fence, at: Millis) -> Vec<Effect> {
        self.ok(Event::Resumed { fence, at })
    }

    fn give_custodian(&mut self, fence: Fence) -> Vec<Effect> {
        self.resume(fence, 0);
        self.ok(Event::CustodianPushed { fence });
        self.ok(Event::CustodianAnswered { fence, shares: shown(backup(fence.generation.0)) })
    }

    fn run(&mut self, kind: OperationKind) -> Fence {
        let fence = self.begin(kind);
        self.generate(fence, kind);
        if kind.makes_signing() {
            self.confirm_signing(fence);
        }
        if kind.makes_backup() {
            self.store_cipher_text(fence);
            self.give_custodian(fence);
        }
        fence
    }

    /// Signing pairs of generation 1, a backup of generation 2.
    fn backed_up(slots: CustodianSlots) -> Self {
        let mut wallet = Self::new(slots);
        wallet.run(OperationKind::Create);
        wallet.run(back_up(BackupMethod::Gdrive, 1));
        wallet
    }
}

fn began(generation: u32, operation_kind: OperationKind) -> Event {
    let after = Generation(generation - 1);
    Event::OperationBegan { operation: fence(generation).operation, after, operation_kind, stepped_up: false, at: 0 }
}

fn back_up(method: BackupMethod, from: u32) -> OperationKind {
    OperationKind::Backup { method, from: signing(from) }
}

const fn recover(from: PairIds) -> OperationKind {
    OperationKind::Recover { from, rotate_backup: true }
}

#[test]
fn a_recovery_retires_the_old_pairs_in_the_transaction_that_puts_the_new_ones_in_force() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    let effects = wallet.generate(fence, kind);
    let (new_signing, new_backup) = (Some(signing(3)), Some(backup(3)));
    assert_eq!(
        effects,
        [Effect::PersistPending { generation: Generation(3), signing: new_signing, backup: new_backup }]
    );
    assert_eq!(wallet.confirm_signing(fence), []);
    assert_eq!(wallet.store_cipher_text(fence), [Effect::TakeUp { fence }]);
    let push = Effect::PushCustodianHalf { fence, method: BackupMethod::Gdrive, pairs: backup(3) };
    assert_eq!(wallet.resume(fence, 0), [push]);
    let fetch = Effect::FetchCustodianHalf { fence, pairs: backup(3) };
    assert_eq!(wallet.ok(Event::CustodianPushed { fence }), [fetch]);
    assert_eq!(may_sign(&wallet.0, signing(1).ed25519).unwrap().generation, Generation(1));
    assert_eq!(may_sign(&wallet.0, signing(3).ed25519), Err(LifecycleError::PendingPair));

    let effects = wallet.ok(Event::CustodianAnswered { fence, shares: shown(backup(3)) });
    assert_eq!(
        effects,
        [
            Effect::DestroyServerSigningHalf { generation: Generation(1), pairs: signing(1) },
            Effect::WipePendingCustodianHalf { generation: Generation(3), pairs: backup(3) },
        ]
    );
    assert!(effects.iter().all(Effect::is_stored));
    let expected = Generation(3);
    assert_eq!(may_sign(&wallet.0, signing(1).ed25519), Err(LifecycleError::RetiredPair { expected }));
    assert_eq!(may_sign(&wallet.0, signing(3).ed25519).unwrap().generation, expected);
    assert_eq!(wallet.refused(began(4, recover(backup(2)))), LifecycleError::RetiredPair { expected });
    assert_eq!(wallet.0.finished().unwrap().outcome, Outcome::Committed);
    let set = wallet.0.active_backups().next().unwrap();
    assert_eq!(PublicStatus::from(set.portal_status(Curve::Ed25519)), PublicStatus::Completed);
}

#[test]
fn what_is_said_twice_changes_nothing() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    let generated = Event::ProtocolFinished { fence, signing: Some(signing(3)), backup: Some(backup(3)) };
    let confirmed = Event::SigningHalfConfirmed { fence, pairs: signing(3).to_set() };
    let stored = Event::ClientBackupStored { fence, pairs: backup(3).to_set(), success: true };
    let pushed = Event::CustodianPushed { fence };
    let answered = Event::CustodianAnswered { fence, shares: shown(backup(3)) };
    let mut said = vec![began(3, kind)];
    for event in [generated, confirmed, stored, Event::Resumed { fence, at: 0 }, pushed, answered] {
        let again = !matches!(event, Event::Resumed { .. });
        wallet.ok(event.clone());
        said.extend(again.then_some(event));
        for event in said.clone() {
            wallet.ignored(event);
        }
    }
    for success in [true, false] {
        wallet.ignored(Event::ClientBackupStored { fence, pairs: backup(3).to_set(), success });
    }
    wallet.ignored(Event::TimedOut { fence, at: 0 });
    wallet.ignored(Event::CustodianPushFailed { fence, at: 0 });
    assert_eq!(wallet.refused(Event::Abandoned { fence, at: 0 }), LifecycleError::Stale { expected: Generation(3) });
}

#[test]
fn what_comes_too_early_is_refused() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    let confirm = Event::SigningHalfConfirmed { fence, pairs: signing(3).to_set() };
    let store = Event::ClientBackupStored { fence, pairs: backup(3).to_set(), success: true };
    assert_eq!(wallet.refused(confirm), LifecycleError::TooEarly { at: Step::Began });
    wallet.generate(fence, kind);
    assert_eq!(wallet.refused(store.clone()), LifecycleError::TooEarly { at: Step::Generated });
    wallet.confirm_signing(fence);
    assert_eq!(
        wallet.refused(Event::CustodianPushed { fence }),
        LifecycleError::TooEarly { at: Step::SigningConfirmed }
    );
    assert_eq!(wallet.resume(fence, 0), []);
    wallet.ok(store);
}

#[test]
fn what_is_of_another_operation_is_refused() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let old = Event::SigningHalfConfirmed { fence: fence(1), pairs: signing(1).to_set() };
    assert_eq!(wallet.refused(old.clone()), LifecycleError::Stale { expected: Generation(2) });
    let current = wallet.begin(recover(backup(2)));
    assert_eq!(wallet.refused(old), LifecycleError::Stale { expected: Generation(3) });
    assert_eq!(wallet.refused(began(4, recover(backup(2)))), LifecycleError::InProgress { current });
    let foreign = Fence { operation: OperationId([99; 16]), generation: Generation(3) };
    let pairs = signing(3).to_set();
    assert_eq!(
        wallet.refused(Event::SigningHalfConfirmed { fence: foreign, pairs }),
        LifecycleError::UnknownOperation { expected: Some(current) }
    );
    let wrong_generation = Fence { generation: Generation(4), ..current };
    assert_eq!(
        wallet.refused(Event::Abandoned { fence: wrong_generation, at: 0 }),
        LifecycleError::UnknownOperation { expected: Some(current) }
    );
}

#[test]
fn a_request_that_was_overtaken_begins_nothing() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    wallet.ok(Event::Abandoned { fence, at: 0 });
    wallet.ignored(began(3, kind));
    let next = wallet.begin(kind);
    wallet.ok(Event::TimedOut { fence: next, at: 0 });
    assert_eq!(wallet.refused(began(3, kind)), LifecycleError::Stale { expected: Generation(4) });
}

#[test]
fn pairs_of_somebody_else_refuse_the_whole_confirmation() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    for wrong in [signing(1), backup(3), signing(77)] {
        let pairs = [signing(3).ed25519, wrong.secp256k1].into();
        assert_eq!(wallet.refused(Event::SigningHalfConfirmed { fence, pairs }), LifecycleError::ForeignPair);
    }
    assert_eq!(
        wallet.refused(Event::SigningHalfConfirmed { fence, pairs: BTreeSet::new() }),
        LifecycleError::ForeignPair
    );
    // one curve at a time is fine
    wallet.ok(Event::SigningHalfConfirmed { fence, pairs: [signing(3).ed25519].into() });
    assert_eq!(wallet.0.operation().unwrap().step, Step::Generated);
    wallet.ok(Event::SigningHalfConfirmed { fence, pairs: [signing(3).secp256k1].into() });
    assert_eq!(wallet.0.operation().unwrap().step, Step::SigningConfirmed);
    assert_eq!(wallet.0.fence_of(signing(3).secp256k1), Some(fence));
    assert_eq!(wallet.0.fence_of(signing(1).secp256k1), None);
}

#[test]
fn the_protocol_makes_exactly_what_the_operation_is_for() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let fence = wallet.begin(recover(backup(2)));
    let (s, b) = (Some(signing(3)), Some(backup(3)));
    let same_twice = Some(PerCurve { secp256k1: backup(3).ed25519, ed25519: backup(3).ed25519 });
    for (signing, backup) in [(s, None), (None, b), (None, None), (s, s), (Some(signing(1)), b), (s, same_twice)] {
        let event = Event::ProtocolFinished { fence, signing, backup };
        assert_eq!(wallet.refused(event), LifecycleError::WrongPairs);
    }
    wallet.ok(Event::ProtocolFinished { fence, signing: s, backup: b });
    let other = Event::ProtocolFinished { fence, signing: Some(signing(7)), backup: b };
    assert_eq!(wallet.refused(other), LifecycleError::WrongPairs);
}

#[test]
fn operations_start_only_from_what_is_there() {
    let mut wallet = Wallet::new(CustodianSlots::One);
    assert_eq!(wallet.refused(began(1, recover(backup(2)))), LifecycleError::NoWallet);
    wallet.run(OperationKind::Create);
    assert_eq!(wallet.refused(began(2, OperationKind::Create)), LifecycleError::WalletExists);
    assert_eq!(wallet.refused(began(2, recover(signing(1)))), LifecycleError::ForeignPair);
    assert_eq!(wallet.refused(began(2, back_up(BackupMethod::Gdrive, 9))), LifecycleError::ForeignPair);
    wallet.run(back_up(BackupMethod::Gdrive, 1));
    let mixed = PerCurve { secp256k1: backup(2).secp256k1, ed25519: signing(1).ed25519 };
    assert_eq!(wallet.refused(began(3, recover(mixed))), LifecycleError::ForeignPair);
    wallet.run(recover(backup(2)));
    let expected = Generation(3);
    assert_eq!(wallet.refused(began(4, back_up(BackupMethod::Gdrive, 1))), LifecycleError::RetiredPair { expected });
}

#[test]
fn given_up_after_the_protocol_both_backups_can_be_recovered_from() {
    for said in [None, Some(false), Some(true)] {
        let mut wallet = Wallet::backed_up(CustodianSlots::One);
        let kind = recover(backup(2));
        let fence = wallet.begin(kind);
        wallet.generate(fence, kind);
        wallet.confirm_signing(fence);
        if let Some(success) = said {
            wallet.ok(Event::ClientBackupStored { fence, pairs: backup(3).to_set(), success });
        }
        let effects = wallet.ok(Event::Abandoned { fence, at: 0 });
        assert_eq!(effects, [Effect::DestroyServerSigningHalf { generation: Generation(3), pairs: signing(3) }]);
        assert_eq!(wallet.0.active_signing().unwrap().generation, Generation(1));
        let sets = recoverable(&wallet.0);
        assert_eq!(sets.iter().map(|set| set.generation.0).collect::<Vec<_>>(), [2, 3]);
        // the old cipher text with the custodian's half, the new one with our copy
        let source = |set, shown: &[_]| half_sources(set, &wallet.0, shown).ed25519;
        assert_eq!(source(sets[0], &shown(backup(2))), Ok(HalfSource::Custodian));
        assert_eq!(source(sets[0], &shown(backup(3))), Err(Answer::Stale));
        assert_eq!(source(sets[1], &shown(backup(2))), Ok(HalfSource::PendingCopy));
        // and a recovery from the new one ends both
        let (_, effects) = apply(&wallet.0, began(4, recover(backup(3)))).unwrap();
        assert_eq!(effects, [], "nobody has to be asked");
        wallet.run(recover(backup(3)));
        assert_eq!(recoverable(&wallet.0).len(), 1);
        assert!(wallet.0.backup_sets().iter().all(|set| !set.copy));
    }
}

#[test]
fn a_timeout_ends_only_what_waits_for_the_client() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    wallet.confirm_signing(fence);
    wallet.store_cipher_text(fence);
    wallet.ignored(Event::TimedOut { fence, at: 0 });
    wallet.give_custodian(fence);
    assert_eq!(wallet.0.active_signing().unwrap().generation, Generation(3));
}

#[test]
fn a_stale_or_partial_answer_of_the_custodian_leads_to_another_push() {
    for shares in [
        vec![],
        shown(backup(2)),
        shown(backup(2)).into_iter().chain(shown(backup(3)).into_iter().take(1)).collect(),
        shown(backup(3)).into_iter().map(|share| CustodianShare { intact: false, ..share }).collect(),
        shown(pairs(200, 9)),
    ] {
        let mut wallet = Wallet::backed_up(CustodianSlots::One);
        let kind = recover(backup(2));
        let fence = wallet.begin(kind);
        wallet.generate(fence, kind);
        wallet.confirm_signing(fence);
        wallet.store_cipher_text(fence);
        wallet.resume(fence, 0);
        wallet.ok(Event::CustodianPushed { fence });
        assert_eq!(wallet.ok(Event::CustodianAnswered { fence, shares }), [Effect::RetryLater { fence }]);
        assert_eq!(wallet.0.active_signing().unwrap().generation, Generation(1));
        assert!(matches!(wallet.resume(fence, 0)[..], [Effect::PushCustodianHalf { .. }]));
    }
}

#[test]
fn the_right_entry_is_found_among_stale_foreign_and_broken_ones() {
    let wallet = Wallet::backed_up(CustodianSlots::One);
    let wanted = backup(2).ed25519;
    let entry = |pair, intact| CustodianShare { pair, intact };
    let foreign = entry(signing(9).ed25519, true);
    let says = |shown: &[CustodianShare]| answer(&wallet.0, Curve::Ed25519, wanted, shown);
    assert_eq!(says(&[foreign]), Answer::Missing);
    assert_eq!(says(&[entry(backup(2).secp256k1, true)]), Answer::Missing, "the other curve");
    assert_eq!(says(&[foreign, entry(wanted, false), entry(backup(2).secp256k1, true)]), Answer::Tampered);
    assert_eq!(says(&[entry(wanted, false), foreign, entry(wanted, true)]), Answer::Found);
}

#[test]
fn a_push_waits_until_an_older_one_cannot_arrive_any_more() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let first = wallet.begin(kind);
    wallet.generate(first, kind);
    wallet.confirm_signing(first);
    wallet.store_cipher_text(first);
    wallet.resume(first, 1_000);
    assert_eq!(
        wallet.ok(Event::CustodianPushFailed { fence: first, at: 5_000 }),
        [Effect::RetryLater { fence: first }]
    );
    assert!(matches!(wallet.resume(first, 6_000)[..], [Effect::PushCustodianHalf { .. }]), "the same half may");
    wallet.ok(Event::Abandoned { fence: first, at: 7_000 });

    let kind = recover(backup(3));
    let second = wallet.begin(kind);
    wallet.generate(second, kind);
    wallet.confirm_signing(second);
    wallet.store_cipher_text(second);
    let until = 7_000 + SETTLING;
    assert_eq!(wallet.resume(second, 8_000), [Effect::WaitUntilSettled { fence: second, until }]);
    wallet.ok(Event::CustodianSettled { at: until - 1 });
    assert_eq!(wallet.resume(second, until - 1), [Effect::WaitUntilSettled { fence: second, until }]);
    wallet.ok(Event::CustodianSettled { at: until });
    assert!(matches!(wallet.resume(second, until)[..], [Effect::PushCustodianHalf { .. }]));
}

#[test]
fn a_server_that_crashed_while_pushing_pushes_again() {
    let mut wallet = Wallet::new(CustodianSlots::One);
    wallet.run(OperationKind::Create);
    let kind = back_up(BackupMethod::Password, 1);
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    wallet.store_cipher_text(fence);
    wallet.resume(fence, 0);
    assert!(matches!(wallet.resume(fence, 9)[..], [Effect::PushCustodianHalf { .. }]));
    assert_eq!(wallet.0.unsettled().get(&fence.generation), Some(&9));
    wallet.ok(Event::CustodianPushed { fence });
    assert!(matches!(wallet.resume(fence, 9)[..], [Effect::FetchCustodianHalf { .. }]));
}

#[test]
fn renewing_the_signing_pair_alone_leaves_the_backup() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = OperationKind::Recover { from: backup(2), rotate_backup: false };
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    let pairs = backup(2).to_set();
    assert_eq!(
        wallet.refused(Event::ClientBackupStored { fence, pairs, success: true }),
        LifecycleError::NotPartOfOperation
    );
    let effects = wallet.confirm_signing(fence);
    assert_eq!(effects, [Effect::DestroyServerSigningHalf { generation: Generation(1), pairs: signing(1) }]);
    assert_eq!(wallet.0.active_signing().unwrap().generation, Generation(3));
    assert_eq!(wallet.0.active_backups().next().unwrap().generation, Generation(2));
}

#[test]
fn backups_by_several_methods_live_side_by_side_unless_the_custodian_has_one_slot() {
    for (slots, left) in [(CustodianSlots::PerMethod, 2), (CustodianSlots::One, 1)] {
        let mut wallet = Wallet::backed_up(slots);
        wallet.run(back_up(BackupMethod::Password, 1));
        assert_eq!(wallet.0.active_backups().count(), left);
        wallet.run(back_up(BackupMethod::Password, 1));
        assert_eq!(wallet.0.active_backups().count(), left);
    }
}

#[test]
fn unfinished_backups_are_limited_and_the_signing_pair_can_still_be_renewed() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    for _ in 0..MAX_PENDING_BACKUPS {
        let kind = recover(backup(2));
        let fence = wallet.begin(kind);
        wallet.generate(fence, kind);
        wallet.ok(Event::TimedOut { fence, at: 0 });
    }
    let next = wallet.0.latest().0 + 1;
    assert_eq!(wallet.refused(began(next, recover(backup(2)))), LifecycleError::TooManyPendingBackups);
    wallet.run(OperationKind::Recover { from: backup(2), rotate_backup: false });
    assert!(wallet.0.signing_sets().len() < MAX_PENDING_BACKUPS, "old retired pairs are forgotten");
}

#[test]
fn a_ban_freezes_until_the_pair_is_renewed_from_the_backup() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let generation = Generation(1);
    let session = OperationId([50; 16]);
    let ban = Event::BanReported { generation, session };
    let late = Event::BanReported { generation: Generation(0), session };
    assert_eq!(wallet.refused(late), LifecycleError::RetiredPair { expected: generation });
    let under_way = wallet.begin(back_up(BackupMethod::Password, 1));
    assert_eq!(wallet.ok(ban.clone()), [Effect::KillSigningSessions { generation }]);
    assert!(wallet.0.operation().is_none(), "{under_way:?} would have used the banned pair");
    wallet.ignored(ban);
    assert_eq!(may_sign(&wallet.0, signing(1).ed25519), Err(LifecycleError::Frozen));
    assert_eq!(wallet.refused(began(4, back_up(BackupMethod::Password, 1))), LifecycleError::Frozen);
    assert_eq!(wallet.refused(Event::Reviewed { unfreeze: true }), LifecycleError::RecoverInstead);
    let kind = OperationKind::Recover { from: backup(2), rotate_backup: false };
    assert_eq!(wallet.refused(began(4, kind)), LifecycleError::StepUpRequired);
    wallet.ok(stepped_up(began(4, kind)));
    wallet.generate(fence(4), kind);
    wallet.confirm_signing(fence(4));
    assert!(may_sign(&wallet.0, signing(4).ed25519).is_ok());
    assert_eq!(wallet.0.bans(), 1);
}

#[test]
fn after_too_many_bans_somebody_has_to_look_at_it() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = OperationKind::Recover { from: backup(2), rotate_backup: false };
    for ban in 1..=MAX_BANS {
        let generation = wallet.0.active_signing().unwrap().generation;
        wallet.ok(Event::BanReported { generation, session: OperationId([ban; 16]) });
        let next = wallet.0.latest().0 + 1;
        if ban < MAX_BANS {
            wallet.ok(stepped_up(began(next, kind)));
            wallet.generate(fence(next), kind);
            wallet.confirm_signing(fence(next));
        } else {
            assert_eq!(wallet.refused(stepped_up(began(next, kind))), LifecycleError::ReviewRequired);
        }
    }
    wallet.ok(Event::Reviewed { unfreeze: false });
    let next = wallet.0.latest().0 + 1;
    wallet.ok(stepped_up(began(next, kind)));
}

fn stepped_up(event: Event) -> Event {
    match event {
        Event::OperationBegan { operation, after, operation_kind, at, .. } => {
            Event::OperationBegan { operation, after, operation_kind, stepped_up: true, at }
        }
        other => other,
    }
}

#[test]
fn the_key_is_taken_out_only_while_the_window_is_open() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = OperationKind::Eject { from: backup(2) };
    let begin = stepped_up(began(3, kind));
    assert_eq!(wallet.refused(begin.clone()), LifecycleError::EjectWindowClosed);
    assert_eq!(wallet.refused(Event::EjectWindowOpened { until: 59_999, at: 0 }), LifecycleError::EjectWindowTooShort);
    wallet.ok(Event::EjectWindowOpened { until: 300_000, at: 0 });
    assert_eq!(wallet.refused(began(3, kind)), LifecycleError::StepUpRequired);
    assert!(matches!(wallet.ok(begin)[..], [Effect::FetchCustodianHalf { .. }]));
    let fence = fence(3);
    assert_eq!(wallet.refused(Event::Ejected { fence, at: 1 }), LifecycleError::TooEarly { at: Step::Began });
    assert_eq!(wallet.refused(Event::BackupHalfReleased { fence, at: 300_000 }), LifecycleError::EjectWindowClosed);
    wallet.ok(Event::BackupHalfReleased { fence, at: 299_999 });
    assert!(wallet.0.was_released());
    wallet.ok(Event::Ejected { fence, at: 400_000 });
    assert_eq!(wallet.0.ejected_at(), Some(400_000));
    assert!(may_sign(&wallet.0, signing(1).ed25519).is_ok(), "signing goes on (portal 1.4)");
}

#[test]
fn a_record_survives_json() {
    let mut wallet = Wallet::backed_up(CustodianSlots::One);
    let kind = recover(backup(2));
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    wallet.confirm_signing(fence);
    wallet.store_cipher_text(fence);
    wallet.resume(fence, 0);
    wallet.resume(fence, 7);
    wallet.ok(Event::BanReported { generation: Generation(1), session: OperationId([1; 16]) });
    let text = serde_json::to_string(&wallet.0).unwrap();
    assert_eq!(serde_json::from_str::<WalletState>(&text).unwrap(), wallet.0, "{text}");
    assert_eq!(wallet.0.signing_sets()[1].status, PairStatus::Pending);
}
