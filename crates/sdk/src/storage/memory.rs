//! A storage that forgets when it is dropped: for tests, and for who wants a device to remember nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{KeyStorage, Storage, StorageError};
use crate::secret::SecretText;

/// Entries in memory. Clones share them: keep one to see another start of the application find them.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    entries: Arc<Mutex<BTreeMap<String, SecretText>>>,
}

impl MemoryStorage {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of all entries.
    pub fn names(&self) -> Vec<String> {
        self.entries.lock().keys().cloned().collect()
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStorage({} entries)", self.entries.lock().len())
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Storage for MemoryStorage {
    async fn get(&self, name: &str) -> Result<Option<String>, StorageError> {
        Ok(self.entries.lock().get(name).map(|value| value.expose().to_owned()))
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), StorageError> {
        self.entries.lock().insert(name.to_owned(), value.into());
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.entries.lock().remove(name);
        Ok(())
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl KeyStorage for MemoryStorage {
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError> {
        Ok(self.entries.lock().get(name).map(SecretText::duplicate))
    }

    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError> {
        self.entries.lock().insert(name.to_owned(), value.duplicate());
        Ok(())
    }

    async fn remove_key(&self, name: &str) -> Result<(), StorageError> {
        self.entries.lock().remove(name);
        Ok(())
    }
}
