use super::{bytes, group, text};
use crate::access_control::{AccessControlKey, EntityType, header_values};
use crate::hazmat::aes_cbc;
use crate::key::{Fingerprint, Oaep, OwnerKeys, OwnerKeysError, PrivateKey, PublicKey, import};
use crate::provider::{CryptoProvider, NativeProvider};
use crate::secret::{AccessControlSecret, SharedSignatureKey};
use crate::testing::vectors;

#[test]
fn fingerprints() {
    let sample = &group("fingerprints")["sample"];
    let key = PublicKey::from_spki_hex(text(&sample["spkiHex"])).unwrap();
    assert_eq!(key.fingerprint().v1(), text(&sample["v1"]));
    assert_eq!(key.fingerprint().v2(), text(&sample["v2"]));
    assert_eq!(key.to_spki_hex(), text(&sample["spkiHex"]));
    assert_eq!(import::device_key_name("hcp-a", key.fingerprint()), text(&sample["storageEntryDeviceKey"]));
    assert_eq!(import::verification_cache_name("hcp-a"), text(&sample["storageEntryVerificationCache"]));
    for (name, test_key) in vectors::ALL["testKeys"].as_object().unwrap() {
        let private = PrivateKey::from_pkcs8(&bytes(&test_key["pkcs8Hex"])).unwrap_or_else(|_| panic!("{name}"));
        assert_eq!(private.public().to_spki_hex(), text(&test_key["spkiHex"]));
        assert_eq!(private.public().fingerprint().v1(), text(&test_key["fingerprintV1"]));
        assert_eq!(Fingerprint::parse(text(&test_key["spkiHex"])), Some(private.public().fingerprint()));
    }
}

#[test]
fn fingerprintCollision() {
    let group = group("fingerprintCollision");
    let victim = vectors::private_key(text(&group["victim"]));
    let forged = vectors::colliding_key();
    assert_eq!(forged.public().to_spki_hex(), text(&group["collidingKey"]["spkiHex"]));
    assert_eq!(forged.public().fingerprint().v1(), text(&group["fingerprintV1"]));
    assert_eq!(forged.public().fingerprint(), victim.public().fingerprint());
    assert_ne!(forged.public().id(), victim.public().id());
    assert_ne!(forged.public(), victim.public());
    let owner = serde_json::json!({
        "publicKeysForOaepWithSha256": [victim.public().to_spki_hex(), forged.public().to_spki_hex()],
    });
    assert_eq!(OwnerKeys::of(owner.as_object().unwrap()), Err(OwnerKeysError::FingerprintCollision));
}

#[test]
fn storageValue_jsonBase64() {
    let key = vectors::private_key("A");
    let entries = &group("storageValue_jsonBase64")["entries"];
    let value = text(&entries[import::device_key_name("hcp-a", key.public().fingerprint())]);
    assert!(import::open_private_key(value).is_ok_and(|read| read == key));
    assert_eq!(*import::expose_private_key(&key), value);
    let cache = import::read_verification_cache(text(&entries[import::verification_cache_name("hcp-a")]));
    assert_eq!(cache.unwrap().len(), 0);
}

#[test]
fn oaep() {
    let group = group("oaep");
    let key = vectors::private_key(text(&group["key"]));
    let imported = pollster::block_on(NativeProvider.import(&key)).ok().unwrap();
    for (padding, name) in [(Oaep::Sha1, "oaepSha1CiphertextHex"), (Oaep::Sha256, "oaepSha256CiphertextHex")] {
        let plaintext = pollster::block_on(imported.decrypt(padding, &bytes(&group[name]))).unwrap();
        assert_eq!(*plaintext, bytes(&group["messageHex"]));
    }
}

#[test]
fn aesCbcPkcs7_ivPrefixed() {
    let group = group("aesCbcPkcs7_ivPrefixed");
    let (key, iv) = (bytes(&group["keyHex"]), bytes(&group["ivHex"]).try_into().unwrap());
    for case in group["cases"].as_array().unwrap() {
        let (plaintext, output) = (text(&case["plaintextUtf8"]).as_bytes(), bytes(&case["outputHex"]));
        assert_eq!(aes_cbc::seal(&key, &iv, plaintext).unwrap(), output);
        assert_eq!(*aes_cbc::open(&key, &output).unwrap().0, plaintext);
    }
}

#[test]
fn sharedSignatureKeyLength() {
    assert_eq!(group("sharedSignatureKeyLength")["bytes"], SharedSignatureKey::LENGTH);
}

#[test]
fn accessControl() {
    let group = group("accessControl");
    let secret = AccessControlSecret::from_bytes(&bytes(&group["synthetic"]["accessControlSecretHex"])).unwrap();
    let per_type = group["synthetic"]["perType"].as_object().unwrap();
    assert_eq!(per_type.len(), EntityType::ALL.len());
    for (name, expected) in per_type {
        let key = secret.derive_key(EntityType::parse(name).unwrap());
        assert_eq!(key.to_hex(), text(&expected["accessControlKeyHex"]));
        assert_eq!(key.derive_delegation_key().to_string(), text(&expected["secureDelegationKey"]));
    }
    let header = &group["header"];
    assert_eq!(crate::access_control::HEADER, text(&header["name"]));
    let keys = header["decodedKeysHex"].as_array().unwrap().iter();
    let keys: Vec<_> = keys.map(|key| AccessControlKey::from_bytes(&bytes(key)).unwrap()).collect();
    assert_eq!(header_values(&keys), [text(&header["value"])]);
    for secret in header["secrets"].as_object().unwrap().values() {
        let secret = AccessControlSecret::from_bytes(&bytes(secret)).unwrap();
        assert!(keys.contains(&secret.derive_key(EntityType::Document)));
    }
}
