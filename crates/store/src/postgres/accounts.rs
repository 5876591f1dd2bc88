//! Accounts in PostgreSQL.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::session::Session as PgSession;
use super::text::{escape, unescape};
use crate::accounts::{Account, ReadAccounts, Secret, SecretKind, Session, WriteAccounts};
use crate::{EpochMs, Result, StoreError};

#[async_trait]
impl ReadAccounts for PgSession {
    async fn accounts(&mut self, name: &str) -> Result<Vec<Account>> {
        let query = sqlx::query("SELECT group_id, user_id FROM login WHERE name = $1 ORDER BY group_id");
        let rows = query.bind(escape(name)).fetch_all(self.connection()).await?;
        rows.iter().map(account).collect()
    }

    async fn secrets(&mut self, account: &Account, now: EpochMs) -> Result<Vec<Secret>> {
        // a second factor counts once: whoever checks it is alone with it
        let statement = self.either(
            "SELECT kind, name, digest, created, expires FROM secret
             WHERE group_id = $1 AND user_id = $2 AND (expires IS NULL OR expires > $3) ORDER BY kind, name",
            "SELECT kind, name, digest, created, expires FROM secret
             WHERE group_id = $1 AND user_id = $2 AND (expires IS NULL OR expires > $3) ORDER BY kind, name
             FOR NO KEY UPDATE",
        );
        let query = sqlx::query(statement).bind(escape(&account.group)).bind(escape(&account.user)).bind(now);
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(secret).collect()
    }

    async fn session_lives(&mut self, id: &str, now: EpochMs) -> Result<bool> {
        let query = sqlx::query("SELECT 1 FROM session WHERE id = $1 AND expires > $2");
        Ok(query.bind(escape(id)).bind(now).fetch_optional(self.connection()).await?.is_some())
    }

    async fn session(&mut self, id: &str, now: EpochMs) -> Result<Option<Session>> {
        let query = sqlx::query("SELECT id, class, created, expires FROM session WHERE id = $1 AND expires > $2");
        let Some(row) = query.bind(escape(id)).bind(now).fetch_optional(self.connection()).await? else {
            return Ok(None);
        };
        let class: i64 = row.try_get(1)?;
        let class = u8::try_from(class).map_err(|_| StoreError::Corrupt("the class of a session"))?;
        let query = sqlx::query(
            "SELECT group_id, user_id FROM session_account WHERE session_id = $1 ORDER BY group_id, user_id",
        );
        let accounts = query.bind(escape(id)).fetch_all(self.connection()).await?;
        Ok(Some(Session {
            id: unescape(row.try_get(0)?),
            accounts: accounts.iter().map(account).collect::<Result<_>>()?,
            class,
            created: row.try_get(2)?,
            expires: row.try_get(3)?,
        }))
    }
}

#[async_trait]
impl WriteAccounts for PgSession {
    async fn set_names(&mut self, account: &Account, names: &[String]) -> Result<Option<String>> {
        let (group, user) = (escape(&account.group), escape(&account.user));
        let connection = self.connection();
        let query = sqlx::query("SELECT name FROM login WHERE group_id = $1 AND user_id = $2 FOR NO KEY UPDATE");
        let rows = query.bind(&group).bind(&user).fetch_all(&mut *connection).await?;
        let kept = rows.iter().map(|row| Ok(unescape(row.try_get(0)?))).collect::<Result<BTreeSet<String>>>()?;
        let wanted: BTreeSet<String> = names.iter().cloned().collect();
        let mut claimed = Vec::new();
        for name in wanted.difference(&kept) {
            // waits for whoever takes the same name at this moment
            let owner = sqlx::query(
                "INSERT INTO login AS known (name, group_id, user_id) VALUES ($1, $2, $3)
                 ON CONFLICT (name, group_id) DO UPDATE SET user_id = known.user_id RETURNING user_id",
            );
            let owner = owner.bind(escape(name)).bind(&group).bind(&user).fetch_one(&mut *connection).await?;
            let owner: String = owner.try_get(0)?;
            if owner != user {
                let query = sqlx::query("DELETE FROM login WHERE name = ANY($1) AND group_id = $2 AND user_id = $3");
                query.bind(claimed).bind(&group).bind(&user).execute(connection).await?;
                return Ok(Some(name.clone()));
            }
            claimed.push(escape(name).into_owned());
        }
        let gone: Vec<String> = kept.difference(&wanted).map(|name| escape(name).into_owned()).collect();
        if !gone.is_empty() {
            let query = sqlx::query("DELETE FROM login WHERE name = ANY($1) AND group_id = $2 AND user_id = $3");
            query.bind(gone).bind(&group).bind(&user).execute(connection).await?;
        }
        Ok(None)
    }

