//! Work to be done after a commit, and the outbox of the development mode.

use async_trait::async_trait;

use crate::{EpochMs, Result};

/// Work that a transaction leaves to be done after its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Random id.
    pub id: String,
    /// What kind of work, e.g. `deliver`.
    pub kind: String,
    /// What the work needs, sealed.
    pub payload: Vec<u8>,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this.
    pub run_at: EpochMs,
}

/// A message that the development mode delivered to its outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// The address.
    pub to: String,
    /// `email` or `sms`.
    pub channel: String,
    /// The subject; empty for an SMS.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The one-time code inside, if there is one.
    pub code: Option<String>,
    /// When.
    pub at: EpochMs,
}

/// Reading jobs and the outbox.
#[async_trait]
pub trait ReadJobs {
    /// The newest messages of the outbox, newest first; only those to `to` where it is given.
    async fn outbox(&mut self, to: Option<&str>, limit: usize) -> Result<Vec<OutboxMessage>>;

    /// How many jobs wait, and how many of them were tried before.
    async fn waiting_jobs(&mut self) -> Result<(u64, u64)>;
}

/// Writing jobs and the outbox.
#[async_trait]
pub trait WriteJobs {
    /// Leaves work to be done.
    async fn create_job(&mut self, job: &Job) -> Result<()>;

    /// Claims up to `limit` jobs that are due at `now`: each is hidden from other claims until
    /// `until` and counts one attempt more.
    async fn claim_jobs(&mut self, now: EpochMs, until: EpochMs, limit: usize) -> Result<Vec<Job>>;

    /// Makes what was claimed until `until` or before due at `now`: whoever claimed it is gone. What was put off until
    /// then is tried early.
    async fn take_back_jobs(&mut self, now: EpochMs, until: EpochMs) -> Result<()>;

    /// Removes a job that is done or given up.
    async fn finish_job(&mut self, id: &str) -> Result<()>;

    /// Lets a claimed job be tried again at `at`.
    async fn postpone_job(&mut self, id: &str, at: EpochMs) -> Result<()>;

    /// Puts a message into the outbox, which keeps the newest few thousand.
    async fn add_to_outbox(&mut self, message: &OutboxMessage) -> Result<()>;
}
