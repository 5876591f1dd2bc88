//! Copies the write-ahead log into the database file, beside the commits instead of inside of them.
//!
//! Copying waits for the disk many times as long as a commit does. A thread with a connection of its
//! own does nearly all of it while others write, and takes the writer's connection only for what was
//! added meanwhile: then the log is wholly copied and the next commit begins it anew.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rusqlite::Connection;
use tokio::sync::Mutex;

use super::connection::open_checkpointer;
use super::group::Group;
use super::{Options, closed};
use crate::{Result, StoreError};

/// How often at most the log is copied before the writer is made to wait for the rest.
const PASSES: usize = 4;

/// What the writer may wait for: a pass that copied at most this part of the pages that ask for a copy.
const REST: u32 = 8;

/// A log so many times longer than wanted is copied by the commit itself: the thread cannot follow.
const TOO_LONG: u32 = 8;

/// Has every commit on the writer's connection tell the thread when the log is long enough.
pub(super) fn start(path: &Path, options: &Options, group: &Arc<Mutex<Group>>) -> Result<()> {
    let connection = open_checkpointer(path, options)?;
    let wanted = options.checkpoint_pages;
    let (ask, asked) = mpsc::channel();
    let busy = Arc::new(AtomicBool::new(false));
    let (writer, done) = (Arc::downgrade(group), Arc::clone(&busy));
    std::thread::Builder::new()
        .name("keystead-checkpoint".to_owned())
        .spawn(move || {
            while asked.recv().is_ok() {
                let Some(writer) = writer.upgrade() else { return };
                if let Err(error) = copy(&connection, &writer, wanted) {
                    tracing::warn!(%error, "the write-ahead log could not be copied; it will be tried again");
                }
                done.store(false, Ordering::SeqCst);
            }
        })
        .map_err(|error| StoreError::Unavailable(format!("no thread can be started: {}", error.kind())))?;
    group.try_lock().map_err(|_| closed())?.after_commits(move |log, pages| {
        if pages >= wanted.saturating_mul(TOO_LONG) {
            // Readers that stay on an old state can prevent it, and no failure of it loses anything.
            let _ = log.checkpoint();
        } else if pages >= wanted && !busy.swap(true, Ordering::SeqCst) {
            let _ = ask.send(());
        }
    })
}

/// Copies the whole log, unless readers need old states of the file.
fn copy(connection: &Connection, writer: &Mutex<Group>, wanted: u32) -> rusqlite::Result<()> {
    let mut copied = 0;
    for _ in 0..PASSES {
        let before = copied;
        copied = pass(connection)?;
        if copied.saturating_sub(before) <= wanted / REST {
            break;
        }
    }
    let mut group = writer.blocking_lock();
    group.commit();
    pass(connection).map(drop)
}

/// Copies what the log holds now; how many of its pages are copied then.
fn pass(connection: &Connection) -> rusqlite::Result<u32> {
    connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?.query_row([], |row| row.get(2))
}
