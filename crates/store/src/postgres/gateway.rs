//! The message gateway's state in PostgreSQL.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::accounts::revoke;
use super::changes::KEPT;
use super::session::Session;
use super::text::{escape, unescape};
use crate::gateway::{CodeRequest, Limit, Limited, Process, ReadGateway, WriteGateway};
use crate::{EpochMs, Result, StoreError};

/// How many rows of a table one call of `forget` removes.
const BATCH: u16 = 2_000;

/// What stands for a limit that nothing was taken from yet, so that its row can be locked.
const NEVER: EpochMs = EpochMs::MIN;

impl Session {
    /// The arrival time kept under a key. A unit of work is alone with it from then on.
    async fn arrival(&mut self, key: &str) -> Result<Option<EpochMs>> {
        let statement = self.either(
            "SELECT at FROM arrival WHERE key = $1 AND at <> $2",
            "INSERT INTO arrival AS kept (key, at) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING at",
        );
        let query = sqlx::query(statement).bind(escape(key)).bind(NEVER);
        let row = query.fetch_optional(self.connection()).await?;
        let at: Option<EpochMs> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(at.filter(|at| *at != NEVER))
    }
}

#[async_trait]
impl ReadGateway for Session {
    async fn process(&mut self, spec: &str, id: &str) -> Result<Option<Process>> {
        let query = sqlx::query("SELECT spec, id, settings FROM process WHERE spec = $1 AND id = $2");
        let row = query.bind(escape(spec)).bind(escape(id)).fetch_optional(self.connection()).await?;
        row.map(|row| process(&row)).transpose()
    }

    async fn processes(&mut self) -> Result<Vec<Process>> {
        let query = sqlx::query("SELECT spec, id, settings FROM process ORDER BY spec, id");
        query.fetch_all(self.connection()).await?.iter().map(process).collect()
    }

    async fn code_request(&mut self, id: &str) -> Result<Option<CodeRequest>> {
        // the tries that are left hold for all who guess at the same time
        let statement = self.either(
            "SELECT id, spec, process, address, code, payload, tries_left, expires, used FROM code_request
             WHERE id = $1",
            "SELECT id, spec, process, address, code, payload, tries_left, expires, used FROM code_request
             WHERE id = $1 FOR NO KEY UPDATE",
        );
        let row = sqlx::query(statement).bind(escape(id)).fetch_optional(self.connection()).await?;
        row.map(|row| code_request(&row)).transpose()
    }

    async fn live_codes(&mut self, address: &[u8], now: EpochMs) -> Result<u32> {
        let query = sqlx::query("SELECT count(*) FROM code_request WHERE address = $1 AND expires > $2 AND NOT used");
        let count: i64 = query.bind(address).bind(now).fetch_one(self.connection()).await?.try_get(0)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn peek(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        Ok(limit.step(self.arrival(key).await?, now).0)
    }
}

#[async_trait]
impl WriteGateway for Session {
    async fn set_process(&mut self, process: &Process) -> Result<()> {
        let query = sqlx::query(
            "INSERT INTO process (spec, id, settings) VALUES ($1, $2, $3)
             ON CONFLICT (spec, id) DO UPDATE SET settings = excluded.settings",
        );
        let query = query.bind(escape(&process.spec)).bind(escape(&process.id)).bind(&process.settings);
        query.execute(self.connection()).await?;
        Ok(())
    }

    async fn remove_process(&mut self, spec: &str, id: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM process WHERE spec = $1 AND id = $2");
        Ok(query.bind(escape(spec)).bind(escape(id)).execute(self.connection()).await?.rows_affected() > 0)
    }

