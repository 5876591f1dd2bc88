//! Jobs and the outbox in memory.

use async_trait::async_trait;

use super::MemoryTransaction;
use crate::jobs::{Job, OutboxMessage, ReadJobs, WriteJobs};
use crate::{EpochMs, Result};

#[async_trait]
impl ReadJobs for MemoryTransaction {
    async fn outbox(&mut self, to: Option<&str>, limit: usize) -> Result<Vec<OutboxMessage>> {
        let messages = self.state.outbox.iter().rev();
        Ok(messages.filter(|message| to.is_none_or(|to| message.to == to)).take(limit).cloned().collect())
    }

    async fn waiting_jobs(&mut self) -> Result<(u64, u64)> {
        let tried = self.state.jobs.values().filter(|job| job.attempts > 0).count();
        Ok((self.state.jobs.len() as u64, tried as u64))
    }
}

#[async_trait]
impl WriteJobs for MemoryTransaction {
    async fn create_job(&mut self, job: &Job) -> Result<()> {
        self.change().jobs.insert(job.id.clone(), job.clone());
        Ok(())
    }

    async fn claim_jobs(&mut self, now: EpochMs, until: EpochMs, limit: usize) -> Result<Vec<Job>> {
        let mut due: Vec<&mut Job> = self.change().jobs.values_mut().filter(|job| job.run_at <= now).collect();
        due.sort_by_key(|job| (job.run_at, job.id.clone()));
        Ok(due
            .into_iter()
            .take(limit)
            .map(|job| {
                job.attempts = job.attempts.saturating_add(1);
                job.run_at = until;
                job.clone()
            })
            .collect())
    }

    async fn take_back_jobs(&mut self, now: EpochMs, until: EpochMs) -> Result<()> {
        let claimed = |job: &&mut Job| job.attempts > 0 && job.run_at > now && job.run_at <= until;
        self.change().jobs.values_mut().filter(claimed).for_each(|job| job.run_at = now);
        Ok(())
    }

    async fn finish_job(&mut self, id: &str) -> Result<()> {
        self.change().jobs.remove(id);
        Ok(())
    }

    async fn postpone_job(&mut self, id: &str, at: EpochMs) -> Result<()> {
        if let Some(job) = self.change().jobs.get_mut(id) {
            job.run_at = at;
        }
        Ok(())
    }

    async fn add_to_outbox(&mut self, message: &OutboxMessage) -> Result<()> {
        let state = self.change();
        state.outbox.push(message.clone());
        let surplus = state.outbox.len().saturating_sub(5_000);
        state.outbox.drain(..surplus);
        Ok(())
    }
}
