//! What was committed, told to whoever listens: the events of web sockets come from here.
//!
//! A unit of work announces its changes ([`WriteChanges`]). They are told after its commit and never without
//! it, in the order of the commits, to everybody who listens at that moment. Nothing is kept: whoever was away
//! asks for what they missed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::Result;
use crate::documents::Document;

/// How many changes a listener may be behind.
const BEHIND: usize = 4096;

/// What happened to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It was changed, shared, or taken back from the deleted.
    Updated,
    /// It was deleted, perhaps for good.
    Deleted,
}

/// A change of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The group.
    pub group: String,
    /// The class name.
    pub class: String,
    /// What happened.
    pub kind: ChangeKind,
    /// The document after it; of a document that is gone, the last version.
    pub document: Document,
    /// The parts (services) that are new or changed.
    pub parts: Vec<String>,
}

/// Announcing what a unit of work changes.
#[async_trait]
pub trait WriteChanges {
    /// Has a change told once the unit of work is committed.
    async fn announce(
        &mut self,
        group: &str,
        class: &str,
        kind: ChangeKind,
        document: &Document,
        parts: Vec<String>,
    ) -> Result<()>;
}

/// Where an engine tells its changes.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    sender: broadcast::Sender<Arc<Change>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BEHIND) }
    }
}

impl Feed {
    /// Whether anybody listens.
    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Tells changes that were committed.
    pub(crate) fn tell(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            // that nobody listens is no failure
            let _ = self.sender.send(Arc::new(change));
        }
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> Changes {
        Changes { receiver: self.sender.subscribe() }
    }
}

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A change.
    Change(Arc<Change>),
    /// So many changes came faster than they were taken, and are gone.
    Missed(u64),
    /// There is no more to come: the store was closed.
    End,
}

/// The changes that are committed from the moment on at which [`crate::Store::changes`] was called.
#[derive(Debug)]
pub struct Changes {
    receiver: broadcast::Receiver<Arc<Change>>,
}

impl Changes {
    /// Waits for the next.
    pub async fn next(&mut self) -> Heard {
        match self.receiver.recv().await {
            Ok(change) => Heard::Change(change),
            Err(broadcast::error::RecvError::Lagged(missed)) => Heard::Missed(missed),
            Err(broadcast::error::RecvError::Closed) => Heard::End,
        }
    }

    /// What is there already, without waiting.
    pub fn waiting(&mut self) -> Option<Heard> {
        match self.receiver.try_recv() {
            Ok(change) => Some(Heard::Change(change)),
            Err(broadcast::error::TryRecvError::Lagged(missed)) => Some(Heard::Missed(missed)),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }
}
