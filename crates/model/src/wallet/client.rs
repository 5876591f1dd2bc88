//! What a device keeps of a wallet, and what it does next (wallet 5.3).
//!
//! The device works by levels, not by edges: whatever it missed, it asks the server how things are, and
//! [`ClientState::view`] says what is to be done. The same answer twice does nothing twice.

use serde::{Deserialize, Serialize};

use super::id::{Fence, Generation, OperationId, PairIds};
use super::operation::{OperationKind, Step};
use super::state::ServerView;
use super::status::{BackupMethod, PairStatus};

#[cfg(test)]
mod tests;

/// The client's halves of the signing pairs of both curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientHalf {
    /// When they were made.
    pub generation: Generation,
    /// The pairs.
    pub pairs: PairIds,
    /// Pending until the server says that they are in force. Never retired: those are deleted.
    pub status: PairStatus,
}

/// A cipher text of the client's halves of backup pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientBackup {
    /// When they were made.
    pub generation: Generation,
    /// How the user opens it.
    pub method: BackupMethod,
    /// The pairs, which the cipher text names too.
    pub pairs: PairIds,
    /// Whether the key is where the method keeps it, next to the keys of older cipher texts, and was read
    /// again from there.
    pub key_stored: bool,
    /// Whether the app stored the cipher text.
    pub cipher_text_stored: bool,
}

/// The operation that the device began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientOperation {
    /// Known before the server answers: the generation is the one after [`ServerView::latest`].
    pub fence: Fence,
    /// What it does.
    pub kind: OperationKind,
    /// Whether it is to be given up.
    pub giving_up: bool,
}

/// What the device keeps. Stored whole after every change, before anything is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientState {
    halves: Vec<ClientHalf>,
    backups: Vec<ClientBackup>,
    operation: Option<ClientOperation>,
    latest: Generation,
}

/// What the device does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "effect")]
pub enum ClientEffect {
    /// Ask the server for the operation. Repeating is harmless.
    SendBegin {
        /// It and its generation.
        fence: Fence,
        /// What to do.
        kind: OperationKind,
    },
    /// Run the protocol, then call [`ClientState::protocol_finished`].
    RunProtocol {
        /// The operation.
        fence: Fence,
    },
    /// Tell the server that the new signing halves are kept.
    ConfirmSigningHalf {
        /// The operation.
        fence: Fence,
        /// The pairs.
        pairs: PairIds,
    },
    /// Put the key of the new cipher text next to the older ones, read it again, then call
    /// [`ClientState::key_stored`].
    StoreKey {
        /// Of the cipher text.
        generation: Generation,
    },
    /// Let the app store the new cipher text, read it again, then call [`ClientState::cipher_text_stored`].
    StoreCipherText {
        /// Of the cipher text. An app refuses one that is older than what it has.
        generation: Generation,
    },
    /// Tell the server that the app stored it.
    ConfirmCipherText {
        /// The operation.
        fence: Fence,
        /// The pairs.
        pairs: PairIds,
    },
    /// Give the operation up: its halves were lost in a crash. Then begin anew.
    SendAbandon {
        /// The operation.
        fence: Fence,
    },
    /// Another device's operation is under way. The user may wait, or give it up.
    OfferAbandon {
        /// That operation.
        fence: Fence,
    },
    /// Nothing to do but to ask the server again later.
    Wait,
    /// Delete the keys of this method that open cipher texts older than this one.
    DeleteKeysBefore {
        /// Where the keys are.
        method: BackupMethod,
        /// The oldest to keep.
        generation: Generation,
    },
    /// The operation is over.
    Finished {
        /// It.
        fence: Fence,
        /// Whether the new pairs are in force. If not, it can be begun anew.
        committed: bool,
    },
}

impl ClientState {
    /// The signing halves that the device keeps.
    pub fn halves(&self) -> &[ClientHalf] {
        &self.halves
    }

