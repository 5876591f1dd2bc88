//! Private keys that come back without asking anybody (crypto 1.5 steps 3 and 6): through transfer keys from
//! another own key (4.4), and through the shares of notaries whose exchange data opens (4.6).

use keystead_crypto::exchange::{Crypto, ExchangeData, ExchangeError, OpenExchangeData, verify_exchange_data};
use keystead_crypto::key::import::recovered_key_name;
use keystead_crypto::key::{KeyTrust, ListedKey, PrivateKey};
use keystead_crypto::legacy::{LegacyExchangeKey, open_exchange_keys};
use keystead_crypto::recovery::legacy_shares::{LegacyShare, combine_legacy_shares};
use keystead_crypto::recovery::open_transfer_keys;
use keystead_crypto::secret::ExchangeKey;
use keystead_model::Object;
use serde_json::Value;

use super::KeysError;
use super::start::Start;
use crate::api::Caller;
use crate::call::Call;

/// The exchange keys at hand, by which private keys may come back.
#[derive(Default)]
pub(crate) struct Unlocked<'a> {
    /// From the owner to the owner, out of exchange data that the owner is known to have made.
    pub(crate) own: Vec<&'a ExchangeKey>,
    /// From the owner to the owner; nobody knows who made them.
    pub(crate) own_unverified: Vec<&'a ExchangeKey>,
    /// From the owner to others.
    pub(crate) towards: Vec<(&'a str, &'a ExchangeKey)>,
}

/// A private key that came back, for a listed key, byte for byte.
pub(crate) struct CameBack {
    pub(crate) private: PrivateKey,
    pub(crate) listed: ListedKey,
    /// Whether the owner sealed it for itself, so that nobody need be asked about it.
    pub(crate) trusted: bool,
}

/// Every private key among `missing` that these exchange keys give back.
pub(crate) fn unlock(id: &str, owner: &Object, unlocked: &Unlocked<'_>, missing: &[ListedKey]) -> Vec<CameBack> {
    let mut found: Vec<CameBack> = Vec::new();
    for (keys, verified) in [(&unlocked.own, true), (&unlocked.own_unverified, false)] {
        for key in open_transfer_keys(id, owner, keys, missing) {
            if !found.iter().any(|known| known.listed == key.listed) {
                let trusted = verified && key.authentic;
                found.push(CameBack { private: key.private, listed: key.listed, trusted });
            }
        }
    }
    if let Some(private) = put_together(owner, &unlocked.towards) {
        let listed = missing.iter().find(|listed| listed.key == *private.public());
        if let Some(listed) = listed.filter(|listed| !found.iter().any(|known| known.listed == **listed)) {
            // whoever holds the exchange keys with the notaries could have written the shares
            found.push(CameBack { listed: listed.clone(), private, trusted: false });
        }
    }
    found
}

/// The notaries, and the sealed share of each.
pub(crate) fn partitions(owner: &Object) -> impl Iterator<Item = (&str, &str)> {
    let map = owner.get("privateKeyShamirPartitions").and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(notary, share)| Some((notary.as_str(), share.as_str()?)))
}

/// The key that the shares make which these exchange keys open.
fn put_together(owner: &Object, towards: &[(&str, &ExchangeKey)]) -> Option<PrivateKey> {
    let count = partitions(owner).count();
    let mut shares: Vec<LegacyShare> = Vec::new();
    for (notary, sealed) in partitions(owner) {
        let keys = towards.iter().filter(|(id, _)| *id == notary);
        let opened = keys.filter_map(|(_, key)| LegacyShare::open(sealed, key));
        // with a wrong key a share may seem to open: what is inside says whether it did
        shares.extend(opened.into_iter().find(|share| is_share(share, count)));
    }
    if shares.is_empty() { None } else { combine_legacy_shares(&shares).ok() }
}

fn is_share(share: &LegacyShare, count: usize) -> bool {
    match share.expose() {
        [0xf8, index, ..] => (1..=count).contains(&usize::from(*index)),
        key => count == 1 && PrivateKey::from_pkcs8(key).is_ok(),
    }
}

