//! Halves on the disk.

use keystead_mpc::{
    BackupHalf, Curve, MAX_STORED, Malformed, MpcError, PairCommitments, Party, SessionParams, SigningHalf, WalletId,
};
use proptest::prelude::*;

use crate::drive::{CURVES, Two, assert_signs, back_up, both, fresh, keygen, refresh, run};

#[test]
fn halves_survive_the_disk_and_work() {
    for curve in CURVES {
        let pair = keygen(curve);
        let read = Two {
            client: SigningHalf::from_bytes(&pair.client.to_bytes()).unwrap(),
            server: SigningHalf::from_bytes(&pair.server.to_bytes()).unwrap(),
        };
        assert_eq!(read.client.to_bytes(), pair.client.to_bytes());
        assert_signs(both(&read));
        let params = fresh(1);
        run(
            keystead_mpc::test_sign(&params.client, &read.client),
            keystead_mpc::test_sign(&params.server, &read.server),
        )
        .unwrap();

        let backup = back_up(1, both(&read)).unwrap();
        let bytes = backup.server.to_bytes();
        assert_eq!(bytes.len(), if curve == Curve::Secp256k1 { 219 } else { 184 });
        let read = BackupHalf::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);
        assert_eq!(read.party(), Party::Server);
        let commitments = read.commitments();
        assert_eq!(PairCommitments::from_bytes(&commitments.to_bytes()).unwrap(), *commitments);
    }
}

#[test]
fn a_drill_tells_the_half_of_a_pair_from_all_others() {
    for curve in CURVES {
        let pair = keygen(curve);
        let one = back_up(1, both(&pair)).unwrap();
        let other = back_up(1, both(&pair)).unwrap();
        let kept = PairCommitments::from_bytes(&one.server.commitments().to_bytes()).unwrap();
        assert!(one.client.matches(&kept) && one.server.matches(&kept));
        assert!(!other.client.matches(&kept));
        assert!(!pair.client.matches(&kept));
    }
}

#[test]
fn one_kind_of_half_is_not_the_other() {
    for curve in CURVES {
        let pair = keygen(curve);
        let backup = back_up(1, both(&pair)).unwrap();
        assert_eq!(BackupHalf::from_bytes(&pair.client.to_bytes()).err(), Some(Malformed::Value));
        assert_eq!(SigningHalf::from_bytes(&backup.client.to_bytes()).err(), Some(Malformed::Value));
    }
}

#[test]
fn nothing_says_the_share() {
    for curve in CURVES {
        let pair = keygen(curve);
        let backup = back_up(1, both(&pair)).unwrap();
        let params = fresh(1);
        let session = keystead_mpc::sign(&params.client, &pair.client, &crate::drive::request(curve)).unwrap();
        for (text, share) in [
            (format!("{:?}", pair.client), pair.client.share()),
            (format!("{:?}", backup.client), backup.client.share()),
            (format!("{session:?}"), pair.client.share()),
            (format!("{:?}", pair.client.share().secret()), pair.client.share()),
        ] {
            let secret = share.secret().expose();
            assert!(!text.contains(&hex::encode(secret)) && !text.contains(&format!("{secret:?}")), "{text}");
            assert!(text.len() < 120, "{text}");
        }
    }
}

#[test]
fn whose_half_of_what_and_which_generation_is_checked() {
    let pair = keygen(Curve::Ed25519);
    let backup = back_up(1, both(&pair)).unwrap();
    let refused = |result: Option<MpcError>| assert!(matches!(result, Some(MpcError::Request(_))), "{result:?}");
    let params = fresh(1);
    refused(keystead_mpc::refresh(&params.client, &pair.client).err());
    refused(keystead_mpc::recover(&params.client, &backup.client).err());
    refused(keystead_mpc::back_up(&fresh(0).client, &pair.client).err());
    refused(keystead_mpc::refresh(&fresh(2).client, &pair.server).err());
    refused(keystead_mpc::sign(&fresh(2).client, &pair.client, &crate::drive::request(Curve::Ed25519)).err());
    refused(keystead_mpc::sign(&params.client, &pair.server, &crate::drive::request(Curve::Ed25519)).err());
    refused(keystead_mpc::sign(&params.client, &pair.client, &crate::drive::request(Curve::Secp256k1)).err());
    let same_nonces = SessionParams { server_nonce: params.client.client_nonce, ..params.client.clone() };
    refused(keystead_mpc::keygen(&same_nonces, Curve::Ed25519).err());

    let other_wallet = SessionParams { wallet: WalletId([8; 16]), ..params.client };
    let request = crate::drive::request(Curve::Ed25519);
    assert_eq!(keystead_mpc::sign(&other_wallet, &pair.client, &request).err(), Some(MpcError::SignShareMismatch));
    let later = SessionParams { target_generation: 2, ..other_wallet };
    assert_eq!(keystead_mpc::refresh(&later, &pair.client).err(), Some(MpcError::RefreshMismatch));
    assert_eq!(keystead_mpc::recover(&later, &backup.client).err(), Some(MpcError::RefreshMismatch));
}

#[test]
fn too_long_is_not_read() {
    assert_eq!(SigningHalf::from_bytes(&vec![1; MAX_STORED + 1]).err(), Some(Malformed::TooLong));
    assert_eq!(BackupHalf::from_bytes(&[]).err(), Some(Malformed::Length));
}

#[test]
fn a_damaged_half_is_refused() {
    for curve in CURVES {
        let pair = keygen(curve);
        let backup = back_up(1, both(&pair)).unwrap();
        let signing = pair.client.to_bytes().to_vec();
        let backup = backup.client.to_bytes().to_vec();
        let mutation = (any::<prop::sample::Index>(), 1..=255_u8, any::<bool>());
        proptest!(ProptestConfig::with_cases(64), |((index, mask, cut) in mutation)| {
            for (bytes, read) in [
                (&signing, (|bytes| SigningHalf::from_bytes(bytes).err()) as fn(&[u8]) -> Option<Malformed>),
                (&backup, |bytes| BackupHalf::from_bytes(bytes).err()),
            ] {
                let mut damaged = bytes.clone();
                let at = index.index(damaged.len());
                if cut { damaged.truncate(at) } else { damaged[at] ^= mask }
                prop_assert!(read(&damaged).is_some());
            }
        });
    }
}

#[test]
fn random_bytes_are_no_half() {
    proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..300))| {
        prop_assert!(SigningHalf::from_bytes(&bytes).is_err());
        prop_assert!(BackupHalf::from_bytes(&bytes).is_err());
        prop_assert!(PairCommitments::from_bytes(&bytes).is_err());
    });
}

#[test]
fn refreshed_halves_differ_in_all_that_is_secret() {
    let old = keygen(Curve::Secp256k1);
    let new = refresh(2, both(&old)).unwrap();
    assert_ne!(old.client.to_bytes(), new.client.to_bytes());
    assert_ne!(old.client.state(), new.client.state());
}