    /// The halves to sign with.
    pub fn active(&self) -> Option<&ClientHalf> {
        self.halves.iter().find(|half| half.status == PairStatus::Active)
    }

    /// The halves that fit those of the server, whatever the device believes: after a lost answer, those
    /// that it still holds for pending.
    pub fn fitting(&self, view: &ServerView) -> Option<&ClientHalf> {
        let (_, pairs) = view.signing?;
        self.halves.iter().find(|half| half.pairs == pairs)
    }

    /// The cipher texts that the device remembers, oldest first.
    pub fn backups(&self) -> &[ClientBackup] {
        &self.backups
    }

    /// The operation under way.
    pub const fn operation(&self) -> Option<&ClientOperation> {
        self.operation.as_ref()
    }

    /// Begins an operation; to be stored before the server is asked. `None` while another is under way,
    /// or when there are no more generations.
    pub fn begin(&self, operation: OperationId, kind: OperationKind, view: &ServerView) -> Option<Self> {
        let fence = Fence { operation, generation: view.latest.max(self.latest).next()? };
        let begun = ClientOperation { fence, kind, giving_up: false };
        self.operation.is_none().then(|| Self { operation: Some(begun), ..self.clone() })
    }

    /// The new halves, to be stored before anything else happens. Unchanged if they are not of the operation
    /// under way, or are known.
    pub fn protocol_finished(
        &self,
        fence: Fence,
        signing: Option<PairIds>,
        backup: Option<(BackupMethod, PairIds)>,
    ) -> Self {
        let mut next = self.clone();
        let generation = fence.generation;
        if self.operation.is_none_or(|operation| operation.fence != fence) || self.has_made(generation) {
            return next;
        }
        next.halves.extend(signing.map(|pairs| ClientHalf { generation, pairs, status: PairStatus::Pending }));
        next.backups.extend(backup.map(|(method, pairs)| ClientBackup {
            generation,
            method,
            pairs,
            key_stored: false,
            cipher_text_stored: false,
        }));
        next
    }

    /// The key is where the method keeps it.
    pub fn key_stored(&self, generation: Generation) -> Self {
        self.with_backup(generation, |backup| backup.key_stored = true)
    }

    /// The app has the cipher text. If it says that it has not, nothing is to be noted: it is tried again.
    pub fn cipher_text_stored(&self, generation: Generation) -> Self {
        self.with_backup(generation, |backup| backup.cipher_text_stored = true)
    }

    /// The user gives up.
    pub fn give_up(&self) -> Self {
        let operation = self.operation.map(|operation| ClientOperation { giving_up: true, ..operation });
        Self { operation, ..self.clone() }
    }

    /// The server refused to begin the operation, or was never asked: it is forgotten. Unchanged if it is another one,
    /// or made something. A request that is still under way may begin it all the same; then it is nobody's, and
    /// whoever begins the next one is offered to give it up, as with the operation of a device that was lost.
    pub fn not_begun(&self, fence: Fence) -> Self {
        let mut next = self.clone();
        if self.operation.is_some_and(|operation| operation.fence == fence) && !self.has_made(fence.generation) {
            next.operation = None;
        }
        next
    }

    /// How things are with the server: what to store, and what to do next. An answer that is older than
    /// one seen before changes nothing.
    pub fn view(&self, view: &ServerView) -> (Self, Vec<ClientEffect>) {
        if view.latest < self.latest {
            return (self.clone(), vec![ClientEffect::Wait]);
        }
        let mut next = self.clone();
        next.latest = view.latest;
        let mut effects = Vec::new();
        next.adopt(view);
        let ours = next.operation;
        match (ours, view.operation, view.finished) {
            (Some(ours), Some((fence, step)), _) if ours.fence == fence => effects.push(next.next_effect(&ours, step)),
            (Some(ours), _, Some((fence, committed))) if ours.fence == fence => {
                next.end(&ours, committed, &mut effects)
            }
            (Some(ours), _, _) if view.latest < ours.fence.generation => {
                effects.push(ClientEffect::SendBegin { fence: ours.fence, kind: ours.kind });
            }
            // overtaken, or over for so long that the server forgot
            (Some(ours), _, _) => {
                let in_force = view.signing.is_some_and(|(generation, _)| generation == ours.fence.generation);
                next.end(&ours, in_force, &mut effects);
            }
            (None, Some((fence, _)), _) => effects.push(ClientEffect::OfferAbandon { fence }),
            (None, None, _) => {}
        }
        next.delete_abandoned(view);
        (next, effects)
    }

