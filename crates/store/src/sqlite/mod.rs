//! The embedded engine: one SQLite file in the data directory, no other program needed.
//!
//! One connection writes ([`writer`]), a few read ([`reader`]); the write-ahead log lets them work
//! at the same time. Statements run on the calling task: they take microseconds. Other processes may
//! use the same file (`keystead admin`): they wait for each other's short transactions.

mod accounts;
mod backup;
mod checkpoint;
mod connection;
mod derived;
mod documents;
mod error;
mod find;
mod gateway;
mod group;
mod jobs;
mod migrations;
mod reader;
mod session;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::backup::verify;
use self::reader::Readers;
use self::writer::Writers;
use crate::changes::Changes;
use crate::gateway::WriteGateway;
use crate::{Reading, Result, Store, StoreError, Writing};

/// How the embedded engine uses the machine.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many transactions can read at once.
    pub readers: usize,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
    /// Page cache of the connection that writes, in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each connection that reads, in KiB.
    pub reader_cache_kib: u32,
    /// How much of the file is mapped into memory.
    pub mmap_bytes: i64,
    /// Pages in the write-ahead log at which it is copied into the file.
    pub checkpoint_pages: u32,
    /// The largest number of pages the file may have; `None` for as many as the disk holds.
    pub max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 4,
            busy_timeout: Duration::from_secs(5),
            writer_cache_kib: 8 * 1024,
            reader_cache_kib: 16 * 1024,
            mmap_bytes: 64 << 30,
            checkpoint_pages: 16_000,
            max_pages: None,
        }
    }
}

/// A store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writers: Arc<Writers>,
    readers: Arc<Readers>,
}

impl SqliteStore {
    /// Opens the store in the directory `dir`, which is made where it is missing, and brings it to
    /// the shape this binary expects.
    pub fn open(dir: &Path, options: Options) -> Result<Self> {
        let path = connection::prepare_file(dir)?;
        let mut writer = connection::open_writer(&path, &options)?;
        migrations::migrate(&mut writer)?;
        let writers = Writers::new(&path, writer, &options)?;
        let readers = Arc::new(Readers::new(path.clone(), options));
        Ok(Self { path, writers, readers })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn read(&self) -> Result<Box<dyn Reading>> {
        Ok(Box::new(self.readers.begin().await?))
    }

    async fn look(&self) -> Result<Box<dyn Reading>> {
        Ok(Box::new(self.readers.look().await?))
    }

    async fn write(&self) -> Result<Box<dyn Writing>> {
        Ok(Box::new(self.writers.begin().await?))
    }

    fn changes(&self) -> Changes {
        self.writers.changes()
    }

    fn usage(&self) -> Vec<(&'static str, u64)> {
        vec![("readers", self.readers.in_use()), ("writers_waiting", self.writers.waiting())]
    }

    async fn check(&self) -> Result<()> {
        // Writes, and undoes it: nothing reaches the disk, but a file that cannot be written is found.
        let mut writing = self.writers.begin().await?;
        writing.use_challenge("check", 0).await.map(drop)
    }

    async fn close(&self) {
        self.writers.close().await;
        self.readers.close().await;
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("it is closed".to_owned())
}
