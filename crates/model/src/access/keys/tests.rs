use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::testing::{Dice, spki};

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("not an object: {value}") };
    object
}

fn caller(me: &str) -> Caller {
    Caller { data_owner: Some(me.to_owned()), ..Caller::default() }
}

fn stored() -> Object {
    object(json!({
        "id": "pat", "rev": "1-a", "firstName": "Arya",
        "publicKey": "PK",
        "publicKeysForOaepWithSha256": ["S1", "S2"],
        "aesExchangeKeys": {"PK": {"hcp": {"f1": "00"}, "pat": {"f1": "01"}}},
        "transferKeys": {"f1": {"f2": "02"}},
        "hcPartyKeys": {"hcp": ["03", "04"]},
        "privateKeyShamirPartitions": {"hcp": "05"},
    }))
}

/// The stub of the stored data owner after `change`.
fn stub(change: impl FnOnce(&mut Value)) -> Object {
    let mut stub = Value::Object(key_fields(&stored()));
    stub["id"] = json!("pat");
    stub["rev"] = json!("1-a");
    stub["tags"] = json!([{"type": "ignored"}]);
    change(&mut stub);
    object(stub)
}

type Change = fn(&mut Value);

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().shift_remove(name);
}

/// The row `PUT dataowner/stub` of wire 4.3, by the owner.
#[test]
fn owners_add_keys() {
    let allowed: [Change; 12] = [
        |_| {},
        |stub| stub["publicKeysForOaepWithSha256"] = json!(["S3", "S2", "S1"]),
        |stub| stub["aesExchangeKeys"]["PK2"] = json!({"hcp": {"f2": "06"}}),
        |stub| stub["aesExchangeKeys"]["PK"]["other"] = json!({"f1": "06"}),
        |stub| stub["aesExchangeKeys"]["PK"]["hcp"] = json!({"f9": "06"}),
        |stub| stub["transferKeys"]["f1"]["f3"] = json!("06"),
        |stub| stub["transferKeys"]["f3"] = json!({"f1": "06"}),
        |stub| stub["hcPartyKeys"]["other"] = json!(["06", "07"]),
        |stub| stub["hcPartyKeys"]["hcp"] = json!(["06", "07"]),
        |stub| stub["privateKeyShamirPartitions"] = json!({"notary": "06"}),
        |stub| remove(stub, "privateKeyShamirPartitions"),
        |stub| stub["parentId"] = json!("not compared"),
    ];
    for (number, change) in allowed.into_iter().enumerate() {
        let stub = stub(change);
        let merged = put_stub(&stored(), &stub, &caller("pat")).unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(merged["firstName"], "Arya");
        assert_eq!(merged["rev"], "1-a");
        assert!(!merged.contains_key("tags") && !merged.contains_key("parentId"));
        for field in KEY_FIELDS {
            assert!(same(at(&merged, field), at(&stub, field)), "{number}: {field}");
        }
        let mut patient = stub.clone();
        assert_eq!(put_key_fields(&stored(), &mut patient, &caller("pat")), Ok(()));
        assert_eq!(patient, stub);
    }
}

#[test]
fn owners_keep_published_keys() {
    let refused: [(Change, &str); 13] = [
        (|stub| stub["publicKey"] = json!("PK2"), "publicKey"),
        (|stub| remove(stub, "publicKey"), "publicKey"),
        (|stub| stub["publicKeysForOaepWithSha256"] = json!(["S1", "S3"]), "publicKeysForOaepWithSha256"),
        (|stub| stub["publicKeysForOaepWithSha256"] = json!([]), "publicKeysForOaepWithSha256"),
        (|stub| remove(stub, "publicKeysForOaepWithSha256"), "publicKeysForOaepWithSha256"),
        (|stub| stub["aesExchangeKeys"] = json!({"PK2": {"hcp": {"f1": "00"}}}), "aesExchangeKeys"),
        (|stub| remove(stub, "aesExchangeKeys"), "aesExchangeKeys"),
        (|stub| remove(&mut stub["aesExchangeKeys"]["PK"], "hcp"), "aesExchangeKeys"),
        (|stub| stub["transferKeys"]["f1"]["f2"] = json!("06"), "transferKeys"),
        (|stub| remove(&mut stub["transferKeys"]["f1"], "f2"), "transferKeys"),
        (|stub| remove(stub, "transferKeys"), "transferKeys"),
        (|stub| remove(&mut stub["hcPartyKeys"], "hcp"), "hcPartyKeys"),
        (|stub| remove(stub, "hcPartyKeys"), "hcPartyKeys"),
    ];
    for (change, field) in refused {
        let mut stub = stub(change);
        let refusals = [
            put_stub(&stored(), &stub, &caller("pat")).map(drop),
            put_key_fields(&stored(), &mut stub, &caller("pat")),
        ];
        for refusal in refusals {
            let Err(KeyUpdateError::Invalid(error)) = refusal else { panic!("{field}: {refusal:?}") };
            assert_eq!(error.path, field);
        }
    }
}

