//! What is done about a wallet without its client: operations that take too long end.

use keystead_model::wallet::{Event, Fence, OperationKind, Step};
use keystead_store::Writing;
use keystead_store::jobs::Job;
use serde::{Deserialize, Serialize};

use super::change::{Missing, Whose, change};
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

/// A job about an operation.
#[derive(Debug, Serialize, Deserialize)]
struct Work {
    group: String,
    owner: String,
    fence: Fence,
}

/// Has an operation that just began looked at after a while.
pub(super) async fn watch(app: &App, tx: &mut dyn Writing, group: &str, owner: &str, fence: Fence) -> ApiResult<()> {
    let work = Work { group: group.to_owned(), owner: owner.to_owned(), fence };
    let payload = serde_json::to_vec(&work).map_err(|error| ApiError::internal(error.to_string()))?;
    let run_at = app.now().saturating_add(SOON);
    Ok(tx.create_job(&Job { id: app.rng.uuid(), kind: JOB.to_owned(), payload, attempts: 0, run_at }).await?)
}

/// Does what a job is about; when to look again, if it is not over.
pub(crate) async fn carry_out(app: &App, payload: &[u8]) -> ApiResult<Option<i64>> {
    let work: Work = serde_json::from_slice(payload).map_err(|_| ApiError::internal("an unreadable job"))?;
    let Work { group, owner, fence } = &work;
    let found = load(&mut *app.store.read().await?, group, owner).await?;
    let operation = found.and_then(|(_, record)| record.state.operation().cloned());
    let Some(operation) = operation.filter(|operation| operation.fence == *fence) else { return Ok(None) };
    let waits_for_protocol = operation.step == Step::Began || matches!(operation.kind, OperationKind::Create);
    let limit = if waits_for_protocol { SOON } else { LATE };
    let until = i64::try_from(operation.began).unwrap_or(i64::MAX).saturating_add(limit);
    if app.now() < until {
        return Ok(Some(until));
    }
    let event = Event::TimedOut { fence: *fence, at: now(app) };
    match change(app, Whose { group, owner }, Missing::Refuse, |_| Ok(Some(event.clone()))).await {
        // overtaken meanwhile
        Ok(_) | Err(Failure { code: "WALLET_STALE" | "NO_WALLET", .. }) => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}
