//! A peer that cheats, and halves of two pairs: what FROST itself does not refuse.

use std::sync::LazyLock;

use frost_ed25519::keys::dkg::{round1, round2};
use frost_ed25519::round1::SigningCommitments;
use proptest::prelude::*;

use super::Frost;
use crate::backend::{Backend, Fresh, Stage};
use crate::error::MpcError;
use crate::half::{BackupHalf, SigningHalf};
use crate::ids::{Curve, Party, WalletId};
use crate::op::checked_signing;
use crate::session::testing::{damage, edit, run};
use crate::session::turn::Payload;
use crate::signature::SignRequest;

const CURVE: Curve = Curve::Ed25519;

fn stages(session: u8) -> [Stage; 2] {
    [Party::Client, Party::Server].map(|party| Stage {
        session: [session; 32],
        party,
        wallet: WalletId([0; 16]),
        generation: 1,
    })
}

fn keygen_with(tamper: impl FnMut(usize, &mut Vec<Payload>)) -> Result<(Fresh, Fresh), MpcError> {
    let [client, server] = stages(1);
    run(Frost.keygen(&client)?, Frost.keygen(&server)?, tamper)
}

static PAIR: LazyLock<(SigningHalf, SigningHalf)> = LazyLock::new(|| pair(2));

fn pair(session: u8) -> (SigningHalf, SigningHalf) {
    let [client, server] = stages(session);
    let turns = (Frost.keygen(&client).unwrap(), Frost.keygen(&server).unwrap());
    let (own, theirs) = run(turns.0, turns.1, |_, _| ()).unwrap();
    (SigningHalf::of(&client, CURVE, own).unwrap(), SigningHalf::of(&server, CURVE, theirs).unwrap())
}

#[test]
fn a_package_that_is_not_the_committed_one_is_refused() {
    let mut foreign = None;
    keygen_with(|count, messages| {
        if count == 3 {
            foreign = Some(crate::wire::decode::<(round1::Package, round2::Package)>(&messages[0]).unwrap());
        }
    })
    .unwrap();
    let result = keygen_with(|count, messages| {
        if count == 3 {
            messages[0] = crate::wire::encode(foreign.as_ref().unwrap()).unwrap();
        }
    });
    assert_eq!(result.err(), Some(MpcError::Recoverable("commitment")));
}

#[test]
fn a_client_cannot_repeat_the_package_of_the_server() {
    let [client, server] = stages(1);
    for flavour in [false, true] {
        let begin = |stage: &Stage, half: &SigningHalf| match flavour {
            true => Frost.refresh(stage, half.share()),
            false => Frost.keygen(stage),
        };
        let mut mirrored = None;
        let turns = (begin(&client, &PAIR.0).unwrap(), begin(&server, &PAIR.1).unwrap());
        let result = run(turns.0, turns.1, |count, messages| match count {
            1 => (),
            2 => mirrored = Some(messages[0].clone()),
            _ => edit::<(round1::Package, round2::Package)>(messages, |third| {
                third.0 = crate::wire::decode(mirrored.as_ref().unwrap()).unwrap();
            }),
        });
        // it committed before it saw it
        assert_eq!(result.err(), Some(MpcError::Recoverable("commitment")));
    }
}

#[test]
fn a_mirrored_nonce_is_refused() {
    let [client, server] = stages(3);
    let request = SignRequest::message(b"x".as_slice());
    let mut first = None;
    let result = run(
        Frost.sign(&client, &PAIR.0, &request).unwrap(),
        Frost.sign(&server, &PAIR.1, &request).unwrap(),
        |count, messages| match count {
            1 => first = Some(crate::wire::decode::<SigningCommitments>(&messages[0]).unwrap()),
            _ => edit::<(SigningCommitments, frost_ed25519::round2::SignatureShare)>(messages, |second| {
                second.0 = first.unwrap();
            }),
        },
    );
    assert_eq!(result.err(), Some(MpcError::Mirrored));
}

#[test]
fn a_refresh_of_two_pairs_is_found_when_both_sides_compare() {
    let [client, server] = stages(4);
    let turns = (Frost.back_up(&client, &PAIR.0).unwrap(), Frost.back_up(&server, &PAIR.1).unwrap());
    let (_, theirs) = run(turns.0, turns.1, |_, _| ()).unwrap();
    let backup = BackupHalf::of(&server, CURVE, theirs).unwrap();

    // FROST itself lets it pass
    let mixed = || (Frost.refresh(&client, PAIR.0.share()).unwrap(), Frost.refresh(&server, backup.share()).unwrap());
    let turns = mixed();
    let (own, theirs) = run(turns.0, turns.1, |_, _| ()).unwrap();
    assert_eq!(own.public_key, theirs.public_key);
    assert_ne!(own.shares, theirs.shares);
    // and what comes of it cannot sign
    let halves = (SigningHalf::of(&client, CURVE, own).unwrap(), SigningHalf::of(&server, CURVE, theirs).unwrap());
    let request = SignRequest::message(b"x".as_slice());
    let turns = (Frost.sign(&client, &halves.0, &request).unwrap(), Frost.sign(&server, &halves.1, &request).unwrap());
    assert_eq!(run(turns.0, turns.1, |_, _| ()).err(), Some(MpcError::SignShareMismatch));

    let turns = mixed();
    let checked =
        (checked_signing(&client, CURVE, turns.0).unwrap(), checked_signing(&server, CURVE, turns.1).unwrap());
    assert_eq!(run(checked.0, checked.1, |_, _| ()).err(), Some(MpcError::RefreshMismatch));
}

#[test]
fn halves_of_two_pairs_do_not_sign_even_in_one_session() {
    let [client, server] = stages(5);
    let other = pair(6);
    let request = SignRequest::message(b"x".as_slice());
    for (own, theirs) in [(&PAIR.0, &other.1), (&other.0, &PAIR.1)] {
        let turns = (Frost.sign(&client, own, &request).unwrap(), Frost.sign(&server, theirs, &request).unwrap());
        assert_eq!(run(turns.0, turns.1, |_, _| ()).err(), Some(MpcError::SignShareMismatch));
    }
}

#[test]
fn a_server_that_was_shown_no_signature_has_no_pair() {
    let [client, server] = stages(7);
    let turn = |stage: &Stage| checked_signing(stage, CURVE, Frost.keygen(stage).unwrap()).unwrap();
    let result = run(turn(&client), turn(&server), |count, messages| {
        if count == 7 {
            let last = messages[0].len() - 1;
            damage(messages, last, 1, 2);
        }
    });
    assert_eq!(result.err(), Some(MpcError::Recoverable("signature")));
}

#[test]
fn damaged_messages_never_panic_and_never_make_a_pair() {
    let strategy = (1..=8_usize, any::<usize>(), 1..=255_u8, 0..8_u8);
    proptest!(|((which, at, mask, how) in strategy)| {
        let [client, server] = stages(8);
        let turn = |stage: &Stage| checked_signing(stage, CURVE, Frost.keygen(stage).unwrap()).unwrap();
        let made = run(turn(&client), turn(&server), |count, messages| {
            if count == which { damage(messages, at, mask, how) }
        });
        prop_assert!(made.is_err());
    });
}
