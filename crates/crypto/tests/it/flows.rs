//! What people do with each other.

use keystead_crypto::access_control::EntityType;
use keystead_crypto::deanonymise::{KeyMap, open_key_map, seal_key_map};
use keystead_crypto::delegation::{
    DelegationContent, DelegationError, NewDelegation, Participant, Permission, RequestedPermission, SecurityMetadata,
    make_delegation, make_root_metadata, make_share_request, make_update_request,
};
use keystead_crypto::entity::{EntityRef, FieldStatus, Manifests, Object, open_entity, open_service, seal_entity};
use keystead_crypto::exchange::{
    Entries, ExchangeData, ExchangeDataMap, ExchangeError, ExchangeIndex, MapRecipient, NewExchangeData,
    OpenExchangeData, make_exchange_data, make_exchange_data_map, open_exchange_data_map, verify_exchange_data,
    verify_sender,
};
use keystead_crypto::key::{KeyTrust, Oaep, OwnerKeys, OwnerKeysError};
use keystead_crypto::secret::EntityKey;
use keystead_model::schema;
use serde_json::{Value, json};

use crate::support::{Counting, Person, key, now};

pub(crate) fn make(from: &Person, to: &Person) -> (ExchangeData, OpenExchangeData) {
    let delegate_keys = to.trusted();
    let signer = from.signer();
    let new =
        NewExchangeData { delegator: from.id, delegate: to.id, delegate_keys: &delegate_keys, signer: Some(&signer) };
    now(make_exchange_data(from.crypto(), new)).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

const PATIENT: EntityRef<'_> = EntityRef { entity_type: EntityType::Patient, id: "patient-1" };

#[test]
fn exchange_data_opens_on_both_sides_and_is_safe_for_its_maker_only() {
    let (ada, bob) = (Person::new("ada", &["A", "A2"]), Person::new("bob", &["B"]));
    let (data, open) = make(&ada, &bob);
    assert!(
        schema::check(schema::table("ExchangeData").unwrap(), &mut object(serde_json::to_value(&data).unwrap()))
            .is_ok()
    );
    assert_eq!(data.exchange_key.len(), 3);
    for person in [&ada, &bob] {
        let opened = now(data.open(&person.ring)).ok().unwrap();
        assert!(opened.exchange_key() == open.exchange_key());
        let verification = now(verify_exchange_data(person.crypto(), &data, &opened, person.id, &[])).unwrap();
        assert_eq!(verification.is_safe_for_writing(), person.id == "ada");
    }
    let stranger = Person::new("eve", &["C"]);
    assert_eq!(now(data.open(&stranger.ring)).err(), Some(ExchangeError::NoKey));

    let sender = now(verify_sender(bob.crypto(), &data, &open, &ada.trusted(), None)).unwrap();
    assert_eq!(sender.identity.key(), ada.own().public().id());
    assert_eq!((sender.recipients.len(), sender.added.len()), (3, 0));
}

#[test]
fn unverified_keys_open_but_nothing_new_is_sealed_for_them() {
    let ada = Person::with("ada", &[("A", Oaep::Sha256, KeyTrust::Unverified)]);
    let bob = Person::new("bob", &["B"]);
    let (from_bob, _) = make(&bob, &ada);
    assert!(now(from_bob.open(&ada.ring)).is_ok());
    let new = NewExchangeData { delegator: "ada", delegate: "ada", delegate_keys: &[], signer: None };
    assert_eq!(now(make_exchange_data(ada.crypto(), new)).err(), Some(ExchangeError::NoUsableKey));
    let mut verified = ada.ring.clone();
    verified.verify(key("A").public().id());
    assert_eq!(verified.recipients("ada").len(), 1);
    assert_eq!(ada.ring.recipients("ada").len(), 0);
}

#[test]
fn sha1_keys_are_left_out_where_there_are_newer() {
    let keys = [("A", Oaep::Sha1, KeyTrust::Device), ("A2", Oaep::Sha256, KeyTrust::Device)];
    let ada = Person::with("ada", &keys);
    let recipients = ada.ring.recipients("ada");
    assert_eq!(recipients.len(), 1);
    assert_eq!(recipients[0].padding(), Oaep::Sha256);
    let old = Person::with("ada", &keys[..1]);
    assert_eq!(old.ring.recipients("ada")[0].padding(), Oaep::Sha1);
}

#[test]
fn the_four_combinations() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (_, open) = make(&ada, &bob);
    let entity_key = EntityKey::make(&ada.random);
    for (delegator_hidden, delegate_hidden) in [(false, false), (false, true), (true, false), (true, true)] {
        let new = NewDelegation {
            entity: PATIENT,
            exchange_data: &open,
            delegator: Participant { id: "ada", anonymous: delegator_hidden },
            delegate: Participant { id: "bob", anonymous: delegate_hidden },
            content: DelegationContent {
                secret_ids: &["secret"],
                owning_entity_ids: &["owner"],
                encryption_keys: &[&entity_key],
            },
            permissions: Permission::Write,
        };
        let (delegation_key, delegation) = make_delegation(&new, &[]).unwrap();
        assert_eq!(delegation.delegator.as_deref(), (!delegator_hidden).then_some("ada"));
        assert_eq!(delegation.delegate.as_deref(), (!delegate_hidden).then_some("bob"));
        let both = !delegator_hidden && !delegate_hidden;
        assert_eq!(delegation.exchange_data_id.as_deref(), both.then_some(open.id()));
        let recipient = match (delegator_hidden, delegate_hidden) {
            (false, true) => Some(MapRecipient::Delegator),
            (true, false) => Some(MapRecipient::Delegate),
            _ => None,
        };
        assert_eq!(new.map_recipient(), recipient);

        let opened = delegation.open(delegation_key, PATIENT, &open);
        assert_eq!((opened.secret_ids[0].value.as_str(), opened.secret_ids[0].authentic), ("secret", true));
        assert_eq!(
            (opened.owning_entity_ids[0].value.as_str(), opened.owning_entity_ids[0].authentic),
            ("owner", true)
        );
        assert!(opened.encryption_keys[0].value == entity_key && opened.encryption_keys[0].authentic);
        let elsewhere = delegation.open(delegation_key, EntityRef { id: "patient-2", ..PATIENT }, &open);
        assert!(!elsewhere.encryption_keys[0].authentic);

        let map = if recipient.is_some() { Entries::from([("fp".into(), "x".into())]) } else { Entries::new() };
        let request = make_share_request(&new, RequestedPermission::MaxWrite, map).unwrap();
        assert_eq!(request.exchange_data_id.is_some(), both);
        let json = object(serde_json::to_value(&request).unwrap());
        assert_eq!(json["requestedPermissions"], "MAX_WRITE");
        let wrong_map = if recipient.is_some() { Entries::new() } else { Entries::from([("fp".into(), "x".into())]) };
        let refused = make_share_request(&new, RequestedPermission::MaxWrite, wrong_map);
        assert_eq!(refused.err(), Some(DelegationError::Malformed));
    }
}

