use base64ct::{Base64, Encoding};
use pollster::block_on;

use super::signature::{Form, delegator_message, shared_signature};
use super::*;
use crate::key::{KeyTrust, Oaep, PublicKey};
use crate::provider::NativeProvider;
use crate::random::testing::Counting;
use crate::testing::vectors;

fn ring(names: &[&str]) -> KeyRing {
    let mut ring = KeyRing::new();
    for name in names {
        let key = vectors::private_key(name);
        block_on(ring.add(&NativeProvider, "ada", key, Oaep::Sha256, KeyTrust::Device)).unwrap();
    }
    ring
}

fn make_self(crypto: Crypto<'_>) -> (ExchangeData, OpenExchangeData) {
    let new = NewExchangeData { delegator: "ada", delegate: "ada", delegate_keys: &[], signer: None };
    block_on(make_exchange_data(crypto, new)).ok().unwrap()
}

/// The generation of RC.7 and of the TypeScript client 8: RSA-PSS by a local key (crypto 2.4).
#[test]
fn signatures_of_the_generation_before_are_checked() {
    let (random, ring, signing) = (Counting::default(), ring(&["A"]), ring(&["B"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let (mut data, open) = make_self(crypto);
    let key = block_on(data.open_signature_key(&ring)).ok().unwrap();
    let local = signing.keys().next().unwrap();
    let signature = block_on(local.imported().sign(&delegator_message(&key))).unwrap();
    let verify = |data: &ExchangeData, keys: &[PublicKey]| {
        block_on(verify_exchange_data(crypto, data, &open, "ada", keys)).unwrap().delegator
    };
    // old clients of TypeScript file it under the longer fingerprint
    for name in [local.public().fingerprint().v2(), local.public().fingerprint().v1()] {
        data.delegator_signature = Entries::from([(name.clone(), Base64::encode_string(&signature))]);
        assert_eq!(verify(&data, &[]), DelegatorSignature::Unknown);
        assert_eq!(verify(&data, &[local.public().clone()]), DelegatorSignature::Valid);
        data.delegator_signature.insert(name, Base64::encode_string(&[0; 256]));
        assert_eq!(verify(&data, &[local.public().clone()]), DelegatorSignature::Invalid);
    }
}

#[test]
fn one_wrong_signature_of_ours_spoils_the_others() {
    let (random, ring) = (Counting::default(), ring(&["A", "A2"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let (mut data, open) = make_self(crypto);
    let (other, _) = make_self(crypto);
    let verify = |data: &ExchangeData| block_on(verify_exchange_data(crypto, data, &open, "ada", &[])).unwrap();
    assert!(verify(&data).is_safe_for_writing());
    let (name, value) = other.delegator_signature.into_iter().next().unwrap();
    data.delegator_signature.insert(name, value);
    assert_eq!(verify(&data).delegator, DelegatorSignature::Invalid);
    data.delegator_signature.clear();
    assert_eq!(verify(&data).delegator, DelegatorSignature::Unknown);
}

/// What the TypeScript client of old signs is JSON; official Cardinal clients reject it (crypto 2.3).
#[test]
fn both_texts_of_the_shared_signature_are_accepted() {
    let (random, ring) = (Counting::default(), ring(&["A"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let (mut data, open) = make_self(crypto);
    let key = block_on(data.open_signature_key(&ring)).ok().unwrap();
    let json = serde_json::json!([
        ["delegator", "ada"],
        ["delegate", "ada"],
        ["exchangeKey", hex::encode(open.exchange_key().expose())],
        ["accessControlSecret", hex::encode(open.access_control_secret().expose())],
        ["publicKeysFingerprints", data.fingerprints()],
    ]);
    let expected = crate::hazmat::hash::hmac_sha512(key.expose(), json.to_string().as_bytes());
    assert_eq!(shared_signature(&data, &open, &key, Form::WellFormed), expected);
    data.shared_signature = Base64::encode_string(&expected);
    let verification = block_on(verify_exchange_data(crypto, &data, &open, "ada", &[])).unwrap();
    assert_eq!(verification.shared, SharedSignature::WellFormed);
    assert!(verification.is_safe_for_writing());
}

/// Entries under the longer fingerprint are found, and count under the shorter one (crypto 1.2).
#[test]
fn longer_fingerprints_are_tolerated() {
    let (random, ring) = (Counting::default(), ring(&["A"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let (mut data, open) = make_self(crypto);
    for map in [&mut data.exchange_key, &mut data.access_control_secret, &mut data.shared_signature_key] {
        *map = std::mem::take(map).into_iter().map(|(name, value)| (name + "0203010001", value)).collect();
    }
    assert!(block_on(data.open(&ring)).is_ok());
    assert!(block_on(verify_exchange_data(crypto, &data, &open, "ada", &[])).unwrap().is_safe_for_writing());
    assert!(data.is_for(vectors::private_key("A").public().fingerprint()));
}

/// Garbage in one entry does not keep another from opening.
#[test]
fn the_next_entry_is_tried() {
    let (random, ring) = (Counting::default(), ring(&["A", "A2"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let (mut data, _) = make_self(crypto);
    for garbage in ["", "!", &Base64::encode_string(&[1; 256])] {
        data.exchange_key.insert(vectors::private_key("A").public().fingerprint().v2(), garbage.to_owned());
        assert!(block_on(data.open(&ring)).is_ok());
    }
}

#[test]
fn the_index_finds_by_id_pair_and_delegation_key() {
    let (random, ring) = (Counting::default(), ring(&["A"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
    let mut index = ExchangeIndex::new();
    let (_, open) = make_self(crypto);
    let id = open.id().to_owned();
    let contact = crate::access_control::EntityType::Contact;
    let key = open.access_control_secret().derive_key(contact).derive_delegation_key();
    index.add(open);
    assert_eq!(index.behind(key).map(|open| open.id()), Some(id.as_str()));
    assert_eq!((index.between("ada", "ada").count(), index.between("ada", "bob").count()), (1, 0));
    assert_eq!(index.access_control_keys(contact).len(), 1);
    index.remove(&id);
    assert!(index.get(&id).is_none() && index.behind(key).is_none() && index.all().count() == 0);
}

#[test]
fn changed_recipients_are_named() {
    let (random, ring_a) = (Counting::default(), ring(&["A"]));
    let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring_a };
    let (data, _) = make_self(crypto);
    let wanted: Vec<_> = ring(&["A", "A2"]).keys().map(TrustedKey::held).collect();
    let changes = data.recipient_changes(&wanted);
    assert_eq!((changes.missing, changes.surplus), (wanted[1..].to_vec(), vec![]));
    let changes = data.recipient_changes(&wanted[1..]);
    assert_eq!(changes.surplus, [vectors::private_key("A").public().fingerprint().v2()]);
}

proptest::proptest! {
    /// Whatever stands in the signatures, checking them ends in an answer.
    #[test]
    fn any_signature_entries(entries: Vec<(String, Vec<u8>)>, text in ".{0,40}") {
        let (random, ring) = (Counting::default(), ring(&["A"]));
        let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
        let data = ExchangeData {
            delegator: "ada".to_owned(),
            delegate: "ada".to_owned(),
            shared_signature: text.clone(),
            delegator_signature: entries
                .iter()
                .flat_map(|(name, bytes)| [&[][..], &[1]].map(|version| (name.clone(), [version, bytes].concat())))
                .map(|(name, bytes)| (name, Base64::encode_string(&bytes)))
                .chain([("0".repeat(22), text)])
                .collect(),
            ..VALID.clone()
        };
        let open = block_on(data.open(&ring)).ok().unwrap();
        let verification = block_on(verify_exchange_data(crypto, &data, &open, "ada", &[])).unwrap();
        proptest::prop_assert!(!verification.is_safe_for_writing());
        let sender = block_on(verify_sender(crypto, &data, &open, &[], None));
        proptest::prop_assert_eq!(sender.err(), Some(SenderError::Unsigned));
    }
}

static VALID: std::sync::LazyLock<ExchangeData> = std::sync::LazyLock::new(|| {
    let (random, ring) = (Counting::default(), ring(&["A"]));
    make_self(Crypto { provider: &NativeProvider, random: &random, ring: &ring }).0
});