/// Whether some key can come back at all.
fn has_hints(owner: &Object) -> bool {
    let transfers = owner.get("transferKeys").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    transfers || partitions(owner).next().is_some()
}

/// Exchange data from one data owner to another.
pub(super) async fn between(caller: &Caller, from: &str, to: &str) -> Result<Vec<ExchangeData>, KeysError> {
    let found: Vec<ExchangeData> = caller.read(Call::get(&["exchangedata", "byDelegatorDelegate", from, to])).await?;
    // what a server adds to the list must not pass for what was asked for
    Ok(found.into_iter().filter(|data| data.delegator == from && data.delegate == to).collect())
}

impl Start<'_> {
    /// Repeats until nothing new comes back. Without a missing key, or a way back for one, nothing is asked of
    /// the server.
    pub(super) async fn recover(&mut self) -> Result<(), KeysError> {
        if self.unavailable().is_empty() || !has_hints(self.owner.fields()) {
            return Ok(());
        }
        let id = self.owner.id();
        let mut stored = between(self.caller, id, id).await?;
        let notaries: Vec<&str> = partitions(self.owner.fields()).map(|(notary, _)| notary).collect();
        for notary in notaries.into_iter().filter(|notary| *notary != id) {
            stored.extend(between(self.caller, id, notary).await?);
        }
        loop {
            let missing = self.unavailable();
            if missing.is_empty() {
                return Ok(());
            }
            let mut opened = Vec::new();
            for data in &stored {
                if let Some(open) = self.open(data).await? {
                    opened.push(open);
                }
            }
            let legacy = open_exchange_keys(&self.ring, id, self.owner.fields()).await?;
            let found = unlock(id, self.owner.fields(), &gather(id, &opened, &legacy), &missing);
            if found.is_empty() {
                return Ok(());
            }
            for key in found {
                self.take_back(key).await?;
            }
        }
    }

    /// Opens exchange data of the owner's, and says whether the owner is known to have made it.
    async fn open(&self, data: &ExchangeData) -> Result<Option<(OpenExchangeData, bool)>, KeysError> {
        let open = match data.open(&self.ring).await {
            Ok(open) => open,
            Err(ExchangeError::Provider(error)) => return Err(error.into()),
            Err(_) => return Ok(None),
        };
        let crypto = Crypto { provider: &*self.parts.provider, random: &*self.parts.random, ring: &self.ring };
        let safe = match verify_exchange_data(crypto, data, &open, self.owner.id(), &[]).await {
            Ok(verification) => verification.is_safe_for_writing(),
            Err(ExchangeError::Provider(error)) => return Err(error.into()),
            Err(_) => false,
        };
        Ok(Some((open, safe)))
    }

    /// Keeps a key that came back, under the name of recovered keys.
    async fn take_back(&mut self, key: CameBack) -> Result<(), KeysError> {
        let CameBack { private, listed, trusted } = key;
        let id = listed.key.id();
        self.keep(&recovered_key_name(self.owner.id(), listed.key.fingerprint()), &private).await?;
        if trusted {
            self.record.verify(id);
            self.record.save(&*self.parts.storage, self.owner.id()).await?;
        }
        // an earlier start may have confirmed it already, on a device that lost the key since
        let trusted = trusted || self.record.is_verified(id);
        let trust = if trusted { KeyTrust::Verified } else { KeyTrust::Unverified };
        self.add(private, listed.padding, trust).await?;
        self.report.recovered.push(id);
        Ok(())
    }
}

fn gather<'a>(id: &str, opened: &'a [(OpenExchangeData, bool)], legacy: &'a [LegacyExchangeKey]) -> Unlocked<'a> {
    let mut unlocked = Unlocked::default();
    for (open, safe) in opened {
        match (open.delegate() == id, safe) {
            (true, true) => unlocked.own.push(open.exchange_key()),
            (true, false) => unlocked.own_unverified.push(open.exchange_key()),
            (false, _) => unlocked.towards.push((open.delegate(), open.exchange_key())),
        }
    }
    for key in legacy {
        if key.delegate == id {
            unlocked.own_unverified.push(&key.key);
        } else {
            unlocked.towards.push((&key.delegate, &key.key));
        }
    }
    unlocked
}
