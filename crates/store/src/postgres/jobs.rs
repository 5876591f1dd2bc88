//! Jobs and the outbox in PostgreSQL.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::session::Session;
use super::text::{escape, unescape};
use crate::jobs::{Job, OutboxMessage, ReadJobs, WriteJobs};
use crate::{EpochMs, Result, StoreError};

/// How many messages the outbox keeps.
const OUTBOX: i64 = 5_000;

#[async_trait]
impl ReadJobs for Session {
    async fn outbox(&mut self, to: Option<&str>, limit: usize) -> Result<Vec<OutboxMessage>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let query = match to {
            Some(to) => sqlx::query(
                "SELECT recipient, channel, subject, body, code, at FROM outbox
                 WHERE recipient = $2 ORDER BY seq DESC LIMIT $1",
            )
            .bind(limit)
            .bind(escape(to)),
            None => {
                sqlx::query("SELECT recipient, channel, subject, body, code, at FROM outbox ORDER BY seq DESC LIMIT $1")
                    .bind(limit)
            }
        };
        query.fetch_all(self.connection()).await?.iter().map(message).collect()
    }

    async fn waiting_jobs(&mut self) -> Result<(u64, u64)> {
        let query = sqlx::query("SELECT count(*), count(CASE WHEN attempts > 0 THEN 1 END) FROM job");
        let row = query.fetch_one(self.connection()).await?;
        Ok((row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get::<i64, _>(1)?.unsigned_abs()))
    }
}

#[async_trait]
impl WriteJobs for Session {
    async fn create_job(&mut self, job: &Job) -> Result<()> {
        let query = sqlx::query("INSERT INTO job (id, kind, payload, attempts, run_at) VALUES ($1, $2, $3, $4, $5)");
        let query = query.bind(escape(&job.id)).bind(&job.kind).bind(&job.payload);
        query.bind(i64::from(job.attempts)).bind(job.run_at).execute(self.connection()).await?;
        Ok(())
    }

    async fn claim_jobs(&mut self, now: EpochMs, until: EpochMs, limit: usize) -> Result<Vec<Job>> {
        let query = sqlx::query(
            "WITH due AS (SELECT id, run_at FROM job WHERE run_at <= $1 ORDER BY run_at, id LIMIT $3
                          FOR UPDATE SKIP LOCKED),
                  claimed AS (UPDATE job SET attempts = job.attempts + 1, run_at = $2 FROM due WHERE job.id = due.id
                              RETURNING job.id, job.kind, job.payload, job.attempts, job.run_at, due.run_at AS was)
             SELECT id, kind, payload, attempts, run_at FROM claimed ORDER BY was, id",
        );
        let query = query.bind(now).bind(until).bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.fetch_all(self.connection()).await?.iter().map(job).collect()
    }

    async fn take_back_jobs(&mut self, now: EpochMs, until: EpochMs) -> Result<()> {
        let query = sqlx::query("UPDATE job SET run_at = $1 WHERE attempts > 0 AND run_at > $1 AND run_at <= $2");
        query.bind(now).bind(until).execute(self.connection()).await?;
        Ok(())
    }

    async fn finish_job(&mut self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM job WHERE id = $1").bind(escape(id)).execute(self.connection()).await?;
        Ok(())
    }

    async fn postpone_job(&mut self, id: &str, at: EpochMs) -> Result<()> {
        let query = sqlx::query("UPDATE job SET run_at = $2 WHERE id = $1").bind(escape(id)).bind(at);
        query.execute(self.connection()).await?;
        Ok(())
    }

    async fn add_to_outbox(&mut self, message: &OutboxMessage) -> Result<()> {
        let query = sqlx::query(
            "INSERT INTO outbox (recipient, channel, subject, body, code, at) VALUES ($1, $2, $3, $4, $5, $6)
             RETURNING seq",
        );
        let query = query.bind(escape(&message.to)).bind(&message.channel).bind(escape(&message.subject));
        let query = query.bind(escape(&message.body)).bind(message.code.as_deref()).bind(message.at);
        let seq: i64 = query.fetch_one(self.connection()).await?.try_get(0)?;
        let query = sqlx::query("DELETE FROM outbox WHERE seq <= $1").bind(seq.saturating_sub(OUTBOX));
        query.execute(self.connection()).await?;
        Ok(())
    }
}

fn job(row: &PgRow) -> Result<Job> {
    let attempts: i64 = row.try_get(3)?;
    Ok(Job {
        id: unescape(row.try_get(0)?),
        kind: row.try_get(1)?,
        payload: row.try_get(2)?,
        attempts: u32::try_from(attempts).map_err(|_| StoreError::Corrupt("the attempts of a job"))?,
        run_at: row.try_get(4)?,
    })
}

fn message(row: &PgRow) -> Result<OutboxMessage> {
    Ok(OutboxMessage {
        to: unescape(row.try_get(0)?),
        channel: row.try_get(1)?,
        subject: unescape(row.try_get(2)?),
        body: unescape(row.try_get(3)?),
        code: row.try_get(4)?,
        at: row.try_get(5)?,
    })
}
