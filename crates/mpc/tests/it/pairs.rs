//! Pairs: made, refreshed, backed up, recovered (`spec/wallet.md` section 3).

use keystead_mpc::{Curve, MpcError};

use crate::drive::{CURVES, Two, assert_signs, back_up, both, keygen, recover, refresh, renew, request, sign};

#[test]
fn a_new_key_signs_and_both_sides_hold_the_same_pair() {
    for curve in CURVES {
        let pair = keygen(curve);
        assert_eq!(pair.client.commitments(), pair.server.commitments());
        assert_ne!(pair.client.share().secret(), pair.server.share().secret());
        assert_eq!(pair.client.commitments().chain_code().is_some(), curve == Curve::Secp256k1);
        assert_signs(both(&pair));
        assert_ne!(keygen(curve).client.commitments().public_key(), pair.client.commitments().public_key());
    }
}

#[test]
fn a_refresh_makes_a_second_pair_for_the_same_key_and_halves_of_the_two_never_sign() {
    for curve in CURVES {
        let old = keygen(curve);
        let new = refresh(2, both(&old)).unwrap();
        assert_eq!(new.client.commitments().public_key(), old.client.commitments().public_key());
        assert_eq!(new.client.commitments().chain_code(), old.client.commitments().chain_code());
        assert_ne!(new.client.commitments().pair(), old.client.commitments().pair());
        assert_ne!(new.client.share().secret(), old.client.share().secret());
        assert_ne!(new.server.share().secret(), old.server.share().secret());
        assert_signs(both(&old));
        assert_signs(both(&new));
        for mixed in
            [Two { client: &old.client, server: &new.server }, Two { client: &new.client, server: &old.server }]
        {
            // the generations differ, hence the sessions
            assert_eq!(sign(mixed, &request(curve)).err(), Some(MpcError::WrongSession));
        }
    }
}

#[test]
fn halves_of_two_pairs_of_one_generation_never_sign_and_are_never_refreshed() {
    for curve in CURVES {
        let source = keygen(curve);
        let one = refresh(2, both(&source)).unwrap();
        let other = refresh(2, both(&source)).unwrap();
        for (client, server) in [(&one.client, &other.server), (&other.client, &one.server)] {
            let mixed = || Two { client, server };
            assert_eq!(sign(mixed(), &request(curve)).err(), Some(MpcError::SignShareMismatch));
            assert_eq!(refresh(3, mixed()).err(), Some(MpcError::RefreshMismatch));
            assert_eq!(back_up(3, mixed()).err(), Some(MpcError::RefreshMismatch));
        }
    }
}

#[test]
fn a_refresh_that_ended_on_one_side_only_leaves_the_old_pair_working() {
    for curve in CURVES {
        let old = keygen(curve);
        let done = refresh(2, both(&old)).unwrap();
        // the server lost its half: the client's new one is of no use, and a second try works
        let half_done = Two { client: &done.client, server: &old.server };
        assert!(sign(half_done, &request(curve)).is_err());
        assert_signs(both(&old));
        assert_signs(both(&refresh(2, both(&old)).unwrap()));
    }
}

#[test]
fn a_chain_of_refreshes_keeps_the_key() {
    for curve in CURVES {
        let first = keygen(curve);
        let key = first.client.commitments().public_key().to_vec();
        let mut pair = first;
        for generation in 2..=5 {
            pair = refresh(generation, both(&pair)).unwrap();
            assert_eq!(pair.server.commitments().generation(), generation);
            assert_eq!(pair.client.commitments().public_key(), key);
        }
        assert_signs(both(&pair));
    }
}

#[test]
fn of_a_backup_come_new_pairs_and_old_and_new_never_mix() {
    for curve in CURVES {
        let old = keygen(curve);
        let backup = back_up(1, both(&old)).unwrap();
        assert_eq!(backup.client.commitments(), backup.server.commitments());
        assert_ne!(backup.client.share().secret(), old.client.share().secret());

        let new = recover(2, both(&backup)).unwrap();
        let (signing, renewed) = (Two { client: &new.client.signing, server: &new.server.signing }, &new);
        assert_eq!(signing.client.commitments().public_key(), old.client.commitments().public_key());
        assert_signs(signing);
        let again = recover(3, Two { client: &renewed.client.backup, server: &renewed.server.backup }).unwrap();
        assert_signs(Two { client: &again.client.signing, server: &again.server.signing });

        for (client, server) in [
            (&old.client, &new.server.signing),
            (&new.client.signing, &old.server),
            (&new.client.signing, &again.server.signing),
        ] {
            assert!(sign(Two { client, server }, &request(curve)).is_err());
        }
        for (client, server) in [(&backup.client, &new.server.backup), (&new.client.backup, &backup.server)] {
            let mixed = || Two { client, server };
            assert_eq!(recover(3, mixed()).err(), Some(MpcError::RefreshMismatch));
            assert_eq!(renew(3, mixed()).err(), Some(MpcError::RefreshMismatch));
        }
        // until it is deleted, what was before works on
        assert_signs(both(&old));
        assert_signs(both(&renew(2, both(&backup)).unwrap()));
    }
}
