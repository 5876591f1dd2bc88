//! Jobs and the outbox in SQLite.

use async_trait::async_trait;
use rusqlite::{Row, params};

use super::session::Session;
use crate::jobs::{Job, OutboxMessage, ReadJobs, WriteJobs};
use crate::{EpochMs, Result};

/// How many messages the outbox keeps.
const OUTBOX: i64 = 5_000;

#[async_trait]
impl<S: Session> ReadJobs for S {
    async fn outbox(&mut self, to: Option<&str>, limit: usize) -> Result<Vec<OutboxMessage>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(|connection| {
            let messages = match to {
                Some(to) => connection
                    .prepare_cached(
                        "SELECT recipient, channel, subject, body, code, at FROM outbox
                         WHERE recipient = ?1 ORDER BY seq DESC LIMIT ?2",
                    )?
                    .query_map(params![to, limit], message)?
                    .collect::<rusqlite::Result<_>>()?,
                None => connection
                    .prepare_cached(
                        "SELECT recipient, channel, subject, body, code, at FROM outbox ORDER BY seq DESC LIMIT ?1",
                    )?
                    .query_map(params![limit], message)?
                    .collect::<rusqlite::Result<_>>()?,
            };
            Ok(messages)
        })
    }

    async fn waiting_jobs(&mut self) -> Result<(u64, u64)> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT count(*), count(CASE WHEN attempts > 0 THEN 1 END) FROM job")?
                .query_row([], |row| {
                    Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
                })?)
        })
    }
}

#[async_trait]
impl<S: Session> WriteJobs for S {
    async fn create_job(&mut self, job: &Job) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("INSERT INTO job (id, kind, payload, attempts, run_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![job.id, job.kind, job.payload, job.attempts, job.run_at])?;
            Ok(())
        })
    }

    async fn claim_jobs(&mut self, now: EpochMs, until: EpochMs, limit: usize) -> Result<Vec<Job>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run(|connection| {
            let mut jobs: Vec<Job> = connection
                .prepare_cached(
                    "SELECT id, kind, payload, attempts, run_at FROM job
                     WHERE run_at <= ?1 ORDER BY run_at, id LIMIT ?2",
                )?
                .query_map(params![now, limit], job)?
                .collect::<rusqlite::Result<_>>()?;
            for job in &mut jobs {
                job.attempts = job.attempts.saturating_add(1);
                job.run_at = until;
                connection
                    .prepare_cached("UPDATE job SET attempts = ?2, run_at = ?3 WHERE id = ?1")?
                    .execute(params![job.id, job.attempts, job.run_at])?;
            }
            Ok(jobs)
        })
    }

    async fn take_back_jobs(&mut self, now: EpochMs, until: EpochMs) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("UPDATE job SET run_at = ?1 WHERE attempts > 0 AND run_at > ?1 AND run_at <= ?2")?
                .execute([now, until])?;
            Ok(())
        })
    }

    async fn finish_job(&mut self, id: &str) -> Result<()> {
        self.run(|connection| {
            connection.prepare_cached("DELETE FROM job WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
    }

    async fn postpone_job(&mut self, id: &str, at: EpochMs) -> Result<()> {
        self.run(|connection| {
            connection.prepare_cached("UPDATE job SET run_at = ?2 WHERE id = ?1")?.execute(params![id, at])?;
            Ok(())
        })
    }

    async fn add_to_outbox(&mut self, message: &OutboxMessage) -> Result<()> {
        self.run(|connection| {
            let seq: i64 = connection
                .prepare_cached(
                    "INSERT INTO outbox (recipient, channel, subject, body, code, at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING seq",
                )?
                .query_row(
                    params![message.to, message.channel, message.subject, message.body, message.code, message.at],
                    |row| row.get(0),
                )?;
            connection.prepare_cached("DELETE FROM outbox WHERE seq <= ?1")?.execute([seq.saturating_sub(OUTBOX)])?;
            Ok(())
        })
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job { id: row.get(0)?, kind: row.get(1)?, payload: row.get(2)?, attempts: row.get(3)?, run_at: row.get(4)? })
}

fn message(row: &Row<'_>) -> rusqlite::Result<OutboxMessage> {
    Ok(OutboxMessage {
        to: row.get(0)?,
        channel: row.get(1)?,
        subject: row.get(2)?,
        body: row.get(3)?,
        code: row.get(4)?,
        at: row.get(5)?,
    })
}
