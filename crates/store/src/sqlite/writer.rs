//! Transactions that write: one connection, whose transactions become durable in groups.
//!
//! A unit of work is a savepoint inside an outer transaction. Units of work take the connection in
//! the order they asked for it. Whoever finishes while others wait leaves the outer transaction open
//! for the next and waits for the answer; whoever finishes while nobody waits has it committed for all.
//! So under load one flush to disk serves everybody who came while the one before it was under way.
//!
//! A commit blocks its thread until the disk has answered. A single client commits on its own task,
//! which is the quickest for it. As soon as groups have more than one member a thread of its own
//! commits them: the tasks go on reading requests meanwhile, which then form the next group.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::group::Group;
use super::session::Session;
use super::{Options, checkpoint, closed};
use crate::changes::{Change, ChangeKind, Changes, Feed, WriteChanges};
use crate::documents::Document;
use crate::{Reading, Result, StoreError, Writing};

/// Between two tries to begin while another process writes.
const RETRY: Duration = Duration::from_millis(1);

/// The queue for the connection that writes.
pub(super) struct Writers {
    group: Arc<Mutex<Group>>,
    waiting: AtomicUsize,
    /// Wakes the thread that commits for others.
    left: mpsc::Sender<()>,
    busy_timeout: Duration,
    feed: Feed,
}

impl Writers {
    pub(super) fn new(path: &Path, connection: Connection, options: &Options) -> Result<Arc<Self>> {
        // Waiting for other processes happens in `begin`, without blocking.
        connection.busy_timeout(Duration::ZERO)?;
        let feed = Feed::default();
        let group = Arc::new(Mutex::new(Group::new(connection, feed.clone())));
        checkpoint::start(path, options, &group)?;
        let (left, leavings) = mpsc::channel();
        let swept = Arc::clone(&group);
        std::thread::Builder::new()
            .name("keystead-commit".to_owned())
            .spawn(move || {
                while leavings.recv().is_ok() {
                    swept.blocking_lock().commit();
                }
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread can be started: {}", error.kind())))?;
        Ok(Arc::new(Self { group, waiting: AtomicUsize::new(0), left, busy_timeout: options.busy_timeout, feed }))
    }

    pub(super) async fn begin(self: &Arc<Self>) -> Result<SqliteWriting> {
        let place = Place::take(self);
        let guard = Arc::clone(&self.group).lock_owned().await;
        place.leave();
        let mut writing = SqliteWriting {
            guard: Some(guard),
            writers: Arc::clone(self),
            began: false,
            failed: false,
            changes: Vec::new(),
        };
        let begun = Instant::now();
        while !writing.try_begin()? {
            if begun.elapsed() >= self.busy_timeout {
                return Err(StoreError::Unavailable("another process holds the database".to_owned()));
            }
            tokio::time::sleep(RETRY).await;
        }
        Ok(writing)
    }

    /// How many wait to write.
    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed) as u64
    }

    /// Listens from now on.
    pub(super) fn changes(&self) -> Changes {
        self.feed.listen()
    }

    /// Waits for the units of work under way and closes the connection.
    pub(super) async fn close(&self) {
        self.group.lock().await.close();
    }
}

/// A place in the queue for the connection.
struct Place {
    writers: Arc<Writers>,
    left: bool,
}

impl Place {
    fn take(writers: &Arc<Writers>) -> Self {
        writers.waiting.fetch_add(1, Ordering::SeqCst);
        Self { writers: Arc::clone(writers), left: false }
    }

    /// Leaves the queue, having got the connection.
    fn leave(mut self) {
        self.left = true;
        self.writers.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.left {
            // Cancelled. Somebody may have left an open group to us in this very moment.
            self.writers.waiting.fetch_sub(1, Ordering::SeqCst);
            let _ = self.writers.left.send(());
        }
    }
}

/// A unit of work.
pub(super) struct SqliteWriting {
    /// Gone once the connection is handed on.
    guard: Option<OwnedMutexGuard<Group>>,
    writers: Arc<Writers>,
    began: bool,
    failed: bool,
    changes: Vec<Change>,
}

impl SqliteWriting {
    /// Begins, unless another process is writing.
    fn try_begin(&mut self) -> Result<bool> {
        let group = self.guard.as_mut().ok_or_else(closed)?;
        self.began = group.begin()?;
        Ok(self.began)
    }

    /// Hands the connection on, or has the group committed when nobody waits for it.
    fn hand_on(&mut self) {
        let Some(mut group) = self.guard.take() else { return };
        let awaited = self.writers.waiting.load(Ordering::SeqCst) > 0;
        if group.is_full() || (!awaited && group.is_alone()) {
            group.commit();
        } else if !awaited {
            drop(group);
            let _ = self.writers.left.send(());
        }
    }
}

impl Session for SqliteWriting {
    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let group = self.guard.as_mut().ok_or_else(closed)?;
        if self.failed {
            return Err(StoreError::Failed("an earlier statement of this transaction failed".to_owned()));
        }
        let answer = work(group.connection()?);
        if let Err(error) = &answer {
            self.failed = true;
            group.after_failure(error);
        }
        answer
    }
}

impl Reading for SqliteWriting {}

#[async_trait]
impl Writing for SqliteWriting {
    async fn commit(mut self: Box<Self>) -> Result<()> {
        if self.failed {
            return Err(StoreError::Failed("an earlier statement of this transaction failed".to_owned()));
        }
        let changes = std::mem::take(&mut self.changes);
        let group = self.guard.as_mut().ok_or_else(closed)?;
        let answer = group.release(changes).inspect_err(|error| group.after_failure(error))?;
        self.began = false;
        self.hand_on();
        answer.await.map_err(|_| closed())?
    }
}

#[async_trait]
impl WriteChanges for SqliteWriting {
    async fn announce(
        &mut self,
        group: &str,
        class: &str,
        kind: ChangeKind,
        document: &Document,
        parts: Vec<String>,
    ) -> Result<()> {
        if self.writers.feed.is_heard() {
            let (group, class, document) = (group.to_owned(), class.to_owned(), document.clone());
            self.changes.push(Change { group, class, kind, document, parts });
        }
        Ok(())
    }
}

impl Drop for SqliteWriting {
    fn drop(&mut self) {
        if self.began
            && let Some(group) = self.guard.as_mut()
        {
            group.undo();
        }
        self.hand_on();
    }
}
