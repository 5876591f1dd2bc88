//! Giving the custodian its new half, and seeing it again (portal 3.1).
//!
//! A custodian may keep one half for each client, so that a call that was given up and arrives late can put
//! an old half over a new one. Hence the rule: while such a call may still arrive, only the half that it
//! carries is pushed. Another one waits, with our copy, until the call cannot arrive any more.

use super::{Change, Of};
use crate::wallet::choose::{Answer, CustodianShare, answer};
use crate::wallet::error::LifecycleError;
use crate::wallet::event::Effect;
use crate::wallet::id::{Fence, Millis};
use crate::wallet::operation::Step;
use crate::wallet::state::SETTLING;

impl Change {
    /// Takes an operation up where it stands. What was under way is done again.
    pub(super) fn resumed(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(()) };
        match operation.step {
            Step::Began => self.fetch_source(fence, &operation.kind),
            Step::CipherTextStored => self.push(fence),
            Step::Pushing => {
                self.state.unsettled.insert(fence.generation, at);
                self.push(fence);
            }
            Step::Pushed => {
                if let Some(set) = self.state.backup_of(fence.generation) {
                    self.effects.push(Effect::FetchCustodianHalf { fence, pairs: set.pairs });
                }
            }
            Step::Generated | Step::SigningConfirmed | Step::Released | Step::Committed => {}
        }
        Ok(())
    }

    fn push(&mut self, fence: Fence) {
        let others = self.state.unsettled.iter().filter(|(generation, _)| **generation != fence.generation);
        if let Some(since) = others.map(|(_, since)| *since).max() {
            self.effects.push(Effect::WaitUntilSettled { fence, until: since.saturating_add(SETTLING) });
        } else if let Some(set) = self.state.backup_of(fence.generation) {
            self.effects.push(Effect::PushCustodianHalf { fence, method: set.method, pairs: set.pairs });
            self.set_step(Step::Pushing);
        }
    }

    pub(super) fn pushed(&mut self, fence: Fence) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(()) };
        match operation.step {
            Step::Pushing => {
                self.advance();
                if let Some(set) = self.state.backup_of(fence.generation) {
                    self.effects.push(Effect::FetchCustodianHalf { fence, pairs: set.pairs });
                }
                Ok(())
            }
            // of a call before the last one
            Step::CipherTextStored | Step::Pushed => Ok(()),
            at => Err(not_now(&operation.kind, at)),
        }
    }

    pub(super) fn push_failed(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(()) };
        match operation.step {
            Step::Pushing => {
                self.state.unsettled.insert(fence.generation, at);
                self.set_step(Step::CipherTextStored);
                self.effects.push(Effect::RetryLater { fence });
                Ok(())
            }
            // of a call before the last one: it may still arrive
            Step::CipherTextStored | Step::Pushed => {
                self.state.unsettled.insert(fence.generation, at);
                Ok(())
            }
            at => Err(not_now(&operation.kind, at)),
        }
    }

    /// Commits if the custodian shows the new half of each curve; else the half is given to it again.
    pub(super) fn answered(&mut self, fence: Fence, shares: &[CustodianShare]) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(()) };
        match operation.step {
            // the old half, for the protocol or for the owner: see `half_sources`
            Step::Began if !operation.kind.makes_backup() || operation.kind.makes_signing() => Ok(()),
            Step::CipherTextStored | Step::Pushing => Ok(()),
            Step::Pushed => {
                let Some(set) = self.state.backup_of(fence.generation) else { return Ok(()) };
                let shown = set.pairs.map(|curve, pair| answer(&self.state, curve, *pair, shares) == Answer::Found);
                if let Some(set) = self.state.backup_of_mut(fence.generation) {
                    set.confirmed.custodian = shown;
                }
                if shown.both() {
                    self.advance();
                } else {
                    self.set_step(Step::CipherTextStored);
                    self.effects.push(Effect::RetryLater { fence });
                }
                Ok(())
            }
            at => Err(not_now(&operation.kind, at)),
        }
    }

    pub(super) fn settled(&mut self, at: Millis) -> Result<(), LifecycleError> {
        self.state.unsettled.retain(|_, since| since.saturating_add(SETTLING) > at);
        Ok(())
    }
}

fn not_now(kind: &crate::wallet::operation::OperationKind, at: Step) -> LifecycleError {
    if kind.makes_backup() { LifecycleError::TooEarly { at } } else { LifecycleError::NotPartOfOperation }
}
