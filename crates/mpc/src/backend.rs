//! What a library for one curve must do for us. The rest of the crate knows no library.
//!
//! A backend runs the bare protocols; the comparison of what both sides hold, the test signature, frames,
//! ids and encodings are the same for all. Another library can take over a pair that exists: shares are
//! Shamir shares at 1 and 2, so a refresh by the new library re-shares them.

use zeroize::Zeroizing;

use crate::dkls::Dkls23;
use crate::error::{Malformed, MpcError};
use crate::frost::Frost;
use crate::half::{Share, SigningHalf};
use crate::hash::tagged;
use crate::ids::{Curve, Party, WalletId};
use crate::secret::SecretScalar;
use crate::session::turn::Turn;
use crate::signature::{SignRequest, Signed};

/// Where a protocol runs.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    /// Unique to this run of this protocol; all proofs bind to it.
    pub(crate) session: [u8; 32],
    /// Which of the two we are.
    pub(crate) party: Party,
    /// The wallet.
    pub(crate) wallet: WalletId,
    /// The generation that comes of it.
    pub(crate) generation: u32,
}

impl Stage {
    /// A part of this session, with an id of its own.
    pub(crate) fn part(&self, name: &str) -> Self {
        Self { session: tagged("part", &[&self.session, name.as_bytes()]), ..self.clone() }
    }
}

/// What a party holds after a key generation or a refresh.
pub(crate) struct Fresh {
    /// The public key.
    pub(crate) public_key: Vec<u8>,
    /// The public points of the shares, in order of party.
    pub(crate) shares: [Vec<u8>; 2],
    /// The chain code (BIP-32), if the curve has children.
    pub(crate) chain_code: Option<[u8; 32]>,
    /// Our share.
    pub(crate) secret: SecretScalar,
    /// What the library needs beside, to sign. Empty for a pair that cannot.
    pub(crate) state: Zeroizing<Vec<u8>>,
}

/// A challenge that is a scalar of either curve, the most significant byte first.
pub(crate) type Challenge = [u8; 31];

/// One curve, by one library.
pub(crate) trait Backend: Sync {
    /// A new key.
    ///
    /// # Errors
    /// As [`Session::handle`](crate::Session::handle); so do all the others.
    fn keygen(&self, stage: &Stage) -> Result<Turn<Fresh>, MpcError>;

    /// A new pair for the key of `source`, with nothing reused: it may sign.
    ///
    /// # Errors
    /// As above.
    fn refresh(&self, stage: &Stage, source: &Share) -> Result<Turn<Fresh>, MpcError>;

    /// A new pair that need not sign: cheaper where possible.
    ///
    /// # Errors
    /// As above.
    fn back_up(&self, stage: &Stage, source: &SigningHalf) -> Result<Turn<Fresh>, MpcError>;

    /// A signature.
    ///
    /// # Errors
    /// As above.
    fn sign(&self, stage: &Stage, half: &SigningHalf, request: &SignRequest) -> Result<Turn<Signed>, MpcError>;

    /// Whether `signature` is one of `content` (a digest on secp256k1) by `public_key`.
    fn verify(&self, public_key: &[u8], content: &[u8], signature: &[u8; 64]) -> bool;

    /// The public point of a scalar; `None` unless it is canonical and not zero.
    fn public_of(&self, secret: &SecretScalar) -> Option<Vec<u8>>;

    /// The public key of two public points at 1 and 2.
    fn combine_points(&self, points: &[Vec<u8>; 2]) -> Option<Vec<u8>>;

    /// The private key of two shares at 1 and 2.
    fn combine(&self, secrets: [&SecretScalar; 2]) -> Option<SecretScalar>;

    /// `nonce + challenge * secret`, where the challenge is below 2^248.
    fn respond(&self, nonce: &SecretScalar, challenge: &Challenge, secret: &SecretScalar) -> Option<[u8; 32]>;

    /// Whether `response` is that of whoever knows the secrets of the points `nonce` and `public`.
    fn responds(&self, nonce: &[u8], challenge: &Challenge, public: &[u8], response: &[u8; 32]) -> bool;

    /// Whether `state` is one with which `share` can sign.
    ///
    /// # Errors
    /// [`Malformed`] otherwise.
    fn check_state(&self, share: &Share, state: &[u8]) -> Result<(), Malformed>;

    /// Whether keys of this curve have a chain code.
    fn has_chain_code(&self) -> bool;
}

/// The library that we use for a curve.
pub(crate) fn backend(curve: Curve) -> &'static dyn Backend {
    match curve {
        Curve::Secp256k1 => &Dkls23,
        Curve::Ed25519 => &Frost,
    }
}