#[test]
fn a_first_public_key_may_be_set() {
    let (bare, stub) =
        (object(json!({"id": "pat"})), object(json!({"publicKey": "PK", "publicKeysForOaepWithSha256": []})));
    let merged = put_stub(&bare, &stub, &caller("pat")).unwrap();
    assert_eq!(merged, object(json!({"id": "pat", "publicKey": "PK"})));
}

/// The exception in that row: a legacy client gives access back.
#[test]
fn others_add_entries_of_their_own() {
    let allowed: [Change; 6] = [
        |_| {},
        |stub| stub["aesExchangeKeys"]["PK"]["hcp"]["f2"] = json!("06"),
        |stub| stub["aesExchangeKeys"]["PK"]["hcp"]["f1"] = json!("06"),
        |stub| stub["publicKeysForOaepWithSha256"] = json!(["S2", "S1"]),
        |stub| stub["tags"] = json!([]),
        |stub| stub["parentId"] = json!("not compared"),
    ];
    for (number, change) in allowed.into_iter().enumerate() {
        let stub = stub(change);
        let merged = put_stub(&stored(), &stub, &caller("hcp")).unwrap_or_else(|error| panic!("{number}: {error}"));
        assert_eq!(merged["aesExchangeKeys"], stub["aesExchangeKeys"], "{number}");
        assert_eq!(merged["publicKeysForOaepWithSha256"], json!(["S1", "S2"]), "{number}: order is no change");
    }
    // The old key has no entries yet, but it is published.
    let mut first = stored();
    first.shift_remove("aesExchangeKeys");
    let stub = stub(|stub| stub["aesExchangeKeys"] = json!({"PK": {"hcp": {"f1": "00"}}}));
    assert_eq!(put_stub(&first, &stub, &caller("hcp")).unwrap()["aesExchangeKeys"], stub["aesExchangeKeys"]);
}

#[test]
fn others_change_nothing_else() {
    let refused: [(Change, &str); 16] = [
        (|stub| stub["publicKey"] = json!("PK2"), "publicKey"),
        (|stub| remove(stub, "publicKey"), "publicKey"),
        (|stub| stub["publicKeysForOaepWithSha256"] = json!(["S1", "S2", "S3"]), "publicKeysForOaepWithSha256"),
        (|stub| stub["publicKeysForOaepWithSha256"] = json!(["S1"]), "publicKeysForOaepWithSha256"),
        (|stub| stub["transferKeys"]["f1"]["f3"] = json!("06"), "transferKeys"),
        (|stub| stub["hcPartyKeys"]["hcp"] = json!(["06", "07"]), "hcPartyKeys"),
        (|stub| stub["privateKeyShamirPartitions"]["hcp"] = json!("06"), "privateKeyShamirPartitions"),
        // An outer key is a public key: this would publish one.
        (|stub| stub["aesExchangeKeys"]["PK2"] = json!({"hcp": {"f1": "06"}}), "aesExchangeKeys"),
        (|stub| stub["aesExchangeKeys"]["PK2"] = json!({}), "aesExchangeKeys"),
        (|stub| stub["aesExchangeKeys"]["PK"]["pat"]["f2"] = json!("06"), "aesExchangeKeys"),
        (|stub| stub["aesExchangeKeys"]["PK"]["pat"]["f1"] = json!("06"), "aesExchangeKeys"),
        (|stub| stub["aesExchangeKeys"]["PK"]["other"] = json!({"f1": "06"}), "aesExchangeKeys"),
        (|stub| remove(&mut stub["aesExchangeKeys"]["PK"], "pat"), "aesExchangeKeys"),
        (|stub| remove(&mut stub["aesExchangeKeys"]["PK"], "hcp"), "aesExchangeKeys"),
        (|stub| stub["aesExchangeKeys"]["PK"]["hcp"] = json!({"f2": "06"}), "aesExchangeKeys"),
        (|stub| remove(stub, "aesExchangeKeys"), "aesExchangeKeys"),
    ];
    for (change, field) in refused {
        let refusal = put_stub(&stored(), &stub(change), &caller("hcp"));
        let Err(KeyUpdateError::Forbidden(error)) = refusal else { panic!("{field}: {refusal:?}") };
        assert_eq!(error.path, field);
    }
    let added = stub(|stub| stub["aesExchangeKeys"]["PK"][""] = json!({"f1": "06"}));
    assert!(put_stub(&stored(), &added, &Caller::default()).is_err(), "a user who is no data owner");
}

