//! Whether a data owner is somebody already: it is, once it has published a key.

use keystead_model::Object;
use serde_json::Value;

/// Whether the data owner has published no key yet. Until then whoever invited it may prepare its
/// account; from then on nobody else may, for they could come in its name (wire 4.3, 6.4).
pub(crate) fn has_no_key(owner: &Object) -> bool {
    ["publicKey", "publicKeysForOaepWithSha256", "aesExchangeKeys", "hcPartyKeys"].into_iter().all(|field| match owner
        .get(field)
    {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(keys)) => keys.is_empty(),
        Some(Value::Object(keys)) => keys.is_empty(),
        Some(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::has_no_key;

    #[test]
    fn any_published_key_counts() {
        let none = |owner: serde_json::Value| has_no_key(owner.as_object().unwrap());
        assert!(none(json!({"id": "h"})));
        assert!(none(json!({"id": "h", "publicKey": null, "publicKeysForOaepWithSha256": [], "aesExchangeKeys": {}})));
        assert!(!none(json!({"id": "h", "publicKey": "30"})));
        assert!(!none(json!({"id": "h", "publicKeysForOaepWithSha256": ["30"]})));
        assert!(!none(json!({"id": "h", "aesExchangeKeys": {"30": {}}})));
        assert!(!none(json!({"id": "h", "hcPartyKeys": {"h": []}})));
    }
}
