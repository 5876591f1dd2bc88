//! Exchange data: the secrets that two data owners share, encrypted for each of their keys (crypto 2).
//!
//! [`make_exchange_data`] creates them, [`ExchangeData::open`] reads them, [`verify_exchange_data`]
//! says whether they may be written with, [`verify_sender`] who made them, [`extend_exchange_data`]
//! lets another key in. [`ExchangeIndex`] finds the opened ones; [`ExchangeDataMap`] is how an
//! explicit party finds those whose other party is hidden.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::key::{Fingerprint, KeyRing, TrustedKey};
use crate::provider::{CryptoProvider, ProviderError};
use crate::random::Random;
use crate::secret::{AccessControlSecret, ExchangeKey, SharedSignatureKey};

mod extend;
mod index;
mod make;
mod map;
mod sender;
mod signature;
#[cfg(test)]
mod tests;
mod verify;

pub use extend::extend_exchange_data;
pub use index::ExchangeIndex;
pub use make::{NewExchangeData, make_exchange_data};
pub use map::{ExchangeDataMap, MapRecipient, make_exchange_data_map, map_recipient, open_exchange_data_map};
pub use sender::{SenderError, SenderSignature, verify_sender};
pub use verify::{DelegatorSignature, SharedSignature, Verification, verify_exchange_data};

pub(crate) use extend::extend_opened;
pub(crate) use make::encrypt_for;

/// What operations on exchange data work with.
#[derive(Clone, Copy)]
pub struct Crypto<'a> {
    /// RSA.
    pub provider: &'a dyn CryptoProvider,
    /// Random numbers.
    pub random: &'a dyn Random,
    /// The private keys at hand.
    pub ring: &'a KeyRing,
}

/// A map from fingerprints to what is encrypted for that key.
pub type Entries = BTreeMap<String, String>;

/// The object as the server keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeData {
    /// Its id, a UUID.
    pub id: String,
    /// The revision, once the server has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// Who made it and gives access under it.
    pub delegator: String,
    /// Who gets access under it.
    pub delegate: String,
    /// The exchange key, for each recipient.
    pub exchange_key: Entries,
    /// The access control secret, for each recipient.
    pub access_control_secret: Entries,
    /// Signatures by the delegator, which only the delegator can check; and ours, under names that no key has.
    #[serde(default)]
    pub delegator_signature: Entries,
    /// The shared signature key, for each recipient.
    pub shared_signature_key: Entries,
    /// The HMAC over ids, secrets and recipients.
    #[serde(default)]
    pub shared_signature: String,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_date: Option<i64>,
}

/// How the recipients of exchange data differ from those that it should have now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecipientChanges {
    /// Keys that have no entry yet: extend it for them.
    pub missing: Vec<TrustedKey>,
    /// Fingerprints of entries for other keys. Harmless if these are older keys of the two; if one was
    /// revoked, whoever has it reads on: make new exchange data.
    pub surplus: Vec<String>,
}

/// Why something could not be done with exchange data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// None of our keys opens it. Somebody has to give access back, or a recovery key.
    #[error("no key at hand opens the exchange data")]
    NoKey,
    /// It opened, but not to secrets of the lengths that the format has.
    #[error("malformed secrets in the exchange data")]
    Malformed,
    /// We have no key that new data may be sealed for.
    #[error("no usable key of our own")]
    NoUsableKey,
    /// The delegate has no key that somebody stands behind.
    #[error("no trusted key of the delegate")]
    NoDelegateKey,
    /// Two keys among the recipients have one fingerprint, so that one would replace the other.
    #[error("two recipients with one fingerprint")]
    FingerprintCollision,
    /// An id that the text of the shared signature cannot hold: it has no escapes.
    #[error("an id with quotes or control characters")]
    Id,
    /// The exchange data is between others.
    #[error("exchange data between others")]
    OtherParticipants,
    /// The platform failed.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

/// Opened exchange data. Wiped when dropped.
pub struct OpenExchangeData {
    id: String,
    delegator: String,
    delegate: String,
    exchange_key: ExchangeKey,
    access_control_secret: AccessControlSecret,
}

impl OpenExchangeData {
    /// Puts together what was opened by other means, such as recovery data.
    pub fn of(data: &ExchangeData, exchange_key: ExchangeKey, access_control_secret: AccessControlSecret) -> Self {
        let [id, delegator, delegate] = [&data.id, &data.delegator, &data.delegate].map(String::clone);
        Self { id, delegator, delegate, exchange_key, access_control_secret }
    }

