//! The task that finds due jobs, runs several at once, and tidies up in between.

use std::sync::Arc;
use std::time::Duration;

use keystead_store::StoreError;
use keystead_store::jobs::Job;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::run::{LONGEST_TRY, run};
use crate::app::App;
use crate::delivery::{Carriers, SetupError};

/// How many jobs run at once.
const AT_ONCE: usize = 16;
/// How often to look for due jobs when nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often to forget what has ended. One call removes a bounded number of rows, so this is also how
/// fast the tables can shrink.
const TIDY_EVERY_MS: i64 = 5_000;
/// How long a stop waits for jobs under way; their claims end by themselves.
const GRACE: Duration = Duration::from_secs(10);

/// A running worker.
pub struct Worker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Claims no more jobs and returns when those under way are done, or after ten seconds.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // the task ends by a panic only if the loop below has one, and then there is nothing to wait for
        let _ = self.task.await;
    }
}

/// Starts a worker for the jobs of `app`.
///
/// # Errors
/// E-mail is configured in a way that cannot be set up.
pub fn start(app: Arc<App>) -> Result<Worker, SetupError> {
    let carriers = Arc::new(Carriers::new(&app)?);
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(work(app, carriers, stopped));
    Ok(Worker { stop, task })
}

/// Lets what a process before this one claimed be claimed again at once. Only where no other process has a worker on
/// the same store: before [`start`], on the embedded engine.
///
/// # Errors
/// The store fails.
pub async fn take_back(app: &App) -> Result<(), StoreError> {
    let mut tx = app.store.write().await?;
    tx.take_back_jobs(app.now(), app.now().saturating_add(claim_ms())).await?;
    tx.commit().await
}

/// How long a claim lasts, in milliseconds.
fn claim_ms() -> i64 {
    i64::try_from(LONGEST_TRY.as_millis()).unwrap_or(i64::MAX).saturating_mul(2)
}

async fn work(app: Arc<App>, carriers: Arc<Carriers>, mut stopped: watch::Receiver<bool>) {
    let mut running = JoinSet::new();
    let mut tidied = i64::MIN;
    // an idle worker looks before it claims, so that it writes nothing
    let mut idle = false;
    while !*stopped.borrow() {
        let now = app.now();
        if now.saturating_sub(tidied) >= TIDY_EVERY_MS {
            tidied = now;
            if let Err(error) = tidy(&app, now).await {
                tracing::warn!(%error, "what has ended could not be forgotten");
            }
        }
        match claim(&app, now, AT_ONCE.saturating_sub(running.len()), idle).await {
            Ok(jobs) => {
                for job in jobs {
                    let (app, carriers) = (app.clone(), carriers.clone());
                    running.spawn(async move { run(&app, &carriers, job).await });
                }
            }
            Err(error) => tracing::warn!(%error, "no jobs could be claimed"),
        }
        idle = false;
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => {}
            () = app.jobs.woken(), if running.len() < AT_ONCE => {}
            Some(ended) = running.join_next(), if !running.is_empty() => {
                if ended.is_err() {
                    tracing::error!("a job panicked; it is tried again when its claim ends");
                }
            }
            () = tokio::time::sleep(LOOK_EVERY) => idle = true,
        }
    }
    let all = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, all).await;
}

/// Claims up to `limit` due jobs, with `look` only if there are any.
async fn claim(app: &App, now: i64, limit: usize, look: bool) -> Result<Vec<Job>, StoreError> {
    if limit == 0 || (look && app.store.read().await?.waiting_jobs().await?.0 == 0) {
        return Ok(Vec::new());
    }
    let mut tx = app.store.write().await?;
    let jobs = tx.claim_jobs(now, now.saturating_add(claim_ms()), limit).await?;
    tx.commit().await?;
    Ok(jobs)
}

async fn tidy(app: &App, now: i64) -> Result<(), StoreError> {
    loop {
        let mut tx = app.store.write().await?;
        let more = tx.forget(now).await?;
        tx.commit().await?;
        if !more {
            return Ok(());
        }
    }
}
