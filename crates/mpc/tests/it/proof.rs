//! Proofs that a half is at hand.

use keystead_mpc::{Party, prove_share, verify_share};

use crate::drive::{CURVES, back_up, both, keygen};

#[test]
fn a_proof_counts_for_one_half_of_one_pair_and_one_challenge() {
    let (challenge, another) = ([7; 32], [8; 32]);
    for curve in CURVES {
        let pair = keygen(curve);
        let backup = back_up(1, both(&pair)).unwrap();
        let newer = back_up(2, both(&pair)).unwrap();
        let of = backup.client.commitments();
        let [client, server] = [&backup.client, &backup.server].map(|half| prove_share(half, &challenge).unwrap());
        assert!(verify_share(of, Party::Client, &challenge, &client));
        assert!(verify_share(of, Party::Server, &challenge, &server));
        assert_ne!(client, prove_share(&backup.client, &challenge).unwrap(), "another nonce each time");

        assert!(!verify_share(of, Party::Client, &another, &client), "an older proof");
        assert!(!verify_share(of, Party::Server, &challenge, &client), "the other side's proof sent back");
        assert!(!verify_share(newer.client.commitments(), Party::Client, &challenge, &client), "another generation");
        let newer = prove_share(&newer.client, &challenge).unwrap();
        assert!(!verify_share(of, Party::Client, &challenge, &newer));
        for position in 0..client.len() {
            let mut changed = client.clone();
            changed[position] ^= 1;
            assert!(!verify_share(of, Party::Client, &challenge, &changed), "{position}");
        }
        for length in 0..client.len() {
            assert!(!verify_share(of, Party::Client, &challenge, &client[..length]), "{length}");
        }
        assert!(!verify_share(of, Party::Client, &challenge, &[client.as_slice(), &[0]].concat()));
        let (share, shown) = (backup.client.share().secret().expose(), &client);
        assert!(!shown.windows(32).any(|window| window == share));
    }
}
