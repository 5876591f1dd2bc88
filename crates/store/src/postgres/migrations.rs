//! Brings the tables to the shape this binary expects. Several nodes may do this at once.
//!
//! A published migration is never edited: a change is a new file at the end of the list.

use sqlx::{PgPool, Row as _};

use crate::{Result, StoreError};

/// Every migration, oldest first.
const ALL: &[&str] = &[include_str!("../../migrations/postgres/0001_initial.sql")];

/// What one of two nodes is told that make the same table at the same moment, by how far the other one is: a row of
/// the catalogue, the type of the table's rows, or the table exists.
const EXISTS: [&str; 3] = ["23505", "42710", "42P07"];

/// Applies what is missing; how many there were.
pub(super) async fn migrate(pool: &PgPool) -> Result<usize> {
    let table = "CREATE TABLE IF NOT EXISTS schema_version (done bigint NOT NULL)";
    let mut tx = match sqlx::raw_sql(table).execute(pool).await {
        Ok(_) => pool.begin().await?,
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| EXISTS.contains(&&*code)) => {
            pool.begin().await?
        }
        Err(error) => return Err(error.into()),
    };
    sqlx::raw_sql("LOCK TABLE schema_version IN EXCLUSIVE MODE").execute(&mut *tx).await?;
    let done = version(&mut tx).await?;
    for migration in ALL.iter().skip(done) {
        sqlx::raw_sql(*migration).execute(&mut *tx).await?;
    }
    sqlx::query("DELETE FROM schema_version").execute(&mut *tx).await?;
    let all = i64::try_from(ALL.len()).unwrap_or(i64::MAX);
    sqlx::query("INSERT INTO schema_version (done) VALUES ($1)").bind(all).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(ALL.len().saturating_sub(done))
}

/// Refuses a database that has another shape than this binary expects.
pub(super) async fn require_current(pool: &PgPool) -> Result<()> {
    let known: bool =
        sqlx::query("SELECT to_regclass('schema_version') IS NOT NULL").fetch_one(pool).await?.try_get(0)?;
    let done = if known { version(&mut *pool.acquire().await?).await? } else { 0 };
    match done == ALL.len() {
        true => Ok(()),
        false => Err(StoreError::Unavailable("the database has an older shape: run `keystead migrate`".to_owned())),
    }
}

/// How many migrations were applied.
async fn version(connection: &mut sqlx::PgConnection) -> Result<usize> {
    let done = sqlx::query("SELECT done FROM schema_version").fetch_optional(connection).await?;
    let done: i64 = done.map_or(Ok(0), |row| row.try_get(0))?;
    match usize::try_from(done) {
        Ok(done) if done <= ALL.len() => Ok(done),
        _ => Err(StoreError::Unavailable(format!(
            "the database has version {done}, this binary knows versions up to {}: a newer binary wrote it",
            ALL.len()
        ))),
    }
}
