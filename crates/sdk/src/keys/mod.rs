//! The user's own keys: finding them on this device, asking the application when one is missing, making
//! and publishing the first one.
//!
//! Nothing here is decided silently. Whoever has published keys and holds none of them on this device is
//! asked what to do ([`CryptoStrategies::missing_key`]); the default answer is to stop and say what the
//! choices are ([`MissingKey`]). Only a user who never published a key gets one without being asked.

pub(crate) mod own;
mod publish;
pub(crate) mod record;
pub(crate) mod recover;
pub(crate) mod start;
mod strategies;
mod transfer;

use std::fmt;

use keystead_crypto::key::{KeyId, ListedKey, OwnerKeysError};
use keystead_crypto::provider::ProviderError;
use serde::{Deserialize, Serialize};

pub use strategies::{CryptoStrategies, KeyDecision, NewKeyWhenLost, ReportMissingKeys};

use crate::data_owners::DataOwnerType;
use crate::error::{RequestError, WriteError};
use crate::recovery::RecoveryKeyError;
use crate::storage::StorageError;

/// What a user can do who has published keys but holds none of them on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MissingKeyChoice {
    /// Try again: the storage may have been locked, or the key be on a disk that is not there.
    TryAgain,
    /// Get the key from a device that has it: as a sealed file, or by making a new key here and letting
    /// the other device hand over its own.
    OtherDevice,
    /// Type or scan the recovery key that was offered when the first key was made.
    RecoveryKey,
    /// Make a new key, and ask the people whom the data was shared with to give access back.
    AskPeople,
    /// Make a new key and begin anew. What was shared with nobody and has no recovery key is lost.
    StartFresh,
}

impl MissingKeyChoice {
    /// Every choice, the ones that lose nothing first.
    pub const ALL: [Self; 5] =
        [Self::TryAgain, Self::OtherDevice, Self::RecoveryKey, Self::AskPeople, Self::StartFresh];

    /// A sentence for the person who has to choose.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::TryAgain => "Try again, for instance after unlocking the storage of this device.",
            Self::OtherDevice => "Get the key from another device on which you are logged in.",
            Self::RecoveryKey => "Enter the recovery key that you wrote down or printed.",
            Self::AskPeople => "Make a new key and ask the people you shared your data with to give access back.",
            Self::StartFresh => "Make a new key and begin anew. What you shared with nobody stays unreadable.",
        }
    }
}

/// The user has published keys, and none of them is usable on this device.
#[derive(Clone)]
pub struct MissingKey {
    /// The data owner: the id that the keys belong to.
    pub(crate) owner: String,
    /// What kind of data owner it is.
    pub owner_type: DataOwnerType,
    /// The published keys whose private halves are not here.
    pub unavailable: Vec<ListedKey>,
    /// Published keys that are here, but that nobody confirmed to be the user's.
    pub unverified: Vec<ListedKey>,
    /// What can be done.
    pub choices: Vec<MissingKeyChoice>,
}

impl MissingKey {
    /// The data owner's id.
    pub fn owner_id(&self) -> &str {
        &self.owner
    }
}

impl fmt::Debug for MissingKey {
    /// Without the id and the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MissingKey")
            .field("owner_type", &self.owner_type)
            .field("unavailable", &self.unavailable.len())
            .field("unverified", &self.unverified.len())
            .finish_non_exhaustive()
    }
}

/// Why a key was made on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum NewKeyReason {
    /// The user had published no key.
    First,
    /// Another device of the user has a key and is to hand it over.
    OtherDevice,
    /// People whom the data was shared with are to be asked.
    AskPeople,
    /// The user begins anew.
    StartFresh,
}

/// What was found and done about the user's keys when the API started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeysReport {
    /// The key that was made, and why. Whoever is to be asked for access has to be told of it.
    pub created: Option<(KeyId, NewKeyReason)>,
    /// Keys of this device that the server did not list and that were published again. Servers keep
    /// published keys: it lost them, or hid them.
    pub published_again: Vec<KeyId>,
    /// Keys that came back by themselves: through another own key, or because enough notaries can be read.
    pub recovered: Vec<KeyId>,
    /// How many transfer keys were made, by which whoever holds one own key gets another (crypto 4.4).
    pub transfer_keys_made: usize,
    /// Whether transfer keys could not be made; the next start tries again.
    pub transfer_keys_missing: bool,
    /// Published keys whose private halves are not here: data that only they open cannot be read.
    pub unavailable: Vec<KeyId>,
    /// Keys that are here, but that nobody confirmed: they open, and nothing new is sealed for them.
    pub unverified: Vec<KeyId>,
    /// Entries of the key storage under names of the user's keys that hold none that can be read.
    pub unreadable_entries: usize,
}

/// Why the user's keys are not ready.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The user has published keys, and none of them is here. The choices are in [`MissingKey`]; answer by
    /// crypto strategies and start again.
    #[error("the user's key is not on this device")]
    Missing(Box<MissingKey>),
    /// A key that was handed over is not one that the user published.
    #[error("a key that the user did not publish")]
    Foreign,
    /// The recovery key that was given does not bring the keys back.
    #[error(transparent)]
    RecoveryKey(#[from] RecoveryKeyError),
    /// What the server lists as the user's keys contradicts itself.
    #[error("the published keys contradict each other: {0}")]
    Listed(#[from] OwnerKeysError),
    /// The storage cannot be read or written. Nothing is decided about keys without it.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The key storage does not give back what was stored: a key is not published before it is safe.
    #[error("the key storage did not keep the new key")]
    NotKept,
    /// The platform cannot make or use a key.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The keys cannot be read from the server or published there.
    #[error(transparent)]
    Request(#[from] WriteError),
    /// The server says that the new key is published, but does not list it.
    #[error("the server did not keep the new key")]
    NotPublished,
    /// What was remembered about the user's keys is damaged.
    #[error("what this device remembers about the keys is damaged")]
    Record,
}

impl KeysError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Storage(error) => error.retryable(),
            Self::Request(error) => error.retryable(),
            Self::RecoveryKey(error) => error.retryable(),
            _ => false,
        }
    }
}

impl From<RequestError> for KeysError {
    fn from(error: RequestError) -> Self {
        Self::Request(error.into())
    }
}
