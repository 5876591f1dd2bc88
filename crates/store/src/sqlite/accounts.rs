//! Accounts in SQLite.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::session::Session as SqliteSession;
use crate::accounts::{Account, ReadAccounts, Secret, SecretKind, Session, WriteAccounts};
use crate::{EpochMs, Result};

#[async_trait]
impl<S: SqliteSession> ReadAccounts for S {
    async fn accounts(&mut self, name: &str) -> Result<Vec<Account>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT group_id, user_id FROM login WHERE name = ?1 ORDER BY group_id")?
                .query_map([name], account)?
                .collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn secrets(&mut self, account: &Account, now: EpochMs) -> Result<Vec<Secret>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT kind, name, digest, created, expires FROM secret
                 WHERE group_id = ?1 AND user_id = ?2 AND (expires IS NULL OR expires > ?3)
                 ORDER BY kind, name",
            )?;
            let mut rows = statement.query(params![account.group, account.user, now])?;
            let mut secrets = Vec::new();
            while let Some(row) = rows.next()? {
                secrets.push(secret(row)?);
            }
            Ok(secrets)
        })
    }

    async fn session_lives(&mut self, id: &str, now: EpochMs) -> Result<bool> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached("SELECT 1 FROM session WHERE id = ?1 AND expires > ?2")?
                .exists(params![id, now])?)
        })
    }

    async fn session(&mut self, id: &str, now: EpochMs) -> Result<Option<Session>> {
        self.run(|connection| {
            let session = connection
                .prepare_cached("SELECT id, class, created, expires FROM session WHERE id = ?1 AND expires > ?2")?
                .query_row(params![id, now], |row| {
                    Ok(Session {
                        id: row.get(0)?,
                        accounts: Vec::new(),
                        class: row.get(1)?,
                        created: row.get(2)?,
                        expires: row.get(3)?,
                    })
                })
                .optional()?;
            let Some(mut session) = session else { return Ok(None) };
            session.accounts = connection
                .prepare_cached(
                    "SELECT group_id, user_id FROM session_account WHERE session_id = ?1 ORDER BY group_id, user_id",
                )?
                .query_map([id], account)?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Some(session))
        })
    }
}

#[async_trait]
impl<S: SqliteSession> WriteAccounts for S {
    async fn set_names(&mut self, account: &Account, names: &[String]) -> Result<Option<String>> {
        self.run(|connection| {
            for name in names {
                let other: Option<String> = connection
                    .prepare_cached("SELECT name FROM login WHERE name = ?1 AND group_id = ?2 AND user_id <> ?3")?
                    .query_row([name, &account.group, &account.user], |row| row.get(0))
                    .optional()?;
                if other.is_some() {
                    return Ok(other);
                }
            }
            let kept: BTreeSet<String> = connection
                .prepare_cached("SELECT name FROM login WHERE group_id = ?1 AND user_id = ?2")?
                .query_map([&account.group, &account.user], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let wanted: BTreeSet<String> = names.iter().cloned().collect();
            for name in kept.difference(&wanted) {
                connection
                    .prepare_cached("DELETE FROM login WHERE name = ?1 AND group_id = ?2")?
                    .execute([name, &account.group])?;
            }
            for name in wanted.difference(&kept) {
                connection
                    .prepare_cached("INSERT INTO login (name, group_id, user_id) VALUES (?1, ?2, ?3)")?
                    .execute([name, &account.group, &account.user])?;
            }
            Ok(None)
        })
    }

    async fn set_secret(&mut self, account: &Account, secret: &Secret) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO secret (group_id, user_id, kind, name, digest, created, expires)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (group_id, user_id, kind, name) DO UPDATE
                     SET digest = excluded.digest, created = excluded.created, expires = excluded.expires",
                )?
                .execute(params![
                    account.group,
                    account.user,
                    secret.kind.number(),
                    secret.name,
                    secret.digest,
                    secret.created,
                    secret.expires
                ])?;
            Ok(())
        })
    }

    async fn remove_secret(&mut self, account: &Account, kind: SecretKind, name: &str) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("DELETE FROM secret WHERE group_id = ?1 AND user_id = ?2 AND kind = ?3 AND name = ?4")?
                .execute(params![account.group, account.user, kind.number(), name])?;
            Ok(())
        })
    }

    async fn remove_account(&mut self, account: &Account) -> Result<()> {
        self.run(|connection| {
            for statement in [
                "DELETE FROM login WHERE group_id = ?1 AND user_id = ?2",
                "DELETE FROM secret WHERE group_id = ?1 AND user_id = ?2",
            ] {
                connection.prepare_cached(statement)?.execute([&account.group, &account.user])?;
            }
            revoke_all(connection, account)
        })
    }

    async fn create_session(&mut self, session: &Session) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("INSERT INTO session (id, class, created, expires) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![session.id, session.class, session.created, session.expires])?;
            for account in session.accounts.iter().collect::<BTreeSet<_>>() {
                connection
                    .prepare_cached("INSERT INTO session_account (session_id, group_id, user_id) VALUES (?1, ?2, ?3)")?
                    .execute([&session.id, &account.group, &account.user])?;
            }
            Ok(())
        })
    }

    async fn revoke_session(&mut self, id: &str) -> Result<bool> {
        self.run(|connection| revoke(connection, id))
    }

    async fn revoke_sessions(&mut self, account: &Account) -> Result<()> {
        self.run(|connection| revoke_all(connection, account))
    }
}

/// Removes a session; whether there was one.
pub(super) fn revoke(connection: &Connection, id: &str) -> Result<bool> {
    connection.prepare_cached("DELETE FROM session_account WHERE session_id = ?1")?.execute([id])?;
    Ok(connection.prepare_cached("DELETE FROM session WHERE id = ?1")?.execute([id])? > 0)
}

fn revoke_all(connection: &Connection, account: &Account) -> Result<()> {
    let sessions: Vec<String> = connection
        .prepare_cached("SELECT session_id FROM session_account WHERE group_id = ?1 AND user_id = ?2")?
        .query_map([&account.group, &account.user], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in sessions {
        revoke(connection, &id)?;
    }
    Ok(())
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account { group: row.get(0)?, user: row.get(1)? })
}

fn secret(row: &Row<'_>) -> Result<Secret> {
    let kind: i64 = row.get(0)?;
    let kind = SecretKind::of_number(kind)?;
    Ok(Secret { kind, name: row.get(1)?, digest: row.get(2)?, created: row.get(3)?, expires: row.get(4)? })
}
