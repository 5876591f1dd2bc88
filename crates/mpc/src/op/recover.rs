//! Recovery: of a backup pair come a new signing pair and a new backup pair.

use super::{backup, check_source, refresh};
use crate::backend::Stage;
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
    with_backup(stage, refresh::turn(&stage.part("signing"), source)?)
}

/// A signing pair, and a backup pair made of it.
pub(super) fn with_backup(stage: &Stage, signing: Turn<SigningHalf>) -> Result<Turn<Recovered>, MpcError> {
    let stage = stage.part("backup");
    signing.and_then(move |signing| {
        let backup = backup::turn(&stage, &signing)?;
        Ok(backup.map(move |backup| Recovered { signing, backup }))
    })
}
