//! What is done about a wallet without its client, as jobs: custodians are given their halves and show them, and
//! operations that take too long end. A job that was done twice does no harm, and one whose server died is done again.

use std::collections::VecDeque;

use keystead_model::wallet::{Effect, Event, Fence, OperationKind, Step};
use keystead_store::Writing;
use keystead_store::jobs::Job;
use serde::{Deserialize, Serialize};

use super::change::{Missing, Whose, change, change_by_worker};
use super::custodian;
use super::effects::now;
use super::failure::Failure;
use super::record::load;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The kind of the jobs.
pub(crate) const JOB: &str = "wallet";

/// How long an operation may wait for the client's protocol, and a creation for its end, in milliseconds.
const SOON: i64 = 15 * 60_000;
/// How long it may wait for the application to store a text.
const LATE: i64 = 24 * 3_600_000;

/// What is to be done about an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Task {
    /// End it if it takes too long.
    Watch,
    /// Carry it on.
    TakeUp,
}

/// A job about an operation.
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    group: String,
    owner: String,
    fence: Fence,
    task: Task,
}

/// When to look at a job again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It is over.
    Over,
    /// At this time.
    At(i64),
    /// After a while, the longer the more often it was tried.
    Later,
}

/// Has an operation that just began looked at after a while.
pub(super) async fn watch(app: &App, tx: &mut dyn Writing, whose: (&str, &str), fence: Fence) -> ApiResult<()> {
    leave(app, tx, whose, (fence, Task::Watch), app.now().saturating_add(SOON)).await
}

/// Has an operation carried on at this time.
pub(super) async fn take_up(
    app: &App,
    tx: &mut dyn Writing,
    whose: (&str, &str),
    fence: Fence,
    at: i64,
) -> ApiResult<()> {
    leave(app, tx, whose, (fence, Task::TakeUp), at).await
}

async fn leave(
    app: &App,
    tx: &mut dyn Writing,
    (group, owner): (&str, &str),
    (fence, task): (Fence, Task),
    run_at: i64,
) -> ApiResult<()> {
    let work = Work { group: group.to_owned(), owner: owner.to_owned(), fence, task };
    let payload = serde_json::to_vec(&work).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(tx.create_job(&Job { id: app.rng.uuid(), kind: JOB.to_owned(), payload, attempts: 0, run_at }).await?)
}

/// Does what a job is about.
pub(crate) async fn carry_out(app: &App, payload: &[u8]) -> ApiResult<Next> {
    let work: Work = serde_json::from_slice(payload).map_err(|_| ApiError::internal("an unreadable job"))?;
    let done = match work.task {
        Task::Watch => look(app, &work).await,
        Task::TakeUp => carry_on(app, &work).await,
    };
    match done {
        Ok(next) => Ok(next),
        // the operation is over
        Err(failure) if matches!(failure.code(), "WALLET_STALE" | "NO_WALLET") => Ok(Next::Over),
        Err(failure) => Err(failure.into()),
    }
}

async fn look(app: &App, Work { group, owner, fence, .. }: &Work) -> Result<Next, Failure> {
    let found = load(&mut *app.store.read().await.map_err(ApiError::from)?, group, owner).await?;
    let operation = found.and_then(|(_, record)| record.state.operation().cloned());
    let Some(operation) = operation.filter(|operation| operation.fence == *fence) else { return Ok(Next::Over) };
    let waits_for_protocol = operation.step == Step::Began || matches!(operation.kind, OperationKind::Create);
    let limit = if waits_for_protocol { SOON } else { LATE };
    let until = i64::try_from(operation.began).unwrap_or(i64::MAX).saturating_add(limit);
    if app.now() < until {
        return Ok(Next::At(until));
    }
    let event = Event::TimedOut { fence: *fence, at: now(app) };
    change(app, Whose { group, owner }, Missing::Refuse, |_| Ok(Some(event.clone()))).await?;
    Ok(Next::Over)
}

/// Takes an operation up where it stands, and goes on until it is over or has to wait.
async fn carry_on(app: &App, Work { group, owner, fence, .. }: &Work) -> Result<Next, Failure> {
    let (whose, at) = (Whose { group, owner }, now(app));
    let slots = custodian::slots(app, group).await?;
    for event in [Event::CustodianChanged { slots }, Event::CustodianSettled { at }] {
        change_by_worker(app, whose, event).await?;
    }
    let (mut record, effects) = change_by_worker(app, whose, Event::Resumed { fence: *fence, at }).await?;
    let mut effects = VecDeque::from(effects);
    while let Some(effect) = effects.pop_front() {
        let event = match effect {
            Effect::RetryLater { .. } => return Ok(Next::Later),
            Effect::WaitUntilSettled { until, .. } => return Ok(Next::At(i64::try_from(until).unwrap_or(i64::MAX))),
            Effect::PushCustodianHalf { fence, method, pairs } => {
                match custodian::push(app, whose, &record, (fence.generation, method, pairs)).await? {
                    true => Event::CustodianPushed { fence },
                    false => Event::CustodianPushFailed { fence, at: now(app) },
                }
            }
            Effect::FetchCustodianHalf { fence, pairs } => {
                let Some(shares) = custodian::look(app, whose, &record, pairs).await? else { return Ok(Next::Later) };
                Event::CustodianAnswered { fence, shares }
            }
            _ => continue,
        };
        let (after, more) = change_by_worker(app, whose, event).await?;
        record = after;
        effects.extend(more);
    }
    Ok(Next::Over)
}
