//! The end of an operation, bans, and taking the key out (wallet 5.3, 5.4, portal 1.4).

use super::{Change, Of};
use crate::wallet::error::LifecycleError;
use crate::wallet::event::Effect;
use crate::wallet::id::{Fence, Generation, Millis, OperationId};
use crate::wallet::operation::{Finished, OperationKind, Outcome, Step};
use crate::wallet::state::{Frozen, RETIRED_REMEMBERED};
use crate::wallet::status::{CustodianSlots, PairStatus};

/// The shortest time for which a custodian may allow to take the key out (portal 2.1).
const SHORTEST_WINDOW: Millis = 60_000;

impl Change {
    /// The one transaction in which new pairs come into force and old ones are retired.
    pub(super) fn commit(&mut self) {
        let Some(operation) = self.state.operation.take() else { return };
        let generation = operation.fence.generation;
        if operation.kind.makes_signing() {
            self.retire_signing(|other| other != generation);
            for set in self.state.signing.iter_mut().filter(|set| set.generation == generation) {
                set.status = PairStatus::Active;
            }
            self.state.frozen = None;
        }
        if operation.kind.makes_backup() {
            self.retire_backups(generation);
        }
        self.state.finished = Some(Finished { fence: operation.fence, outcome: Outcome::Committed });
        self.forget_retired();
    }

    fn retire_signing(&mut self, which: impl Fn(Generation) -> bool) {
        for set in &mut self.state.signing {
            if which(set.generation) && set.status != PairStatus::Retired {
                set.status = PairStatus::Retired;
                let (generation, pairs) = (set.generation, set.pairs);
                self.effects.push(Effect::DestroyServerSigningHalf { generation, pairs });
            }
        }
    }

    /// Puts a backup in force, and retires those that shared its place with the custodian and the app.
    fn retire_backups(&mut self, generation: Generation) {
        let Some(method) = self.state.backup_of(generation).map(|set| set.method) else { return };
        let one_slot = self.state.slots == CustodianSlots::One;
        for set in self.state.backups.iter_mut().filter(|set| one_slot || set.method == method) {
            set.status = if set.generation == generation { PairStatus::Active } else { PairStatus::Retired };
            if std::mem::take(&mut set.copy) {
                let (generation, pairs) = (set.generation, set.pairs);
                self.effects.push(Effect::WipePendingCustodianHalf { generation, pairs });
            }
        }
    }

    fn forget_retired(&mut self) {
        let retired = self.state.signing.iter().filter(|set| set.status == PairStatus::Retired).count();
        let mut surplus = retired.saturating_sub(RETIRED_REMEMBERED);
        self.state.signing.retain(|set| keep(set.status, &mut surplus));
        let retired = self.state.backups.iter().filter(|set| set.status == PairStatus::Retired).count();
        let mut surplus = retired.saturating_sub(RETIRED_REMEMBERED);
        self.state.backups.retain(|set| keep(set.status, &mut surplus));
    }

    pub(super) fn timed_out(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        match self.of(fence) {
            Ok(Of::Current(operation))
                if operation.step < Step::CipherTextStored || operation.step == Step::Released =>
            {
                self.give_up(fence, operation.step, at);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => self.unless_abandoned(fence, error),
        }
    }

    pub(super) fn abandoned(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        match self.of(fence) {
            Ok(Of::Current(operation)) => {
                self.give_up(fence, operation.step, at);
                Ok(())
            }
            // too late to give up what is in force
            Ok(Of::Committed) => Err(LifecycleError::Stale { expected: self.state.latest }),
            Err(error) => self.unless_abandoned(fence, error),
        }
    }

    fn unless_abandoned(&self, fence: Fence, error: LifecycleError) -> Result<(), LifecycleError> {
        if self.state.finished.is_some_and(|finished| finished.fence == fence) { Ok(()) } else { Err(error) }
    }

    /// The new signing halves are destroyed. The copy of the custodian's half stays: the app may have the
    /// cipher text that needs it, whatever was or was not said about that.
    fn give_up(&mut self, fence: Fence, step: Step, at: Millis) {
        if step == Step::Pushing {
            self.state.unsettled.insert(fence.generation, at);
        }
        self.retire_signing(|generation| generation == fence.generation);
        self.state.operation = None;
        self.state.finished = Some(Finished { fence, outcome: Outcome::Abandoned });
        self.forget_retired();
    }

    /// A ban freezes the wallet, once; a backup that was about to use the banned pair ends.
    pub(super) fn banned(&mut self, generation: Generation, session: OperationId) -> Result<(), LifecycleError> {
        match self.state.active_signing() {
            Some(active) if active.generation == generation => {}
            Some(active) => return Err(LifecycleError::RetiredPair { expected: active.generation }),
            None => return Err(LifecycleError::NoWallet),
        }
        if self.state.frozen.is_some() {
            return Ok(());
        }
        self.state.bans = self.state.bans.saturating_add(1);
        self.state.frozen = Some(Frozen { generation, session });
        self.effects.push(Effect::KillSigningSessions { generation });
        if let Some(operation) = self.state.operation.clone()
            && matches!(operation.kind, OperationKind::Backup { .. })
            && operation.step == Step::Began
        {
            self.give_up(operation.fence, operation.step, operation.began);
        }
        Ok(())
    }

    pub(super) fn reviewed(&mut self, unfreeze: bool) -> Result<(), LifecycleError> {
        if unfreeze && self.state.active_backups().next().is_some() {
            return Err(LifecycleError::RecoverInstead);
        }
        self.state.bans = 0;
        if unfreeze {
            self.state.frozen = None;
        }
        Ok(())
    }

    pub(super) fn eject_window_opened(&mut self, until: Millis, at: Millis) -> Result<(), LifecycleError> {
        if until < at.saturating_add(SHORTEST_WINDOW) {
            return Err(LifecycleError::EjectWindowTooShort);
        }
        self.state.ejectable_until = Some(until);
        Ok(())
    }

    /// Whoever asks again is given the half again: each time the window has to be open, and nothing is given once the owner
    /// said to have the key.
    pub(super) fn half_released(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        let Of::Current(_) = self.of(fence)? else {
            return Err(LifecycleError::Stale { expected: self.state.latest });
        };
        let first = self.leading_to(fence, Step::Released)?;
        self.check_window(at)?;
        if first.is_some() {
            self.state.released = true;
            self.advance();
        }
        Ok(())
    }

    pub(super) fn ejected(&mut self, fence: Fence, at: Millis) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return Ok(()) };
        match (operation.kind, operation.step) {
            (OperationKind::Eject { .. }, Step::Released) => {
                self.state.ejected_at = Some(at);
                self.advance();
                Ok(())
            }
            (OperationKind::Eject { .. }, at) => Err(LifecycleError::TooEarly { at }),
            _ => Err(LifecycleError::NotPartOfOperation),
        }
    }
}

/// Lets the oldest retired sets go, as many as there are too many.
fn keep(status: PairStatus, surplus: &mut usize) -> bool {
    let forget = status == PairStatus::Retired && *surplus > 0;
    *surplus -= usize::from(forget);
    !forget
}
