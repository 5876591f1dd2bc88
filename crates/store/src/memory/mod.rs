//! The oracle: a store in memory that answers by looking at everything, slowly and plainly.
//!
//! Property tests compare the engines with it. A unit of work changes a copy, which takes the place
//! of the committed state at the commit.

mod accounts;
mod documents;
mod find;
mod gateway;
mod jobs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::RwLock;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::accounts::{Account, Secret, SecretKind, Session};
use crate::changes::{Change, ChangeKind, Changes, Feed, WriteChanges};
use crate::documents::{Attachment, Document, Projection};
use crate::gateway::{CodeRequest, Process};
use crate::jobs::{Job, OutboxMessage};
use crate::{EpochMs, Reading, Result, Store, StoreError, Writing};

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    committed: Arc<RwLock<Arc<State>>>,
    writer: Arc<Mutex<()>>,
    closed: AtomicBool,
    feed: Feed,
}

/// Everything that is stored.
#[derive(Clone, Default)]
struct State {
    /// By group, class and id.
    documents: BTreeMap<(String, String, String), Stored>,
    /// By group, document and key.
    attachments: BTreeMap<(String, String, String), Attachment>,
    /// Login name and group to user.
    names: BTreeMap<(String, String), String>,
    secrets: BTreeMap<(Account, SecretKind, String), Secret>,
    sessions: BTreeMap<String, Session>,
    processes: BTreeMap<(String, String), Process>,
    code_requests: BTreeMap<String, CodeRequest>,
    challenges: BTreeMap<String, EpochMs>,
    arrivals: BTreeMap<String, EpochMs>,
    jobs: BTreeMap<String, Job>,
    outbox: Vec<OutboxMessage>,
}

/// A document with all that is derived from it.
#[derive(Clone)]
struct Stored {
    document: Document,
    projection: Projection,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn begin(&self, writer: Option<OwnedMutexGuard<()>>) -> Result<Box<MemoryTransaction>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is closed".to_owned()));
        }
        let state = Arc::clone(&self.committed.read());
        Ok(Box::new(MemoryTransaction {
            state,
            committed: Arc::clone(&self.committed),
            changes: Vec::new(),
            feed: self.feed.clone(),
            _writer: writer,
        }))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn read(&self) -> Result<Box<dyn Reading>> {
        Ok(self.begin(None)?)
    }

    async fn write(&self) -> Result<Box<dyn Writing>> {
        let writer = Arc::clone(&self.writer).lock_owned().await;
        Ok(self.begin(Some(writer))?)
    }

    fn changes(&self) -> Changes {
        self.feed.listen()
    }

    async fn check(&self) -> Result<()> {
        self.begin(None).map(drop)
    }

    async fn close(&self) {
        let _writer = self.writer.lock().await;
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// A transaction; one that writes holds the writer's lock.
struct MemoryTransaction {
    state: Arc<State>,
    committed: Arc<RwLock<Arc<State>>>,
    changes: Vec<Change>,
    feed: Feed,
    _writer: Option<OwnedMutexGuard<()>>,
}

impl MemoryTransaction {
    fn change(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }
}

impl Reading for MemoryTransaction {}

#[async_trait]
impl Writing for MemoryTransaction {
    async fn commit(self: Box<Self>) -> Result<()> {
        *self.committed.write() = Arc::clone(&self.state);
        self.feed.tell(self.changes);
        Ok(())
    }
}

#[async_trait]
impl WriteChanges for MemoryTransaction {
    async fn announce(
        &mut self,
        group: &str,
        class: &str,
        kind: ChangeKind,
        document: &Document,
        parts: Vec<String>,
    ) -> Result<()> {
        let (group, class, document) = (group.to_owned(), class.to_owned(), document.clone());
        self.changes.push(Change { group, class, kind, document, parts });
        Ok(())
    }
}
