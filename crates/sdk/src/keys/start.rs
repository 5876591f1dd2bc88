//! What happens with the user's keys when an API starts (crypto 1.5): load, recover, verify, ask, make, publish,
//! connect.

use std::sync::Arc;

use keystead_crypto::key::import::{
    device_key_name, expose_private_key, open_private_key, private_key_names, recovered_key_name,
};
use keystead_crypto::key::{Fingerprint, KeyId, KeyRing, KeyTrust, ListedKey, Oaep, OwnerKeys, PrivateKey};

use super::own::Found;
use super::publish::publish;
use super::record::{Made, Record};
use super::{KeyDecision, KeysError, KeysReport, MissingKey, MissingKeyChoice, NewKeyReason};
use crate::api::{Caller, Parts};
use crate::data_owners::DataOwner;
use crate::recovery;
use crate::secret::SecretText;

/// Loads the keys of `owner`, with `given` handed over by the application.
pub(crate) async fn start(
    parts: &Parts,
    caller: &Caller,
    owner: &DataOwner,
    given: Vec<PrivateKey>,
) -> Result<Found, KeysError> {
    let listed = OwnerKeys::of(owner.fields())?;
    let record = Record::load(&*parts.storage, owner.id()).await?;
    let mut start = Start { parts, caller, owner, listed, record, ring: KeyRing::new(), report: KeysReport::default() };
    start.load_listed().await?;
    start.publish_again().await?;
    start.take(given).await?;
    start.recover().await?;
    start.verify().await?;
    if !start.has_usable_key() {
        start.decide().await?;
    }
    start.connect_keys().await;
    Ok(start.finish())
}

pub(super) struct Start<'a> {
    pub(super) parts: &'a Parts,
    pub(super) caller: &'a Caller,
    pub(super) owner: &'a DataOwner,
    listed: OwnerKeys,
    pub(super) record: Record,
    pub(super) ring: KeyRing,
    pub(super) report: KeysReport,
}

