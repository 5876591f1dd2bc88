//! Which exchange data open after a loss, given what is left. Whatever needs secrets (transfer keys, shares of
//! notaries) is carried out with what opens now, so that nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};

use keystead_crypto::exchange::{ExchangeData, OpenExchangeData};
use keystead_crypto::key::{KeyId, OwnerKeys};
use keystead_model::Object;

use crate::data_owners::DataOwnerType;
use crate::keys::recover::{Unlocked, unlock};

/// Exchange data that open now.
pub(super) struct Node {
    pub(super) data: ExchangeData,
    pub(super) open: OpenExchangeData,
}

/// Somebody whom the user shares exchange data with.
pub(super) struct Counterpart {
    pub(super) owner_type: Option<DataOwnerType>,
    pub(super) keys: OwnerKeys,
}

/// The other side of an exchange data, as someone who could give access back.
pub(super) struct Giver<'a> {
    pub(super) id: &'a str,
    /// Whether the newest key that they published opens it.
    pub(super) holds_newest: bool,
    /// Whether some key that they published opens it.
    pub(super) holds_any: bool,
}

/// Everything that decides about what comes back.
pub(super) struct World {
    pub(super) owner: String,
    pub(super) fields: Object,
    pub(super) listed: OwnerKeys,
    /// Own keys on this device.
    pub(super) here: BTreeSet<KeyId>,
    pub(super) nodes: Vec<Node>,
    pub(super) counterparts: BTreeMap<String, Counterpart>,
}

impl World {
    /// Own keys that are published and not here.
    pub(super) fn elsewhere(&self) -> impl Iterator<Item = KeyId> {
        self.listed.keys().iter().map(|listed| listed.key.id()).filter(|id| !self.here.contains(id))
    }

    pub(super) fn counterparts(&self) -> impl Iterator<Item = (&str, Option<DataOwnerType>)> {
        self.counterparts.iter().map(|(id, counterpart)| (id.as_str(), counterpart.owner_type))
    }

    /// Whether somebody else has a part in the exchange data `id`.
    pub(super) fn is_shared(&self, id: &str) -> bool {
        self.nodes.iter().any(|node| node.data.id == id && self.other(&node.data).is_some())
    }