#[test]
fn exchange_data_maps_lead_the_named_side_to_the_exchange_data() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (data, open) = make(&ada, &bob);
    let recipients = data.among(&bob.trusted());
    let entries = now(make_exchange_data_map(ada.crypto(), open.id(), &recipients)).unwrap();
    let id = open.access_control_secret().derive_key(EntityType::Patient).derive_delegation_key();
    let map = ExchangeDataMap { id, rev: None, encrypted_exchange_data_ids: entries };
    assert_eq!(now(open_exchange_data_map(&map, &bob.ring)).unwrap(), open.id());
    assert_eq!(now(open_exchange_data_map(&map, &ada.ring)).err(), Some(ExchangeError::NoKey));
    assert!(data.among(&Person::new("eve", &["C"]).trusted()).is_empty());
}

#[test]
fn a_new_entity_is_shared_read_changed_and_shared_on() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let ((_, own), (shared_data, shared)) = (make(&ada, &ada), make(&ada, &bob));
    let (manifests, entity_key) = (Manifests::default(), EntityKey::make(&ada.random));
    let clear = object(json!({"id": "patient-1", "firstName": "Ada", "note": "secret", "notes": [
        {"id": "n1", "markdown": {"en": "**x**"}, "author": "ada"}, {"id": "n2", "markdown": {"en": "y"}},
    ]}));
    let content = DelegationContent { secret_ids: &["s"], owning_entity_ids: &[], encryption_keys: &[&entity_key] };
    let ada_side = Participant { id: "ada", anonymous: false };
    let root = NewDelegation {
        entity: PATIENT,
        exchange_data: &own,
        delegator: ada_side,
        delegate: ada_side,
        content,
        permissions: Permission::Write,
    };
    let bob_side = Participant { id: "bob", anonymous: false };
    let other = NewDelegation { exchange_data: &shared, delegate: bob_side, permissions: Permission::Read, ..root };
    assert_eq!(make_delegation(&other, &[]).err(), Some(DelegationError::RootPermission));
    assert_eq!(
        make_delegation(&NewDelegation { delegate: ada_side, ..other }, &[]).err(),
        Some(DelegationError::Participants)
    );
    let metadata = make_root_metadata(&clear, &root, &[other, root]).unwrap();
    assert_eq!(metadata.secure_delegations.len(), 2);
    assert_eq!(metadata.secure_delegations[&other.key()].parent_delegations, [root.key()]);

    let mut sealed = seal_entity(&ada.random, &manifests, PATIENT, &entity_key, &clear).unwrap();
    sealed.insert("securityMetadata".to_owned(), metadata.to_json());
    assert!(schema::check(schema::table("Patient").unwrap(), &mut sealed.clone()).is_ok());
    assert_eq!(sealed.keys().collect::<Vec<_>>(), ["id", "firstName", "notes", "encryptedSelf", "securityMetadata"]);
    assert!(!serde_json::to_string(&sealed).unwrap().contains("secret\""));
    assert_eq!(make_root_metadata(&sealed, &root, &[]).err(), Some(DelegationError::NotNew));

    // Bob, from what the server has
    let mut index = ExchangeIndex::new();
    index.add(now(shared_data.open(&bob.ring)).ok().unwrap());
    let read = SecurityMetadata::of(&sealed).unwrap();
    assert_eq!(read, metadata);
    let opened = read.open_with(PATIENT, &index);
    let [delegation] = &opened[..] else { panic!("one delegation") };
    assert_eq!((delegation.delegator.as_str(), delegation.permissions), ("ada", Permission::Read));
    let patient = open_entity(&manifests, PATIENT, &[&delegation.encryption_keys[0].value], &sealed).unwrap();
    assert!(patient.is_authenticated());
    assert_eq!(patient.body["note"], "secret");
    assert_eq!(patient.body["notes"][1]["markdown"]["en"], "y");
    assert_eq!(patient.report.len(), 3);

    // nothing is missing, then something is
    assert_eq!(make_update_request(&other, &metadata.secure_delegations[&other.key()]).unwrap(), None);
    let more = NewDelegation { content: DelegationContent { secret_ids: &["s", "t"], ..content }, ..other };
    let update = make_update_request(&more, &metadata.secure_delegations[&other.key()]).unwrap().unwrap();
    assert_eq!((update.secret_ids.len(), update.encryption_keys.len()), (1, 0));

    // sealing again: what did not change keeps its bytes, what was secret stays secret
    let mut changed = patient.body.clone();
    changed.insert("note".to_owned(), "changed".into());
    let resealed = seal_entity(&bob.random, &manifests, PATIENT, &entity_key, &changed).unwrap();
    assert_eq!(resealed["notes"], sealed["notes"]);
    assert_ne!(resealed["encryptedSelf"], sealed["encryptedSelf"]);
    let narrow = Manifests::default().with(EntityType::Patient, ["comment"]).unwrap();
    let resealed = seal_entity(&bob.random, &narrow, PATIENT, &entity_key, &changed).unwrap();
    assert!(!resealed.contains_key("note") && resealed["notes"][0].get("markdown").is_none());
}

