//! People with keys, and a source of bytes that repeats itself.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use keystead_crypto::exchange::Crypto;
use keystead_crypto::identity::SignerIdentity;
use keystead_crypto::key::{KeyRing, KeyTrust, ListedKey, Oaep, OwnKey, OwnerKeys, PrivateKey, TrustedKey};
use keystead_crypto::provider::NativeProvider;
use keystead_crypto::random::Random;
use serde_json::{Value, json};

pub(crate) use pollster::block_on as now;

/// Ten in the morning of some day.
pub(crate) const NOW: i64 = 1_795_000_000_000;

/// SHA-like mixing of a counter: not secret, never the same twice.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let count = self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = count.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (count >> 7).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 40) as u8;
        }
    }
}

pub(crate) static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/cardinal.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

/// A key of the vectors.
pub(crate) fn key(name: &str) -> PrivateKey {
    let key = match name {
        "COLLIDING" => &VECTORS["fingerprintCollision"]["collidingKey"],
        name => &VECTORS["testKeys"][name],
    };
    private(&hex::decode(key["pkcs8Hex"].as_str().unwrap()).unwrap())
}

pub(crate) fn private(pkcs8: &[u8]) -> PrivateKey {
    PrivateKey::from_pkcs8(pkcs8).unwrap_or_else(|error| panic!("{error}"))
}

/// A data owner with keys of the vectors, made on this device.
pub(crate) struct Person {
    pub(crate) id: &'static str,
    pub(crate) ring: KeyRing,
    pub(crate) random: Counting,
}

impl Person {
    pub(crate) fn new(id: &'static str, keys: &[&str]) -> Self {
        let keys: Vec<_> = keys.iter().map(|name| (*name, Oaep::Sha256, KeyTrust::Device)).collect();
        Self::with(id, &keys)
    }

    pub(crate) fn with(id: &'static str, keys: &[(&str, Oaep, KeyTrust)]) -> Self {
        let mut ring = KeyRing::new();
        for (name, padding, trust) in keys {
            now(ring.add(&NativeProvider, id, key(name), *padding, *trust)).unwrap();
        }
        Self { id, ring, random: Counting::default() }
    }

    pub(crate) fn crypto(&self) -> Crypto<'_> {
        Crypto { provider: &NativeProvider, random: &self.random, ring: &self.ring }
    }

    pub(crate) fn own(&self) -> &OwnKey {
        self.ring.keys().next().unwrap()
    }

    pub(crate) fn signer(&self) -> SignerIdentity {
        now(SignerIdentity::make(self.own())).unwrap()
    }

    /// The data owner as the server lists it.
    pub(crate) fn stub(&self) -> Value {
        stub(&self.ring.keys().map(|key| key.public().to_spki_hex()).collect::<Vec<_>>())
    }

    pub(crate) fn listed(&self) -> OwnerKeys {
        OwnerKeys::of(self.stub().as_object().unwrap()).unwrap()
    }

    /// The keys, as somebody who knows them has them.
    pub(crate) fn trusted(&self) -> Vec<TrustedKey> {
        self.listed().keys().iter().map(TrustedKey::dangerously_assume).collect()
    }
}

pub(crate) fn stub(keys: &[String]) -> Value {
    json!({"id": "someone", "rev": "1-a", "publicKeysForOaepWithSha256": keys})
}

pub(crate) fn listed(name: &str) -> ListedKey {
    ListedKey { key: key(name).public().clone(), padding: Oaep::Sha256 }
}
