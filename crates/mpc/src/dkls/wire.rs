//! What travels. Who sent it to whom is not in it: the session knows that.

use dkls23_core::protocols::dkg::{ProofCommitment, TransmitInitMulPhase3to4};
use dkls23_core::protocols::signing::{Broadcast3to4, TransmitPhase1to2, TransmitPhase2to3};
use dkls23_core::utilities::proofs::DLogProof;
use k256::Scalar;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Secp;
use crate::error::MpcError;
pub(super) use crate::wire::{decode, encode};

/// Our polynomial at the index of the peer.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fragment(pub(super) Zeroizing<Scalar>);

/// Commitments, which must all differ from the peer's.
#[derive(Serialize, Deserialize)]
pub(crate) struct Committed {
    /// To the proof of knowledge of the new share or correction.
    pub(super) proof: [u8; 32],
    /// To our half of the seed of zero shares.
    pub(super) seed: [u8; 32],
    /// To our half of the chain code, in a key generation.
    pub(crate) chain: Option<[u8; 32]>,
}

/// What [`Committed`] committed to. Sent once the peer committed, too.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(super) proof: DLogProof<Secp>,
    pub(super) seed: Opening,
    pub(super) chain: Option<Opening>,
    /// The first message of the oblivious transfers, unless they are reused.
    pub(super) transfers: Option<TransmitInitMulPhase3to4<Secp>>,
}

/// 32 bytes behind a commitment.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(super) value: Zeroizing<[u8; 32]>,
    pub(super) salt: Zeroizing<Vec<u8>>,
}

/// The server's first message of a key generation or refresh.
pub(crate) type Second = (Fragment, Committed);
/// The client's second.
pub(crate) type Third = (Committed, Opened);

/// The server's first message of a signature.
pub(super) type SignSecond = (TransmitPhase1to2, TransmitPhase2to3<Secp>);
/// The client's second.
pub(super) type SignThird = (TransmitPhase2to3<Secp>, Broadcast3to4<Secp>);

/// The library's struct of a proof and its commitment, made of parts that came apart (duty 5).
pub(super) fn proof_commitment(
    party: crate::ids::Party,
    proof: DLogProof<Secp>,
    commitment: [u8; 32],
) -> Result<ProofCommitment<Secp>, MpcError> {
    Ok(ProofCommitment { index: super::index(party)?, proof, commitment })
}