#[test]
fn contacts_with_services_simple_and_compound() {
    let manifests = Manifests::default();
    let (random, key) = (Counting::default(), EntityKey::from_bytes(&[7; 32]).unwrap());
    let contact = EntityRef { entity_type: EntityType::Contact, id: "contact-1" };
    let clear = object(json!({"id": "contact-1", "descr": "visit", "services": [
        {"id": "s1", "label": "weight", "content": {"en": {"measureValue": {"value": 71.5}}}, "comment": "c"},
        {"id": "s2", "content": {"en": {"compoundValue": [
            {"id": "s3", "content": {"en": {"stringValue": "deep"}}},
            {"id": "s4", "content": {"en": {"compoundValue": [{"id": "s5", "content": {"en": {"numberValue": 1.0}}}]}}},
        ]}}},
        {"id": "s6", "content": {"en": {"compoundValue": [{"id": "s7"}], "stringValue": "mixed"}}},
        {"id": "s8"},
    ]}));
    let sealed = seal_entity(&random, &manifests, contact, &key, &clear).unwrap();
    assert!(schema::check(schema::table("Contact").unwrap(), &mut sealed.clone()).is_ok());
    let services = sealed["services"].as_array().unwrap();
    assert!(services.iter().all(|service| service["encryptedSelf"].is_string()));
    assert!(services[0].get("content").is_none() && services[2].get("content").is_none());
    let nested = &services[1]["content"]["en"]["compoundValue"];
    assert!(nested[0].get("content").is_none() && nested[0]["encryptedSelf"].is_string());
    assert!(nested[1]["content"]["en"]["compoundValue"][0].get("content").is_none());

    let opened = open_entity(&manifests, contact, &[&key], &sealed).unwrap();
    assert!(opened.is_authenticated(), "{:?}", opened.report);
    assert_eq!(opened.body["services"][1]["content"]["en"]["compoundValue"][0]["content"]["en"]["stringValue"], "deep");
    assert_eq!(opened.body["services"][2]["content"]["en"]["stringValue"], "mixed");
    assert_eq!(seal_entity(&random, &manifests, contact, &key, &opened.body).unwrap(), sealed);

    for (service, clear) in services.iter().zip(clear["services"].as_array().unwrap()) {
        let alone = open_service(&manifests, "contact-1", &[&key], service.as_object().unwrap()).unwrap();
        assert!(alone.is_authenticated());
        assert_eq!(alone.body.get("comment"), clear.get("comment"));
    }
}

