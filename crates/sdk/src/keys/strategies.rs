//! What the application, or the person in front of it, decides about keys.

use async_trait::async_trait;
use keystead_crypto::key::{KeyId, ListedKey, PrivateKey};
use keystead_crypto::provider::Platform;

use super::{MissingKey, NewKeyReason};
use crate::data_owners::DataOwnerType;
use crate::secret::SecretText;
use crate::trust::KeyAlarm;

/// What to do about a missing key.
#[non_exhaustive]
pub enum KeyDecision {
    /// Do not start: the login fails with [`super::KeysError::Missing`], which says what the choices are.
    Stop,
    /// Use these keys, from another device or a recovery key. They are kept on this device.
    UseKeys(Vec<PrivateKey>),
    /// Use the keys behind this recovery key, as the person typed or scanned it ([`crate::recovery`]). They are
    /// kept on this device. If it does not work, the login fails with [`super::KeysError::RecoveryKey`].
    RecoveryKey(SecretText),
    /// Make and publish a new key, for this reason.
    NewKey(NewKeyReason),
    /// Start without a key: nothing can be sealed or opened, everything else works.
    Keyless,
}

/// Decisions about keys that are not the SDK's to make. Every method has a default that decides nothing.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait CryptoStrategies: Platform {
    /// The user has published keys and none is usable on this device.
    async fn missing_key(&self, missing: &MissingKey) -> KeyDecision {
        let _ = missing;
        KeyDecision::Stop
    }

    /// Private keys that came to this device in some way, and that are published: which of them did a
    /// person confirm to be the user's own? The answer is remembered. Without it they open data, and
    /// nothing new is sealed for them.
    async fn verify_own_keys(&self, unverified: &[ListedKey]) -> Vec<KeyId> {
        let _ = unverified;
        Vec::new()
    }

    /// Somebody is met for the first time, with these listed keys: may they be sealed for from now on? Say no
    /// where keys are compared before anything is shared; then [`crate::data_owners::DataOwners::confirm_key`]
    /// pins one.
    async fn trust_on_first_use(&self, owner: &str, owner_type: DataOwnerType, listed: &[ListedKey]) -> bool {
        let _ = (owner, owner_type, listed);
        true
    }

    /// The keys of somebody who is known changed. Nothing is sealed for keys that nobody stands behind; here the
    /// application can tell the person.
    async fn key_alarm(&self, alarm: &KeyAlarm) {
        let _ = alarm;
    }

    /// Whether data owners of this type must not be named in what is shared with them. Must be the same in
    /// all applications on one database, and never change (crypto 1.6).
    fn requires_anonymous_delegation(&self, owner_type: DataOwnerType) -> bool {
        owner_type != DataOwnerType::Hcp
    }
}

/// The default: a missing key is reported, and nothing is done about it.
#[derive(Debug, Default, Clone, Copy)]
pub struct ReportMissingKeys;

impl CryptoStrategies for ReportMissingKeys {}

/// Makes a new key when the user's is missing, as the tutorial about lost keys does.
#[derive(Debug, Clone, Copy)]
pub struct NewKeyWhenLost;

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl CryptoStrategies for NewKeyWhenLost {
    async fn missing_key(&self, _missing: &MissingKey) -> KeyDecision {
        KeyDecision::NewKey(NewKeyReason::AskPeople)
    }
}
