//! Transactions that read, on a small pool of connections.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::open_reader;
use super::session::Session;
use super::{Options, closed};
use crate::{Reading, Result, StoreError};

/// Connections that read. They are opened when first needed, and kept.
pub(super) struct Readers {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        let permits = Arc::new(Semaphore::new(options.readers.max(1)));
        Self { path, options, idle: Mutex::new(Vec::new()), permits }
    }

    /// Opens a transaction that sees one state.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<SqliteReading> {
        let mut reading = self.look().await?;
        reading.run(|connection| Ok(connection.prepare_cached("BEGIN DEFERRED")?.execute([]).map(drop)?))?;
        reading.snapshot = true;
        Ok(reading)
    }

    /// Lends a connection outside of any transaction: every statement sees the latest state.
    pub(super) async fn look(self: &Arc<Self>) -> Result<SqliteReading> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, &self.options)?,
        };
        Ok(SqliteReading { connection: Some(connection), snapshot: false, readers: Arc::clone(self), _permit: permit })
    }

    /// How many connections are lent.
    pub(super) fn in_use(&self) -> u64 {
        self.options.readers.max(1).saturating_sub(self.permits.available_permits()) as u64
    }

    /// Waits for the transactions under way and closes every connection.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.options.readers.max(1)).unwrap_or(u32::MAX);
        if let Ok(permits) = self.permits.acquire_many(all).await {
            self.permits.close();
            drop(permits);
            self.idle.lock().clear();
        }
    }
}

/// A transaction that reads.
pub(super) struct SqliteReading {
    /// Gone after a failure.
    connection: Option<Connection>,
    /// Whether a transaction is open on it.
    snapshot: bool,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Session for SqliteReading {
    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self
            .connection
            .as_ref()
            .ok_or_else(|| StoreError::Failed("an earlier statement of this transaction failed".to_owned()))?;
        let answer = work(connection);
        if answer.is_err() {
            self.connection = None;
        }
        answer
    }
}

impl Reading for SqliteReading {}

impl Drop for SqliteReading {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let end = || connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([]));
            if !self.snapshot || end().is_ok() {
                self.readers.idle.lock().push(connection);
            }
        }
    }
}
