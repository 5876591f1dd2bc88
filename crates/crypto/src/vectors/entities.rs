use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{bytes, group, object, ring, text};
use crate::access_control::EntityType;
use crate::attachment::{AttachmentRef, AttachmentStatus, open_attachment};
use crate::deanonymise::open_key_map;
use crate::delegation::{OpenedDelegation, SecurityMetadata};
use crate::entity::{EntityRef, FieldStatus, Manifests, OpenedEntity, open_entity, open_service, seal_entity};
use crate::exchange::{
    ExchangeData, ExchangeDataMap, ExchangeIndex, MapRecipient, OpenExchangeData, map_recipient, open_exchange_data_map,
};
use crate::give_back::KeyUpdate;
use crate::key::Oaep;
use crate::random::testing::Counting;
use crate::secret::{AccessControlSecret, EntityKey, ExchangeKey};

fn entity_ref(group: &Value) -> EntityRef<'_> {
    let entity_type = EntityType::parse(text(&group["entityType"])).unwrap();
    EntityRef { entity_type, id: text(&group["entity"]["id"]) }
}

/// Opens every delegation with its exchange key, compares everything in it, and gives the entity key.
fn check_delegations(group: &Value) -> EntityKey {
    let metadata = SecurityMetadata::of(object(&group["entity"])).unwrap();
    for expected in group["delegations"].as_array().unwrap() {
        let key = text(&expected["delegationKey"]).parse().unwrap();
        let open = exchange_data(expected);
        let delegation: OpenedDelegation = metadata.secure_delegations[&key].open(key, entity_ref(group), &open);
        let texts = |name: &str| -> Vec<String> {
            expected[name].as_array().unwrap().iter().map(|value| text(value)["Cure".len()..].to_owned()).collect()
        };
        let values = |values: &[crate::delegation::OpenedValue<String>]| -> Vec<String> {
            assert!(values.iter().all(|value| !value.authentic));
            values.iter().map(|value| value.value.clone()).collect()
        };
        assert_eq!(values(&delegation.secret_ids), texts("decryptedSecretIds"));
        assert_eq!(values(&delegation.owning_entity_ids), texts("decryptedOwningEntityIds"));
        let [entity_key] = &delegation.encryption_keys[..] else { panic!("one key") };
        assert_eq!(entity_key.value.expose(), bytes(&group["entityKeyHex"]));
    }
    EntityKey::from_bytes(&bytes(&group["entityKeyHex"])).unwrap()
}

/// The secrets that a vector gives, as opened exchange data.
fn exchange_data(expected: &Value) -> OpenExchangeData {
    let (delegator, delegate) = text(&expected["pair"]).split_once(" -> ").unwrap();
    let data = ExchangeData {
        id: text(&expected["exchangeDataId"]).to_owned(),
        delegator: delegator.to_owned(),
        delegate: delegate.to_owned(),
        ..ExchangeData::default()
    };
    let exchange_key = ExchangeKey::from_bytes(&bytes(&expected["exchangeKeyHex"])).unwrap();
    OpenExchangeData::of(&data, exchange_key, AccessControlSecret::from_bytes(&[0; 16]).unwrap())
}

/// Opens, compares with every expected plaintext, seals again and opens that.
fn check_content(group: &Value, key: &EntityKey) -> OpenedEntity {
    let (manifests, stored) = (Manifests::default(), object(&group["entity"]));
    let opened = open_entity(&manifests, entity_ref(group), &[key], stored).unwrap();
    for expected in group["encryptedSelfPlaintexts"].as_array().unwrap() {
        let fields: Value = serde_json::from_str(text(&expected["plaintextUtf8"])).unwrap();
        let at = at(&opened.body, text(&expected["path"]));
        for (name, value) in fields.as_object().unwrap() {
            assert_eq!(&at[name], value, "{}", expected["path"]);
        }
    }
    assert!(opened.report.iter().all(|field| field.status != FieldStatus::Authentic));
    assert!(!opened.is_authenticated());

    let sealed = seal_entity(&Counting::default(), &manifests, entity_ref(group), key, &opened.body).unwrap();
    let again = open_entity(&manifests, entity_ref(group), &[key], &sealed).unwrap();
    assert!(again.is_authenticated(), "{:?}", again.report);
    assert_eq!(without_sealed(again.body.into()), without_sealed(opened.body.clone().into()));
    opened
}

/// The object at a path like `Contact.services[0].encryptedSelf`.
fn at<'a>(body: &'a crate::entity::Object, path: &str) -> &'a Value {
    let pointer = path.split_once('.').unwrap().1.replace('[', ".").replace(']', "");
    let pointer = pointer.strip_suffix("encryptedSelf").unwrap().trim_end_matches('.').replace('.', "/");
    let whole = Box::leak(Box::new(Value::Object(body.clone())));
    if pointer.is_empty() { whole } else { whole.pointer(&format!("/{pointer}")).unwrap() }
}