    async fn create_code_request(&mut self, request: &CodeRequest) -> Result<bool> {
        let query = sqlx::query(
            "INSERT INTO code_request (id, spec, process, address, code, payload, tries_left, expires, used)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING",
        );
        let query = query.bind(escape(&request.id)).bind(escape(&request.spec)).bind(escape(&request.process));
        let query = query.bind(&request.address).bind(&request.code).bind(&request.payload);
        let query = query.bind(i64::from(request.tries_left)).bind(request.expires).bind(request.used);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    async fn count_wrong_code(&mut self, id: &str) -> Result<u32> {
        let query = sqlx::query(
            "UPDATE code_request SET tries_left = tries_left - 1 WHERE id = $1 AND tries_left > 0 RETURNING tries_left",
        );
        let row = query.bind(escape(id)).fetch_optional(self.connection()).await?;
        let left: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
        Ok(left.and_then(|left| u32::try_from(left).ok()).unwrap_or(0))
    }

    async fn use_code(&mut self, id: &str) -> Result<bool> {
        let query = sqlx::query("UPDATE code_request SET used = TRUE WHERE id = $1 AND NOT used");
        Ok(query.bind(escape(id)).execute(self.connection()).await?.rows_affected() > 0)
    }

    async fn use_challenge(&mut self, id: &str, expires: EpochMs) -> Result<bool> {
        let query = sqlx::query("INSERT INTO used_challenge (id, expires) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING");
        Ok(query.bind(escape(id)).bind(expires).execute(self.connection()).await?.rows_affected() > 0)
    }

    async fn take(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        let (answer, keep) = limit.step(self.arrival(key).await?, now);
        if let Some(at) = keep {
            let query = sqlx::query("UPDATE arrival SET at = $2 WHERE key = $1");
            query.bind(escape(key)).bind(at).execute(self.connection()).await?;
        }
        Ok(answer)
    }

    async fn clear(&mut self, key: &str) -> Result<()> {
        sqlx::query("DELETE FROM arrival WHERE key = $1").bind(escape(key)).execute(self.connection()).await?;
        Ok(())
    }

    async fn forget(&mut self, now: EpochMs) -> Result<bool> {
        let mut more = false;
        for (statement, before) in [
            (
                "DELETE FROM code_request WHERE id IN (SELECT id FROM code_request WHERE expires < $1
                 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)",
                now,
            ),
            (
                "DELETE FROM used_challenge WHERE id IN (SELECT id FROM used_challenge WHERE expires < $1
                 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)",
                now,
            ),
            (
                "DELETE FROM arrival WHERE key IN (SELECT key FROM arrival WHERE at < $1
                 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)",
                now,
            ),
            (
                "DELETE FROM secret WHERE (group_id, user_id, kind, name) IN
                 (SELECT group_id, user_id, kind, name FROM secret WHERE expires IS NOT NULL AND expires < $1
                  ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED)",
                now,
            ),
            (
                "DELETE FROM change WHERE ctid = ANY(ARRAY(SELECT ctid FROM change WHERE at < $1
                 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED))",
                now.saturating_sub(KEPT),
            ),
        ] {
            let query = sqlx::query(statement).bind(before).bind(i64::from(BATCH));
            more |= query.execute(self.connection()).await?.rows_affected() >= u64::from(BATCH);
        }
        let query =
            sqlx::query("SELECT id FROM session WHERE expires < $1 ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED");
        let rows = query.bind(now).bind(i64::from(BATCH)).fetch_all(self.connection()).await?;
        let ended = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>>>()?;
        revoke(self.connection(), &ended).await?;
        Ok(more || ended.len() >= usize::from(BATCH))
    }
}

fn process(row: &PgRow) -> Result<Process> {
    Ok(Process { spec: unescape(row.try_get(0)?), id: unescape(row.try_get(1)?), settings: row.try_get(2)? })
}

fn code_request(row: &PgRow) -> Result<CodeRequest> {
    let tries_left: i64 = row.try_get(6)?;
    Ok(CodeRequest {
        id: unescape(row.try_get(0)?),
        spec: unescape(row.try_get(1)?),
        process: unescape(row.try_get(2)?),
        address: row.try_get(3)?,
        code: row.try_get(4)?,
        payload: row.try_get(5)?,
        tries_left: u32::try_from(tries_left).map_err(|_| StoreError::Corrupt("the tries of a request"))?,
        expires: row.try_get(7)?,
        used: row.try_get(8)?,
    })
}
