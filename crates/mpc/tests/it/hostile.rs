//! Messages that are not what they should be.

use keystead_mpc::{Curve, MAX_MESSAGE, Malformed, MpcError};
use proptest::prelude::*;

use crate::drive::{CURVES, both, fresh, keygen, refresh, request};

#[test]
fn what_is_not_the_next_message_changes_nothing() {
    for curve in CURVES {
        let pair = keygen(curve);
        let params = fresh(1);
        let mut client = keystead_mpc::sign(&params.client, &pair.client, &request(curve)).unwrap();
        let mut server = keystead_mpc::sign(&params.server, &pair.server, &request(curve)).unwrap();
        let elsewhere = fresh(1);
        let mut other = keystead_mpc::sign(&elsewhere.client, &pair.client, &request(curve)).unwrap();

        let first = client.start().unwrap().unwrap();
        assert_eq!(client.start().err(), Some(MpcError::Over));
        // its own message comes back; another session's; too long; damaged; of another version
        assert_eq!(client.handle(&first).err(), Some(MpcError::WrongSession));
        assert_eq!(server.handle(&other.start().unwrap().unwrap()).err(), Some(MpcError::WrongSession));
        assert_eq!(server.handle(&vec![1; MAX_MESSAGE + 1]).err(), Some(Malformed::TooLong.into()));
        assert_eq!(server.handle(&[]).err(), Some(Malformed::Length.into()));
        let mut damaged = first.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(server.handle(&damaged).err(), Some(Malformed::Checksum.into()));
        let mut newer = first.clone();
        newer[0] = 2;
        assert_eq!(server.handle(&newer).err(), Some(Malformed::Version.into()));
        assert!(!server.is_over() && !client.is_over());

        let second = server.handle(&first).unwrap().message.unwrap();
        // the first message again
        assert_eq!(
            server.handle(&first).err(),
            Some(if curve == Curve::Secp256k1 { MpcError::WrongSession } else { MpcError::Over })
        );
        assert!(client.handle(&second).is_ok());
    }
}

#[test]
fn a_session_of_another_operation_does_not_listen() {
    let pair = keygen(Curve::Ed25519);
    let params = fresh(2);
    let mut client = keystead_mpc::refresh(&params.client, &pair.client).unwrap();
    let mut server = keystead_mpc::back_up(&params.server, &pair.server).unwrap();
    assert_eq!(server.handle(&client.start().unwrap().unwrap()).err(), Some(MpcError::WrongSession));
}

#[test]
fn whatever_comes_a_session_neither_panics_nor_loses_its_place() {
    let pair = keygen(Curve::Ed25519);
    let params = fresh(1);
    let content = request(Curve::Ed25519);
    let mut client = keystead_mpc::sign(&params.client, &pair.client, &content).unwrap();
    let first = client.start().unwrap().unwrap();
    let strategy = (any::<prop::sample::Index>(), 1..=255_u8, 0..4_u8, prop::collection::vec(any::<u8>(), 0..400));
    proptest!(|((index, mask, how, random) in strategy)| {
        let mut server = keystead_mpc::sign(&params.server, &pair.server, &content).unwrap();
        let mut message = first.clone();
        let at = index.index(message.len());
        match how {
            0 => message[at] ^= mask,
            1 => message.truncate(at),
            2 => { message.splice(at..at, random); message.push(0) }
            _ => message = random,
        }
        prop_assert!(server.handle(&message).is_err());
        prop_assert!(!server.is_over());
        prop_assert!(server.handle(&first).is_ok());
    });
}

#[test]
fn sessions_of_all_operations_can_be_kept_together() {
    #[derive(Debug)]
    enum Outcome {
        Signed,
        Refreshed,
    }
    let pair = keygen(Curve::Ed25519);
    let (one, two) = (fresh(1), fresh(2));
    let mut sessions = [
        keystead_mpc::sign(&one.server, &pair.server, &request(Curve::Ed25519)).unwrap().map(|_| Outcome::Signed),
        keystead_mpc::refresh(&two.server, &pair.server).unwrap().map(|_| Outcome::Refreshed),
    ];
    assert_ne!(sessions[0].id(), sessions[1].id());
    let mut client = keystead_mpc::sign(&one.client, &pair.client, &request(Curve::Ed25519)).unwrap();
    let step = sessions[0].handle(&client.start().unwrap().unwrap()).unwrap();
    assert!(matches!(step.outcome, Some(Outcome::Signed)));
    assert!(sessions[0].is_over() && !sessions[1].is_over());
    drop(refresh(2, both(&pair)).unwrap());
}

#[test]
fn a_session_can_be_moved_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&keystead_mpc::keygen(&fresh(1).client, Curve::Secp256k1).unwrap());
}