fn without_sealed(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(name, _)| name != "encryptedSelf");
            Value::Object(fields.map(|(name, value)| (name, without_sealed(value))).collect())
        }
        Value::Array(elements) => elements.into_iter().map(without_sealed).collect(),
        value => value,
    }
}

/// From private keys alone: exchange data, access control keys, delegations, entity key.
fn check_from_scratch(name: &str) {
    let group = group(name);
    let mut index = ExchangeIndex::new();
    for sample in ["self", "toHcp", "toPatient"] {
        let data = &super::group("exchangeData_currentGeneration")[sample]["exchangeData"];
        let data = ExchangeData::deserialize(data).unwrap();
        index.add(pollster::block_on(data.open(&ring(&[("A", "hcp-a", Oaep::Sha256)]))).ok().unwrap());
    }
    let metadata = SecurityMetadata::of(object(&group["entity"])).unwrap();
    assert_eq!(metadata.missing_exchange_data(&index).count(), 0);
    assert_eq!(metadata.missing_maps(&index).count(), 0);
    let opened = metadata.open_with(entity_ref(group), &index);
    assert_eq!(opened.len(), metadata.secure_delegations.len());
    for delegation in &opened {
        let data = index.get(&delegation.exchange_data_id).map(Arc::clone).unwrap();
        let entity_type = entity_ref(group).entity_type;
        assert_eq!(data.access_control_secret().derive_key(entity_type).derive_delegation_key(), delegation.key);
    }
    let keys: Vec<_> = opened.iter().flat_map(|delegation| &delegation.encryption_keys).map(|key| &key.value).collect();
    open_entity(&Manifests::default(), entity_ref(group), &keys, object(&group["entity"])).unwrap();
}

#[test]
fn entity_patient() {
    let group = group("entity_patient");
    let opened = check_content(group, &check_delegations(group));
    assert_eq!(opened.body["note"], "secret note é");
    assert_eq!(opened.body["lastName"], "Löwe");
    check_from_scratch("entity_patient");
}

#[test]
fn entity_contact_with_service() {
    let group = group("entity_contact_with_service");
    let key = check_delegations(group);
    check_content(group, &key);
    check_from_scratch("entity_contact_with_service");
    let service = object(&group["entity"]["services"][0]);
    let alone = open_service(&Manifests::default(), text(&group["entity"]["id"]), &[&key], service).unwrap();
    assert_eq!(alone.body["content"]["en"]["stringValue"], "Hello world");
}

#[test]
fn entity_contact_compound_service_RC7() {
    let group = group("entity_contact_compound_service_RC7");
    let opened = check_content(group, &check_delegations(group));
    let compound = &opened.body["services"][1]["content"]["en"]["compoundValue"][0];
    assert_eq!(compound["content"]["en"]["numberValue"], 1.5);
}

#[test]
fn entity_document_anonymous_delegator() {
    let group = group("entity_document_anonymous_delegator");
    let key = check_delegations(group);
    check_content(group, &key);

    assert_eq!(map_recipient(true, false), Some(MapRecipient::Delegate));
    let map = ExchangeDataMap::deserialize(&group["exchangeDataMap"]).unwrap();
    let id = pollster::block_on(open_exchange_data_map(&map, &ring(&[("A", "hcp-a", Oaep::Sha256)])));
    assert_eq!(id.unwrap(), text(&group["exchangeDataMapPlaintext"]));

    use base64ct::{Base64, Encoding};
    let sealed = Base64::decode_vec(text(&group["attachment"]["encryptedBase64"])).unwrap();
    let attachment = AttachmentRef { document_id: text(&group["entity"]["id"]), secondary: None };
    let (content, status) = open_attachment(&[&key], attachment, &sealed, |_| true).unwrap();
    assert_eq!(content, text(&group["attachment"]["plaintextUtf8"]).as_bytes());
    assert_eq!(status, AttachmentStatus::Untagged);
}

#[test]
fn entity_maintenanceTask_keyPairUpdate() {
    let group = group("entity_maintenanceTask_keyPairUpdate");
    let opened = check_content(group, &check_delegations(group));
    assert_eq!(opened.body["taskType"], crate::give_back::TASK_TYPE);
    let update = KeyUpdate::from_properties(&opened.body["properties"]).unwrap();
    assert_eq!(update.owner, "hcp-a");
    assert_eq!(update.key, *crate::testing::vectors::private_key("A2").public());
    assert_eq!((&update.possession, &update.succession), (&None, &None));
    assert_eq!(update.to_properties(), opened.body["properties"]);
}

#[test]
fn entity_secureDelegationKeyMap() {
    let group = group("entity_secureDelegationKeyMap");
    let key = check_delegations(group);
    let (map, authentic) = open_key_map(entity_ref(group), &[&key], object(&group["entity"])).unwrap();
    assert_eq!((map.delegator.as_str(), map.delegate.as_str()), ("hcp-a", "pat-p"));
    assert_eq!(map.delegation_key.to_string(), text(&group["entity"]["delegationKey"]));
    assert!(!authentic);
}