    /// The id, the exchange key and the access control secret.
    pub(crate) fn into_parts(self) -> (String, ExchangeKey, AccessControlSecret) {
        (self.id, self.exchange_key, self.access_control_secret)
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Who made it, by its own account.
    pub fn delegator(&self) -> &str {
        &self.delegator
    }

    /// For whom.
    pub fn delegate(&self) -> &str {
        &self.delegate
    }

    /// Seals what delegations hold.
    pub fn exchange_key(&self) -> &ExchangeKey {
        &self.exchange_key
    }

    /// What access control keys are derived from.
    pub fn access_control_secret(&self) -> &AccessControlSecret {
        &self.access_control_secret
    }
}

impl ExchangeData {
    /// Opens the exchange key and the access control secret with whatever key at hand fits, verified or not.
    ///
    /// # Errors
    /// [`ExchangeError::NoKey`], [`ExchangeError::Malformed`].
    pub async fn open(&self, ring: &KeyRing) -> Result<OpenExchangeData, ExchangeError> {
        let exchange_key = open_entry(&self.exchange_key, ring).await?;
        let secret = open_entry(&self.access_control_secret, ring).await?;
        let exchange_key = ExchangeKey::from_bytes(&exchange_key).map_err(|_| ExchangeError::Malformed)?;
        let secret = AccessControlSecret::from_bytes(&secret).map_err(|_| ExchangeError::Malformed)?;
        Ok(OpenExchangeData::of(self, exchange_key, secret))
    }

    /// Opens the shared signature key, which only checking and extending need.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_signature_key(&self, ring: &KeyRing) -> Result<SharedSignatureKey, ExchangeError> {
        let key = open_entry(&self.shared_signature_key, ring).await?;
        SharedSignatureKey::from_bytes(&key).map_err(|_| ExchangeError::Malformed)
    }

    /// The fingerprints that some of the three maps has, in the form of v2, sorted.
    pub fn fingerprints(&self) -> BTreeSet<String> {
        let maps = [&self.exchange_key, &self.access_control_secret, &self.shared_signature_key];
        let names = maps.into_iter().flat_map(BTreeMap::keys);
        names.map(|name| Fingerprint::parse(name).map_or_else(|| name.clone(), |found| found.v2())).collect()
    }

    /// Those of `keys` that have an entry in each map: for whom an exchange data map is.
    pub fn among(&self, keys: &[TrustedKey]) -> Vec<TrustedKey> {
        keys.iter().filter(|key| self.is_for(key.key().fingerprint())).cloned().collect()
    }

    /// Compares the recipients with `wanted`, the trusted keys of both sides.
    pub fn recipient_changes(&self, wanted: &[TrustedKey]) -> RecipientChanges {
        let is_wanted = |name: &String| wanted.iter().any(|key| key.key().fingerprint().v2() == *name);
        RecipientChanges {
            missing: wanted.iter().filter(|key| !self.is_for(key.key().fingerprint())).cloned().collect(),
            surplus: self.fingerprints().into_iter().filter(|name| !is_wanted(name)).collect(),
        }
    }

    /// Whether all three maps have an entry for a key with this fingerprint.
    pub fn is_for(&self, fingerprint: Fingerprint) -> bool {
        let maps = [&self.exchange_key, &self.access_control_secret, &self.shared_signature_key];
        maps.into_iter().all(|map| map.keys().any(|name| Fingerprint::parse(name) == Some(fingerprint)))
    }
}

/// The plaintext of the first entry that one of our keys opens.
pub(crate) async fn open_entry(entries: &Entries, ring: &KeyRing) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
    for (name, value) in entries {
        let Some(fingerprint) = Fingerprint::parse(name) else { continue };
        let mut candidates = ring.candidates(fingerprint).peekable();
        if candidates.peek().is_none() {
            continue;
        }
        let Ok(ciphertext) = Base64::decode_vec(value) else { continue };
        for key in candidates {
            match key.imported().decrypt(key.padding(), &ciphertext).await {
                Ok(plaintext) => return Ok(plaintext),
                Err(ProviderError::Decryption) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Err(ExchangeError::NoKey)
}
