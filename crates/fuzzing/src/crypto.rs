//! `crates/crypto`: keys, exchange data, sealed fields, recovery, signatures.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use keystead_crypto::access_control::EntityType;
use keystead_crypto::attachment::{AttachmentRef, open_attachment};
use keystead_crypto::deanonymise::open_key_map;
use keystead_crypto::delegation::SecurityMetadata;
use keystead_crypto::entity::{EntityRef, Manifest, Manifests, open_entity, open_service, seal_entity};
use keystead_crypto::envelope::{self, EnvelopeKey};
use keystead_crypto::exchange::{
    Crypto, ExchangeData, ExchangeDataMap, ExchangeIndex, open_exchange_data_map, verify_exchange_data, verify_sender,
};
use keystead_crypto::give_back::KeyUpdate;
use keystead_crypto::identity::{Approval, IdentityCertificate, IdentityPublic, Succession};
use keystead_crypto::key::import::{
    StorageKey, expose_private_key, open_private_key, open_public_key, open_sealed_value, read_verification_cache,
};
use keystead_crypto::key::{
    Fingerprint, KeyRing, KeyTrust, ListedKey, Oaep, OwnerKeys, Phrase, Pins, PrivateKey, PublicKey, TrustedKey,
    derive_phrase, read_key_claim,
};
use keystead_crypto::legacy::{LegacyExchangeKey, open_access, open_exchange_keys, open_exchange_keys_towards};
use keystead_crypto::provider::NativeProvider;
use keystead_crypto::random::Random;
use keystead_crypto::recovery::legacy_shares::{LegacyShare, combine_legacy_shares};
use keystead_crypto::recovery::{
    KeyShare, RecoveryData, RecoveryKey, combine_shares, open_exchange_secrets, open_key_pairs, open_transfer_keys,
};
use keystead_crypto::secret::{EntityKey, ExchangeKey};
use keystead_model::Object;
use pollster::block_on as now;
use serde_json::Value;

use crate::input::{choose, json, line, parts};

/// Octets that repeat in every run.
#[derive(Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = (count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
    }
}

static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../vectors/cardinal.json")).unwrap());

fn key(name: &str) -> PrivateKey {
    let key = hex::decode(VECTORS["testKeys"][name]["pkcs8Hex"].as_str().unwrap()).unwrap();
    PrivateKey::from_pkcs8(&key).unwrap_or_else(|error| panic!("{error}"))
}

/// Somebody with the keys A, A2 and B of the vectors.
static RING: LazyLock<KeyRing> = LazyLock::new(|| {
    let mut ring = KeyRing::new();
    for name in ["A", "A2", "B"] {
        now(ring.add(&NativeProvider, "ada", key(name), Oaep::Sha256, KeyTrust::Device)).unwrap();
    }
    ring
});

static TRUSTED: LazyLock<Vec<TrustedKey>> = LazyLock::new(|| {
    let listed = |name| ListedKey { key: key(name).public().clone(), padding: Oaep::Sha256 };
    ["A", "B"].map(|name| TrustedKey::dangerously_assume(&listed(name))).to_vec()
});

/// Costs a key derivation: made once.
static PHRASE: LazyLock<Phrase> = LazyLock::new(|| derive_phrase("ada", TRUSTED[0].key()));

