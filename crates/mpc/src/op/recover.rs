//! Recovery: of a backup pair come a new signing pair and a new backup pair.

use super::{check, check_source};
use crate::backend::{Stage, backend};
use crate::error::MpcError;
use crate::half::{BackupHalf, Share, SigningHalf};
use crate::session::id::{Operation, SessionParams};
use crate::session::turn::Turn;
use crate::session::{Plan, Session};

/// What comes of a recovery. The old pairs work on until they are deleted, which must wait until these are
/// durable on both sides.
#[derive(Debug)]
pub struct Recovered {
    /// Half of the new signing pair.
    pub signing: SigningHalf,
    /// Half of the new backup pair.
    pub backup: BackupHalf,
}

/// A new signing pair and a new backup pair.
///
/// # Errors
/// As [`refresh`](super::refresh).
pub fn recover(params: &SessionParams, half: &BackupHalf) -> Result<Session<Recovered>, MpcError> {
    let commitments = half.commitments();
    check_source(params, half.party(), commitments, true)?;
    let (operation, curve) = (Operation::Recover, Some(half.curve()));
    let plan = Plan { params, operation, curve, sources: &[commitments], content: &[] };
    Session::new(&plan, |stage| turn(stage, half.share()))
}

pub(super) fn turn(stage: &Stage, source: &Share) -> Result<Turn<Recovered>, MpcError> {
    let curve = source.commitments().curve();
    check::with_backup(stage, curve, backend(curve).refresh(stage, source)?)
}