impl Start<'_> {
    /// Looks for the private half of every listed key under every name that a client may have given it.
    async fn load_listed(&mut self) -> Result<(), KeysError> {
        for ListedKey { key, padding } in self.listed.keys().to_vec() {
            let names = private_key_names(self.owner.id(), key.fingerprint());
            for (position, name) in names.iter().enumerate() {
                let Some(private) = self.stored(name, key.id()).await? else { continue };
                let trust = match position {
                    0 => KeyTrust::Device,
                    _ if self.record.is_verified(key.id()) => KeyTrust::Verified,
                    _ => KeyTrust::Unverified,
                };
                self.add(private, padding, trust).await?;
                break;
            }
        }
        Ok(())
    }

    /// The private key `id` in the entry `name`. What is there but cannot be used is counted.
    async fn stored(&mut self, name: &str, id: KeyId) -> Result<Option<PrivateKey>, KeysError> {
        let Some(value) = self.parts.key_storage.get_key(name).await? else { return Ok(None) };
        match open_private_key(value.expose()) {
            Ok(private) if private.public().id() == id => Ok(Some(private)),
            Ok(_) => Ok(None),
            Err(_) => {
                self.report.unreadable_entries += 1;
                Ok(None)
            }
        }
    }

    pub(super) async fn add(&mut self, private: PrivateKey, padding: Oaep, trust: KeyTrust) -> Result<(), KeysError> {
        self.ring.add(&*self.parts.provider, self.owner.id(), private, padding, trust).await?;
        Ok(())
    }

    /// Publishes keys of this device that the server does not list: a start was interrupted after the key was
    /// made, or the server lost them.
    async fn publish_again(&mut self) -> Result<(), KeysError> {
        for made in self.record.made.clone() {
            if self.ring.get(made.id).is_some() {
                if !made.published {
                    self.report.created = Some((made.id, made.because));
                    self.mark_published(made.id).await?;
                }
                continue;
            }
            let Some(fingerprint) = made.fingerprint() else { continue };
            let name = device_key_name(self.owner.id(), fingerprint);
            let Some(private) = self.stored(&name, made.id).await? else { continue };
            publish(self.caller, self.owner.id(), private.public()).await?;
            self.add(private, Oaep::Sha256, KeyTrust::Device).await?;
            match made.published {
                true => self.report.published_again.push(made.id),
                false => self.report.created = Some((made.id, made.because)),
            }
            self.mark_published(made.id).await?;
        }
        Ok(())
    }

    async fn mark_published(&mut self, id: KeyId) -> Result<(), KeysError> {
        for made in self.record.made.iter_mut().filter(|made| made.id == id) {
            made.published = true;
        }
        Ok(self.record.save(&*self.parts.storage, self.owner.id()).await?)
    }

    /// Takes keys over that somebody vouches for, and keeps them.
    async fn take(&mut self, keys: Vec<PrivateKey>) -> Result<(), KeysError> {
        for private in keys {
            let id = private.public().id();
            let trusted = self.ring.get(id).is_some_and(|known| known.is_usable());
            if trusted {
                continue;
            }
            let padding = self.listed.get(id).map(|listed| listed.padding).ok_or(KeysError::Foreign)?;
            let name = recovered_key_name(self.owner.id(), private.public().fingerprint());
            self.keep(&name, &private).await?;
            self.record.verify(id);
            self.record.save(&*self.parts.storage, self.owner.id()).await?;
            self.add(private, padding, KeyTrust::Verified).await?;
        }
        Ok(())
    }

    /// As [`Self::take`], with what these keys give back in turn.
    async fn take_all(&mut self, keys: Vec<PrivateKey>) -> Result<(), KeysError> {
        self.take(keys).await?;
        self.recover().await?;
        self.verify().await
    }

    /// Stores a key and makes sure that it is there.
    pub(super) async fn keep(&self, name: &str, private: &PrivateKey) -> Result<(), KeysError> {
        let value = SecretText::from(expose_private_key(private).as_str());
        self.parts.key_storage.set_key(name, &value).await?;
        let kept = self.parts.key_storage.get_key(name).await?;
        let kept = kept.and_then(|kept| open_private_key(kept.expose()).ok());
        if kept.is_some_and(|kept| kept == *private) { Ok(()) } else { Err(KeysError::NotKept) }
    }

    /// Asks about keys that are here and that nobody confirmed.
    async fn verify(&mut self) -> Result<(), KeysError> {
        let unverified = self.unverified();
        if unverified.is_empty() {
            return Ok(());
        }
        let confirmed = self.parts.strategies.verify_own_keys(&unverified).await;
        for id in confirmed.into_iter().filter(|id| unverified.iter().any(|listed| listed.key.id() == *id)) {
            self.ring.verify(id);
            self.record.verify(id);
            self.record.save(&*self.parts.storage, self.owner.id()).await?;
        }
        Ok(())
    }

    fn has_usable_key(&self) -> bool {
        self.ring.keys().any(keystead_crypto::key::OwnKey::is_usable)
    }

    /// There is no key to seal for: make the first one, or ask.
    async fn decide(&mut self) -> Result<(), KeysError> {
        // what cannot be read was published by somebody too
        if self.listed.keys().is_empty() && self.listed.unreadable() == 0 && self.record.made.is_empty() {
            return self.make(NewKeyReason::First).await;
        }
        let missing = MissingKey {
            owner: self.owner.id().to_owned(),
            owner_type: self.owner.owner_type(),
            unavailable: self.unavailable(),
            unverified: self.unverified(),
            choices: MissingKeyChoice::ALL.to_vec(),
        };
        match self.parts.strategies.missing_key(&missing).await {
            KeyDecision::NewKey(because) => self.make(because).await,
            KeyDecision::Keyless => Ok(()),
            KeyDecision::UseKeys(keys) => {
                self.take_all(keys).await?;
                if self.has_usable_key() { Ok(()) } else { Err(KeysError::Missing(Box::new(missing))) }
            }
            KeyDecision::RecoveryKey(text) => {
                let keys = recovery::open_keys(self.parts, self.caller, self.owner, &text).await?;
                self.take_all(keys).await
            }
            KeyDecision::Stop => Err(KeysError::Missing(Box::new(missing))),
        }
    }

    /// Makes a key, keeps it, notes that it is to be published, publishes it. Interrupted at any point, the
    /// next start goes on from there instead of making another one.
    async fn make(&mut self, because: NewKeyReason) -> Result<(), KeysError> {
        let private = self.make_unlike_listed().await?;
        let id = private.public().id();
        self.keep(&device_key_name(self.owner.id(), private.public().fingerprint()), &private).await?;
        self.record.made.push(Made::new(private.public(), because));
        self.record.save(&*self.parts.storage, self.owner.id()).await?;
        publish(self.caller, self.owner.id(), private.public()).await?;
        self.mark_published(id).await?;
        self.add(private, Oaep::Sha256, KeyTrust::Device).await?;
        self.report.created = Some((id, because));
        Ok(())
    }

    /// A key whose fingerprint no listed key has: two such would make the data owner unusable.
    async fn make_unlike_listed(&self) -> Result<PrivateKey, KeysError> {
        loop {
            let private = self.parts.provider.make_private_key(self.parts.key_size).await?;
            let fingerprint: Fingerprint = private.public().fingerprint();
            if self.listed.with_fingerprint(fingerprint).is_none() {
                return Ok(private);
            }
        }
    }

    fn unverified(&self) -> Vec<ListedKey> {
        let held = |listed: &&ListedKey| self.ring.get(listed.key.id()).is_some_and(|own| !own.is_usable());
        self.listed.keys().iter().filter(held).cloned().collect()
    }

    pub(super) fn unavailable(&self) -> Vec<ListedKey> {
        self.listed.keys().iter().filter(|listed| self.ring.get(listed.key.id()).is_none()).cloned().collect()
    }

    fn finish(mut self) -> Found {
        let ids = |keys: Vec<ListedKey>| keys.iter().map(|listed| listed.key.id()).collect();
        self.report.unavailable = ids(self.unavailable());
        self.report.unverified = ids(self.unverified());
        Found { ring: Arc::new(self.ring), report: self.report }
    }
}
