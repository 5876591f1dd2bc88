//! The beginning of an operation: who may begin which, and from which pairs (portal 1.4, wallet 5.4).

use super::Change;
use crate::wallet::choose::{backup_held, signing_in_force};
use crate::wallet::error::LifecycleError;
use crate::wallet::event::Effect;
use crate::wallet::id::{Fence, Generation, Millis, OperationId, PairIds};
use crate::wallet::operation::{Operation, OperationKind, Step};
use crate::wallet::state::{BackupSet, MAX_PENDING_BACKUPS, SigningSet};
use crate::wallet::status::{BackupConfirmations, PairStatus};

/// What a client asks for.
pub(super) struct Request {
    pub(super) operation: OperationId,
    pub(super) after: Generation,
    pub(super) kind: OperationKind,
    pub(super) stepped_up: bool,
    pub(super) at: Millis,
}

impl Change {
    pub(super) fn begin(&mut self, request: &Request) -> Result<(), LifecycleError> {
        let generation = request.after.next().ok_or(LifecycleError::Exhausted)?;
        let fence = Fence { operation: request.operation, generation };
        let current = self.state.operation.as_ref().map(|current| current.fence);
        let finished = self.state.finished.map(|finished| finished.fence);
        if current == Some(fence) || finished == Some(fence) {
            return Ok(());
        }
        if let Some(current) = current {
            return Err(LifecycleError::InProgress { current });
        }
        if request.after != self.state.latest {
            return Err(LifecycleError::Stale { expected: self.state.latest });
        }
        self.check_kind(request)?;
        let unfinished = |set: &&BackupSet| set.status == PairStatus::Pending;
        if request.kind.makes_backup() && self.state.backups.iter().filter(unfinished).count() >= MAX_PENDING_BACKUPS {
            return Err(LifecycleError::TooManyPendingBackups);
        }
        self.state.latest = generation;
        self.state.operation = Some(Operation { fence, kind: request.kind, step: Step::Began, began: request.at });
        self.fetch_source(fence, &request.kind);
        Ok(())
    }

    /// Asks the custodian for its half, if the operation needs one that we do not keep.
    pub(super) fn fetch_source(&mut self, fence: Fence, kind: &OperationKind) {
        if let OperationKind::Recover { from, .. } | OperationKind::Eject { from } = kind
            && backup_held(&self.state, *from).is_ok_and(|set| !set.copy)
        {
            self.effects.push(Effect::FetchCustodianHalf { fence, pairs: *from });
        }
    }

    fn check_kind(&self, request: &Request) -> Result<(), LifecycleError> {
        if matches!(request.kind, OperationKind::Create) {
            return if self.state.active_signing().is_some() { Err(LifecycleError::WalletExists) } else { Ok(()) };
        }
        if self.state.active_signing().is_none() {
            return Err(LifecycleError::NoWallet);
        }
        match request.kind {
            OperationKind::Create => Ok(()),
            OperationKind::Backup { from, .. } => {
                signing_in_force(&self.state, |set| set.pairs == from)?;
                if self.state.frozen.is_some() { Err(LifecycleError::Frozen) } else { Ok(()) }
            }
            OperationKind::Recover { from, .. } => {
                backup_held(&self.state, from)?;
                match self.state.frozen {
                    Some(_) if self.state.needs_review() => Err(LifecycleError::ReviewRequired),
                    Some(_) if !request.stepped_up => Err(LifecycleError::StepUpRequired),
                    _ => Ok(()),
                }
            }
            OperationKind::Eject { from } => {
                backup_held(&self.state, from)?;
                self.check_window(request.at)?;
                if request.stepped_up { Ok(()) } else { Err(LifecycleError::StepUpRequired) }
            }
        }
    }

    pub(super) fn check_window(&self, at: Millis) -> Result<(), LifecycleError> {
        match self.state.ejectable_until {
            Some(until) if at < until => Ok(()),
            _ => Err(LifecycleError::EjectWindowClosed),
        }
    }

    pub(super) fn protocol_finished(
        &mut self,
        fence: Fence,
        signing: Option<PairIds>,
        backup: Option<PairIds>,
    ) -> Result<(), LifecycleError> {
        let same = self.state.signing_of(fence.generation).map(|set| set.pairs) == signing
            && self.state.backup_of(fence.generation).map(|set| set.pairs) == backup;
        let Some(operation) = self.leading_to(fence, Step::Generated)? else {
            return if same { Ok(()) } else { Err(LifecycleError::WrongPairs) };
        };
        self.check_new(&operation.kind, signing, backup)?;
        let generation = fence.generation;
        if let Some(pairs) = signing {
            let confirmed = crate::wallet::id::PerCurve::default();
            self.state.signing.push(SigningSet { generation, pairs, status: PairStatus::Pending, confirmed });
        }
        if let (Some(pairs), Some(method)) = (backup, self.method(&operation.kind)) {
            let confirmed = BackupConfirmations::default();
            let status = PairStatus::Pending;
            self.state.backups.push(BackupSet { generation, method, pairs, status, confirmed, copy: true });
        }
        self.effects.push(Effect::PersistPending { generation, signing, backup });
        self.advance();
        Ok(())
    }

    /// Exactly the kinds of pairs that the operation makes, with ids that were never used.
    fn check_new(
        &self,
        kind: &OperationKind,
        signing: Option<PairIds>,
        backup: Option<PairIds>,
    ) -> Result<(), LifecycleError> {
        let new: Vec<_> = [signing, backup].into_iter().flatten().flat_map(|pairs| pairs.to_set()).collect();
        let known = |pairs: &PairIds| new.iter().any(|id| pairs.curve_of(id).is_some());
        let sets = usize::from(signing.is_some()) + usize::from(backup.is_some());
        let distinct = new.iter().collect::<std::collections::BTreeSet<_>>().len() == 2 * sets;
        let used = self.state.signing.iter().any(|set| known(&set.pairs))
            || self.state.backups.iter().any(|set| known(&set.pairs));
        let right = signing.is_some() == kind.makes_signing() && backup.is_some() == kind.makes_backup();
        if right && distinct && !used { Ok(()) } else { Err(LifecycleError::WrongPairs) }
    }

    fn method(&self, kind: &OperationKind) -> Option<crate::wallet::status::BackupMethod> {
        match kind {
            OperationKind::Backup { method, .. } => Some(*method),
            OperationKind::Recover { from, .. } => backup_held(&self.state, *from).ok().map(|set| set.method),
            OperationKind::Create | OperationKind::Eject { .. } => None,
        }
    }
}
