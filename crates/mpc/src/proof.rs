//! Proof that somebody has a half, which neither shows nor uses it: Schnorr's, of the discrete logarithm of the public
//! point of a share, made non-interactive (Fiat and Shamir) and bound to a challenge of whoever asks.
//!
//! The hash is over everything that is public of the pair (wallet, pair, kind, curve, generation, keys), whose half it
//! is, the challenge and the commitment. A proof therefore counts for one half of one pair and one challenge.
//!
//! ```text
//! commitment, a point (33 bytes on secp256k1, 32 on Ed25519) | response, a scalar of 32 bytes
//! ```

use rand_core_06::{OsRng, RngCore};
use zeroize::Zeroizing;

use crate::backend::{Backend, Challenge, backend};
use crate::error::MpcError;
use crate::half::{BackupHalf, PairCommitments};
use crate::hash::tagged;
use crate::ids::{Curve, Party};
use crate::secret::SecretScalar;

/// A scalar is found in the first or second try, or the source of randomness is broken.
const TRIES: u8 = 128;

/// Proves that whoever has the half answered this challenge.
///
/// # Errors
/// There is no randomness.
pub fn prove_share(half: &BackupHalf, challenge: &[u8; 32]) -> Result<Vec<u8>, MpcError> {
    let (commitments, secret) = (half.commitments(), half.share().secret());
    let curve = backend(half.curve());
    let failed = || MpcError::Request("there is no randomness");
    let (nonce, commitment) = make_nonce(curve, half.curve(), secret, challenge).ok_or_else(failed)?;
    let hashed = hash(commitments, half.party(), challenge, &commitment);
    let response = curve.respond(&nonce, &hashed, secret).ok_or_else(failed)?;
    Ok([commitment.as_slice(), &response].concat())
}

/// Whether `proof` is one that `party` has its half of the pair, for this challenge.
pub fn verify_share(commitments: &PairCommitments, party: Party, challenge: &[u8; 32], proof: &[u8]) -> bool {
    let Some((commitment, response)) = proof.split_last_chunk::<32>() else { return false };
    let hashed = hash(commitments, party, challenge, commitment);
    commitment.len() == commitments.curve().point_length()
        && backend(commitments.curve()).responds(commitment, &hashed, commitments.share(party), response)
}

fn hash(commitments: &PairCommitments, party: Party, challenge: &[u8; 32], commitment: &[u8]) -> Challenge {
    let parts: [&[u8]; 4] = [&commitments.digest(), &[party.index()], challenge, commitment];
    let [_, rest @ ..] = tagged("proof of a share", &parts);
    rest
}

/// A secret scalar that is never used again, and its point. The share goes into it too: with a broken source of
/// randomness, two proofs would have the same one only for the same challenge.
fn make_nonce(
    library: &dyn Backend,
    curve: Curve,
    secret: &SecretScalar,
    challenge: &[u8; 32],
) -> Option<(SecretScalar, Vec<u8>)> {
    let mut fresh = Zeroizing::new([0; 32]);
    OsRng.try_fill_bytes(&mut *fresh).ok()?;
    (0..TRIES).find_map(|attempt| {
        let mut bytes = tagged("nonce of a proof", &[secret.expose(), &*fresh, challenge, &[attempt]]);
        if let (Curve::Ed25519, Some(top)) = (curve, bytes.last_mut()) {
            // the order is a little more than 2^252
            *top &= 0x1f;
        }
        let nonce = SecretScalar::new(bytes);
        let point = library.public_of(&nonce)?;
        Some((nonce, point))
    })
}