    fn other<'a>(&self, data: &'a ExchangeData) -> Option<&'a str> {
        [&data.delegator, &data.delegate].into_iter().map(String::as_str).find(|id| *id != self.owner)
    }

    fn giver<'a>(&'a self, data: &'a ExchangeData) -> Option<Giver<'a>> {
        let id = self.other(data)?;
        let keys = self.counterparts.get(id).map(|counterpart| counterpart.keys.keys()).unwrap_or_default();
        let opens = |listed: &keystead_crypto::key::ListedKey| data.is_for(listed.key.fingerprint());
        // published keys are appended to the list
        Some(Giver { id, holds_newest: keys.last().is_some_and(opens), holds_any: keys.iter().any(opens) })
    }

    /// The ids of the exchange data that open when `keys` are the own keys that are left, and those of others give
    /// access back whom `gives` says.
    pub(super) fn open_after(&self, mut keys: BTreeSet<KeyId>, gives: impl Fn(&Giver<'_>) -> bool) -> BTreeSet<String> {
        loop {
            let own: Vec<_> = self.listed.keys().iter().filter(|listed| keys.contains(&listed.key.id())).collect();
            let opens = |node: &&Node| {
                let by_key = own.iter().any(|listed| node.data.is_for(listed.key.fingerprint()));
                by_key || self.giver(&node.data).is_some_and(|giver| gives(&giver))
            };
            let open: Vec<&Node> = self.nodes.iter().filter(opens).collect();
            let mut unlocked = Unlocked::default();
            for node in &open {
                if node.data.delegate == self.owner && node.data.delegator == self.owner {
                    unlocked.own_unverified.push(node.open.exchange_key());
                } else if node.data.delegator == self.owner {
                    unlocked.towards.push((&node.data.delegate, node.open.exchange_key()));
                }
            }
            let missing: Vec<_> =
                self.listed.keys().iter().filter(|listed| !keys.contains(&listed.key.id())).cloned().collect();
            let before = keys.len();
            let back = unlock(&self.owner, &self.fields, &unlocked, &missing);
            keys.extend(back.iter().map(|key| key.listed.key.id()));
            if keys.len() == before {
                return open.into_iter().map(|node| node.data.id.clone()).collect();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use keystead_crypto::exchange::{Crypto, NewExchangeData, make_exchange_data};
    use keystead_crypto::key::{KeyRing, KeyTrust, ListedKey, Oaep, PrivateKey, TrustedKey};
    use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
    use keystead_crypto::recovery::legacy_shares::split_legacy_key;
    use keystead_crypto::recovery::seal_transfer_key;
    use serde_json::{Value, json};

    use super::*;

    async fn make() -> PrivateKey {
        NativeProvider.make_private_key(Default::default()).await.unwrap()
    }

    fn copy(key: &PrivateKey) -> PrivateKey {
        PrivateKey::from_pkcs8(key.expose_pkcs8()).ok().unwrap()
    }

    /// Exchange data from Ada, by a key of hers, to somebody with a key.
    async fn node(id: &str, own: &PrivateKey, delegate: &str, key: &PrivateKey) -> Node {
        let mut ring = KeyRing::new();
        ring.add(&NativeProvider, "ada", copy(own), Oaep::Sha256, KeyTrust::Device).await.unwrap();
        let crypto = Crypto { provider: &NativeProvider, random: &SystemRandom::default(), ring: &ring };
        let listed = ListedKey { key: key.public().clone(), padding: Oaep::Sha256 };
        let keys = [TrustedKey::dangerously_assume(&listed)];
        let new = NewExchangeData { delegator: "ada", delegate, delegate_keys: &keys, signer: None };
        let (mut data, open) = make_exchange_data(crypto, new).await.ok().unwrap();
        data.id = id.to_owned();
        Node { data, open }
    }

    #[tokio::test]
    async fn notaries_give_back_a_key_and_that_key_another() {
        let [split, connected, lost, bob, eve] = [make().await, make().await, make().await, make().await, make().await];
        let hex = |key: &PrivateKey| key.public().to_spki_hex();
        let nodes = vec![
            node("self", &split, "ada", &split).await,
            node("old", &connected, "ada", &connected).await,
            node("bob", &lost, "bob", &bob).await,
            node("eve", &lost, "eve", &eve).await,
        ];
        let key = |at: usize| nodes[at].open.exchange_key();
        let shares = split_legacy_key(&SystemRandom::default(), &split, 2, 2).unwrap();
        let partitions = json!({ "bob": shares[0].seal(key(2)), "eve": shares[1].seal(key(3)) });
        let transfer = seal_transfer_key(key(0), "ada", split.public(), &connected).unwrap();
        let mut fields = json!({
            "publicKey": hex(&split), "publicKeysForOaepWithSha256": [hex(&connected), hex(&lost)],
            "privateKeyShamirPartitions": partitions, "transferKeys": {},
        });
        fields["transferKeys"][transfer.source] = json!({ (transfer.target): transfer.sealed });
        let Value::Object(fields) = fields else { return };
        let listed = OwnerKeys::of(&fields).unwrap();
        let counterpart = |key: &PrivateKey| {
            let fields = json!({ "publicKeysForOaepWithSha256": [hex(key)] });
            Counterpart { owner_type: None, keys: OwnerKeys::of(fields.as_object().unwrap()).unwrap() }
        };
        let counterparts = [("bob".to_owned(), counterpart(&bob)), ("eve".to_owned(), counterpart(&eve))].into();
        let here = [&split, &connected, &lost].map(|key| key.public().id()).into();
        let world = World { owner: "ada".to_owned(), fields, listed, here, nodes, counterparts };

        let open = |keys: &[&PrivateKey], givers: &[&str]| -> Vec<String> {
            let keys = keys.iter().map(|key| key.public().id()).collect();
            world.open_after(keys, |giver| giver.holds_newest && givers.contains(&giver.id)).into_iter().collect()
        };
        assert!(open(&[], &[]).is_empty());
        assert_eq!(open(&[], &["bob"]), ["bob"], "one share is not enough");
        assert_eq!(open(&[], &["bob", "eve"]), ["bob", "eve", "old", "self"], "together they are more than apart");
        assert_eq!(open(&[&connected], &[]), ["old"], "the connection goes one way");
        assert_eq!(open(&[&split], &[]), ["old", "self"]);
        assert_eq!(open(&[&lost], &[]), ["bob", "eve", "old", "self"]);
        assert!(world.is_shared("bob") && !world.is_shared("self") && world.elsewhere().next().is_none());
    }
}
