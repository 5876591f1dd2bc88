//! The connection that writes, and the units of work that will be committed together.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::oneshot;

use super::closed;
use super::error::is_busy;
use crate::changes::{Change, Feed};
use crate::{Result, StoreError};

/// A group of units of work is committed at the latest when it has so many …
const MOST: usize = 256;

/// … or is so old.
const OLDEST: Duration = Duration::from_millis(8);

/// The connection, with the outer transaction that is open on it.
pub(super) struct Group {
    /// Gone after closing.
    connection: Option<Connection>,
    /// Since when the outer transaction is open.
    open: Option<Instant>,
    /// Whether the unit of work under way is a savepoint. The first of a group is the outer
    /// transaction itself: there is nobody else's work to keep when it is undone.
    nested: bool,
    /// Who waits for its commit.
    pending: Vec<oneshot::Sender<Result<()>>>,
    /// What they change.
    changes: Vec<Change>,
    /// Where it is told after the commit.
    feed: Feed,
    /// How many the last group had.
    last: usize,
}

impl Group {
    pub(super) fn new(connection: Connection, feed: Feed) -> Self {
        Self {
            connection: Some(connection),
            open: None,
            nested: false,
            pending: Vec::new(),
            changes: Vec::new(),
            feed,
            last: 0,
        }
    }

    pub(super) fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().ok_or_else(closed)
    }

    /// Has `heard` called after every commit with the number of pages in the log.
    pub(super) fn after_commits(&mut self, mut heard: impl FnMut(&mut Wal, u32) + Send + 'static) -> Result<()> {
        let connection = self.connection.as_mut().ok_or_else(closed)?;
        let hook = move |log: &mut Wal, pages| {
            heard(log, u32::try_from(pages).unwrap_or(0));
            Ok(())
        };
        Ok(connection.wal_hook(Some(hook))?)
    }

    /// Whether it is time to commit although others wait to join.
    pub(super) fn is_full(&self) -> bool {
        self.pending.len() >= MOST || self.open.is_some_and(|since| since.elapsed() >= OLDEST)
    }

    /// Whether nobody else wrote lately, so that nobody is kept waiting by a commit.
    pub(super) fn is_alone(&self) -> bool {
        self.pending.len() <= 1 && self.last <= 1
    }

    /// Begins a unit of work; whether it could, because no other process is writing.
    pub(super) fn begin(&mut self) -> Result<bool> {
        let connection = self.connection.as_ref().ok_or_else(closed)?;
        if self.open.is_none() {
            match execute(connection, "BEGIN IMMEDIATE") {
                Ok(()) => {
                    self.open = Some(Instant::now());
                    self.nested = false;
                    return Ok(true);
                }
                Err(error) if is_busy(&error) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        execute(connection, "SAVEPOINT work")?;
        self.nested = true;
        Ok(true)
    }

    /// Ends a unit of work well: it is part of the group. The answer comes with the group's commit.
    pub(super) fn release(&mut self, changes: Vec<Change>) -> Result<oneshot::Receiver<Result<()>>> {
        if self.nested {
            execute(self.connection()?, "RELEASE work")?;
        }
        let (answer, answered) = oneshot::channel();
        self.pending.push(answer);
        self.changes.extend(changes);
        Ok(answered)
    }

    /// Undoes a unit of work, and nothing else of the group.
    pub(super) fn undo(&mut self) {
        let Some(connection) = &self.connection else { return };
        if self.open.is_none() {
            return;
        }
        let undone = if self.nested {
            execute(connection, "ROLLBACK TO work").and_then(|()| execute(connection, "RELEASE work"))
        } else {
            self.open = None;
            execute(connection, "ROLLBACK")
        };
        if let Err(error) = undone {
            self.abandon(&error.into());
        }
    }

    /// Commits the group, and answers everybody who waits for it.
    pub(super) fn commit(&mut self) {
        let Some(connection) = &self.connection else { return };
        if self.open.is_none() {
            return;
        }
        match execute(connection, "COMMIT") {
            Ok(()) => {
                self.open = None;
                self.last = self.pending.len();
                self.feed.tell(self.changes.drain(..));
                for answer in self.pending.drain(..) {
                    // Whoever stopped waiting does not want to know.
                    let _ = answer.send(Ok(()));
                }
            }
            Err(error) => self.abandon(&error.into()),
        }
    }

    /// Notes that a statement failed: SQLite may have undone the whole group (a full disk).
    pub(super) fn after_failure(&mut self, error: &StoreError) {
        if self.connection.as_ref().is_some_and(Connection::is_autocommit) {
            self.abandon(error);
        }
    }

    /// Commits what is pending, and closes.
    pub(super) fn close(&mut self) {
        self.commit();
        if let Some(connection) = self.connection.take() {
            // The next start is quicker with an empty log; failing to empty it loses nothing.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    /// Undoes the whole group: nobody in it is told that the work was done.
    fn abandon(&mut self, error: &StoreError) {
        self.open = None;
        if let Some(connection) = &self.connection
            && !connection.is_autocommit()
            && execute(connection, "ROLLBACK").is_err()
        {
            // Whatever is wrong with this connection, it must not write any more.
            self.connection = None;
        }
        self.changes.clear();
        tracing::error!(%error, units = self.pending.len(), "a group of transactions was undone");
        for answer in self.pending.drain(..) {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