/// A public or private key in binary, in hex, or in the JSON of official clients; pins; a key claim.
pub fn crypto_keys(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(public) = PublicKey::from_spki(data) {
        assert!(PublicKey::from_spki(public.spki()).is_ok_and(|again| again.spki() == public.spki()));
    }
    if let Ok(private) = PrivateKey::from_pkcs8(data) {
        let stored = expose_private_key(&private);
        assert!(open_private_key(&stored).is_ok_and(|again| again.expose_pkcs8() == private.expose_pkcs8()));
    }
    if let Ok(public) = PublicKey::from_spki_hex(&text) {
        assert!(PublicKey::from_spki_hex(&public.to_spki_hex()).is_ok_and(|again| again == public));
        let _ = public.fingerprint();
    }
    if let Ok(private) = open_private_key(&text) {
        assert!(PrivateKey::from_pkcs8(private.expose_pkcs8()).is_ok(), "an imported key that is none");
    }
    if let Ok(public) = open_public_key(&text) {
        assert!(PublicKey::from_spki(public.spki()).is_ok(), "an imported key that is none");
    }
    let _ = read_verification_cache(&text);
    let _ = open_sealed_value(&StorageKey::from_bytes(&[7; 32]).unwrap(), &text);
    let _ =
        (read_key_claim(&text), Oaep::parse(&text), EntityType::parse(&text), Manifest::parse(text.lines()).is_ok());
    let _ = PHRASE.matches(&text);
    if let Some(fingerprint) = Fingerprint::parse(&text) {
        assert_eq!(Fingerprint::parse(&fingerprint.v2()), Some(fingerprint));
        assert_eq!(Fingerprint::parse(&fingerprint.v1()), Some(fingerprint));
    }
    if let Ok(mut pins) = Pins::from_json(&text) {
        assert!(Pins::from_json(&pins.to_json()).is_ok_and(|again| again == pins));
        if let Some(Value::Object(body)) = json(b"{\"id\": \"ada\", \"publicKeysForOaepWithSha256\": []}")
            && let Ok(listed) = OwnerKeys::of(&body)
        {
            let _ = (pins.assess("ada", &listed).is_alarming(), pins.pin_first_use("ada", &listed, 1).is_ok());
        }
    }
    if let Some(Value::Object(body)) = json(data)
        && let Ok(listed) = OwnerKeys::of(&body)
    {
        let _ = (listed.keys().len(), listed.unreadable(), Pins::default().assess("ada", &listed).is_alarming());
    }
}

/// Exchange data, a map of it, or a data owner with exchange keys of the first generation.
pub fn crypto_exchange(data: &[u8]) {
    let Some(value) = json(data) else { return };
    let (ring, random) = (&*RING, Counting::default());
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring };
    if let Ok(exchange) = serde_json::from_value::<ExchangeData>(value.clone()) {
        let _ = (exchange.fingerprints(), exchange.recipient_changes(&TRUSTED));
        let _ = now(exchange.open_signature_key(ring)).is_ok();
        if let Ok(open) = now(exchange.open(ring)) {
            let _ = now(verify_exchange_data(crypto, &exchange, &open, "ada", &[TRUSTED[0].key().clone()])).is_ok();
            let _ = now(verify_sender(crypto, &exchange, &open, &TRUSTED, None)).is_ok();
            let mut index = ExchangeIndex::new();
            index.add(open);
        }
    }
    if let Ok(map) = serde_json::from_value::<ExchangeDataMap>(value.clone()) {
        let _ = now(open_exchange_data_map(&map, ring)).is_ok();
    }
    let Value::Object(owner) = value else { return };
    let _ = now(open_exchange_keys(ring, "ada", &owner));
    let _ = now(open_exchange_keys_towards(ring, "bob", &owner));
    let keys = [LegacyExchangeKey { delegator: "ada".into(), delegate: "bob".into(), key: exchange_key() }];
    let _ = open_access(&owner, &["ada", "bob"], &keys);
    if let Ok(listed) = OwnerKeys::of(&owner) {
        let _ = open_transfer_keys("ada", &owner, &[&exchange_key()], listed.keys());
    }
}

fn exchange_key() -> ExchangeKey {
    ExchangeKey::from_bytes(&[7; 32]).unwrap()
}

/// The key that the frozen entities are sealed with.
fn entity_key() -> EntityKey {
    EntityKey::from_bytes(&[0x42; 32]).unwrap()
}

