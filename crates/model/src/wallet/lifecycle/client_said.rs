//! What clients confirm. Confirmations may come for one curve at a time (portal 1.3, 2.2).

use std::collections::BTreeSet;

use super::{Change, Of};
use crate::wallet::error::LifecycleError;
use crate::wallet::event::Effect;
use crate::wallet::id::{Fence, PairId, PairIds, PerCurve};
use crate::wallet::operation::Step;

impl Change {
    pub(super) fn signing_half_confirmed(
        &mut self,
        fence: Fence,
        pairs: &BTreeSet<PairId>,
    ) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return self.known_signing(fence, pairs) };
        if !operation.kind.makes_signing() {
            return Err(LifecycleError::NotPartOfOperation);
        }
        if operation.step < Step::Generated {
            return Err(LifecycleError::TooEarly { at: operation.step });
        }
        self.known_signing(fence, pairs)?;
        if operation.step > Step::Generated {
            return Ok(());
        }
        let set = self.state.signing.iter_mut().find(|set| set.generation == fence.generation);
        if set.is_some_and(|set| confirm(&set.pairs, &mut set.confirmed, pairs)) {
            self.advance();
        }
        Ok(())
    }

    pub(super) fn backup_key_stored(&mut self, fence: Fence, pairs: &BTreeSet<PairId>) -> Result<(), LifecycleError> {
        let Of::Current(operation) = self.of(fence)? else { return self.known_backup(fence, pairs) };
        if !operation.kind.makes_backup() {
            return Err(LifecycleError::NotPartOfOperation);
        }
        if operation.step < Step::Generated {
            return Err(LifecycleError::TooEarly { at: operation.step });
        }
        self.known_backup(fence, pairs)?;
        if let Some(set) = self.state.backup_of_mut(fence.generation) {
            confirm(&set.pairs, &mut set.confirmed.key, pairs);
        }
        Ok(())
    }

    /// `storedClientBackupShare`. From `true` for both curves on, the worker carries on without the client.
    pub(super) fn client_backup_stored(
        &mut self,
        fence: Fence,
        pairs: &BTreeSet<PairId>,
        success: bool,
    ) -> Result<(), LifecycleError> {
        let Some(_) = self.leading_to(fence, Step::CipherTextStored)? else { return self.known_backup(fence, pairs) };
        self.known_backup(fence, pairs)?;
        if !success {
            return Ok(());
        }
        let set = self.state.backup_of_mut(fence.generation);
        if set.is_some_and(|set| confirm(&set.pairs, &mut set.confirmed.cipher_text, pairs)) {
            self.advance();
            self.effects.push(Effect::TakeUp { fence });
        }
        Ok(())
    }

    fn known_signing(&self, fence: Fence, pairs: &BTreeSet<PairId>) -> Result<(), LifecycleError> {
        known(self.state.signing_of(fence.generation).map(|set| &set.pairs), pairs)
    }

    fn known_backup(&self, fence: Fence, pairs: &BTreeSet<PairId>) -> Result<(), LifecycleError> {
        known(self.state.backup_of(fence.generation).map(|set| &set.pairs), pairs)
    }
}

/// Any foreign id refuses the whole (portal 2.3).
fn known(made: Option<&PairIds>, named: &BTreeSet<PairId>) -> Result<(), LifecycleError> {
    let all = made.is_some_and(|made| named.iter().all(|pair| made.curve_of(pair).is_some()));
    if all && !named.is_empty() { Ok(()) } else { Err(LifecycleError::ForeignPair) }
}

/// Notes what is confirmed; whether it is now confirmed for both curves.
fn confirm(made: &PairIds, confirmed: &mut PerCurve<bool>, named: &BTreeSet<PairId>) -> bool {
    for curve in named.iter().filter_map(|pair| made.curve_of(pair)) {
        *confirmed.get_mut(curve) = true;
    }
    confirmed.both()
}
