//! Signing.

use super::check;
use crate::backend::backend;
use crate::error::MpcError;
use crate::half::SigningHalf;
use crate::session::id::{Operation, SessionParams};
use crate::session::{Plan, Session};
use crate::signature::{SignRequest, Signed};

/// A signature: four messages on secp256k1, two on Ed25519.
///
/// Both parties make `request` themselves. One session per pair at a time (`spec/wallet.md` 5.4), and none
/// with a pair that is [frozen](crate::BanCounter).
///
/// # Errors
/// [`MpcError::Request`]: the half is of the other party or curve, the generation is not its own, or there is
/// no such child. [`MpcError::SignShareMismatch`]: a half of another wallet.
pub fn sign(params: &SessionParams, half: &SigningHalf, request: &SignRequest) -> Result<Session<Signed>, MpcError> {
    if request.curve() != half.curve() {
        return Err(MpcError::Request("the request is for another curve"));
    }
    session(params, half, Operation::Sign, &request.to_hash()?, |plan| {
        Session::new(plan, |stage| backend(half.curve()).sign(stage, half, request))
    })
}

/// The signature of a fixed, meaningless message: whether a stored pair works, say after it was read back.
///
/// # Errors
/// As [`sign`].
pub fn test_sign(params: &SessionParams, half: &SigningHalf) -> Result<Session<()>, MpcError> {
    session(params, half, Operation::TestSign, &[], |plan| Session::new(plan, |stage| check::test(stage, half)))
}

fn session<T>(
    params: &SessionParams,
    half: &SigningHalf,
    operation: Operation,
    content: &[u8],
    make: impl FnOnce(&Plan<'_>) -> Result<Session<T>, MpcError>,
) -> Result<Session<T>, MpcError> {
    if half.party() != params.party {
        return Err(MpcError::Request("the half is of the other party"));
    }
    if half.commitments().generation() != params.target_generation {
        return Err(MpcError::Request("the generation is not that of the half"));
    }
    let plan = Plan { params, operation, curve: Some(half.curve()), sources: &[half.commitments()], content };
    make(&plan)
}
