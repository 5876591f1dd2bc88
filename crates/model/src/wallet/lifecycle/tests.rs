use std::collections::BTreeSet;

mod custodian;
mod policy;
mod refused;

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
