//! A new pair that signs, for the same key, from either kind of pair.

use super::{check, check_source};
use crate::backend::backend;
use crate::error::MpcError;
use crate::half::{BackupHalf, Share, SigningHalf};
use crate::session::id::{Operation, SessionParams};
use crate::session::{Plan, Session};

/// A new signing pair from a signing pair, with fresh oblivious transfers. The old one works on until it is
/// deleted; only its deletion makes a stolen half worthless.
///
/// # Errors
/// [`MpcError::Request`]: the half is of the other party, or the generation does not go up.
/// [`MpcError::RefreshMismatch`]: a half of another wallet.
pub fn refresh(params: &SessionParams, half: &SigningHalf) -> Result<Session<SigningHalf>, MpcError> {
    session(params, Operation::Refresh, half.share())
}

/// A new signing pair from a backup pair: what unfreezes a pair after a ban, and what a device that lost its
/// half needs where backups are kept as they are.
///
/// # Errors
/// As [`refresh`].
pub fn renew(params: &SessionParams, half: &BackupHalf) -> Result<Session<SigningHalf>, MpcError> {
    session(params, Operation::Renew, half.share())
}

fn session(params: &SessionParams, operation: Operation, source: &Share) -> Result<Session<SigningHalf>, MpcError> {
    let commitments = source.commitments();
    check_source(params, source.party(), commitments, true)?;
    let curve = Some(commitments.curve());
    let plan = Plan { params, operation, curve, sources: &[commitments], content: &[] };
    Session::new(&plan, |stage| {
        check::signing(stage, commitments.curve(), backend(commitments.curve()).refresh(stage, source)?)
    })
}
