use serde::Deserialize;
use serde_json::json;

use super::{bytes, group, object, ring, text};
use crate::exchange::ExchangeData;
use crate::key::{Oaep, OwnerKeys};
use crate::recovery::legacy_shares::{LegacyShare, combine_legacy_shares};
use crate::recovery::{
    RecoveryData, RecoveryDataType, RecoveryKey, open_exchange_secrets, open_key_pairs, open_transfer_keys,
};
use crate::secret::ExchangeKey;
use crate::testing::vectors;

#[test]
fn recoveryData() {
    let items = group("recoveryData")["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for item in items {
        let key = RecoveryKey::from_bytes(&bytes(&item["recoveryKeyHex"])).unwrap();
        assert_eq!(*key.expose_base32(), text(&item["recoveryKeyBase32"]));
        let data = RecoveryData::deserialize(&item["recoveryData"]).unwrap();
        assert_eq!(serde_json::to_value(&data).unwrap(), item["recoveryData"]);
        assert_eq!(data.id, key.id());
        match data.data_type {
            RecoveryDataType::KeypairRecovery => {
                let recovered = open_key_pairs(&key, &data).ok().unwrap();
                let [only] = &recovered.content[..] else { panic!("one key") };
                assert!(only.private == vectors::private_key("A"));
                assert_eq!((only.owner.as_str(), recovered.authentic), ("hcp-a", false));
            }
            RecoveryDataType::ExchangeKeyRecovery => {
                let recovered = open_exchange_secrets(&key, &data).ok().unwrap();
                let expected = &group("exchangeData_RC7")["toHcpAfterGiveAccessBack"];
                let [only] = &recovered.content[..] else { panic!("one exchange data") };
                assert_eq!(only.exchange_data_id, text(&expected["exchangeData"]["id"]));
                assert_eq!(only.exchange_key.expose(), bytes(&expected["decrypted"]["exchangeKey"]));
                assert_eq!(only.access_control_secret.expose(), bytes(&expected["decrypted"]["accessControlSecret"]));
                assert_eq!(only.shared_signature_key.expose(), bytes(&expected["decrypted"]["sharedSignatureKey"]));
            }
        }
    }
}

#[test]
fn recoveryKeyBase32() {
    let group = group("recoveryKeyBase32");
    for sample in group["encode"].as_array().unwrap().iter().chain([&group["docsExample"]]) {
        let key = RecoveryKey::from_bytes(&bytes(&sample["hex"])).unwrap();
        assert_eq!(*key.expose_base32(), text(&sample["base32"]));
        assert!(RecoveryKey::parse(text(&sample["base32"])).is_ok_and(|read| read == key));
    }
}

#[test]
fn transferKey() {
    let group = group("transferKey");
    let exchange_key = ExchangeKey::from_bytes(&bytes(&group["exchangeKeyHex"])).unwrap();
    let data = ExchangeData::deserialize(&group["selfExchangeData"]).unwrap();
    let open = pollster::block_on(data.open(&ring(&[("A", "hcp-a", Oaep::Sha256)]))).ok().unwrap();
    assert!(*open.exchange_key() == exchange_key);

    let [known, lost] = ["A", "A2"].map(|name| vectors::private_key(name).public().clone());
    assert_eq!(
        (known.fingerprint().v1(), lost.fingerprint().v1()),
        (text(&group["source"]).into(), text(&group["target"]).into())
    );
    let keys = [known.to_spki_hex(), lost.to_spki_hex()];
    // under the right name, the whole key of old clients, and the name that merges all (crypto 4.4)
    for target in [text(&group["target"]), &keys[1], "30820122300d06092a864886f70d0101"] {
        let owner = json!({
            "publicKeysForOaepWithSha256": keys,
            "transferKeys": {text(&group["source"]): {target: group["ciphertextHex"]}},
        });
        let listed = OwnerKeys::of(object(&owner)).unwrap();
        let missing = [listed.get(lost.id()).unwrap().clone()];
        let recovered = open_transfer_keys("hcp-a", object(&owner), &[open.exchange_key()], &missing);
        let [found] = &recovered[..] else { panic!("one key") };
        assert!(!found.authentic);
        assert!(found.private == vectors::private_key(text(&group["plaintextPkcs8OfKey"])));
        assert_eq!(found.listed.padding, Oaep::Sha256);
    }
}

#[test]
fn shamir() {
    let group = group("shamir");
    let notaries = ["hcp-b", "hcp-c", "hcp-org"];
    // the owner's entries are for a SHA-1 key
    let ring = ring(&[("A", "hcp-a", Oaep::Sha1)]);
    let share = |notary: &str| {
        let data = group["exchangeData"].as_array().unwrap().iter().find(|data| data["delegate"] == notary).unwrap();
        let open = pollster::block_on(ExchangeData::deserialize(data).unwrap().open(&ring)).ok().unwrap();
        let share = LegacyShare::open(text(&group["encryptedPartitionsHex"][notary]), open.exchange_key()).unwrap();
        assert_eq!(share.expose(), bytes(&group["decryptedSharesHex"][notary]));
        share
    };
    let secret = vectors::private_key(text(&group["secretPkcs8OfKey"]));
    for pair in [[0, 1], [0, 2], [1, 2], [2, 0]] {
        let shares = pair.map(|at| share(notaries[at]));
        assert!(combine_legacy_shares(&shares).is_ok_and(|key| key == secret));
    }
    assert!(combine_legacy_shares(&notaries.map(share)).is_ok_and(|key| key == secret));
    assert!(combine_legacy_shares(&[share("hcp-b")]).is_err());
}
