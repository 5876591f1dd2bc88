//! Contacts as a client would send them, with ids that nobody else has.

use serde_json::{Value, json};

/// A new id.
pub(crate) fn new_id() -> String {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string()
}

/// 64 random hex characters.
pub(crate) fn new_digest() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// A contact of the patient with this secret foreign key, made by the healthcare party `hcp`, who alone
/// can reach it. `version` stands in it in clear, to recognise it by.
pub(crate) fn contact(id: &str, patient: &str, hcp: &str, version: u64) -> Value {
    json!({
        "id": id,
        "descr": version.to_string(),
        "services": [{"id": new_id(), "encryptedSelf": "U2VhbGVk", "tags": [
            {"id": "IC-TEST|TEST|1", "type": "IC-TEST", "code": "TEST", "version": "1"},
        ]}],
        "secretForeignKeys": [patient],
        "encryptedSelf": "U2VhbGVk",
        "securityMetadata": {"secureDelegations": {new_digest(): {
            "delegator": hcp, "delegate": hcp, "exchangeDataId": new_id(), "encryptionKeys": ["U2VhbGVk"],
            "permissions": "WRITE",
        }}},
    })
}
