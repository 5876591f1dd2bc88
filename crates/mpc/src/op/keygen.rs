//! A new key, as a pair that signs.

use super::check;
use crate::backend::backend;
use crate::error::MpcError;
use crate::half::SigningHalf;
use crate::ids::Curve;
use crate::session::id::{Operation, SessionParams};
use crate::session::{Plan, Session};

/// A new key on `curve`, in eight messages.
///
/// # Errors
/// [`MpcError::Request`]: equal nonces.
pub fn keygen(params: &SessionParams, curve: Curve) -> Result<Session<SigningHalf>, MpcError> {
    let plan = Plan { params, operation: Operation::Keygen, curve: Some(curve), sources: &[], content: &[] };
    Session::new(&plan, |stage| check::signing(stage, curve, backend(curve).keygen(stage)?))
}
