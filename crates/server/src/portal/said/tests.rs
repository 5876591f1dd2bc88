//! From a wallet and what is said to events, and what the rules make of them.

use keystead_model::wallet::{
    CustodianSlots, Generation, OperationId, OperationKind, PairIds, PerCurve, PublicStatus, choose::CustodianShare,
    lifecycle::apply,
};

use super::*;

fn pairs(seed: u8) -> PairIds {
    PerCurve { secp256k1: PairId([seed; 16]), ed25519: PairId([seed + 100; 16]) }
}

fn ids(seed: u8) -> Vec<PairId> {
    pairs(seed).to_set().into_iter().collect()
}

fn go(state: &mut WalletState, events: impl IntoIterator<Item = Event>) {
    for event in events {
        *state = apply(state, event.clone()).unwrap_or_else(|error| panic!("{event:?}: {error}")).0;
    }
}

/// Begins an operation and goes through its protocol; its fence.
fn protocol(state: &mut WalletState, kind: OperationKind, signing: Option<u8>, backup: Option<u8>) -> Fence {
    let after = state.latest();
    let generation = after.next().unwrap();
    let operation = OperationId([u8::try_from(generation.0).unwrap(); 16]);
    let fence = Fence { operation, generation };
    let began = Event::OperationBegan { operation, after, operation_kind: kind, stepped_up: true, at: 1_000 };
    let (signing, backup) = (signing.map(pairs), backup.map(pairs));
    go(state, [began, Event::ProtocolFinished { fence, signing, backup }]);
    fence
}

fn created() -> WalletState {
    let mut state = WalletState::new(CustodianSlots::PerMethod);
    protocol(&mut state, OperationKind::Create, Some(1), None);
    state
}

fn with_backup(method: BackupMethod, seed: u8) -> (WalletState, Fence) {
    let mut state = created();
    let said = signing_stored(&state, &ids(1)).unwrap();
    go(&mut state, said);
    let fence = protocol(&mut state, OperationKind::Backup { method, from: pairs(1) }, None, Some(seed));
    (state, fence)
}

/// The custodian takes the half and shows it.
fn take(state: &mut WalletState, fence: Fence, seed: u8) {
    let shares = ids(seed).into_iter().map(|pair| CustodianShare { pair, intact: true }).collect();
    go(
        state,
        [
            Event::Resumed { fence, at: 2_000 },
            Event::CustodianPushed { fence },
            Event::CustodianAnswered { fence, shares },
        ],
    );
}

#[test]
fn a_signing_pair_is_confirmed_curve_by_curve_and_again() {
    let mut state = created();
    let [first, second] = ids(1).try_into().unwrap();
    for said in [first, second] {
        let events = signing_stored(&state, &[said]).unwrap();
        assert!(events.is_some());
        go(&mut state, events);
    }
    assert!(state.active_signing().is_some());
    assert_eq!(signing_stored(&state, &[first, second, first]), Ok(None), "said before");
    // also when another operation is the last one
    protocol(&mut state, OperationKind::Backup { method: BackupMethod::Password, from: pairs(1) }, None, Some(3));
    assert_eq!(signing_stored(&state, &[first, second]), Ok(None));
    assert_eq!(newest_signing(&state), Ok(None));
}

#[test]
fn pairs_of_nobody_and_of_the_other_kind_are_refused_whoever_stands_beside_them() {
    let (state, _) = with_backup(BackupMethod::Password, 3);
    let nobody = PairId([9; 16]);
    assert_eq!(signing_stored(&state, &[ids(1)[0], nobody]), Err(NotSaid::Foreign));
    assert_eq!(signing_stored(&state, &ids(3)), Err(NotSaid::Foreign));
    assert_eq!(backup_stored(&state, &[ids(3)[0], nobody], BackupSaid::Key), Err(NotSaid::Foreign));
    assert_eq!(backup_stored(&state, &ids(1), BackupSaid::CipherText), Err(NotSaid::Foreign));
}

