//! ECDSA on secp256k1 with DKLs23 (<https://eprint.iacr.org/2023/765>), by `dkls23-core`.
//!
//! What the library leaves to its caller is listed in `spec/wallet.md`, section 4; "duty 3" in comments is
//! the third of that list.

mod backup;
mod child;
mod curve;
mod exchange;
#[cfg(test)]
mod hostile;
mod keygen;
mod refresh;
mod sign;
mod state;
pub(crate) mod wire;

use dkls23_core::protocols::{Abort, AbortKind, AbortReason, PartyIndex};

use crate::backend::{Backend, Challenge, Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::half::{Share, SigningHalf};
use crate::ids::Party;
use crate::secret::SecretScalar;
use crate::session::turn::Turn;
use crate::signature::{SignRequest, Signed};
pub use child::derive_public;
pub(crate) use child::derive_secret;

type Secp = k256::Secp256k1;

/// The backend.
pub(crate) struct Dkls23;

impl Backend for Dkls23 {
    fn keygen(&self, stage: &Stage) -> Result<Turn<Fresh>, MpcError> {
        exchange::exchange(stage.party, keygen::Keygen::new(stage)?)
    }

    fn refresh(&self, stage: &Stage, source: &Share) -> Result<Turn<Fresh>, MpcError> {
        exchange::exchange(stage.party, refresh::Complete::new(stage, source)?)
    }

    fn back_up(&self, stage: &Stage, source: &SigningHalf) -> Result<Turn<Fresh>, MpcError> {
        exchange::exchange(stage.party, backup::Fast::new(stage, source)?)
    }

    fn sign(&self, stage: &Stage, half: &SigningHalf, request: &SignRequest) -> Result<Turn<Signed>, MpcError> {
        sign::sign(stage, half, request)
    }

    fn verify(&self, public_key: &[u8], content: &[u8], signature: &[u8; 64]) -> bool {
        curve::verify(public_key, content, signature)
    }

    fn public_of(&self, secret: &SecretScalar) -> Option<Vec<u8>> {
        curve::public_of(secret)
    }

    fn combine_points(&self, points: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
        curve::combine_points(points)
    }

    fn combine(&self, secrets: [&SecretScalar; 2]) -> Option<SecretScalar> {
        curve::combine(secrets)
    }

    fn respond(&self, nonce: &SecretScalar, challenge: &Challenge, secret: &SecretScalar) -> Option<[u8; 32]> {
        curve::respond(nonce, challenge, secret)
    }

    fn responds(&self, nonce: &[u8], challenge: &Challenge, public: &[u8], response: &[u8; 32]) -> bool {
        curve::responds(nonce, challenge, public, response).unwrap_or_default()
    }

    fn check_state(&self, share: &Share, state: &[u8]) -> Result<(), Malformed> {
        state::load(share, state).map(|_| ())
    }

    fn has_chain_code(&self) -> bool {
        true
    }
}

/// The library's name of a party.
fn index(party: Party) -> Result<PartyIndex, MpcError> {
    PartyIndex::new(party.index()).map_err(|_| MpcError::Request("no such party"))
}

/// What an abort means for us. The library's texts are not passed on.
fn aborted(abort: Abort) -> MpcError {
    let why = match abort.reason {
        AbortReason::SessionBindingMismatch { .. } => return MpcError::SignShareMismatch,
        AbortReason::OtConsistencyCheckFailed { .. } => "consistency of the oblivious transfers",
        AbortReason::MultiplicationVerificationFailed { .. } => "multiplication",
        AbortReason::GammaUInconsistency { .. } => "consistency of the instance",
        AbortReason::ProofVerificationFailed { .. } => "proof of knowledge",
        AbortReason::CommitmentMismatch { .. }
        | AbortReason::ZeroShareDecommitFailed { .. }
        | AbortReason::ChainCodeCommitmentFailed { .. } => "commitment",
        AbortReason::PolynomialInconsistency => "polynomial",
        AbortReason::TrivialInstancePoint { .. } | AbortReason::TrivialPublicKey | AbortReason::TrivialKeyShare => {
            "trivial value"
        }
        AbortReason::SignatureVerificationFailed | AbortReason::ZeroDenominator => "signature",
        AbortReason::InvalidLocalState { .. } | AbortReason::MissingMulState { .. } => "local state",
        _ => "other",
    };
    match abort.kind {
        AbortKind::BanCounterparty(_) => MpcError::Ban(why),
        AbortKind::Recoverable => MpcError::Recoverable(why),
    }
}
