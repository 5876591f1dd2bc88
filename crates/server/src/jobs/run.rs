//! One try at one job, and what becomes of the job.

use std::time::Duration;

use keystead_store::StoreError;
use keystead_store::jobs::Job;

use super::backoff;
use crate::app::App;
use crate::blobs;
use crate::delivery::{self, Carriers, DeliveryError, Message};
use crate::metrics::Delivered;
use crate::wallet::work;

/// No try takes longer than this. Claims last twice as long.
pub(super) const LONGEST_TRY: Duration = Duration::from_secs(60);

/// What to do with a job after a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is done.
    Done,
    /// It is not worth another try.
    GiveUp(&'static str, Option<u16>),
    /// Try again at this time.
    TryAt(i64, &'static str, Option<u16>),
}

impl Outcome {
    fn counted(self) -> Delivered {
        match self {
            Self::Done => Delivered::Done,
            Self::GiveUp(..) => Delivered::GivenUp,
            Self::TryAt(..) => Delivered::PutOff,
        }
    }
}

/// Tries `job` and notes the outcome.
pub(super) async fn run(app: &App, carriers: &Carriers, job: Job) {
    let outcome = try_once(app, carriers, &job).await;
    // what is logged says which job and why, never to whom or what
    match outcome {
        Outcome::Done => tracing::debug!(job = job.id, kind = job.kind, attempts = job.attempts, "job done"),
        Outcome::GiveUp(reason, status) => {
            tracing::warn!(job = job.id, kind = job.kind, attempts = job.attempts, reason, status, "job given up");
        }
        Outcome::TryAt(_, reason, status) => {
            tracing::info!(job = job.id, kind = job.kind, attempts = job.attempts, reason, status, "job put off");
        }
    }
    if let Err(error) = note(app, &job, outcome).await {
        // the claim ends by itself, then the job is tried again
        tracing::warn!(job = job.id, %error, "the outcome of a job could not be noted");
    }
}

async fn try_once(app: &App, carriers: &Carriers, job: &Job) -> Outcome {
    if job.kind == blobs::JOB {
        return match blobs::carry_out(app, &job.payload).await {
            Ok(()) => Outcome::Done,
            // for as long as it takes: octets that nobody refers to must not stay
            Err(_) => {
                let next = app.now().saturating_add(backoff::wait(app.rng.as_ref(), job.attempts));
                Outcome::TryAt(next, "octets cannot be removed", None)
            }
        };
    }
    if job.kind == work::JOB {
        let later = |reason| {
            let next = app.now().saturating_add(backoff::wait(app.rng.as_ref(), job.attempts));
            Outcome::TryAt(next, reason, None)
        };
        return match work::carry_out(app, &job.payload).await {
            Ok(work::Next::Over) => Outcome::Done,
            Ok(work::Next::At(at)) => Outcome::TryAt(at, "it has to wait", None),
            Ok(work::Next::Later) => later("the custodian is not ready"),
            Err(_) => later("a wallet cannot be changed"),
        };
    }
    if job.kind != delivery::JOB {
        return Outcome::GiveUp("unknown kind", None);
    }
    let Some(message) = Message::open(app, &job.id, &job.payload) else {
        return Outcome::GiveUp("unreadable payload: was secret.key changed?", None);
    };
    if app.now() >= message.expires {
        return Outcome::GiveUp("expired", None);
    }
    let channel = message.channel;
    let late = Err(DeliveryError::Temporary { reason: "took too long", status: None });
    let carried = tokio::time::timeout(LONGEST_TRY, carriers.carry(&message)).await.unwrap_or(late);
    let outcome = decide(app, job.attempts, message.expires, carried);
    app.metrics.delivered(channel, outcome.counted());
    outcome
}

fn decide(app: &App, attempts: u32, expires: i64, carried: Result<(), DeliveryError>) -> Outcome {
    match carried {
        Ok(()) => Outcome::Done,
        Err(DeliveryError::Permanent { reason, status }) => Outcome::GiveUp(reason, status),
        Err(DeliveryError::Temporary { reason, status }) => {
            let next = app.now().saturating_add(backoff::wait(app.rng.as_ref(), attempts));
            if next < expires { Outcome::TryAt(next, reason, status) } else { Outcome::GiveUp(reason, status) }
        }
    }
}

async fn note(app: &App, job: &Job, outcome: Outcome) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    match outcome {
        Outcome::Done | Outcome::GiveUp(..) => tx.finish_job(&job.id).await?,
        Outcome::TryAt(at, ..) => tx.postpone_job(&job.id, at).await?,
    }
    tx.commit().await
}
