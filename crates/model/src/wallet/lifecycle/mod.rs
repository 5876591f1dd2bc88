//! How a wallet changes: [`apply`], one pure function of the record and what happened.
//!
//! The order for a recovery that rotates the backup (wallet 5.3, portal 1.6), and why:
//!
//! 1. the new halves are kept by us, sealed and pending: the server's signing halves and, until the custodian
//!    has them, the custodian's halves;
//! 2. the client confirms that it keeps its new signing halves;
//! 3. the app confirms that it keeps the new cipher text. The app has one slot, so that from now on only the
//!    new custodian half is of use, which is why we keep a copy;
//! 4. the custodian, which has one slot too, is given its new half, and shows it again;
//! 5. one transaction puts the new pairs in force, retires the old ones, destroys the server's old signing
//!    half, and wipes the copy.
//!
//! Until step 5 a recovery works from the old cipher text with the custodian's old half, or from the new
//! cipher text with our copy, whichever the client holds. The copy outlives an operation that is given up
//! after step 1, for the same reason: nobody can tell whether the app stored the cipher text.

mod begin;
mod client_said;
mod custodian;
mod end;
#[cfg(test)]
mod tests;

use super::error::LifecycleError;
use super::event::{Effect, Event};
use super::id::Fence;
use super::operation::{Operation, Outcome, Step};
use super::state::WalletState;

/// The record as it is after an event, and what is to be done. What happened before is answered with the
/// record as it is and nothing to do.
///
/// # Errors
/// The event does not fit; nothing is to be changed. The error says what would.
pub fn apply(state: &WalletState, event: Event) -> Result<(WalletState, Vec<Effect>), LifecycleError> {
    let mut change = Change { state: state.clone(), effects: Vec::new() };
    match event {
        Event::OperationBegan { operation, after, operation_kind, stepped_up, at } => {
            change.begin(&begin::Request { operation, after, kind: operation_kind, stepped_up, at })
        }
        Event::ProtocolFinished { fence, signing, backup } => change.protocol_finished(fence, signing, backup),
        Event::SigningHalfConfirmed { fence, pairs } => change.signing_half_confirmed(fence, &pairs),
        Event::BackupKeyStored { fence, pairs } => change.backup_key_stored(fence, &pairs),
        Event::ClientBackupStored { fence, pairs, success } => change.client_backup_stored(fence, &pairs, success),
        Event::Resumed { fence, at } => change.resumed(fence, at),
        Event::CustodianPushed { fence } => change.pushed(fence),
        Event::CustodianPushFailed { fence, at } => change.push_failed(fence, at),
        Event::CustodianAnswered { fence, shares } => change.answered(fence, &shares),
        Event::CustodianChanged { slots } => {
            change.state.slots = slots;
            Ok(())
        }
        Event::CustodianSettled { at } => change.settled(at),
        Event::TimedOut { fence, at } => change.timed_out(fence, at),
        Event::Abandoned { fence, at } => change.abandoned(fence, at),
        Event::BanReported { generation, session } => change.banned(generation, session),
        Event::Reviewed { unfreeze } => change.reviewed(unfreeze),
        Event::EjectWindowOpened { until, at } => change.eject_window_opened(until, at),
        Event::BackupHalfReleased { fence, at } => change.half_released(fence, at),
        Event::Ejected { fence, at } => change.ejected(fence, at),
    }?;
    Ok((change.state, change.effects))
}

/// A change being made. Where a method fails, the whole is thrown away.
struct Change {
    state: WalletState,
    effects: Vec<Effect>,
}

/// Whether an event is of the operation under way or of one that was committed.
enum Of {
    Current(Operation),
    Committed,
}

impl Change {
    /// Tells the operation of an event.
    fn of(&self, fence: Fence) -> Result<Of, LifecycleError> {
        if let Some(current) = self.state.operation.as_ref().filter(|current| current.fence == fence) {
            return Ok(Of::Current(current.clone()));
        }
        match self.state.finished {
            Some(finished) if finished.fence == fence && finished.outcome == Outcome::Committed => Ok(Of::Committed),
            _ => {
                let current = self.state.operation.as_ref().map(|current| current.fence);
                let overtaken = current.is_none_or(|current| fence.generation < current.generation)
                    && fence.generation <= self.state.latest;
                Err(if overtaken {
                    LifecycleError::Stale { expected: self.state.latest }
                } else {
                    LifecycleError::UnknownOperation { expected: current }
                })
            }
        }
    }

    /// The operation of an event that leads to `step`; `None` if that step was taken before.
    fn leading_to(&self, fence: Fence, step: Step) -> Result<Option<Operation>, LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(None) };
        if !operation.kind.steps().contains(&step) {
            return Err(LifecycleError::NotPartOfOperation);
        }
        if operation.step >= step {
            Ok(None)
        } else if operation.kind.step_after(operation.step) == Some(step) {
            Ok(Some(operation))
        } else {
            Err(LifecycleError::TooEarly { at: operation.step })
        }
    }

    /// Goes one step on in the list of the operation, and commits at its end.
    fn advance(&mut self) {
        let Some(operation) = &mut self.state.operation else { return };
        match operation.kind.step_after(operation.step) {
            Some(Step::Committed) | None => self.commit(),
            Some(next) => operation.step = next,
        }
    }

    fn set_step(&mut self, step: Step) {
        if let Some(operation) = &mut self.state.operation {
            operation.step = step;
        }
    }
}
