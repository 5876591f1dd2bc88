//! What the lifecycle asks for, done: on the store in the transaction that stores the new state; over the network by a
//! job that is written in it. Where we are the custodian ourselves, nothing goes over the network.

use std::collections::VecDeque;

use keystead_model::wallet::{Effect, Event, Fence, Generation, Millis, PairIds, PairStatus, lifecycle};
use keystead_store::Writing;

use super::failure::Failure;
use super::halves::{self, Keeper, Made, spots};
use super::record::Record;
use super::work;
use crate::app::App;
use crate::custody::{Custodian, built_in, of_group};
use crate::error::ApiResult;

/// A change of a wallet within a transaction.
pub(super) struct Applying<'a> {
    pub(super) app: &'a App,
    pub(super) tx: &'a mut dyn Writing,
    pub(super) group: &'a str,
    pub(super) owner: &'a str,
    pub(super) record: &'a mut Record,
    /// What the event is about, if it is the end of a protocol.
    pub(super) made: &'a Made,
    pub(super) by: By,
    /// What is left to whoever lets the event happen.
    pub(super) left: Vec<Effect>,
}

/// Who lets an event happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A request: what takes longer is left to a job.
    Request,
    /// That job.
    Worker,
}

impl Applying<'_> {
    /// Lets `event` happen.
    pub(super) async fn event(&mut self, event: Event) -> Result<(), Failure> {
        let before = self.record.state.clone();
        let mut effects = self.step(event)?;
        while let Some(effect) = effects.pop_front() {
            let next = self.carry_out(effect).await?;
            effects.extend(next);
        }
        let retired = |generation: Generation| {
            let now = self.record.state.backup_sets().iter().find(|set| set.generation == generation);
            now.is_none_or(|set| set.status == PairStatus::Retired)
        };
        for set in before.backup_sets().iter().filter(|set| set.status != PairStatus::Retired) {
            if retired(set.generation) {
                let which = (set.generation, set.pairs);
                built_in::forget(self.tx, self.group, &self.record.wallet, which).await?;
            }
        }
        self.record.tidy();
        let fence = |state: &keystead_model::wallet::WalletState| state.operation().map(|operation| operation.fence);
        match fence(&self.record.state) {
            Some(began) if fence(&before) != Some(began) => {
                work::watch(self.app, self.tx, (self.group, self.owner), began).await?;
            }
            _ => {}
        }
        Ok(())
    }

    fn step(&mut self, event: Event) -> Result<VecDeque<Effect>, Failure> {
        let (state, effects) = lifecycle::apply(&self.record.state, event)?;
        self.record.state = state;
        Ok(effects.into())
    }

    /// Does what an effect asks for; what follows from that.
    async fn carry_out(&mut self, effect: Effect) -> Result<VecDeque<Effect>, Failure> {
        match effect {
            Effect::PersistPending { generation, .. } => self.keep(generation).await?,
            Effect::DestroyServerSigningHalf { generation, pairs } => {
                self.destroy(Keeper::Signing, generation, pairs).await?;
            }
            Effect::WipePendingCustodianHalf { generation, pairs } => {
                self.destroy(Keeper::Backup, generation, pairs).await?;
            }
            Effect::KillSigningSessions { .. } => self.record.evict(),
            Effect::TakeUp { fence } => match self.custodian().await? {
                Custodian::BuiltIn => {
                    self.step(Event::CustodianChanged { slots: Custodian::BuiltIn.slots() })?;
                    return self.step(Event::Resumed { fence, at: now(self.app) });
                }
                Custodian::Webhook(_) => self.take_up_later(fence, self.app.now()).await?,
            },
            Effect::PushCustodianHalf { fence, pairs, .. } => {
                if matches!(self.custodian().await?, Custodian::Webhook(_)) {
                    self.left.push(effect);
                    return Ok(VecDeque::new());
                }
                let which = (fence.generation, pairs);
                built_in::take(self.app, self.tx, self.group, &self.record.wallet, which).await?;
                return self.step(Event::CustodianPushed { fence });
            }
            Effect::FetchCustodianHalf { fence, pairs } => match self.custodian().await? {
                Custodian::BuiltIn => return self.show(fence, pairs).await,
                Custodian::Webhook(_) => self.left.push(effect),
            },
            Effect::RetryLater { .. } | Effect::WaitUntilSettled { .. } if self.by == By::Worker => {
                self.left.push(effect);
            }
            Effect::RetryLater { fence } => self.take_up_later(fence, self.app.now()).await?,
            Effect::WaitUntilSettled { fence, until } => {
                self.take_up_later(fence, i64::try_from(until).unwrap_or(i64::MAX)).await?;
            }
        }
        Ok(VecDeque::new())
    }

    async fn custodian(&mut self) -> ApiResult<Custodian> {
        of_group(self.app, self.tx, self.group).await
    }

    async fn take_up_later(&mut self, fence: Fence, at: i64) -> ApiResult<()> {
        work::take_up(self.app, self.tx, (self.group, self.owner), fence, at).await
    }

    async fn keep(&mut self, generation: Generation) -> ApiResult<()> {
        let kinds = [(Keeper::Signing, &self.made.signing), (Keeper::Backup, &self.made.backup)];
        for (keeper, made) in kinds {
            let Some(made) = made else { continue };
            let wallet = self.record.wallet.clone();
            for (curve, spot) in spots(keeper, &wallet, generation, halves::pairs_of(made)).iter() {
                halves::put(self.app, self.tx, self.group, spot, &made.get(curve).bytes).await?;
            }
        }
        for half in self.made.halves() {
            self.record.publish(half);
        }
        Ok(())
    }

    async fn destroy(&mut self, keeper: Keeper, generation: Generation, pairs: PairIds) -> ApiResult<()> {
        for (_, spot) in spots(keeper, &self.record.wallet, generation, pairs).iter() {
            halves::destroy(self.tx, self.group, spot).await?;
        }
        Ok(())
    }

    async fn show(&mut self, fence: Fence, pairs: PairIds) -> Result<VecDeque<Effect>, Failure> {
        // of the operation itself, or of the one that a recovery starts from
        let set = self.record.state.backup_sets().iter().find(|set| set.pairs == pairs);
        let generation = set.map_or(fence.generation, |set| set.generation);
        let which = (generation, pairs);
        let shares = built_in::show(self.app, self.tx, self.group, &self.record.wallet, which).await?;
        self.step(Event::CustodianAnswered { fence, shares })
    }
}

/// The time, as the lifecycle has it.
pub(super) fn now(app: &App) -> Millis {
    Millis::try_from(app.now()).unwrap_or_default()
}
