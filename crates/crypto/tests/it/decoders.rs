//! Whatever a server or a file holds, reading it ends in a value or an error. Near misses are tried as
//! well as noise: samples with some bytes changed get further into a decoder.

use keystead_crypto::access_control::EntityType;
use keystead_crypto::delegation::SecurityMetadata;
use keystead_crypto::entity::{EntityRef, Manifests, Object, open_entity, open_service, seal_entity};
use keystead_crypto::envelope;
use keystead_crypto::exchange::{ExchangeData, ExchangeDataMap, ExchangeIndex, open_exchange_data_map};
use keystead_crypto::give_back::KeyUpdate;
use keystead_crypto::identity::{Approval, IdentityCertificate, IdentityPublic, Succession};
use keystead_crypto::key::{KeyRing, OwnerKeys, Pins, PrivateKey, PublicKey};
use keystead_crypto::legacy::{LegacyExchangeKey, open_access, open_exchange_keys};
use keystead_crypto::recovery::legacy_shares::{LegacyShare, combine_legacy_shares};
use keystead_crypto::recovery::{
    KeyShare, RecoveryData, RecoveryKey, combine_shares, open_key_pairs, open_transfer_keys,
};
use keystead_crypto::secret::{EntityKey, ExchangeKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::flows::object;
use crate::support::{Counting, Person, VECTORS, key, now};

fn noise() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..200)
}

/// Any JSON, with names that decoders look for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[0-9a-fA-F=+/]{0,48}".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "encryptedSelf",
            "services",
            "content",
            "compoundValue",
            "id",
            "notes",
            "markdown",
            "insurabilities",
            "securityMetadata",
            "secureDelegations",
            "permissions",
            "secretIds",
            "encryptionKeys",
            "delegations",
            "key",
            "owner",
            "aesExchangeKeys",
            "hcPartyKeys",
            "transferKeys",
            "publicKey",
            "publicKeysForOaepWithSha256",
            "exchangeKey",
            "delegator",
            "delegate",
            "typedValue",
            "stringValue",
            "encryptedExchangeDataIds",
        ])
        .prop_map(str::to_owned),
        "[0-9a-f]{22}|[0-9a-f]{32}|[0-9a-f]{64}|.{0,6}",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn binary_formats(bytes in noise(), version in 0_u8..3) {
        let versioned = [&[version], &bytes[..]].concat();
        for bytes in [&bytes, &versioned] {
            let _ = PublicKey::from_spki(bytes);
            let _ = PrivateKey::from_pkcs8(bytes);
            let _ = IdentityCertificate::from_bytes(bytes);
            let _ = Succession::from_bytes(bytes);
            let _ = Approval::open(bytes, &IdentityPublic::from_bytes([3; 32]));
            if let Ok(share) = KeyShare::from_bytes(bytes) {
                prop_assert!(combine_shares(&[share]).is_err());
            }
            let _ = combine_legacy_shares(&[LegacyShare::from_bytes(bytes), LegacyShare::from_bytes(&versioned)]);
        }
    }

    #[test]
    fn json_formats(json in any_json()) {
        let text = json.to_string();
        let _ = Pins::from_json(&text);
        let _ = KeyUpdate::from_properties(&json);
        let _ = serde_json::from_value::<ExchangeData>(json.clone());
        let _ = serde_json::from_value::<RecoveryData>(json.clone());
        let ring = KeyRing::new();
        if let Ok(map) = serde_json::from_value::<ExchangeDataMap>(json.clone()) {
            let _ = now(open_exchange_data_map(&map, &ring));
        }
        let Value::Object(body) = json else { return Ok(()) };
        let (entity_key, exchange_key) = (EntityKey::from_bytes(&[7; 32]).unwrap(), ExchangeKey::from_bytes(&[7; 32]).unwrap());
        for entity_type in [EntityType::Patient, EntityType::Contact, EntityType::Article] {
            let entity = EntityRef { entity_type, id: "id" };
            let _ = open_entity(&Manifests::default(), entity, &[&entity_key], &body);
            if let Ok(sealed) = seal_entity(&Counting::default(), &Manifests::default(), entity, &entity_key, &body) {
                let opened = open_entity(&Manifests::default(), entity, &[&entity_key], &sealed);
                prop_assert!(opened.is_ok_and(|opened| opened.is_authenticated()));
            }
            let _ = SecurityMetadata::of(&body).map(|metadata| metadata.open_with(entity, &ExchangeIndex::new()).len());
        }
        let _ = open_service(&Manifests::default(), "id", &[&entity_key], &body);
        if let Ok(listed) = OwnerKeys::of(&body) {
            let _ = open_transfer_keys("id", &body, &[&exchange_key], listed.keys());
        }
        let _ = now(open_exchange_keys(&ring, "id", &body));
        let keys = [LegacyExchangeKey { delegator: "a".into(), delegate: "b".into(), key: exchange_key }];
        let _ = open_access(&body, &["a", "b", "id"], &keys);
    }

    #[test]
    fn near_misses(at: usize, byte: u8, cut in 0_usize..9) {
        let mutate = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes
        };
        let samples = &SAMPLES;
        if let Ok(key) = PrivateKey::from_pkcs8(&mutate(&samples.pkcs8)) {
            prop_assert!(key.public().spki().len() > 256);
        }
        let _ = PublicKey::from_spki(&mutate(&samples.spki));
        let _ = IdentityCertificate::from_bytes(&mutate(&samples.certificate));
        let _ = Succession::from_bytes(&mutate(&samples.succession));
        if let Ok(share) = KeyShare::from_bytes(&mutate(&samples.share)) {
            let _ = now(share.verify(&keystead_crypto::provider::NativeProvider, key("A").public()));
        }
        let envelope_key = envelope::EnvelopeKey::from_bytes(&[1; 32]).unwrap();
        let _ = envelope::open_with_key("p", &envelope_key, &mutate(&samples.envelope));
        let recovery = String::from_utf8_lossy(&mutate(samples.recovery.as_bytes())).into_owned();
        if let Ok(data) = serde_json::from_str::<RecoveryData>(&recovery) {
            let _ = open_key_pairs(&RecoveryKey::from_bytes(&samples.recovery_key).unwrap(), &data);
        }
        let pins = String::from_utf8_lossy(&mutate(samples.pins.as_bytes())).into_owned();
        let _ = Pins::from_json(&pins);
    }

    #[test]
    fn sealing_and_opening_any_object(fields in proptest::collection::btree_map("[a-zA-Z.\\[\\]=%\\x00]{1,8}", any_json(), 0..6)) {
        let (manifests, key) = (Manifests::default(), EntityKey::from_bytes(&[7; 32]).unwrap());
        let entity = EntityRef { entity_type: EntityType::HealthElement, id: "id\0with%" };
        let mut body: Object = fields.into_iter().collect();
        body.insert("descr".to_owned(), json!("d"));
        if let Ok(sealed) = seal_entity(&Counting::default(), &manifests, entity, &key, &body) {
            let opened = open_entity(&manifests, entity, &[&key], &sealed).unwrap();
            prop_assert!(opened.is_authenticated(), "{:?}", opened.report);
            prop_assert_eq!(strip(Value::Object(opened.body)), strip(Value::Object(body)));
        }
    }
}

