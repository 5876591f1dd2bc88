//! `vectors/keystead.json`: one sample of each format of ours, frozen. What was written once must
//! open for ever; a new version of a format adds samples and removes none.

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use keystead_crypto::access_control::EntityType;
use keystead_crypto::attachment::{AttachmentRef, AttachmentStatus, open_attachment, seal_attachment};
use keystead_crypto::deanonymise::{KeyMap, open_key_map, seal_key_map};
use keystead_crypto::delegation::{
    DelegationContent, NewDelegation, Participant, Permission, SecurityMetadata, make_root_metadata,
};
use keystead_crypto::entity::{EntityRef, Manifests, Object, open_entity, seal_entity};
use keystead_crypto::envelope::{self, EnvelopeKey};
use keystead_crypto::exchange::{ExchangeData, ExchangeIndex, verify_exchange_data, verify_sender};
use keystead_crypto::give_back::KeyUpdate;
use keystead_crypto::identity::{Approval, ApprovalMethod, IdentityCertificate, IdentityKey, Succession};
use keystead_crypto::key::{OwnerKeys, Pins, derive_phrase, key_claim, read_key_claim};
use keystead_crypto::provider::NativeProvider;
use keystead_crypto::recovery::{
    ExchangeSecrets, KeyShare, RecoveryData, RecoveryKey, combine_shares, open_exchange_secrets, open_key_pairs,
    open_transfer_keys, seal_exchange_secrets, seal_key_pairs, seal_transfer_key, split_key,
};
use keystead_crypto::secret::EntityKey;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::flows::{make, object};
use crate::support::{NOW, Person, key, now, stub};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/keystead.json");

static SAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&std::fs::read_to_string(PATH).unwrap()).unwrap());

const CONTACT: EntityRef<'_> = EntityRef { entity_type: EntityType::Contact, id: "contact-1" };
const MAP: EntityRef<'_> = EntityRef { entity_type: EntityType::Contact, id: "map-1" };
const ATTACHMENT: AttachmentRef<'_> = AttachmentRef { document_id: "document-1", secondary: Some("page 2") };

fn ada() -> Person {
    Person::new("ada", &["A"])
}

fn bob() -> Person {
    Person::new("bob", &["B"])
}

fn entity_key() -> EntityKey {
    EntityKey::from_bytes(&[0x42; 32]).unwrap()
}

fn clear_contact() -> Object {
    object(json!({"id": "contact-1", "openingDate": 20261120, "descr": "visit", "services": [
        {"id": "s1", "label": "weight", "content": {"en": {"measureValue": {"value": 71.5, "unit": "kg"}}}},
        {"id": "s2", "content": {"en": {"compoundValue": [{"id": "s3", "content": {"en": {"stringValue": "é"}}}]}}},
    ]}))
}

