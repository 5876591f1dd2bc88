//! Events that do not fit.

use super::*;

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
