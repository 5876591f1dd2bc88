//! The whole key, where its owner wants it.

use keystead_mpc::{BackupHalf, Curve, MpcError, SignRequest, WalletId, derive_public, eject};

use crate::drive::{CURVES, WALLET, back_up, both, keygen, request};

#[test]
fn the_ejected_key_is_the_key_and_signs_by_itself() {
    for curve in CURVES {
        let pair = keygen(curve);
        let backup = back_up(1, both(&pair)).unwrap();
        let key = eject(WALLET, &backup.client, &backup.server).unwrap();
        assert_eq!(key.public_key(), pair.client.commitments().public_key());
        assert!(eject(WALLET, &backup.server, &backup.client).unwrap().secret() == key.secret());
        let content = request(curve);
        match curve {
            Curve::Secp256k1 => {
                use k256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
                let signer = SigningKey::from_slice(key.secret().expose()).unwrap();
                assert_eq!(&*signer.verifying_key().to_sec1_bytes(), key.public_key());
                let _: Signature = signer.sign_prehash(content.content()).unwrap();
                let child = SigningKey::from_slice(key.child(&[44, 1]).unwrap().expose()).unwrap();
                let expected = derive_public(pair.client.commitments(), &[44, 1]).unwrap();
                assert_eq!(child.verifying_key().to_sec1_bytes().as_ref(), expected);
                assert!(key.expanded().is_none() && key.scalar_key().is_none());
            }
            Curve::Ed25519 => {
                let signer = key.scalar_key().unwrap();
                assert_eq!(signer.public_key(), key.public_key());
                assert_eq!(&key.expanded().unwrap()[..32], key.secret().expose());
                let public = ed25519_dalek::VerifyingKey::from_bytes(signer.public_key()).unwrap();
                let signature = ed25519_dalek::Signature::from_bytes(&signer.sign(content.content()).unwrap());
                public.verify_strict(content.content(), &signature).unwrap();
                // the caveat: as a seed, it is another key
                let as_seed = ed25519_dalek::SigningKey::from_bytes(key.secret().expose());
                assert_ne!(as_seed.verifying_key().as_bytes(), key.public_key());
                assert!(key.child(&[1]).is_err());
            }
        }
        assert!(!format!("{key:?}").contains(&hex::encode(key.secret().expose())));
    }
}

#[test]
fn halves_of_two_pairs_eject_nothing() {
    for curve in CURVES {
        let pair = keygen(curve);
        let one = back_up(1, both(&pair)).unwrap();
        let other = back_up(1, both(&pair)).unwrap();
        let refused = |own: &BackupHalf, peer: &BackupHalf, wallet| {
            assert_eq!(eject(wallet, own, peer).err(), Some(MpcError::RefreshMismatch));
        };
        refused(&one.client, &other.server, WALLET);
        refused(&other.client, &one.server, WALLET);
        refused(&one.client, &one.client, WALLET);
        refused(&one.client, &one.server, WalletId([8; 16]));
    }
}

#[test]
fn a_request_says_what_it_is_for() {
    let request = SignRequest::digest([9; 32]).at_path([1, 2]);
    assert_eq!((request.curve(), request.content(), request.path()), (Curve::Secp256k1, &[9; 32][..], &[1, 2][..]));
}
