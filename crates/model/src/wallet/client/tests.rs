use super::*;
use crate::wallet::id::PairId;
use crate::wallet::id::PerCurve;

fn pairs(generation: u32, kind: u8) -> PairIds {
    let id = |curve: u8| PairId([generation as u8, kind, curve, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    PerCurve { secp256k1: id(1), ed25519: id(2) }
}

fn fence(generation: u32) -> Fence {
    Fence { operation: OperationId([generation as u8; 16]), generation: Generation(generation) }
}

/// The server's answer: latest, in force, under way, ended.
fn view(latest: u32, in_force: u32, operation: Option<(Fence, Step)>, finished: Option<(Fence, bool)>) -> ServerView {
    let signing = (in_force > 0).then(|| (Generation(in_force), pairs(in_force, 1)));
    ServerView { latest: Generation(latest), signing, operation, finished, frozen: false }
}

fn rotation() -> OperationKind {
    OperationKind::Recover { from: pairs(2, 2), rotate_backup: true }
}

/// A device that recovers: generation 3, from the backup of generation 2.
fn recovering() -> ClientState {
    let idle = view(2, 1, None, Some((fence(2), true)));
    ClientState::default().begin(fence(3).operation, rotation(), &idle).unwrap()
}

fn with_halves() -> ClientState {
    recovering().protocol_finished(fence(3), Some(pairs(3, 1)), Some((BackupMethod::Gdrive, pairs(3, 2))))
}

fn next(client: &ClientState, view: &ServerView) -> Vec<ClientEffect> {
    let (after, effects) = client.view(view);
    assert_eq!(after.view(view), (after.clone(), effects.clone()), "the same answer twice does nothing twice");
    effects
}

#[test]
fn after_a_crash_at_any_step_the_server_says_how_to_go_on() {
    let at = |step| view(3, 1, Some((fence(3), step)), None);
    let begun = view(2, 1, None, Some((fence(2), true)));
    let client = recovering();
    assert_eq!(next(&client, &begun), [ClientEffect::SendBegin { fence: fence(3), kind: rotation() }]);
    assert_eq!(next(&client, &at(Step::Began)), [ClientEffect::RunProtocol { fence: fence(3) }]);
    // crashed before the new halves were kept
    assert_eq!(next(&client, &at(Step::Generated)), [ClientEffect::SendAbandon { fence: fence(3) }]);
    let client = with_halves();
    assert_eq!(
        next(&client, &at(Step::Generated)),
        [ClientEffect::ConfirmSigningHalf { fence: fence(3), pairs: pairs(3, 1) }]
    );
    let generation = Generation(3);
    assert_eq!(next(&client, &at(Step::SigningConfirmed)), [ClientEffect::StoreKey { generation }]);
    let client = client.key_stored(generation);
    assert_eq!(next(&client, &at(Step::SigningConfirmed)), [ClientEffect::StoreCipherText { generation }]);
    let client = client.cipher_text_stored(generation);
    assert_eq!(
        next(&client, &at(Step::SigningConfirmed)),
        [ClientEffect::ConfirmCipherText { fence: fence(3), pairs: pairs(3, 2) }]
    );
    for step in [Step::CipherTextStored, Step::Pushing, Step::Pushed] {
        assert_eq!(next(&client, &at(step)), [ClientEffect::Wait]);
    }
    let given_up = client.give_up();
    assert_eq!(next(&given_up, &at(Step::Pushing)), [ClientEffect::SendAbandon { fence: fence(3) }]);
}

#[test]
fn old_halves_are_deleted_only_when_the_server_has_the_new_ones_in_force() {
    let mut client = with_halves();
    let old = ClientHalf { generation: Generation(1), pairs: pairs(1, 1), status: PairStatus::Active };
    client.halves.insert(0, old);
    let (client, _) = client.view(&view(3, 1, Some((fence(3), Step::Pushed)), None));
    assert_eq!(client.active(), Some(&old));
    assert_eq!(client.halves().len(), 2);

    let done = view(3, 3, None, Some((fence(3), true)));
    // the answer about the commit is not there yet, and signing has to go on
    assert_eq!(client.fitting(&done).map(|half| half.generation), Some(Generation(3)));
    let (client, effects) = client.view(&done);
    assert_eq!(
        effects,
        [
            ClientEffect::DeleteKeysBefore { method: BackupMethod::Gdrive, generation: Generation(3) },
            ClientEffect::Finished { fence: fence(3), committed: true },
        ]
    );
    assert_eq!(client.halves().len(), 1);
    assert_eq!(client.active().unwrap().generation, Generation(3));
    assert_eq!(client.operation(), None);
    assert_eq!(client.view(&done), (client, vec![]));
}

#[test]
fn an_operation_that_was_given_up_leaves_the_old_halves_and_can_be_begun_anew() {
    let mut client = with_halves();
    let old = ClientHalf { generation: Generation(1), pairs: pairs(1, 1), status: PairStatus::Active };
    client.halves.insert(0, old);
    let over = view(3, 1, None, Some((fence(3), false)));
    let (client, effects) = client.view(&over);
    assert_eq!(effects, [ClientEffect::Finished { fence: fence(3), committed: false }]);
    assert_eq!(client.halves(), [old]);
    // the app may have the cipher text, so that it is remembered
    assert_eq!(client.backups().len(), 1);
    let again = client.begin(fence(4).operation, rotation(), &over).unwrap();
    assert_eq!(again.operation().unwrap().fence, fence(4));
    assert_eq!(again.begin(fence(5).operation, rotation(), &over), None);
}

#[test]
fn older_answers_change_nothing() {
    let (client, _) = with_halves().view(&view(3, 3, None, Some((fence(3), true))));
    let old = view(2, 1, None, None);
    assert_eq!(client.view(&old), (client, vec![ClientEffect::Wait]));
}

#[test]
fn an_operation_that_the_server_forgot_is_judged_by_what_is_in_force() {
    for (in_force, committed) in [(3, true), (1, false)] {
        let (client, effects) = with_halves().view(&view(9, in_force, None, Some((fence(9), false))));
        assert!(effects.contains(&ClientEffect::Finished { fence: fence(3), committed }));
        assert_eq!(client.active().is_some(), committed);
    }
}

#[test]
fn the_operation_of_another_device_is_offered_to_be_given_up() {
    let view = view(3, 1, Some((fence(3), Step::Began)), None);
    assert_eq!(next(&ClientState::default(), &view), [ClientEffect::OfferAbandon { fence: fence(3) }]);
}

#[test]
fn halves_of_another_operation_are_not_taken() {
    let client = recovering();
    assert_eq!(client.protocol_finished(fence(4), Some(pairs(4, 1)), None), client);
    let client = with_halves();
    assert_eq!(client.protocol_finished(fence(3), Some(pairs(9, 1)), None), client);
}

#[test]
fn a_backup_by_one_method_leaves_the_cipher_texts_of_others() {
    let mut client = with_halves();
    let other = ClientBackup {
        generation: Generation(2),
        method: BackupMethod::Password,
        pairs: pairs(2, 2),
        key_stored: true,
        cipher_text_stored: true,
    };
    client.backups.insert(0, other);
    let (client, _) = client.view(&view(3, 3, None, Some((fence(3), true))));
    assert_eq!(client.backups().len(), 2);
    let text = serde_json::to_string(&client).unwrap();
    assert_eq!(serde_json::from_str::<ClientState>(&text).unwrap(), client, "{text}");
}

#[test]
fn an_operation_that_was_refused_is_forgotten_unless_it_made_something() {
    let client = recovering();
    assert_eq!(client.not_begun(fence(4)), client);
    let forgotten = client.not_begun(fence(3));
    assert_eq!(forgotten.operation(), None);
    let idle = view(2, 1, None, Some((fence(2), true)));
    assert!(forgotten.begin(fence(9).operation, rotation(), &idle).is_some());
    // a request that was under way began it: it is given up like that of another device
    let begun = view(3, 1, Some((fence(3), Step::Began)), None);
    assert_eq!(next(&forgotten, &begun), [ClientEffect::OfferAbandon { fence: fence(3) }]);
    let made = with_halves();
    assert_eq!(made.not_begun(fence(3)), made);
}