#[test]
fn a_backup_is_completed_by_both_sides_whichever_way_the_client_says_it() {
    for (say_key, by_pairs) in [(true, true), (false, true), (true, false), (false, false)] {
        let (mut state, fence) = with_backup(BackupMethod::Gdrive, 3);
        let say = |state: &WalletState, what| match by_pairs {
            true => backup_stored(state, &ids(3), what).unwrap(),
            false => newest_backup(state, Some(BackupMethod::Gdrive), what, true).unwrap(),
        };
        if say_key {
            let events = say(&state, BackupSaid::Key);
            go(&mut state, events);
        }
        let events = say(&state, BackupSaid::CipherText);
        go(&mut state, events);
        take(&mut state, fence, 3);
        let backup = state.active_backups().next().unwrap();
        for curve in Curve::ALL {
            assert_eq!(PublicStatus::from(backup.portal_status(curve)), PublicStatus::Completed);
        }
        assert_eq!(say(&state, BackupSaid::CipherText), None, "said before");
    }
}

#[test]
fn a_status_moves_only_forwards() {
    let (mut state, _) = with_backup(BackupMethod::Password, 3);
    let events = backup_stored(&state, &ids(3), BackupSaid::CipherText).unwrap();
    go(&mut state, events);
    assert_eq!(backup_stored(&state, &ids(3), BackupSaid::Key), Err(NotSaid::Backwards));

    let (mut state, _) = with_backup(BackupMethod::Password, 3);
    for what in [BackupSaid::Key, BackupSaid::CipherText] {
        let events = backup_stored(&state, &ids(3), what).unwrap();
        go(&mut state, events);
    }
    assert_eq!(backup_stored(&state, &ids(3), BackupSaid::Key), Ok(None), "a repetition that came late");
}

#[test]
fn not_stored_is_about_the_newest_open_backup_of_the_method_and_leaves_completed_ones_alone() {
    let (mut state, fence) = with_backup(BackupMethod::Password, 3);
    let events = newest_backup(&state, None, BackupSaid::CipherText, true).unwrap();
    go(&mut state, events);
    take(&mut state, fence, 3);
    let second =
        protocol(&mut state, OperationKind::Backup { method: BackupMethod::Password, from: pairs(1) }, None, Some(5));
    let events = newest_backup(&state, Some(BackupMethod::Password), BackupSaid::CipherText, false).unwrap();
    let expected = Event::ClientBackupStored { fence: second, pairs: pairs(5).to_set(), success: false };
    assert_eq!(events, Some(expected));
    let before = state.active_backups().next().cloned();
    go(&mut state, events);
    assert_eq!(state.active_backups().next().cloned(), before);
    assert_eq!(newest_backup(&state, Some(BackupMethod::Icloud), BackupSaid::CipherText, true), Err(NotSaid::NoBackup));
}

#[test]
fn methods_without_a_name_in_portal_are_called_custom() {
    let (state, _) = with_backup(BackupMethod::Vault, 3);
    for method in [Some(BackupMethod::Custom), Some(BackupMethod::Vault), None] {
        assert_eq!(newest_backup(&state, method, BackupSaid::Key, true).map(|event| event.is_some()), Ok(true));
    }
    let refused = newest_backup(&state, Some(BackupMethod::Password), BackupSaid::Key, true);
    assert_eq!(refused, Err(NotSaid::NoBackup));
}

#[test]
fn what_was_given_up_cannot_be_confirmed() {
    let (mut state, fence) = with_backup(BackupMethod::Password, 3);
    go(&mut state, [Event::Abandoned { fence, at: 3_000 }]);
    let refused = |state: &WalletState| match backup_stored(state, &ids(3), BackupSaid::CipherText) {
        Ok(event) => event.is_some_and(|event| apply(state, event).is_err()),
        Err(error) => error == NotSaid::Over,
    };
    assert!(refused(&state));
    let next =
        protocol(&mut state, OperationKind::Backup { method: BackupMethod::Password, from: pairs(1) }, None, Some(5));
    assert!(refused(&state), "while another one is under way");
    go(&mut state, [Event::Abandoned { fence: next, at: 4_000 }]);
    assert!(refused(&state), "after another one");
}

#[test]
fn a_wallet_without_pairs_has_nothing_to_be_said_of() {
    let state = WalletState::default();
    assert_eq!(state.latest(), Generation::NONE);
    assert_eq!(newest_signing(&state), Err(NotSaid::NoSigning));
    assert_eq!(newest_backup(&state, None, BackupSaid::CipherText, true), Err(NotSaid::NoBackup));
    assert_eq!(BackupSaid::parse("STORED_CUSTODIAN_BACKUP_SHARE"), None);
}
