//! What custodians do.

use super::*;

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
fn a_custodian_that_turns_out_to_have_one_slot_ends_the_backups_by_other_methods() {
    let mut wallet = Wallet::backed_up(CustodianSlots::PerMethod);
    let kind = back_up(BackupMethod::Password, 1);
    let fence = wallet.begin(kind);
    wallet.generate(fence, kind);
    wallet.store_cipher_text(fence);
    assert_eq!(wallet.ok(Event::CustodianChanged { slots: CustodianSlots::One }), []);
    assert_eq!(wallet.0.active_backups().count(), 1, "until the new one is in force, the old one is");
    wallet.give_custodian(fence);
    assert_eq!(wallet.0.active_backups().map(|set| set.generation).collect::<Vec<_>>(), [fence.generation]);
}
