//! The private keys at hand.

use std::sync::Arc;

use super::{Fingerprint, KeyId, Oaep, PrivateKey, PublicKey, TrustedKey, one_generation};
use crate::provider::{CryptoProvider, ProviderError, RsaPrivateKey};

/// Where a private key came from, which decides what it may be used for (crypto 1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyTrust {
    /// Recovered, and nobody said that it is the owner's: opens, never seals.
    Unverified,
    /// Recovered, and confirmed by a person or the application.
    Verified,
    /// Made on this device.
    Device,
}

/// A private key, imported and ready. A clone shares the secret, it does not copy it.
#[derive(Clone)]
pub struct OwnKey {
    shared: Arc<Shared>,
    trust: KeyTrust,
}

struct Shared {
    owner: String,
    private: PrivateKey,
    padding: Oaep,
    imported: Box<dyn RsaPrivateKey>,
}

impl OwnKey {
    /// Whose key it is: our own data owner id or that of a parent.
    pub fn owner(&self) -> &str {
        &self.shared.owner
    }

    /// The key itself.
    pub fn private(&self) -> &PrivateKey {
        &self.shared.private
    }

    /// The public half, computed from the private one.
    pub fn public(&self) -> &PublicKey {
        self.shared.private.public()
    }

    /// How others encrypt for it.
    pub fn padding(&self) -> Oaep {
        self.shared.padding
    }

    /// What it may be used for.
    pub fn trust(&self) -> KeyTrust {
        self.trust
    }

    /// Whether new data may be sealed for it.
    pub fn is_usable(&self) -> bool {
        self.trust > KeyTrust::Unverified
    }

    pub(crate) fn imported(&self) -> &dyn RsaPrivateKey {
        &*self.shared.imported
    }
}

/// Every private key at hand, our own and those of parents. A clone is cheap and shares the keys.
#[derive(Clone, Default)]
pub struct KeyRing {
    keys: Vec<OwnKey>,
}

impl KeyRing {
    /// A ring without keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. If it is here already, the higher trust stays.
    ///
    /// # Errors
    /// [`ProviderError::KeyRefused`]: the numbers of the key do not belong together.
    #[cfg_attr(
        target_family = "wasm",
        expect(clippy::arc_with_non_send_sync, reason = "a browser has one thread; elsewhere keys are Send and Sync")
    )]
    pub async fn add(
        &mut self,
        provider: &dyn CryptoProvider,
        owner: &str,
        private: PrivateKey,
        padding: Oaep,
        trust: KeyTrust,
    ) -> Result<KeyId, ProviderError> {
        let id = private.public().id();
        if let Some(known) = self.keys.iter_mut().find(|known| known.owner() == owner && known.public().id() == id) {
            known.trust = known.trust.max(trust);
            return Ok(id);
        }
        let imported = provider.import(&private).await?;
        let shared = Shared { owner: owner.to_owned(), private, padding, imported };
        self.keys.push(OwnKey { shared: Arc::new(shared), trust });
        Ok(id)
    }

    /// A person or the application confirmed the key.
    pub fn verify(&mut self, id: KeyId) {
        for key in self.keys.iter_mut().filter(|key| key.public().id() == id) {
            key.trust = key.trust.max(KeyTrust::Verified);
        }
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &OwnKey> {
        self.keys.iter()
    }

    /// The keys of one data owner.
    pub fn of<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = &'a OwnKey> {
        self.keys.iter().filter(move |key| key.owner() == owner)
    }

    /// The key with this identity.
    pub fn get(&self, id: KeyId) -> Option<&OwnKey> {
        self.keys.iter().find(|key| key.public().id() == id)
    }

    /// The keys that a map entry under `fingerprint` may be for.
    pub fn candidates(&self, fingerprint: Fingerprint) -> impl Iterator<Item = &OwnKey> {
        self.keys.iter().filter(move |key| key.public().fingerprint() == fingerprint)
    }

    /// The keys of `owner` that new data may be sealed for, without SHA-1 keys if there are newer.
    pub fn recipients(&self, owner: &str) -> Vec<TrustedKey> {
        one_generation(self.of(owner).filter(|key| key.is_usable()).map(TrustedKey::held).collect())
    }
}
