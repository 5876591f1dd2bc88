//! Other people's keys: what is remembered of them, and what is done when a server lists others (crypto 6,
//! items 1 and 2).

use std::fmt;
use std::sync::Arc;

use futures_util::lock::Mutex;
use keystead_crypto::key::{Assessment, KeyId, ListedKey, Pins, TrustedKey};

use crate::api::Parts;
use crate::data_owners::{DataOwnerType, Stub};
pub use crate::exchange::Sender;
use crate::storage::StorageError;

/// The keys that the server lists for somebody known are not those that were seen or confirmed before.
///
/// Either they lost a key, or made one on another device; or the server lies. Nothing is sealed for a key that
/// nobody stands behind: compare the phrase ([`crate::data_owners::DataOwners::confirm_key`]).
#[derive(Clone)]
pub struct KeyAlarm {
    pub(crate) owner: String,
    /// What kind of data owner it is.
    pub owner_type: DataOwnerType,
    /// Listed keys that nobody stands behind.
    pub unknown: Vec<ListedKey>,
    /// Known keys that are not listed any more. Servers keep published keys.
    pub missing: Vec<KeyId>,
    /// Known keys that are listed for another padding.
    pub moved: Vec<KeyId>,
}

impl KeyAlarm {
    /// Whose keys they are.
    pub fn owner_id(&self) -> &str {
        &self.owner
    }
}

impl fmt::Debug for KeyAlarm {
    /// Without the id and the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyAlarm")
            .field("owner_type", &self.owner_type)
            .field("unknown", &self.unknown.len())
            .field("missing", &self.missing.len())
            .field("moved", &self.moved.len())
            .finish_non_exhaustive()
    }
}

/// What this device remembers of other people's keys.
pub(crate) struct Trust {
    parts: Arc<Parts>,
    name: String,
    pins: Mutex<Option<Pins>>,
}

impl Trust {
    /// What the user `owner` remembers on this device.
    pub(crate) fn new(parts: Arc<Parts>, owner: &str) -> Self {
        Self { parts, name: format!("org.keystead.pins.{owner}"), pins: Mutex::new(None) }
    }

    /// Reads the pins, lets `change` change them, and keeps them before anybody acts on the outcome.
    pub(crate) async fn change<T>(&self, change: impl FnOnce(&mut Pins) -> T) -> Result<T, StorageError> {
        let mut slot = self.pins.lock().await;
        let mut pins = match slot.take() {
            Some(pins) => pins,
            None => self.load().await?,
        };
        let before = pins.clone();
        let outcome = change(&mut pins);
        if pins != before
            && let Err(error) = self.parts.storage.set(&self.name, &pins.to_json()).await
        {
            *slot = Some(before);
            return Err(error);
        }
        *slot = Some(pins);
        Ok(outcome)
    }

    /// The pins as they are.
    pub(crate) async fn pins(&self) -> Result<Pins, StorageError> {
        self.change(|pins| pins.clone()).await
    }

    async fn load(&self) -> Result<Pins, StorageError> {
        match self.parts.storage.get(&self.name).await? {
            Some(text) => {
                Pins::from_json(&text).map_err(|_| StorageError::Corrupted("what is remembered of others' keys"))
            }
            None => Ok(Pins::default()),
        }
    }

    /// The keys of somebody that may be sealed for: those seen first, signed for or confirmed. Whoever is met
    /// for the first time is pinned, if the application has nothing against it. If something changed, the
    /// application is told.
    pub(crate) async fn keys_of(&self, stub: &Stub) -> Result<Result<Vec<TrustedKey>, KeyAlarm>, StorageError> {
        let Ok(listed) = stub.listed_keys() else {
            return Ok(Err(alarm(stub, Assessment::default())));
        };
        let first = self.change(|pins| pins.assess(stub.id(), &listed).first_use).await?;
        if first && !self.parts.strategies.trust_on_first_use(stub.id(), stub.owner_type(), listed.keys()).await {
            let unknown = listed.keys().to_vec();
            return Ok(Err(alarm(stub, Assessment { unknown, ..Assessment::default() })));
        }
        let now = self.parts.time.now();
        let assessment = self
            .change(|pins| {
                if first && pins.pin_first_use(stub.id(), &listed, now).is_err() {
                    // somebody else was quicker, with the same or other keys: what is pinned counts
                }
                pins.assess(stub.id(), &listed)
            })
            .await?;
        let trusted = assessment.trusted.clone();
        let alarming = assessment.is_alarming();
        let alarm = alarm(stub, assessment);
        if alarming {
            self.parts.strategies.key_alarm(&alarm).await;
        }
        Ok(if trusted.is_empty() { Err(alarm) } else { Ok(trusted) })
    }
}

fn alarm(stub: &Stub, assessment: Assessment) -> KeyAlarm {
    let Assessment { unknown, missing, moved, .. } = assessment;
    KeyAlarm { owner: stub.id().to_owned(), owner_type: stub.owner_type(), unknown, missing, moved }
}