/// The row "key fields inside `PUT patient`" of wire 4.3.
#[test]
fn other_writers_leave_keys_as_they_are() {
    let mut submitted = object(json!({
        "id": "pat", "firstName": "No one", "publicKeysForOaepWithSha256": ["EVIL"], "transferKeys": {"f9": {}},
    }));
    let mut stored = stored();
    stored.shift_remove("transferKeys");
    assert_eq!(put_key_fields(&stored, &mut submitted, &caller("hcp")), Ok(()));
    assert_eq!(submitted["firstName"], "No one");
    assert_eq!(key_fields(&submitted), key_fields(&stored));
    drop_key_fields(&mut submitted);
    assert_eq!(submitted, object(json!({"id": "pat", "firstName": "No one"})));
}

#[test]
fn stubs_carry_every_key_field() {
    let stub = crate::schema::table("CryptoActorStub").unwrap();
    for class in ["Patient", "HealthcareParty", "Device"] {
        let table = crate::schema::table(class).unwrap();
        for field in KEY_FIELDS {
            assert!(table.field(field).is_some() && stub.field(field).is_some(), "{class}: {field}");
        }
    }
    let others: Vec<_> =
        stub.fields().iter().map(|field| field.name).filter(|name| !KEY_FIELDS.contains(name)).collect();
    assert_eq!(others, ["id", "rev", "tags"]);
}

/// A random stub over few keys, delegates and fingerprints.
fn random_keys(dice: &mut Dice) -> Object {
    let mut by_key = Object::new();
    for key in ["PK", "PK2"] {
        let mut by_delegate = Object::new();
        for delegate in ["hcp", "pat", "other"] {
            let count = dice.roll(3);
            let entries: Object =
                (0..count).map(|_| (dice.pick(&["f1", "f2"]).to_string(), json!(dice.hex(2)))).collect();
            if !entries.is_empty() {
                by_delegate.insert(delegate.to_owned(), Value::Object(entries));
            }
        }
        if dice.one_in(2) {
            by_key.insert(key.to_owned(), Value::Object(by_delegate));
        }
    }
    let public_keys: Vec<_> = ["S1", "S2"].into_iter().filter(|_| dice.one_in(2)).collect();
    object(json!({"id": "pat", "aesExchangeKeys": by_key, "publicKeysForOaepWithSha256": public_keys}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_others_send_only_their_entries_change(seed: u64) {
        let mut dice = Dice::new(seed);
        let stored = random_keys(&mut dice);
        let mut submitted = match dice.one_in(4) {
            true => random_keys(&mut dice),
            false => stored.clone(),
        };
        if dice.one_in(2) {
            let (key, delegate) = (*dice.pick(&["PK", "PK2"]), *dice.pick(&["hcp", "hcp", "pat"]));
            submitted["aesExchangeKeys"][key][delegate][*dice.pick(&["f1", "f2"])] = json!(dice.hex(2));
        }
        let Ok(merged) = put_stub(&stored, &submitted, &caller("hcp")) else { return Ok(()) };
        prop_assert_eq!(&merged["publicKeysForOaepWithSha256"], &stored["publicKeysForOaepWithSha256"]);
        let rest = |body: &Object| {
            let mut keys = body["aesExchangeKeys"].clone();
            for by_delegate in keys.as_object_mut().unwrap().values_mut() {
                remove(by_delegate, "hcp");
            }
            keys
        };
        prop_assert_eq!(rest(&merged), rest(&stored));
    }

    #[test]
    fn whatever_owners_send_published_keys_stay(seed: u64) {
        let mut dice = Dice::new(seed);
        let (stored, submitted) = (random_keys(&mut dice), random_keys(&mut dice));
        let public_keys = |body: &Object| {
            let listed = super::super::texts(body, "publicKeysForOaepWithSha256").map(str::to_owned);
            let outer = entries(at(body, "aesExchangeKeys")).map(|(key, _)| key.to_owned());
            listed.chain(outer).collect::<BTreeSet<_>>()
        };
        match put_stub(&stored, &submitted, &caller("pat")) {
            Ok(merged) => {
                prop_assert!(public_keys(&merged).is_superset(&public_keys(&stored)));
                prop_assert_eq!(public_keys(&merged), public_keys(&submitted));
            }
            Err(error) => prop_assert!(matches!(error, KeyUpdateError::Invalid(_))),
        }
    }
}

#[test]
fn a_new_key_of_a_new_device_is_published() {
    let mut dice = Dice::new(7);
    let (old, new) = (spki(&mut dice), spki(&mut dice));
    let stored = object(json!({"id": "pat", "publicKeysForOaepWithSha256": [old]}));
    let stub = object(json!({"id": "pat", "rev": "1-a", "publicKeysForOaepWithSha256": [old, new]}));
    let merged = put_stub(&stored, &stub, &caller("pat")).unwrap();
    assert_eq!(merged["publicKeysForOaepWithSha256"], json!([old, new]));
}
