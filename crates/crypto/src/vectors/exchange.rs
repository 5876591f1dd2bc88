use serde::Deserialize;
use serde_json::Value;

use super::{bytes, group, ring, text};
use crate::exchange::{
    Crypto, DelegatorSignature, ExchangeData, SenderError, SharedSignature, extend_exchange_data, verify_exchange_data,
    verify_sender,
};
use crate::key::{Oaep, TrustedKey};
use crate::provider::NativeProvider;
use crate::random::testing::Counting;

/// Opens with each named key, compares the secrets, checks the shared signature.
fn check(sample: &Value, expected_delegator: DelegatorSignature) -> ExchangeData {
    let data = ExchangeData::deserialize(&sample["exchangeData"]).unwrap();
    assert_eq!(serde_json::to_value(&data).unwrap(), sample["exchangeData"]);
    let (random, decrypted) = (Counting::default(), &sample["decrypted"]);
    for name in sample["recipientsOfEachFingerprint"].as_object().unwrap().values() {
        let ring = ring(&[(text(name), "hcp-a", Oaep::Sha256)]);
        let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
        let open = pollster::block_on(data.open(&ring)).ok().unwrap();
        assert_eq!(open.exchange_key().expose(), bytes(&decrypted["exchangeKey"]));
        assert_eq!(open.access_control_secret().expose(), bytes(&decrypted["accessControlSecret"]));
        let key = pollster::block_on(data.open_signature_key(&ring)).ok().unwrap();
        assert_eq!(key.expose(), bytes(&decrypted["sharedSignatureKey"]));

        let verification = pollster::block_on(verify_exchange_data(crypto, &data, &open, "hcp-a", &[])).unwrap();
        assert_eq!(verification.shared, SharedSignature::Cardinal);
        let is_delegator = text(name) == "A";
        let expected = if is_delegator { expected_delegator } else { DelegatorSignature::Unknown };
        assert_eq!(verification.delegator, expected);
        let for_another = pollster::block_on(verify_exchange_data(crypto, &data, &open, "hcp-b", &[])).unwrap();
        assert!(!for_another.is_safe_for_writing());
        let sender = pollster::block_on(verify_sender(crypto, &data, &open, &[], None));
        assert_eq!(sender.err(), Some(SenderError::Unsigned));
    }
    data
}

#[test]
fn exchangeData_currentGeneration() {
    for name in ["self", "toHcp", "toPatient"] {
        let sample = &group("exchangeData_currentGeneration")[name];
        let data = check(sample, DelegatorSignature::Valid);

        // what we add to it is signed as the official client does
        let (random, ring) =
            (Counting::default(), ring(&[("A", "hcp-a", Oaep::Sha256), ("A2", "hcp-a", Oaep::Sha256)]));
        let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &ring };
        let new: Vec<_> = ring.of("hcp-a").map(TrustedKey::held).collect();
        let extended = pollster::block_on(extend_exchange_data(crypto, &data, &new, None)).unwrap().unwrap();
        assert_eq!(extended.exchange_key.len(), data.exchange_key.len() + 1);
        let open = pollster::block_on(extended.open(&ring)).ok().unwrap();
        let verification = pollster::block_on(verify_exchange_data(crypto, &extended, &open, "hcp-a", &[])).unwrap();
        assert!(verification.is_safe_for_writing());
        let fingerprint = sample["delegatorSignature"]["expectedBase64"].as_str();
        assert_eq!(extended.delegator_signature["23b975941225fe58ee2c6d"], fingerprint.unwrap());
        assert_eq!(extended.delegator_signature.len(), 2);
    }
}

#[test]
fn exchangeData_RC7() {
    // The local key that signed was not kept, so that its signature is one of an unknown key.
    check(&group("exchangeData_RC7")["toHcpAfterGiveAccessBack"], DelegatorSignature::Unknown);
}