#[test]
fn fields_sealed_whole_stay_readable_whatever_the_list_says() {
    // what another application chose to encrypt: an address, whose class we leave in clear
    let key = EntityKey::from_bytes(&[7; 32]).unwrap();
    let theirs = Manifests::default().with(EntityType::Patient, ["addresses[].city", "alias"]).unwrap();
    let clear = object(json!({"id": "patient-1", "alias": "x", "addresses": [{"city": "Gent", "country": "BE"}]}));
    let sealed = seal_entity(&Counting::default(), &theirs, PATIENT, &key, &clear).unwrap();
    let opened = open_entity(&Manifests::default(), PATIENT, &[&key], &sealed).unwrap();
    assert_eq!(opened.body["addresses"][0]["city"], "Gent");
    // our list does not name them, and still they do not come out in clear
    let resealed = seal_entity(&Counting::default(), &Manifests::default(), PATIENT, &key, &opened.body).unwrap();
    assert_eq!(resealed["addresses"], sealed["addresses"]);
    assert!(!resealed.contains_key("alias"));
}

#[test]
fn every_encryptable_class_round_trips() {
    let (manifests, random) = (Manifests::default(), Counting::default());
    let key = EntityKey::from_bytes(&[7; 16]).unwrap();
    let samples = [
        (
            EntityType::HealthElement,
            json!({"descr": "d", "episodes": [{"id": "e", "name": "n"}], "careTeam": [{"id": "c", "quality": {"id": "q"}}]}),
        ),
        (EntityType::Document, json!({"name": "n", "documentType": "report"})),
        (EntityType::MaintenanceTask, json!({"properties": [{"id": "p"}], "taskType": "T"})),
        (EntityType::AccessLog, json!({"detail": "d", "objectId": "o", "user": "u"})),
        (EntityType::Message, json!({"subject": "s", "toAddresses": ["a"]})),
        (EntityType::Topic, json!({"description": "d", "linkedServices": ["s"]})),
        (EntityType::Form, json!({"descr": "d"})),
        (EntityType::CalendarItem, json!({"title": "t", "details": "d"})),
        (EntityType::Invoice, json!({"reason": "r"})),
        (EntityType::Classification, json!({"label": "l"})),
        (EntityType::Patient, json!({"insurabilities": [{"insuranceId": "i"}], "partnerships": [{"partnerId": "p"}]})),
    ];
    for (entity_type, fields) in samples {
        let mut clear = object(fields);
        clear.insert("id".to_owned(), "entity".into());
        let entity = EntityRef { entity_type, id: "entity" };
        let sealed = seal_entity(&random, &manifests, entity, &key, &clear).unwrap();
        let table = schema::table(entity_type.as_str()).unwrap();
        assert_eq!(
            schema::check(table, &mut sealed.clone()).err().map(|error| error.to_string()),
            None,
            "{entity_type}"
        );
        let opened = open_entity(&manifests, entity, &[&EntityKey::make(&random), &key], &sealed).unwrap();
        assert!(opened.is_authenticated(), "{entity_type}: {:?}", opened.report);
        assert_eq!(opened.key, 1);
        for (name, value) in &clear {
            let same = |opened: &Value| match (opened, value) {
                (Value::Array(opened), Value::Array(clear)) if clear.iter().all(Value::is_object) => {
                    opened.iter().zip(clear).all(|(opened, clear)| {
                        clear.as_object().unwrap().iter().all(|(name, value)| opened[name] == *value)
                    })
                }
                (opened, value) => opened == value,
            };
            assert!(same(&opened.body[name]), "{entity_type}.{name}");
        }
    }
}

