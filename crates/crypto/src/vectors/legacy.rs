use serde::Deserialize;

use super::{bytes, group, object, ring, text};
use crate::access_control::EntityType;
use crate::delegation::{SecurityMetadata, has_metadata};
use crate::entity::{EntityRef, Manifests, open_entity};
use crate::exchange::{ExchangeData, ExchangeIndex};
use crate::key::Oaep;
use crate::legacy::{open_access, open_exchange_keys};

#[test]
fn legacyGeneration() {
    let group = group("legacyGeneration");
    let ring = ring(&[("A", "hcp-a", Oaep::Sha1)]);
    let keys = pollster::block_on(open_exchange_keys(&ring, "hcp-a", object(group))).ok().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].key.expose(), bytes(&group["exchangeKeyHex"]));

    let entity = object(&group["entity"]);
    assert!(has_metadata(entity));
    let access = open_access(entity, &["hcp-a"], &keys);
    assert_eq!(access.secret_ids, [text(&group["secretId"])]);
    let [key] = &access.encryption_keys[..] else { panic!("one key") };
    assert_eq!(key.expose(), hex::decode(text(&group["entityKeyUuid"]).replace('-', "")).unwrap());
    let reference = EntityRef { entity_type: EntityType::Patient, id: text(&entity["id"]) };
    let opened = open_entity(&Manifests::default(), reference, &[key], entity).unwrap();
    assert_eq!(opened.body["note"], "legacy note");
    assert!(open_access(entity, &["hcp-b"], &keys).encryption_keys.is_empty());

    // after the official client migrated it, the same key and id come from secure delegations
    let migrated = object(&group["afterMigrationByOfficialSdk"]);
    let mut index = ExchangeIndex::new();
    for data in super::group("shamir")["exchangeData"].as_array().unwrap() {
        let data = ExchangeData::deserialize(data).unwrap();
        index.add(pollster::block_on(data.open(&ring)).ok().unwrap());
    }
    let opened = SecurityMetadata::of(migrated).unwrap().open_with(reference, &index);
    assert_eq!(opened.len(), 2);
    for delegation in &opened {
        assert_eq!(delegation.secret_ids[0].value, text(&group["secretId"]));
        assert!(delegation.encryption_keys[0].value == *key);
    }
}
