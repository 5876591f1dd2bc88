//! The message gateway's state in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::session::Session;
use crate::gateway::{CodeRequest, Limit, Limited, Process, ReadGateway, WriteGateway};
use crate::{EpochMs, Result};

/// How many rows of a table one call of `forget` removes: a few milliseconds of work.
const BATCH: u16 = 5_000;

#[async_trait]
impl<S: Session> ReadGateway for S {
    async fn process(&mut self, spec: &str, id: &str) -> Result<Option<Process>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT spec, id, settings FROM process WHERE spec = ?1 AND id = ?2")?
                .query_row([spec, id], process)
                .optional()?)
        })
    }

    async fn processes(&mut self) -> Result<Vec<Process>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT spec, id, settings FROM process ORDER BY spec, id")?
                .query_map([], process)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn code_request(&mut self, id: &str) -> Result<Option<CodeRequest>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT id, spec, process, address, code, payload, tries_left, expires, used
                     FROM code_request WHERE id = ?1",
                )?
                .query_row([id], code_request)
                .optional()?)
        })
    }

    async fn live_codes(&mut self, address: &[u8], now: EpochMs) -> Result<u32> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT count(*) FROM code_request WHERE address = ?1 AND expires > ?2 AND NOT used")?
                .query_row(params![address, now], |row| row.get(0))?)
        })
    }

    async fn peek(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        self.run(|connection| Ok(limit.step(arrival(connection, key)?, now).0))
    }
}

#[async_trait]
impl<S: Session> WriteGateway for S {
    async fn set_process(&mut self, process: &Process) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO process (spec, id, settings) VALUES (?1, ?2, ?3)
                     ON CONFLICT (spec, id) DO UPDATE SET settings = excluded.settings",
                )?
                .execute([&process.spec, &process.id, &process.settings])?;
            Ok(())
        })
    }

    async fn remove_process(&mut self, spec: &str, id: &str) -> Result<bool> {
        self.run(|connection| {
            let removed =
                connection.prepare_cached("DELETE FROM process WHERE spec = ?1 AND id = ?2")?.execute([spec, id])?;
            Ok(removed > 0)
        })
    }

    async fn create_code_request(&mut self, request: &CodeRequest) -> Result<bool> {
        self.run(|connection| {
            let created = connection
                .prepare_cached(
                    "INSERT INTO code_request
                       (id, spec, process, address, code, payload, tries_left, expires, used)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING",
                )?
                .execute(params![
                    request.id,
                    request.spec,
                    request.process,
                    request.address,
                    request.code,
                    request.payload,
                    request.tries_left,
                    request.expires,
                    request.used
                ])?;
            Ok(created > 0)
        })
    }

    async fn count_wrong_code(&mut self, id: &str) -> Result<u32> {
        self.run(|connection| {
            let left = connection
                .prepare_cached(
                    "UPDATE code_request SET tries_left = tries_left - 1
                     WHERE id = ?1 AND tries_left > 0 RETURNING tries_left",
                )?
                .query_row([id], |row| row.get(0))
                .optional()?;
            Ok(left.unwrap_or(0))
        })
    }

    async fn use_code(&mut self, id: &str) -> Result<bool> {
        self.run(|connection| {
            let used = connection
                .prepare_cached("UPDATE code_request SET used = TRUE WHERE id = ?1 AND NOT used")?
                .execute([id])?;
            Ok(used > 0)
        })
    }

    async fn use_challenge(&mut self, id: &str, expires: EpochMs) -> Result<bool> {
        self.run(|connection| {
            let noted = connection
                .prepare_cached("INSERT INTO used_challenge (id, expires) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")?
                .execute(params![id, expires])?;
            Ok(noted > 0)
        })
    }

    async fn take(&mut self, key: &str, limit: Limit, now: EpochMs) -> Result<Limited> {
        self.run(|connection| {
            let (answer, keep) = limit.step(arrival(connection, key)?, now);
            if let Some(at) = keep {
                connection
                    .prepare_cached(
                        "INSERT INTO arrival (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = excluded.at",
                    )?
                    .execute(params![key, at])?;
            }
            Ok(answer)
        })
    }

    async fn clear(&mut self, key: &str) -> Result<()> {
        self.run(|connection| {
            connection.prepare_cached("DELETE FROM arrival WHERE key = ?1")?.execute([key])?;
            Ok(())
        })
    }

    async fn forget(&mut self, now: EpochMs) -> Result<bool> {
        self.run(|connection| {
            let mut more = false;
            for statement in [
                "DELETE FROM code_request WHERE id IN
                   (SELECT id FROM code_request WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
                "DELETE FROM used_challenge WHERE id IN
                   (SELECT id FROM used_challenge WHERE expires < ?1 ORDER BY expires LIMIT ?2)",
                "DELETE FROM arrival WHERE key IN (SELECT key FROM arrival WHERE at < ?1 LIMIT ?2)",
                "DELETE FROM secret WHERE (group_id, user_id, kind, name) IN
                   (SELECT group_id, user_id, kind, name FROM secret
                    WHERE expires IS NOT NULL AND expires < ?1 ORDER BY expires LIMIT ?2)",
            ] {
                more |= connection.prepare_cached(statement)?.execute(params![now, BATCH])? >= usize::from(BATCH);
            }
            Ok(forget_sessions(connection, now)? || more)
        })
    }
}

fn forget_sessions(connection: &Connection, now: EpochMs) -> Result<bool> {
    let ended: Vec<String> = connection
        .prepare_cached("SELECT id FROM session WHERE expires < ?1 ORDER BY expires LIMIT ?2")?
        .query_map(params![now, BATCH], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in &ended {
        super::accounts::revoke(connection, id)?;
    }
    Ok(ended.len() >= usize::from(BATCH))
}

fn arrival(connection: &Connection, key: &str) -> Result<Option<EpochMs>> {
    Ok(connection
        .prepare_cached("SELECT at FROM arrival WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn process(row: &Row<'_>) -> rusqlite::Result<Process> {
    Ok(Process { spec: row.get(0)?, id: row.get(1)?, settings: row.get(2)? })
}

fn code_request(row: &Row<'_>) -> rusqlite::Result<CodeRequest> {
    Ok(CodeRequest {
        id: row.get(0)?,
        spec: row.get(1)?,
        process: row.get(2)?,
        address: row.get(3)?,
        code: row.get(4)?,
        payload: row.get(5)?,
        tries_left: row.get(6)?,
        expires: row.get(7)?,
        used: row.get(8)?,
    })
}
