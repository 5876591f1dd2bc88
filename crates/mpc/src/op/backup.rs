//! A backup pair from a signing pair.

use super::{check, check_source};
use crate::backend::{Stage, backend};
use crate::error::MpcError;
use crate::half::{BackupHalf, SigningHalf};
use crate::session::id::{Operation, SessionParams};
use crate::session::turn::Turn;
use crate::session::{Plan, Session};

/// A backup pair for the key of `half`. Its halves are small and cannot sign; they belong to nobody's signing
/// half.
///
/// # Errors
/// As [`refresh`](super::refresh), but the generation may stay.
pub fn back_up(params: &SessionParams, half: &SigningHalf) -> Result<Session<BackupHalf>, MpcError> {
    let commitments = half.commitments();
    check_source(params, half.party(), commitments, false)?;
    let (operation, curve) = (Operation::BackUp, Some(half.curve()));
    let plan = Plan { params, operation, curve, sources: &[commitments], content: &[] };
    Session::new(&plan, |stage| turn(stage, half))
}

pub(super) fn turn(stage: &Stage, half: &SigningHalf) -> Result<Turn<BackupHalf>, MpcError> {
    check::backup(stage, half.curve(), backend(half.curve()).back_up(stage, half)?)
}
