//! Stories of jobs and the outbox.

use std::sync::Arc;

use crate::jobs::{Job, OutboxMessage};
use crate::{EpochMs, Result, Store};

fn job(id: &str, attempts: u32, run_at: EpochMs) -> Job {
    Job { id: id.to_owned(), kind: "deliver".to_owned(), payload: vec![0, 1, 255], attempts, run_at }
}

fn message(to: &str, number: i64) -> OutboxMessage {
    OutboxMessage {
        to: to.to_owned(),
        channel: "email".to_owned(),
        subject: "s".to_owned(),
        body: format!("body {number}"),
        code: (number % 2 == 0).then(|| number.to_string()),
        at: number,
    }
}

/// Due jobs are claimed oldest first, and hidden from other claims for a while.
pub async fn claims_due_jobs(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    for (id, run_at) in [("c", 5), ("a", 10), ("b", 10), ("d", 11)] {
        work.create_job(&job(id, 0, run_at)).await?;
    }
    assert_eq!(work.claim_jobs(10, 20, 2).await?, [job("c", 1, 20), job("a", 1, 20)]);
    work.commit().await?;
    assert_eq!(store.read().await?.waiting_jobs().await?, (4, 2));
    let mut work = store.write().await?;
    assert_eq!(work.claim_jobs(10, 20, 9).await?, [job("b", 1, 20)]);
    assert_eq!(work.claim_jobs(10, 20, 9).await?, []);
    // A claim that nobody finished ends.
    let again = work.claim_jobs(20, 30, 9).await?;
    assert_eq!(again, [job("d", 1, 30), job("a", 2, 30), job("b", 2, 30), job("c", 2, 30)]);
    Ok(())
}

/// A finished job is gone, a postponed one comes again.
pub async fn finishes_and_postpones(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    assert_eq!(work.waiting_jobs().await?, (0, 0));
    work.create_job(&job("a", 0, 0)).await?;
    work.create_job(&job("b", 0, 0)).await?;
    assert_eq!(work.claim_jobs(0, 100, 9).await?.len(), 2);
    work.finish_job("a").await?;
    work.finish_job("nowhere").await?;
    work.postpone_job("b", 50).await?;
    work.postpone_job("nowhere", 50).await?;
    assert_eq!(work.claim_jobs(49, 100, 9).await?, []);
    assert_eq!(work.claim_jobs(50, 100, 9).await?, [job("b", 2, 100)]);
    assert_eq!(work.waiting_jobs().await?, (1, 1));
    Ok(())
}

/// What somebody claimed who is gone is due again; what nobody tried yet is not.
pub async fn takes_back_what_was_claimed(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    for (id, run_at) in [("a", 0), ("b", 0), ("c", 15)] {
        work.create_job(&job(id, 0, run_at)).await?;
    }
    assert_eq!(work.claim_jobs(0, 20, 9).await?.len(), 2);
    work.postpone_job("b", 21).await?;
    work.take_back_jobs(10, 19).await?;
    assert_eq!(work.claim_jobs(10, 20, 9).await?, []);
    work.take_back_jobs(10, 20).await?;
    assert_eq!(work.claim_jobs(10, 20, 9).await?, [job("a", 2, 20)]);
    // what is due stays as it is
    work.take_back_jobs(30, 40).await?;
    assert_eq!(work.claim_jobs(21, 50, 9).await?, [job("c", 1, 50), job("a", 3, 50), job("b", 2, 50)]);
    Ok(())
}

/// The outbox lists the newest first and keeps the newest few thousand.
pub async fn keeps_the_newest_of_the_outbox(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.add_to_outbox(&message("first", 0)).await?;
    for number in 1..=5_003 {
        work.add_to_outbox(&message(if number % 1_000 == 0 { "rare" } else { "often" }, number)).await?;
    }
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.outbox(None, 2).await?, [message("often", 5_003), message("often", 5_002)]);
    assert_eq!(view.outbox(Some("rare"), 2).await?, [message("rare", 5_000), message("rare", 4_000)]);
    assert_eq!(view.outbox(Some("rare"), 99).await?.len(), 5);
    assert_eq!(view.outbox(Some("first"), 99).await?, []);
    assert_eq!(view.outbox(Some("nobody"), 99).await?, []);
    assert_eq!(view.outbox(None, 9_999).await?.len(), 5_000);
    Ok(())
}