/// Without `encryptedSelf`s, which a body may have brought along.
fn strip(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| name != "encryptedSelf");
            let mut fields: Vec<_> = fields.map(|(name, value)| (name, strip(value))).collect();
            fields.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(elements) => elements.into_iter().map(strip).collect(),
        value => value,
    }
}

struct Samples {
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
    certificate: Vec<u8>,
    succession: Vec<u8>,
    share: Vec<u8>,
    envelope: Vec<u8>,
    recovery: String,
    recovery_key: Vec<u8>,
    pins: String,
}

static SAMPLES: std::sync::LazyLock<Samples> = std::sync::LazyLock::new(|| {
    let ada = Person::new("ada", &["A"]);
    let envelope_key = envelope::EnvelopeKey::from_bytes(&[1; 32]).unwrap();
    let item = &VECTORS["recoveryData"]["items"][0];
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &ada.listed(), 1).unwrap();
    Samples {
        pkcs8: ada.own().private().expose_pkcs8().to_vec(),
        spki: ada.own().public().spki().to_vec(),
        certificate: now(IdentityCertificate::make(ada.own())).unwrap().to_bytes(),
        succession: now(Succession::make(ada.own(), key("B").public(), 1)).unwrap().to_bytes(),
        share: keystead_crypto::recovery::split_key(&ada.random, &ada.signer(), ada.own(), 2, 3).ok().unwrap()[0]
            .to_bytes()
            .to_vec(),
        envelope: envelope::seal_with_key(&ada.random, "p", &envelope_key, b"content").unwrap(),
        recovery: object(item.clone())["recoveryData"].to_string(),
        recovery_key: hex::decode(item["recoveryKeyHex"].as_str().unwrap()).unwrap(),
        pins: pins.to_json(),
    }
});
