//! Signatures.

use keystead_mpc::{Curve, MpcError, SignRequest, derive_public};

use crate::drive::{CURVES, Two, assert_valid, back_up, both, fresh, keygen, recover, request, run, run_with, sign};

#[test]
fn messages_are_as_many_and_as_long_as_the_specification_says() {
    for (curve, messages, up, down) in [(Curve::Secp256k1, 4, 83_000, 83_000), (Curve::Ed25519, 2, 200, 250)] {
        let pair = keygen(curve);
        let params = fresh(1);
        let client = keystead_mpc::sign(&params.client, &pair.client, &request(curve)).unwrap();
        let server = keystead_mpc::sign(&params.server, &pair.server, &request(curve)).unwrap();
        let (_, _, transcript) = run_with(client, server, |_, _| ()).unwrap();
        assert_eq!(transcript.messages.len(), messages);
        let (sent, received) = transcript.bytes();
        assert!(sent < up && received < down, "{sent} {received}");
    }
}

#[test]
fn both_must_sign_the_same() {
    for curve in CURVES {
        let pair = keygen(curve);
        let other = match curve {
            Curve::Secp256k1 => SignRequest::digest([0x5b; 32]),
            Curve::Ed25519 => SignRequest::message(b"another".as_slice()),
        };
        let params = fresh(1);
        let result = run(
            keystead_mpc::sign(&params.client, &pair.client, &request(curve)),
            keystead_mpc::sign(&params.server, &pair.server, &other),
        );
        assert_eq!(result.err(), Some(MpcError::WrongSession));
    }
}

#[test]
fn children_are_the_same_from_every_pair_and_sign() {
    let old = keygen(Curve::Secp256k1);
    let backup = back_up(1, both(&old)).unwrap();
    let new = recover(2, both(&backup)).unwrap();
    let path = [44, 60, 0, 0, 7];
    let child = derive_public(old.client.commitments(), &path).unwrap();
    assert_ne!(child, old.client.commitments().public_key());
    for commitments in [backup.server.commitments(), new.client.signing.commitments(), new.server.backup.commitments()]
    {
        assert_eq!(derive_public(commitments, &path).unwrap(), child);
    }
    let request = request(Curve::Secp256k1).at_path(path);
    let signings = Two { client: &new.client.signing, server: &new.server.signing };
    for pair in [both(&old), signings] {
        let signed = sign(pair, &request).unwrap();
        assert_eq!(signed.client.public_key, child);
        assert_valid(&signed, &request);
    }

    let hardened = SignRequest::digest([1; 32]).at_path([0x8000_0000]);
    assert!(matches!(sign(both(&old), &hardened).err(), Some(MpcError::Request(_))));
    let ed25519 = keygen(Curve::Ed25519);
    assert!(derive_public(ed25519.client.commitments(), &[]).is_err());
    let child = SignRequest::message(b"x".as_slice()).at_path([1]);
    assert!(matches!(sign(both(&ed25519), &child).err(), Some(MpcError::Request(_))));
}
