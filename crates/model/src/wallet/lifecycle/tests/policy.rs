//! Limits, bans and taking the key out.

use super::*;

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
    wallet.ignored(Event::BackupHalfReleased { fence, at: 299_999 });
    assert_eq!(wallet.refused(Event::BackupHalfReleased { fence, at: 300_000 }), LifecycleError::EjectWindowClosed);
    wallet.ok(Event::EjectWindowOpened { until: 500_000, at: 300_000 });
    wallet.ignored(Event::BackupHalfReleased { fence, at: 300_000 });
    wallet.ok(Event::Ejected { fence, at: 400_000 });
    let expected = fence.generation;
    assert_eq!(wallet.refused(Event::BackupHalfReleased { fence, at: 400_000 }), LifecycleError::Stale { expected });
    assert_eq!(wallet.0.ejected_at(), Some(400_000));
    assert!(may_sign(&wallet.0, signing(1).ed25519).is_ok(), "signing goes on (portal 1.4)");
}