/// Writes the samples of this version. Run by hand when a format gets a new version, never to make a
/// failing test pass: `cargo test -p keystead-crypto -- --ignored write_samples`.
#[test]
#[ignore = "writes vectors/keystead.json"]
fn write_samples() {
    let (ada, bob) = (ada(), bob());
    let (random, signer) = (&ada.random, ada.signer());
    let (data, open) = make(&ada, &bob);
    let (key_a, key_b, key_a2) = (key("A"), key("B"), key("A2"));
    let content = DelegationContent {
        secret_ids: &["secret-1"],
        owning_entity_ids: &["patient-1"],
        encryption_keys: &[&entity_key()],
    };
    let delegation = NewDelegation {
        entity: CONTACT,
        exchange_data: &open,
        delegator: Participant { id: "ada", anonymous: true },
        delegate: Participant { id: "bob", anonymous: false },
        content,
        permissions: Permission::Write,
    };
    let metadata = make_root_metadata(&Object::new(), &delegation, &[]).unwrap();
    let mut contact = seal_entity(random, &Manifests::default(), CONTACT, &entity_key(), &clear_contact()).unwrap();
    contact.insert("securityMetadata".to_owned(), metadata.to_json());
    let map = KeyMap { delegation_key: delegation.key(), delegator: "ada".to_owned(), delegate: "bob".to_owned() };

    let recovery_key = RecoveryKey::from_bytes(&[0x24; 32]).unwrap();
    let secrets = now(ExchangeSecrets::of(ada.crypto(), &data)).ok().unwrap();
    let passphrase_key = RecoveryKey::derive_from_passphrase("correct horse battery staple", "ada").ok().unwrap();
    let transfer = seal_transfer_key(open.exchange_key(), "ada", key_a2.public(), &key_a).unwrap();
    let shares = split_key(random, &signer, ada.own(), 2, 3).ok().unwrap();
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &ada.listed(), NOW).unwrap();
    pins.confirm("bob", &bob.listed().keys()[0].clone(), &derive_phrase("bob", key_b.public()).to_string(), NOW)
        .unwrap();
    pins.revoke("ada", key("C").public().id());
    let sender = now(verify_sender(bob.crypto(), &data, &open, &ada.trusted(), None)).unwrap();
    pins.remember_identity("ada", &sender.identity).unwrap();
    let succession = now(Succession::make(ada.own(), key_a2.public(), NOW)).unwrap();
    let approval = Approval {
        giver: "ada".to_owned(),
        owner: "bob".to_owned(),
        key: key_b.public().id(),
        method: ApprovalMethod::Person,
        made: NOW,
        exchange_data: vec![data.id.clone()],
    };
    let update = KeyUpdate {
        owner: "ada".to_owned(),
        key: key_a.public().clone(),
        possession: Some(now(IdentityCertificate::make(ada.own())).unwrap()),
        succession: None,
    };
    let envelope_key = EnvelopeKey::from_bytes(&[0x11; 32]).unwrap();
    let samples = json!({
        "_readme": "One sample of each format of Keystead's own, in its first version. Keys A, B, A2 and C are the test keys of cardinal.json.",
        "exchangeData_v1": data,
        "entity_v1": contact,
        "attachment_v1": Base64::encode_string(&seal_attachment(&entity_key(), ATTACHMENT, b"attachment bytes").unwrap()),
        "keyMap_v1": seal_key_map(random, MAP, &entity_key(), &map).unwrap(),
        "recoveryKeyPairs_v1": seal_key_pairs(random, &recovery_key, "ada", ada.ring.keys(), None).unwrap(),
        "recoveryExchangeSecrets_v1": seal_exchange_secrets(random, &recovery_key, "bob", &[secrets], None).unwrap(),
        "recoveryPassphrase_v1": *passphrase_key.expose_text(),
        "transferKey_v1": transfer.sealed,
        "keyShares_v1": shares.iter().map(|share| Base64::encode_string(&share.to_bytes())).collect::<Vec<_>>(),
        "pins_v1": pins.to_json(),
        "identityCertificate_v1": Base64::encode_string(&signer.certificate().to_bytes()),
        "succession_v1": Base64::encode_string(&succession.to_bytes()),
        "approval_v1": Base64::encode_string(&approval.sign(&signer)),
        "keyUpdate_v1": update.to_properties(),
        "phrase_v1": derive_phrase("ada", key_a.public()).to_string(),
        "keyClaim_v1": key_claim("ada", key_a.public()),
        "envelopePassphrase_v1": Base64::encode_string(&envelope::seal_with_passphrase(random, "test", "passphrase", b"content").unwrap()),
        "envelopeKey_v1": Base64::encode_string(&envelope::seal_with_key(random, "test", &envelope_key, b"content").unwrap()),
    });
    let text = serde_json::to_string_pretty(&samples).unwrap() + "\n";
    std::fs::write(PATH, text).unwrap();
}

fn sample_bytes(name: &str) -> Vec<u8> {
    Base64::decode_vec(SAMPLES[name].as_str().unwrap()).unwrap()
}

#[test]
fn exchange_data_v1() {
    let (ada, bob) = (ada(), bob());
    let data = ExchangeData::deserialize(&SAMPLES["exchangeData_v1"]).unwrap();
    let open = now(data.open(&bob.ring)).ok().unwrap();
    let verification = now(verify_exchange_data(ada.crypto(), &data, &open, "ada", &[])).unwrap();
    assert!(verification.is_safe_for_writing());
    let sender = now(verify_sender(bob.crypto(), &data, &open, &ada.trusted(), None)).unwrap();
    assert_eq!(sender.identity.identity(), IdentityKey::derive(&key("A")).public());
    assert!(sender.added.is_empty());
}

#[test]
fn entity_v1() {
    let data = ExchangeData::deserialize(&SAMPLES["exchangeData_v1"]).unwrap();
    let mut index = ExchangeIndex::new();
    index.add(now(data.open(&bob().ring)).ok().unwrap());
    let stored = object(SAMPLES["entity_v1"].clone());
    let opened = SecurityMetadata::of(&stored).unwrap().open_with(CONTACT, &index);
    let [delegation] = &opened[..] else { panic!("one delegation") };
    assert!(delegation.secret_ids[0].authentic && delegation.secret_ids[0].value == "secret-1");
    assert!(delegation.owning_entity_ids[0].authentic && delegation.owning_entity_ids[0].value == "patient-1");
    assert!(delegation.encryption_keys[0].authentic);
    let contact =
        open_entity(&Manifests::default(), CONTACT, &[&delegation.encryption_keys[0].value], &stored).unwrap();
    assert!(contact.is_authenticated());
    let resealed = seal_entity(&bob().random, &Manifests::default(), CONTACT, &entity_key(), &contact.body).unwrap();
    assert_eq!(Value::Object(resealed), SAMPLES["entity_v1"]);
    assert_eq!(contact.body["services"][0]["content"], clear_contact()["services"][0]["content"]);
    let nested = "/services/1/content/en/compoundValue/0/content";
    assert_eq!(Value::Object(contact.body).pointer(nested), Value::Object(clear_contact()).pointer(nested));
}

#[test]
fn attachment_v1() {
    let opened = open_attachment(&[&entity_key()], ATTACHMENT, &sample_bytes("attachment_v1"), |_| false).unwrap();
    assert_eq!(opened, (b"attachment bytes".to_vec(), AttachmentStatus::Authentic));
}

