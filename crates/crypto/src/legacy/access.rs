//! What the legacy maps of an entity give.

use serde_json::Value;
use zeroize::Zeroizing;

use super::LegacyExchangeKey;
use crate::entity::Object;
use crate::hazmat::siv;
use crate::secret::EntityKey;

/// What the legacy metadata of an entity gives. None of it is authenticated.
#[derive(Default)]
pub struct LegacyAccess {
    /// Secret ids (`delegations`).
    pub secret_ids: Vec<String>,
    /// Ids of the owning entity (`cryptedForeignKeys`).
    pub owning_entity_ids: Vec<String>,
    /// Candidates for the key (`encryptionKeys`).
    pub encryption_keys: Vec<EntityKey>,
}

/// Opens what is delegated to one of `delegates` (oneself and parents), or was delegated by one.
pub fn open_access(entity: &Object, delegates: &[&str], keys: &[LegacyExchangeKey]) -> LegacyAccess {
    let secret_ids = texts(entity, "delegations", delegates, keys);
    let mut key_texts = texts(entity, "encryptionKeys", delegates, keys);
    let has_keys = entity.get("encryptionKeys").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
    if !has_keys {
        // the very oldest data used the secret id as the key
        key_texts.extend(secret_ids.iter().cloned());
    }
    let mut access = LegacyAccess {
        secret_ids: secret_ids.iter().map(|text| String::clone(text)).collect(),
        owning_entity_ids: texts(entity, "cryptedForeignKeys", delegates, keys)
            .iter()
            .map(|text| String::clone(text))
            .collect(),
        encryption_keys: Vec::new(),
    };
    for key in key_texts.iter().filter_map(|text| parse_key(text)) {
        if !access.encryption_keys.contains(&key) {
            access.encryption_keys.push(key);
        }
    }
    access
}

/// Hex digits and dashes, of 16 or 32 bytes.
fn parse_key(text: &str) -> Option<EntityKey> {
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    digits.extend(text.chars().filter(|letter| *letter != '-'));
    let bytes = Zeroizing::new(hex::decode(digits.as_bytes()).ok()?);
    EntityKey::from_bytes(&bytes).ok()
}

/// The values in one of the maps, without the id of the entity in front, each once.
fn texts(entity: &Object, field: &str, delegates: &[&str], keys: &[LegacyExchangeKey]) -> Vec<Zeroizing<String>> {
    let mut found: Vec<Zeroizing<String>> = Vec::new();
    let lists = entity.get(field).and_then(Value::as_object).into_iter().flatten();
    for (delegate, list) in lists {
        for delegation in list.as_array().into_iter().flatten() {
            let text = |name: &str| delegation.get(name).and_then(Value::as_str);
            let owner = text("owner").unwrap_or_default();
            let ours = delegates.contains(&delegate.as_str()) || delegates.contains(&owner);
            let Some(sealed) = text("key").filter(|_| ours).and_then(|key| hex::decode(key).ok()) else { continue };
            // first the keys of this pair, then any: ids may have changed by merges
            let of_pair = |key: &&LegacyExchangeKey| key.delegator == owner && key.delegate == *delegate;
            let others = keys.iter().filter(|key| !of_pair(key));
            let value = keys.iter().filter(of_pair).chain(others).find_map(|key| open_value(key, &sealed));
            if let Some(value) = value.filter(|value| !found.contains(value)) {
                found.push(value);
            }
        }
    }
    found
}

/// `entityId:value`, with exactly one colon. The id may be another one after merges.
fn open_value(key: &LegacyExchangeKey, sealed: &[u8]) -> Option<Zeroizing<String>> {
    let (plaintext, _) = siv::open(key.key.expose(), &[], sealed).ok()?;
    let (_, value) = std::str::from_utf8(&plaintext).ok()?.split_once(':')?;
    (!value.contains(':')).then(|| Zeroizing::new(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::hazmat::aes_cbc;
    use crate::secret::ExchangeKey;

    fn access(field: &str, plaintexts: &[&str]) -> LegacyAccess {
        let key = |byte| LegacyExchangeKey {
            delegator: "ada".to_owned(),
            delegate: "bob".to_owned(),
            key: ExchangeKey::from_bytes(&[byte; 16]).unwrap(),
        };
        let sealed = plaintexts.iter().map(|text| {
            let sealed = aes_cbc::seal(&[5; 16], &[1; 16], text.as_bytes()).unwrap();
            json!({"owner": "ada", "delegatedTo": "bob", "key": hex::encode(sealed)})
        });
        let entity = json!({field: {"bob": sealed.collect::<Vec<_>>()}});
        open_access(entity.as_object().unwrap(), &["bob"], &[key(4), key(5)])
    }

    #[test]
    fn exactly_one_colon() {
        let access = access("cryptedForeignKeys", &["id:patient", "other:patient", "a:b:c", "none", ":", "id:second"]);
        assert_eq!(access.owning_entity_ids, ["patient", "", "second"]);
    }

    #[test]
    fn the_very_oldest_data_has_its_key_in_the_delegation() {
        let id = "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";
        let oldest = access("delegations", &[&format!("id:{id}")]);
        assert_eq!((oldest.secret_ids.len(), oldest.encryption_keys.len()), (1, 1));
        let newer = access("encryptionKeys", &[&format!("id:{id}")]);
        assert!(newer.encryption_keys == oldest.encryption_keys);
        // what is no key of 16 or 32 bytes is none
        assert!(access("encryptionKeys", &["id:0f1e", "id:xyz"]).encryption_keys.is_empty());
    }

    proptest! {
        #[test]
        fn any_value(texts in proptest::collection::vec(".{0,40}", 0..4)) {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            let _ = access("delegations", &texts);
            let _ = access("encryptionKeys", &texts);
        }
    }
}
