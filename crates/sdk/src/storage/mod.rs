//! What an installation remembers: private keys in a [`KeyStorage`], everything else in a [`Storage`].
//!
//! Both are maps from names to texts. [`MemoryStorage`] forgets when it is dropped; [`SealedFiles`] keeps
//! entries encrypted on a disk; an application brings its own for the key store of its platform. Keys that
//! official clients stored are taken over by [`import`].

#[cfg(not(target_family = "wasm"))]
mod files;
pub mod import;
mod memory;
#[cfg(not(target_family = "wasm"))]
mod seal;

use std::sync::Arc;

use async_trait::async_trait;
use keystead_crypto::provider::Platform;

#[cfg(not(target_family = "wasm"))]
pub use files::{SealedFiles, Unlock, user_data_directory};
#[cfg(not(target_family = "wasm"))]
pub(crate) use files::{private as private_file, replace as replace_file};
pub use memory::MemoryStorage;
#[cfg(not(target_family = "wasm"))]
pub use seal::KdfCost;

use crate::secret::SecretText;

/// Keeps what is not secret by itself: which keys were verified, a name for this installation.
///
/// Whoever can change it can make the SDK forget whom it trusts, so it should be sealed too.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Storage: Platform {
    /// The entry `name`, if there is one.
    ///
    /// # Errors
    /// The storage cannot be read, which is different from there being none.
    async fn get(&self, name: &str) -> Result<Option<String>, StorageError>;

    /// Keeps an entry; when this returns, it survives a power cut.
    ///
    /// # Errors
    /// It was not kept; an earlier one is still there.
    async fn set(&self, name: &str, value: &str) -> Result<(), StorageError>;

    /// Removes an entry, if there is one.
    ///
    /// # Errors
    /// It may still be there.
    async fn remove(&self, name: &str) -> Result<(), StorageError>;
}

/// Keeps private keys. The same as [`Storage`], for secrets.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait KeyStorage: Platform {
    /// The key `name`, if there is one.
    ///
    /// # Errors
    /// The storage cannot be read, which is different from there being none.
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError>;

    /// Keeps a key; when this returns, it survives a power cut.
    ///
    /// # Errors
    /// It was not kept; an earlier one is still there.
    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError>;

    /// Removes a key, if there is one.
    ///
    /// # Errors
    /// It may still be there.
    async fn remove_key(&self, name: &str) -> Result<(), StorageError>;

    /// Whether somebody who finds the device has to know something before it gives keys: a passcode is set. Without
    /// one there is no wallet on the device, and one that is there is erased. Storages of platforms that can tell
    /// should; the default is to trust the device.
    ///
    /// # Errors
    /// It cannot be told.
    async fn is_protected(&self) -> Result<bool, StorageError> {
        Ok(true)
    }
}

/// Why a storage does not do what it should. Never names an entry, whose name carries ids of people.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The files cannot be read or written.
    #[error("the files cannot be accessed: {0}")]
    Files(std::io::ErrorKind),
    /// The passphrase is not the one that the storage was sealed with. Nothing is lost: try another.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// The key file is not the one that the storage was sealed with.
    #[error("the key file belongs to another storage")]
    WrongKeyFile,
    /// The key file is gone, but what it opens is still there. It is not made anew, since nothing would
    /// open what is there.
    #[error("the key file is missing")]
    KeyFileMissing,
    /// The storage was sealed in the other way: with a passphrase, not a key file, or the reverse.
    #[error("the storage is opened in another way: by {0}")]
    OpenedBy(&'static str),
    /// What is stored was changed or damaged: restore it from a copy.
    #[error("{0} is damaged")]
    Corrupted(&'static str),
    /// What is stored was written by a newer version.
    #[error("written by a newer version")]
    NewerVersion,
    /// There is no directory for the data of the user.
    #[error("there is no directory for the user's data")]
    NoDirectory,
    /// A storage of the application failed.
    #[error("the storage failed")]
    Other(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

impl StorageError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Files(_) | Self::Other(_))
    }
}