#[test]
fn key_map_v1() {
    let (map, authentic) = open_key_map(MAP, &[&entity_key()], &object(SAMPLES["keyMap_v1"].clone())).unwrap();
    assert_eq!((map.delegator.as_str(), map.delegate.as_str(), authentic), ("ada", "bob", true));
}

#[test]
fn recovery_data_v1() {
    let recovery_key = RecoveryKey::from_bytes(&[0x24; 32]).unwrap();
    let data = RecoveryData::deserialize(&SAMPLES["recoveryKeyPairs_v1"]).unwrap();
    let recovered = open_key_pairs(&recovery_key, &data).ok().unwrap();
    assert!(recovered.authentic && recovered.content[0].private == key("A"));
    let data = RecoveryData::deserialize(&SAMPLES["recoveryExchangeSecrets_v1"]).unwrap();
    let recovered = open_exchange_secrets(&recovery_key, &data).ok().unwrap();
    assert!(recovered.authentic);
    assert_eq!(recovered.content[0].exchange_data_id, SAMPLES["exchangeData_v1"]["id"]);
    let derived = RecoveryKey::derive_from_passphrase("correct horse battery staple", "ada").ok().unwrap();
    assert_eq!(*derived.expose_text(), SAMPLES["recoveryPassphrase_v1"].as_str().unwrap());
}

#[test]
fn transfer_key_v1() {
    let data = ExchangeData::deserialize(&SAMPLES["exchangeData_v1"]).unwrap();
    let open = now(data.open(&bob().ring)).ok().unwrap();
    let mut owner = stub(&[key("A").public().to_spki_hex()]);
    let target = key("A").public().fingerprint().v1();
    owner["transferKeys"] = json!({"any": {(target.as_str()): SAMPLES["transferKey_v1"]}});
    let listed = OwnerKeys::of(&object(owner.clone())).unwrap();
    let recovered = open_transfer_keys("ada", &object(owner), &[open.exchange_key()], listed.keys());
    assert!(recovered.len() == 1 && recovered[0].private == key("A") && recovered[0].authentic);
}

#[test]
fn key_shares_v1() {
    let shares = SAMPLES["keyShares_v1"].as_array().unwrap().iter();
    let shares: Vec<_> = shares.map(|share| Base64::decode_vec(share.as_str().unwrap()).unwrap()).collect();
    let shares: Vec<_> = shares.iter().map(|share| KeyShare::from_bytes(share).ok().unwrap()).collect();
    for share in &shares {
        assert_eq!(now(share.verify(&NativeProvider, key("A").public())), Ok(()));
    }
    assert!(combine_shares(&shares[1..]).is_ok_and(|(recovered, _)| recovered == key("A")));
}

#[test]
fn identity_v1() {
    let certificate = IdentityCertificate::from_bytes(&sample_bytes("identityCertificate_v1")).unwrap();
    let identity = now(certificate.verify(&NativeProvider, "ada", key("A").public())).unwrap();
    assert_eq!(identity.identity(), IdentityKey::derive(&key("A")).public());
    let succession = Succession::from_bytes(&sample_bytes("succession_v1")).unwrap();
    let verified = now(succession.verify(&NativeProvider, "ada", key("A").public())).unwrap();
    assert_eq!((verified.from(), verified.to()), (key("A").public().id(), key("A2").public().id()));
    let approval = Approval::open(&sample_bytes("approval_v1"), &identity.identity()).unwrap();
    assert_eq!((approval.giver.as_str(), approval.owner.as_str(), approval.made), ("ada", "bob", NOW));
    let update = KeyUpdate::from_properties(&SAMPLES["keyUpdate_v1"]).unwrap();
    assert!(now(update.check(&NativeProvider, "ada", &ada().listed(), &Pins::default())).unwrap().is_proven());
}

#[test]
fn pins_v1() {
    let pins = Pins::from_json(SAMPLES["pins_v1"].as_str().unwrap()).unwrap();
    assert_eq!(pins.assess("ada", &ada().listed()).trusted.len(), 1);
    assert_eq!(pins.assess("bob", &bob().listed()).trusted.len(), 1);
    let ada = pins.of("ada").unwrap();
    assert!(ada.signs && ada.revoked.contains(&key("C").public().id()) && ada.identities.len() == 1);
    assert_eq!(pins.to_json(), SAMPLES["pins_v1"].as_str().unwrap());
}

#[test]
fn phrase_and_claim_v1() {
    assert!(derive_phrase("ada", key("A").public()).matches(SAMPLES["phrase_v1"].as_str().unwrap()));
    let claim = read_key_claim(SAMPLES["keyClaim_v1"].as_str().unwrap());
    assert_eq!(claim, Some(("ada", key("A").public().id())));
}

#[test]
fn envelope_v1() {
    let opened =
        envelope::open_with_passphrase("test", "passphrase", &sample_bytes("envelopePassphrase_v1")).ok().unwrap();
    assert_eq!(*opened, b"content");
    let key = EnvelopeKey::from_bytes(&[0x11; 32]).unwrap();
    assert_eq!(*envelope::open_with_key("test", &key, &sample_bytes("envelopeKey_v1")).ok().unwrap(), b"content");
}