#[test]
fn elements_without_ids_are_told_apart_by_position() {
    let (manifests, key) = (Manifests::default(), EntityKey::from_bytes(&[7; 32]).unwrap());
    let clear = object(json!({"id": "patient-1", "insurabilities": [{"insuranceId": "1"}, {"insuranceId": "2"}]}));
    let mut sealed = seal_entity(&Counting::default(), &manifests, PATIENT, &key, &clear).unwrap();
    sealed["insurabilities"].as_array_mut().unwrap().swap(0, 1);
    let opened = open_entity(&manifests, PATIENT, &[&key], &sealed).unwrap();
    let untagged = opened.report.iter().filter(|field| field.status == FieldStatus::Untagged);
    let untagged: Vec<_> = untagged.map(|field| field.path.as_str()).collect();
    assert_eq!(untagged, ["insurabilities[0].encryptedSelf", "insurabilities[1].encryptedSelf"]);
    // an official client may reorder what has ids
    let clear = object(json!({"id": "patient-1", "notes": [{"id": "1", "markdown": {"en": "a"}}, {"id": "2"}]}));
    let mut sealed = seal_entity(&Counting::default(), &manifests, PATIENT, &key, &clear).unwrap();
    sealed["notes"].as_array_mut().unwrap().swap(0, 1);
    assert!(open_entity(&manifests, PATIENT, &[&key], &sealed).unwrap().is_authenticated());
}

#[test]
fn key_maps_tell_who_is_behind_a_delegation() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (_, open) = make(&ada, &bob);
    let delegation_key = open.access_control_secret().derive_key(EntityType::Contact).derive_delegation_key();
    let entity = EntityRef { entity_type: EntityType::Contact, id: "map-1" };
    let (key, map) =
        (EntityKey::make(&ada.random), KeyMap { delegation_key, delegator: "ada".into(), delegate: "bob".into() });
    let sealed = seal_key_map(&ada.random, entity, &key, &map).unwrap();
    assert!(!sealed.contains_key("delegator") && !sealed.contains_key("delegate"));
    assert_eq!(open_key_map(entity, &[&key], &sealed).unwrap(), (map, true));
}

#[test]
fn data_owners_that_cannot_be_trusted_at_all_are_refused() {
    let (a, org) = (key("A").public().to_spki_hex(), key("ORG").public().to_spki_hex());
    let twice = json!({"publicKey": a, "publicKeysForOaepWithSha256": [a]});
    assert_eq!(OwnerKeys::of(&object(twice)), Err(OwnerKeysError::ListedTwice));
    let colliding = json!({"publicKey": org, "publicKeysForOaepWithSha256": [key("COLLIDING").public().to_spki_hex()]});
    assert_eq!(OwnerKeys::of(&object(colliding)), Err(OwnerKeysError::FingerprintCollision));
    let mixed = json!({
        "publicKey": a, "aesExchangeKeys": {(a.as_str()): {}, "xplaceholder": {}, "": {}, (org.as_str()): {}},
        "publicKeysForOaepWithSha256": ["00", key("B").public().to_spki_hex()],
    });
    let keys = OwnerKeys::of(&object(mixed)).unwrap();
    let paddings: Vec<_> = keys.keys().iter().map(|key| key.padding).collect();
    assert_eq!((paddings, keys.unreadable()), (vec![Oaep::Sha1, Oaep::Sha1, Oaep::Sha256], 1));
}

/// Servers of threads need futures that move between them.
#[test]
fn futures_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let ada = Person::new("ada", &["A"]);
    let new = NewExchangeData { delegator: "ada", delegate: "ada", delegate_keys: &[], signer: None };
    let (data, open) = now(is_send(make_exchange_data(ada.crypto(), new))).ok().unwrap();
    assert!(now(is_send(data.open(&ada.ring))).is_ok());
    assert!(now(is_send(verify_exchange_data(ada.crypto(), &data, &open, "ada", &[]))).is_ok());
    assert!(now(is_send(verify_sender(ada.crypto(), &data, &open, &[], None))).is_err());
}
