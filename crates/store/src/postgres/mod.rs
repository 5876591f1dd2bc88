//! PostgreSQL, for more than one node or more than one machine.
//!
//! Units of work run at the READ COMMITTED level and lock what they read in order to change it: a document that is
//! read by its id, a request for a code, the secrets of an account, a limit. So whoever reads, decides and writes is
//! alone with what the decision rests on, as with the embedded engine, and everybody else goes on. What is found by
//! a search is not locked: revisions tell whether it is still as it was found. Views see one state (REPEATABLE READ).
//!
//! Two units of work that wait for each other are a failure of one of them, which the caller may try again.

mod accounts;
mod changes;
mod columns;
mod copy;
mod creations;
mod derived;
mod documents;
mod error;
mod find;
mod gateway;
mod held;
mod jobs;
mod migrations;
mod session;
mod text;

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};

use self::changes::Tail;
pub use self::copy::{Copied, Progress};
use self::creations::Creations;
use self::session::Session;
use crate::changes::Changes;
use crate::documents::{Creation, Written};
use crate::{Reading, Result, Store, StoreError, Writing};

/// How the engine uses the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections at most.
    pub connections: u32,
    /// How long to wait for one.
    pub patience: Duration,
    /// How long a statement may take.
    pub statement: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 16, patience: Duration::from_secs(5), statement: Duration::from_secs(30) }
    }
}

/// A store in a PostgreSQL database. Several nodes may use the same one.
pub struct PostgresStore {
    pool: PgPool,
    tail: Arc<Tail>,
    creations: Arc<Creations>,
}

impl PostgresStore {
    /// Connects to the database at a `postgres://` URL, which must have the shape this binary expects.
    ///
    /// # Errors
    /// The URL cannot be read, the database cannot be reached, or [`Self::migrate`] was not run.
    pub async fn connect(url: &str, options: Options) -> Result<Self> {
        let pool = pool(url, &options).await?;
        migrations::require_current(&pool).await?;
        let tail = Tail::new(pool.clone());
        let creations = Creations::new(pool.clone(), Arc::clone(&tail));
        Ok(Self { pool, tail, creations })
    }

    /// Brings the database to the shape this binary expects; how many steps that took.
    ///
    /// # Errors
    /// It cannot be reached, or a newer binary wrote it.
    pub async fn migrate(url: &str) -> Result<usize> {
        let pool = pool(url, &Options { connections: 2, ..Options::default() }).await?;
        let done = migrations::migrate(&pool).await;
        pool.close().await;
        done
    }

    /// Notes `value` under `name`, if nobody did before; whether it is what is noted there.
    ///
    /// # Errors
    /// The database cannot be reached.
    pub async fn agree(&self, name: &str, value: &[u8]) -> Result<bool> {
        sqlx::query("INSERT INTO agreed (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&self.pool)
            .await?;
        let noted = sqlx::query("SELECT value FROM agreed WHERE name = $1").bind(name).fetch_one(&self.pool).await?;
        let noted: Vec<u8> = noted.try_get(0)?;
        Ok(noted == value)
    }
}

async fn pool(url: &str, options: &Options) -> Result<PgPool> {
    let parsed = PgConnectOptions::from_str(url);
    let connect = parsed.map_err(|_| StoreError::Unavailable("expected postgres://user@host/database".to_owned()))?;
    let statement = options.statement.as_millis().to_string();
    let connect = connect
        .application_name("keystead")
        // what is logged of statements is ours to say
        .disable_statement_logging()
        .options([
            ("statement_timeout", statement.as_str()),
            ("lock_timeout", "10000"),
            ("idle_in_transaction_session_timeout", "60000"),
        ])
        .statement_cache_capacity(512);
    let pool = PgPoolOptions::new()
        .max_connections(options.connections)
        .min_connections(1)
        .acquire_timeout(options.patience)
        .test_before_acquire(false)
        // one that lay idle may be broken, which is cheaper to find out now than later
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                match meta.idle_for > Duration::from_secs(1) {
                    true => Ok(connection.ping().await.is_ok()),
                    false => Ok(true),
                }
            })
        })
        .connect_with(connect)
        .await?;
    Ok(pool)
}

#[async_trait]
impl Store for PostgresStore {
    async fn read(&self) -> Result<Box<dyn Reading>> {
        Ok(Box::new(Session::view(&self.pool).await?))
    }

    async fn look(&self) -> Result<Box<dyn Reading>> {
        Ok(Box::new(Session::look(&self.pool).await?))
    }

    async fn write(&self) -> Result<Box<dyn Writing>> {
        Ok(Box::new(Session::work(&self.pool, &self.tail).await?))
    }

    async fn create(&self, new: Creation) -> Result<Written> {
        // whether a unique value is taken is found out step by step
        match new.projection.unique.is_empty() {
            true => self.creations.write(new).await,
            false => crate::create(self.write().await?, new).await,
        }
    }

    fn changes(&self) -> Changes {
        self.tail.listen()
    }

    fn usage(&self) -> Vec<(&'static str, u64)> {
        let (all, idle) = (u64::from(self.pool.size()), self.pool.num_idle() as u64);
        vec![("connections", all), ("connections_in_use", all.saturating_sub(idle))]
    }

    async fn check(&self) -> Result<()> {
        let row = sqlx::query("SELECT pg_is_in_recovery()").fetch_one(&self.pool).await?;
        match row.try_get(0)? {
            false => Ok(()),
            true => Err(StoreError::Unavailable("the database is a replica and takes no writes".to_owned())),
        }
    }

    async fn close(&self) {
        self.tail.close();
        self.pool.close().await;
    }
}
