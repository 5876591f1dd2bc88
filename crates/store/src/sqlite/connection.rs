//! Opens connections to the database file, each set up the same way.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use super::error::is_busy;
use crate::{Result, StoreError};

/// Name of the database file in the data directory.
const FILE: &str = "keystead.db";

/// Size of a page of a new database. Half of the default: see [`open_writer`].
const PAGE_BYTES: u32 = 2048;

/// Between two tries to get hold of a file that another process is setting up.
const RETRY: Duration = Duration::from_millis(2);

/// Statements that a connection keeps prepared. Filters compile to statements of many shapes.
const PREPARED: usize = 256;

/// Makes sure that the directory and an empty database file exist, readable by their owner only.
pub(super) fn prepare_file(dir: &Path) -> Result<PathBuf> {
    let path = dir.join(FILE);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.create(dir).and_then(|()| match create_private(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        outcome => outcome,
    });
    made.map_err(|error| {
        StoreError::Unavailable(format!("the data directory or its database file cannot be made: {}", error.kind()))
    })?;
    Ok(path)
}

/// Makes a new file that only its owner can read.
pub(super) fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    make_durable(path)
}

/// Makes what was written to a file survive a power loss, and its name as well.
pub(super) fn make_durable(path: &Path) -> std::io::Result<()> {
    fs::File::open(path)?.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()
}

/// Opens the connection that writes.
pub(super) fn open_writer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = open(path, options, options.writer_cache_kib)?;
    // Ids are random, so a write touches a page here and a page there, and each goes whole into the
    // log: small pages halve what reaches the disk. Has an effect on a new database only.
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    log_ahead(&connection, options)?;
    // Must survive power loss: every commit reaches the disk before it is acknowledged.
    connection.pragma_update(None, "synchronous", "FULL")?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(connection)
}

/// Switches to the write-ahead log. Where several processes open a new file at once SQLite refuses
/// this without waiting, lest they wait for each other.
fn log_ahead(connection: &Connection, options: &Options) -> Result<()> {
    let begun = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Err(error) if is_busy(&error) && begun.elapsed() < options.busy_timeout => std::thread::sleep(RETRY),
            Ok(mode) if mode != "wal" => {
                return Err(StoreError::Unavailable("the file system does not support a write-ahead log".to_owned()));
            }
            outcome => return Ok(outcome.map(drop)?),
        }
    }
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path, options: &Options) -> Result<Connection> {
    let connection = open(path, options, options.reader_cache_kib)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Opens the connection that copies the log into the file; it reads nothing through its cache.
pub(super) fn open_checkpointer(path: &Path, options: &Options) -> Result<Connection> {
    let connection = open(path, options, 0)?;
    // The log must be on the disk before the file is overwritten with it.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn open(path: &Path, options: &Options, cache_kib: u32) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    // The bundled library would otherwise compile a statement anew for every value bound to it,
    // since the value might change the plan; that costs several times what the statement does.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update(None, "mmap_size", options.mmap_bytes)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    rusqlite::vtab::array::load_module(&connection)?;
    Ok(connection)
}