    async fn set_secret(&mut self, account: &Account, secret: &Secret) -> Result<()> {
        let query = sqlx::query(
            "INSERT INTO secret (group_id, user_id, kind, name, digest, created, expires)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (group_id, user_id, kind, name) DO UPDATE
             SET digest = excluded.digest, created = excluded.created, expires = excluded.expires",
        );
        let query = query.bind(escape(&account.group)).bind(escape(&account.user)).bind(secret.kind.number());
        let query = query.bind(escape(&secret.name)).bind(&secret.digest).bind(secret.created).bind(secret.expires);
        query.execute(self.connection()).await?;
        Ok(())
    }

    async fn remove_secret(&mut self, account: &Account, kind: SecretKind, name: &str) -> Result<()> {
        let query = sqlx::query("DELETE FROM secret WHERE group_id = $1 AND user_id = $2 AND kind = $3 AND name = $4");
        let query = query.bind(escape(&account.group)).bind(escape(&account.user)).bind(kind.number());
        query.bind(escape(name)).execute(self.connection()).await?;
        Ok(())
    }

    async fn remove_account(&mut self, account: &Account) -> Result<()> {
        for statement in [
            "DELETE FROM login WHERE group_id = $1 AND user_id = $2",
            "DELETE FROM secret WHERE group_id = $1 AND user_id = $2",
        ] {
            let query = sqlx::query(statement).bind(escape(&account.group)).bind(escape(&account.user));
            query.execute(self.connection()).await?;
        }
        revoke_all(self.connection(), account).await
    }

    async fn create_session(&mut self, session: &Session) -> Result<()> {
        let query = sqlx::query("INSERT INTO session (id, class, created, expires) VALUES ($1, $2, $3, $4)");
        let query = query.bind(escape(&session.id)).bind(i64::from(session.class));
        query.bind(session.created).bind(session.expires).execute(self.connection()).await?;
        let accounts: BTreeSet<&Account> = session.accounts.iter().collect();
        let query = sqlx::query(
            "INSERT INTO session_account (session_id, group_id, user_id)
             SELECT $1, x.g, x.u FROM unnest($2::text[], $3::text[]) AS x (g, u)",
        );
        let groups: Vec<String> = accounts.iter().map(|account| escape(&account.group).into_owned()).collect();
        let users: Vec<String> = accounts.iter().map(|account| escape(&account.user).into_owned()).collect();
        query.bind(escape(&session.id)).bind(groups).bind(users).execute(self.connection()).await?;
        Ok(())
    }

    async fn revoke_session(&mut self, id: &str) -> Result<bool> {
        revoke(self.connection(), &[escape(id).into_owned()]).await.map(|revoked| revoked > 0)
    }

    async fn revoke_sessions(&mut self, account: &Account) -> Result<()> {
        revoke_all(self.connection(), account).await
    }
}

/// Removes sessions; how many there were. The ids are escaped.
pub(super) async fn revoke(connection: &mut PgConnection, ids: &[String]) -> Result<u64> {
    let query = sqlx::query("DELETE FROM session_account WHERE session_id = ANY($1)");
    query.bind(ids.to_vec()).execute(&mut *connection).await?;
    let query = sqlx::query("DELETE FROM session WHERE id = ANY($1)");
    Ok(query.bind(ids.to_vec()).execute(connection).await?.rows_affected())
}

async fn revoke_all(connection: &mut PgConnection, account: &Account) -> Result<()> {
    let query = sqlx::query("SELECT session_id FROM session_account WHERE group_id = $1 AND user_id = $2");
    let query = query.bind(escape(&account.group)).bind(escape(&account.user));
    let rows = query.fetch_all(&mut *connection).await?;
    let ids = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>>>()?;
    revoke(connection, &ids).await.map(drop)
}

fn account(row: &PgRow) -> Result<Account> {
    Ok(Account { group: unescape(row.try_get(0)?), user: unescape(row.try_get(1)?) })
}

fn secret(row: &PgRow) -> Result<Secret> {
    let kind: i64 = row.try_get(0)?;
    let kind = SecretKind::of_number(kind)?;
    let name = unescape(row.try_get(1)?);
    Ok(Secret { kind, name, digest: row.try_get(2)?, created: row.try_get(3)?, expires: row.try_get(4)? })
}
