//! Recovery data as the server keeps it.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{RecoveryError, RecoveryKey};
use crate::entity::pad;
use crate::hazmat::siv;
use crate::random::Random;

/// What recovery data holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecoveryDataType {
    /// Private keys of the recipient.
    KeypairRecovery,
    /// Secrets of exchange data towards the recipient, given by somebody else.
    ExchangeKeyRecovery,
}

/// The object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryData {
    /// The SHA-256 of the recovery key, in hex.
    pub id: String,
    /// The revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// The only data owner that the server gives it to.
    pub recipient: String,
    /// The sealed content.
    pub encrypted_self: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub data_type: RecoveryDataType,
    /// When the server forgets it, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_instant: Option<i64>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_date: Option<i64>,
}

fn binding(recipient: &str, data_type: RecoveryDataType) -> Vec<u8> {
    let name = match data_type {
        RecoveryDataType::KeypairRecovery => "KEYPAIR_RECOVERY",
        RecoveryDataType::ExchangeKeyRecovery => "EXCHANGE_KEY_RECOVERY",
    };
    format!("RecoveryData\0{name}\0{recipient}").into_bytes()
}

impl RecoveryData {
    pub(super) fn seal(
        random: &dyn Random,
        key: &RecoveryKey,
        recipient: &str,
        data_type: RecoveryDataType,
        mut json: Zeroizing<Vec<u8>>,
        expires: Option<i64>,
    ) -> Result<Self, RecoveryError> {
        pad(&mut json, random);
        let sealed = siv::seal(key.expose(), &binding(recipient, data_type), &json);
        Ok(Self {
            id: key.id(),
            rev: None,
            recipient: recipient.to_owned(),
            encrypted_self: Base64::encode_string(&sealed.map_err(|_| RecoveryError::Malformed)?),
            data_type,
            expiration_instant: expires,
            deletion_date: None,
        })
    }

    /// The JSON, and whether it is authentic.
    pub(super) fn open(
        &self,
        key: &RecoveryKey,
        data_type: RecoveryDataType,
    ) -> Result<(Zeroizing<Vec<u8>>, bool), RecoveryError> {
        if self.data_type != data_type {
            return Err(RecoveryError::OtherType);
        }
        if self.id != key.id() {
            return Err(RecoveryError::OtherKey);
        }
        let sealed = Base64::decode_vec(&self.encrypted_self).map_err(|_| RecoveryError::Malformed)?;
        siv::open(key.expose(), &binding(&self.recipient, data_type), &sealed).map_err(|_| RecoveryError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::random::testing::Counting;
    use crate::recovery::{open_exchange_secrets, open_key_pairs};

    fn sealed(data_type: RecoveryDataType, json: &str) -> (RecoveryKey, RecoveryData) {
        let key = RecoveryKey::from_bytes(&[3; 32]).unwrap();
        let json = Zeroizing::new(json.as_bytes().to_vec());
        let data = RecoveryData::seal(&Counting::default(), &key, "ada", data_type, json, None).unwrap();
        (key, data)
    }

    proptest! {
        /// Whatever somebody with the recovery key sealed.
        #[test]
        fn any_content(text in ".{0,40}", key in "[A-Za-z0-9+/=]{0,30}") {
            let pair = json!({"ada": [{"pair": {"publicKey": key, "privateKey": key}, "algorithm": "sha-1"}]});
            for json in [text, pair.to_string()] {
                let (recovery_key, data) = sealed(RecoveryDataType::KeypairRecovery, &json);
                let opened = open_key_pairs(&recovery_key, &data);
                let nothing = opened.is_ok_and(|recovered| recovered.content.is_empty());
                prop_assert!(nothing || open_key_pairs(&recovery_key, &data).is_err());
            }
            let secrets = json!([{
                "exchangeDataId": key, "rawAccessControlSecret": key, "rawSharedSignatureKey": key, "rawExchangeKey": key,
            }]);
            let (recovery_key, data) = sealed(RecoveryDataType::ExchangeKeyRecovery, &secrets.to_string());
            prop_assert_eq!(open_exchange_secrets(&recovery_key, &data).err(), Some(RecoveryError::Malformed));
        }
    }

    #[test]
    fn a_public_key_that_does_not_fit_is_refused() {
        let encode = |bytes: &[u8]| Base64::encode_string(bytes);
        let [own, other] = ["A", "B"].map(crate::testing::vectors::private_key);
        let pair = |public: &[u8]| {
            json!({"ada": [{
                "pair": {"publicKey": encode(public), "privateKey": encode(own.expose_pkcs8())}, "algorithm": "sha-256",
            }]})
        };
        let open = |json: serde_json::Value| {
            let (key, data) = sealed(RecoveryDataType::KeypairRecovery, &json.to_string());
            open_key_pairs(&key, &data).map(|recovered| recovered.content.len())
        };
        assert_eq!(open(pair(own.public().spki())), Ok(1));
        assert_eq!(open(pair(other.public().spki())), Err(RecoveryError::Malformed));
    }
}