    fn has_made(&self, generation: Generation) -> bool {
        self.halves.iter().any(|half| half.generation == generation)
            || self.backups.iter().any(|backup| backup.generation == generation)
    }

    fn with_backup(&self, generation: Generation, change: impl Fn(&mut ClientBackup)) -> Self {
        let mut next = self.clone();
        next.backups.iter_mut().filter(|backup| backup.generation == generation).for_each(change);
        next
    }

    /// Takes into force what the server has in force, and deletes what is older.
    fn adopt(&mut self, view: &ServerView) {
        let Some((generation, pairs)) = view.signing else { return };
        let Some(half) = self.halves.iter_mut().find(|half| half.pairs == pairs) else { return };
        half.status = PairStatus::Active;
        self.halves.retain(|half| half.generation >= generation);
    }

    /// Deletes pending halves of operations that are over without having been committed.
    fn delete_abandoned(&mut self, view: &ServerView) {
        let under_way = [view.operation.map(|(fence, _)| fence), self.operation.map(|operation| operation.fence)];
        let over = |generation: Generation| {
            generation <= view.latest && under_way.iter().flatten().all(|fence| fence.generation != generation)
        };
        self.halves.retain(|half| half.status == PairStatus::Active || !over(half.generation));
    }

    fn next_effect(&self, ours: &ClientOperation, step: Step) -> ClientEffect {
        let fence = ours.fence;
        let half = self.halves.iter().find(|half| half.generation == fence.generation);
        let backup = self.backups.iter().find(|backup| backup.generation == fence.generation);
        if ours.giving_up {
            return ClientEffect::SendAbandon { fence };
        }
        match step {
            Step::Began if self.has_made(fence.generation) => ClientEffect::Wait,
            Step::Began => ClientEffect::RunProtocol { fence },
            Step::Generated if ours.kind.makes_signing() => match half {
                Some(half) => ClientEffect::ConfirmSigningHalf { fence, pairs: half.pairs },
                None => ClientEffect::SendAbandon { fence },
            },
            Step::Generated | Step::SigningConfirmed => match backup {
                Some(backup) if !backup.key_stored => ClientEffect::StoreKey { generation: backup.generation },
                Some(backup) if !backup.cipher_text_stored => {
                    ClientEffect::StoreCipherText { generation: backup.generation }
                }
                Some(backup) => ClientEffect::ConfirmCipherText { fence, pairs: backup.pairs },
                None => ClientEffect::SendAbandon { fence },
            },
            Step::CipherTextStored | Step::Pushing | Step::Pushed | Step::Released | Step::Committed => {
                ClientEffect::Wait
            }
        }
    }

    fn end(&mut self, ours: &ClientOperation, committed: bool, effects: &mut Vec<ClientEffect>) {
        let generation = ours.fence.generation;
        self.operation = None;
        let made = self.backups.iter().find(|backup| backup.generation == generation).map(|backup| backup.method);
        if let Some(method) = made.filter(|_| committed) {
            self.backups.retain(|backup| backup.generation >= generation || backup.method != method);
            effects.push(ClientEffect::DeleteKeysBefore { method, generation });
        }
        effects.push(ClientEffect::Finished { fence: ours.fence, committed });
    }
}
