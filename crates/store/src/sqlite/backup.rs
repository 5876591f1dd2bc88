//! Copies the database into one file while it is in use.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::connection::{create_private, make_durable, open_reader};
use super::{Options, SqliteStore};
use crate::{Result, StoreError};

impl SqliteStore {
    /// Copies the database to the new file `to`, as it is at this moment, without a log beside it and
    /// without empty pages. Nobody waits meanwhile, but the log grows. When this returns, the copy
    /// survives a crash. To restore it, put it into an empty data directory as `keystead.db`.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let (from, to) = (self.path().to_owned(), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to));
        copied.await.unwrap_or_else(|_| Err(StoreError::Failed("the backup was interrupted".to_owned())))
    }
}

/// Reads a database file that nobody uses from its first page to its last, and answers how many documents it holds.
///
/// # Errors
/// It is no database of ours, or damaged.
pub fn verify(file: &Path) -> Result<u64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(StoreError::Failed("the file is damaged".to_owned()));
    }
    let documents: i64 = connection.query_row("SELECT count(*) FROM document", [], |row| row.get(0))?;
    Ok(u64::try_from(documents).unwrap_or_default())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let target = to.to_str().ok_or_else(|| StoreError::Unavailable("the file's name is not UTF-8".to_owned()))?;
    let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("the copy: {}", error.kind()));
    create_private(to).map_err(unavailable)?;
    let copied = open_reader(from, &Options::default()).and_then(|connection| {
        connection.pragma_update(None, "query_only", false)?;
        Ok(connection.execute("VACUUM INTO ?1", [target])?)
    });
    let durable = copied.and_then(|_| make_durable(to).map_err(unavailable));
    if durable.is_err() {
        // Half a copy is worse than none; where it cannot be removed either, the error says enough.
        let _ = fs::remove_file(to);
    }
    durable
}
