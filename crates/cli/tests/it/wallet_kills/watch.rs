//! What a client of the kill tests keeps things in: the real storages of the SDK, which stop the process before, within
//! or after the write that it is to be killed at. Which write is which step says the model's state in it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use keystead_model::wallet::client::ClientState;
use keystead_model::wallet::{PersistedStep, Place, Step, persisted_steps};
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::{KeyStorage, SealedFiles, Storage, StorageError};
use keystead_sdk::wallet::methods::{BackupKey, BackupKeys, KeyId, MethodError};
use serde_json::Value;

use super::client::say;
use super::disk::replace;
use super::{When, Wish};

/// Says where the process stops.
pub(super) struct Watch {
    rows: Vec<PersistedStep>,
    wanted: Option<(Place, Step, When)>,
    /// Halves that are still to be deleted.
    deletions: AtomicUsize,
}

/// What a process says where it stops.
pub(super) struct At(pub(super) Place, pub(super) Step, pub(super) When);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:?} {:?} {:?}", self.0, self.1, self.2)
    }
}

impl Watch {
    pub(super) fn new(wish: Wish, wanted: Option<(Place, Step, When)>) -> Arc<Self> {
        Arc::new(Self { rows: persisted_steps(&wish.kind()), wanted, deletions: AtomicUsize::new(0) })
    }

    /// Stops here, if it is to.
    async fn at(&self, place: Place, step: Step, when: When) {
        if self.wanted == Some((place, step, when)) {
            say(&At(place, step, when).to_string());
            std::future::pending::<()>().await;
        }
    }

    /// Around a write of one that keeps one thing at its beginning or end.
    pub(super) async fn around(&self, place: Place, ends: bool, when: When) {
        let of_place = |row: &&PersistedStep| row.place == place && (row.step == Step::Committed) == ends;
        if let Some(row) = self.rows.iter().find(of_place) {
            self.at(place, row.step, when).await;
        }
    }
}

/// The step that the client takes by going from one state to another.
fn taken(before: &ClientState, after: &ClientState) -> Option<Step> {
    let made = |state: &ClientState| (state.halves().len(), state.backups().len());
    match (before.operation(), after.operation()) {
        (Some(_), None) => Some(Step::Committed),
        (was, Some(is)) if was.is_none_or(|was| was.fence != is.fence) => Some(Step::Began),
        (Some(_), Some(_)) if made(before) != made(after) => Some(Step::Generated),
        _ => None,
    }
}

/// A storage of a device.
#[derive(Clone)]
pub(super) struct Watched {
    pub(super) files: Arc<SealedFiles>,
    pub(super) watch: Arc<Watch>,
}

const HALF: &str = "keystead.wallet.half.";

/// What the model says of a wallet in an entry; nothing in an entry about something else.
pub(super) fn state_of(entry: Option<&str>) -> ClientState {
    let entry = entry.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    serde_json::from_value(entry["state"].clone()).unwrap_or_default()
}

#[async_trait]
impl Storage for Watched {
    async fn get(&self, name: &str) -> Result<Option<String>, StorageError> {
        self.files.get(name).await
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), StorageError> {
        if !name.starts_with("keystead.wallet.") {
            return self.files.set(name, value).await;
        }
        let (before, after) = (state_of(self.files.get(name).await?.as_deref()), state_of(Some(value)));
        let Some(step) = taken(&before, &after) else { return self.files.set(name, value).await };
        let kept =
            after.halves().iter().filter(|half| before.halves().iter().any(|old| old.pairs == half.pairs)).count();
        let (made, lost) = (after.halves().len() - kept, before.halves().len() - kept);
        // the halves themselves are written before, and deleted after
        let when = if step == Step::Generated && made > 0 { When::Within } else { When::Before };
        self.watch.at(Place::Client, step, when).await;
        self.files.set(name, value).await?;
        self.watch.deletions.store(2 * lost, Ordering::SeqCst);
        let when = if step == Step::Committed && lost > 0 { When::Within } else { When::After };
        self.watch.at(Place::Client, step, when).await;
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.files.remove(name).await
    }
}

#[async_trait]
impl KeyStorage for Watched {
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError> {
        self.files.get_key(name).await
    }

    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError> {
        if name.starts_with(HALF) {
            self.watch.at(Place::Client, Step::Generated, When::Before).await;
        }
        self.files.set_key(name, value).await
    }

    async fn remove_key(&self, name: &str) -> Result<(), StorageError> {
        self.files.remove_key(name).await?;
        if name.starts_with(HALF) && self.watch.deletions.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.watch.at(Place::Client, Step::Committed, When::After).await;
        }
        Ok(())
    }
}

/// Where the application keeps the keys of backups: a file, one a line.
pub(super) struct Keys {
    pub(super) file: PathBuf,
    pub(super) watch: Arc<Watch>,
}

impl Keys {
    async fn change(&self, ends: bool, change: impl FnOnce(&mut Vec<BackupKey>)) -> Result<(), MethodError> {
        let mut keys = self.all().await?;
        change(&mut keys);
        let lines: Vec<String> = keys.iter().map(|key| format!("{}\n", key.to_line().expose())).collect();
        self.watch.around(Place::KeyStore, ends, When::Before).await;
        replace(&self.file, &lines.concat());
        self.watch.around(Place::KeyStore, ends, When::After).await;
        Ok(())
    }
}

#[async_trait]
impl BackupKeys for Keys {
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        Ok(text.lines().filter_map(BackupKey::from_line).collect())
    }

    async fn append(&self, key: &BackupKey) -> Result<(), MethodError> {
        self.change(false, |keys| keys.push(key.clone())).await
    }

    async fn remove(&self, id: &KeyId) -> Result<(), MethodError> {
        self.change(true, |keys| keys.retain(|key| key.id() != id)).await
    }
}