/// First line: a type of entity; then a stored entity, or the octets of an attachment. What can be sealed opens.
pub fn crypto_entity(data: &[u8]) {
    let types = [
        ("Patient", EntityType::Patient),
        ("Contact", EntityType::Contact),
        ("Document", EntityType::Document),
        ("HealthElement", EntityType::HealthElement),
        ("Message", EntityType::Message),
        ("MaintenanceTask", EntityType::MaintenanceTask),
        ("Article", EntityType::Article),
    ];
    let (name, body) = line(data);
    let entity = EntityRef { entity_type: choose(&types, name, |(name, _)| name).1, id: "contact-1" };
    let (manifests, key) = (Manifests::default(), entity_key());
    let attachment = AttachmentRef { document_id: "document-1", secondary: Some("page 2") };
    let _ = open_attachment(&[&key], attachment, body, |_| true);
    let Some(Value::Object(body)) = json(body) else { return };
    let opened = open_entity(&manifests, entity, &[&key], &body);
    let _ = open_service(&manifests, "contact-1", &[&key], &body);
    let _ = open_key_map(entity, &[&key], &body);
    if let Ok(metadata) = SecurityMetadata::of(&body) {
        let index = ExchangeIndex::new();
        let _ = (metadata.missing_exchange_data(&index).count(), metadata.missing_maps(&index).count());
        let _ = metadata.open_with(entity, &index).len();
        let again: Object = [("securityMetadata".to_owned(), metadata.to_json())].into_iter().collect();
        assert!(SecurityMetadata::of(&again).is_ok_and(|again| again == metadata));
    }
    let clear = opened.map_or(body, |opened| opened.body);
    if let Ok(sealed) = seal_entity(&Counting::default(), &manifests, entity, &key, &clear) {
        let opened = open_entity(&manifests, entity, &[&key], &sealed);
        assert!(opened.is_ok_and(|opened| manifests.of(entity.entity_type).is_none() || opened.is_authenticated()));
    }
}

/// An identity certificate, a succession, an approval, or the properties of a request to give access back.
pub fn crypto_identity(data: &[u8]) {
    if let Ok(certificate) = IdentityCertificate::from_bytes(data) {
        assert_eq!(certificate.to_bytes(), data);
        let _ = now(certificate.verify(&NativeProvider, "ada", TRUSTED[0].key())).is_ok();
    }
    if let Ok(succession) = Succession::from_bytes(data) {
        assert_eq!(succession.to_bytes(), data);
    }
    let _ = Approval::open(data, &IdentityPublic::from_bytes([3; 32])).is_ok();
    if let Some(value) = json(data)
        && let Ok(update) = KeyUpdate::from_properties(&value)
    {
        assert!(KeyUpdate::from_properties(&update.to_properties()).is_ok());
    }
}

/// What is on paper or with notaries: recovery data, a typed recovery key, envelopes, shares.
pub fn crypto_recovery(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(key) = RecoveryKey::parse(&text) {
        assert!(RecoveryKey::parse(&key.expose_text()).is_ok_and(|again| again.id() == key.id()));
        assert!(RecoveryKey::parse(&key.expose_base32()).is_ok_and(|again| again.id() == key.id()));
    }
    if let Ok(recovery) = serde_json::from_slice::<RecoveryData>(data) {
        let key = RecoveryKey::from_bytes(&[0x24; 32]).unwrap();
        let recovery = RecoveryData { id: key.id(), ..recovery };
        let _ = open_key_pairs(&key, &recovery).is_ok();
        let _ = open_exchange_secrets(&key, &recovery).is_ok();
    }
    let _ = envelope::open_with_key("test", &EnvelopeKey::from_bytes(&[0x11; 32]).unwrap(), data);
    // a header that asks for much memory is not refused before it is derived: that is what limits are for, and slow
    if data.get(2..6) == Some(&[0, 0, 0, 8]) && data.get(6..10) == Some(&[0, 0, 0, 1]) {
        let _ = envelope::open_with_passphrase("test", "passphrase", data);
    }
    let shares: Vec<KeyShare> = parts(data).into_iter().filter_map(|part| KeyShare::from_bytes(part).ok()).collect();
    for share in &shares {
        assert!(KeyShare::from_bytes(&share.to_bytes()).is_ok());
        let _ = now(share.verify(&NativeProvider, TRUSTED[0].key())).is_ok();
    }
    let _ = combine_shares(&shares).is_ok();
    let legacy: Vec<LegacyShare> = parts(data).into_iter().map(LegacyShare::from_bytes).collect();
    let _ = combine_legacy_shares(&legacy).is_ok();
}
