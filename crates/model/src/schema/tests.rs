use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::{self, Dice, Site};
use super::*;
use crate::Object;
use crate::error::FieldError;

fn table_of(name: &str) -> &'static Table {
    table(name).unwrap_or_else(|| panic!("no table {name}"))
}

fn check_json(class: &str, body: Value) -> Result<Value, FieldError> {
    let mut body = body;
    check_value(table_of(class), &mut body).map(|()| body)
}

#[track_caller]
fn refused(class: &str, body: Value, path: &str, expected: &str) {
    let error = check_json(class, body).expect_err("refused");
    assert_eq!((error.path.as_str(), error.expected.as_str()), (path, expected));
}

#[test]
fn every_line_of_the_tables_is_understood() {
    assert_eq!(REGISTRY.defects, Vec::<String>::new());
}

#[test]
fn every_class_has_its_table() {
    for class in crate::class::ALL {
        let fields = table_of(class.name).fields();
        assert_eq!(fields[0].to_string(), "id!:id", "{}", class.name);
        assert!(fields.iter().any(|field| field.to_string() == "rev:str?"), "{}", class.name);
    }
}

#[test]
fn encryptable_classes_carry_metadata() {
    for class in crate::class::ALL.iter().filter(|class| class.encryptable) {
        let table = table_of(class.name);
        for field in ["secretForeignKeys:[str]", "delegations:{str→[Delegation]}", "securityMetadata:SecurityMetadata?"]
        {
            let name = field.split(':').next().unwrap();
            assert_eq!(table.field(name).unwrap().to_string(), field, "{}", class.name);
        }
    }
}

#[test]
fn fields_are_found_by_name_only() {
    for table in tables() {
        let mut seen = BTreeMap::new();
        for field in table.fields() {
            assert_eq!(table.field(field.name).map(|found| found.name), Some(field.name));
            assert!(seen.insert(field.name, ()).is_none(), "{} twice in {}", field.name, table.name);
        }
        assert!(table.field("").is_none() && table.field("zzz").is_none());
    }
}

#[test]
fn enumerations_are_sets() {
    for set in enums() {
        let distinct: std::collections::BTreeSet<_> = set.values.iter().collect();
        assert_eq!(distinct.len(), set.values.len(), "{}", set.name);
        assert!(
            set.values.iter().all(|value| !value.is_empty() && !value.contains(char::is_whitespace)),
            "{}",
            set.name
        );
    }
}

#[test]
fn frozen_samples_pass_unchanged() {
    let samples = samples::all();
    assert!(samples.len() > 80, "{}", samples.len());
    for sample in samples {
        let checked = check_json(&sample.class, sample.body.clone());
        assert_eq!(checked.as_ref(), Ok(&sample.body), "{}: {}", sample.class, sample.made);
    }
}

#[test]
fn paths_and_expectations_read_well() {
    refused(
        "Contact",
        json!({"id": "a", "services": [{"id": "b", "tags": [{}, {"type": 1}]}]}),
        "services[0].tags[1].type",
        "a text",
    );
    refused("Contact", json!({"id": "a", "colour": "red"}), "colour", "a known field of Contact");
    refused("Contact", json!({"id": "a", "what is this": 1}), "", "a known field of Contact");
    refused("Contact", json!({}), "id", "an id of 1 to 255 characters, which is required");
    refused("Contact", json!({"id": "a", "tags": null}), "tags", "a list [CodeStub], not null");
    refused(
        "MaintenanceTask",
        json!({"id": "a", "status": "Pending"}),
        "status",
        "one of pending, ongoing, cancelled, completed",
    );
    refused(
        "Topic",
        json!({"id": "a", "activeParticipants": {"x": "OWNER", "y": "KING"}}),
        "activeParticipants[1]",
        "one of PARTICIPANT, ADMIN, OWNER",
    );
    refused(
        "User",
        json!({"id": "a", "autoDelegations": {"everything": []}}).clone(),
        "autoDelegations[0]",
        &format!("a key that is one of {}", enums().find(|set| set.name == "DelegationTag").unwrap().values.join(", ")),
    );
    refused("Patient", json!(["a"]), "[0]", "an object Patient");
    refused("Patient", json!("a"), "", "an object Patient or a list of them");
    refused("ExchangeData", json!({"id": "a", "exchangeKey": {}}), "exchangeKey", "an object {fpV2→b64}, not empty");
}

#[test]
fn integers_are_written_as_integers() {
    let created =
        |text: &str| check_json("Form", serde_json::from_str(&format!(r#"{{"id":"a","created":{text}}}"#)).unwrap());
    for good in ["0", "-1", "9223372036854775807", "-9223372036854775808", "20220929083400"] {
        assert!(created(good).is_ok(), "{good}");
    }
    for bad in
        ["1.0", "1.5", "1e3", "1E0", "0.0", "9223372036854775808", "-9223372036854775809", "1e400", "\"1\"", "true"]
    {
        let parsed = serde_json::from_str::<Value>(&format!(r#"{{"id":"a","created":{bad}}}"#));
        // What is no JSON number at all does not come this far.
        if let Ok(body) = parsed {
            assert!(check_json("Form", body).is_err(), "{bad}");
        }
    }
    refused(
        "Form",
        json!({"id": "a", "version": 2_147_483_648_i64}),
        "version",
        "an integer of at most 32 bits without fraction or exponent",
    );
}

#[test]
fn what_older_clients_add_is_dropped() {
    let body = json!({
        "_type": "Contact", "id": "a", "openingDate": null, "java_type": "org.taktik.Contact",
        "tags": [{"_type": "CodeStub", "type": "t", "label": null}],
        "services": [{"id": "s", "content": {"en": {"java_type": "x", "stringValue": "y"}}}],
    });
    let kept = json!({
        "id": "a", "tags": [{"type": "t"}], "services": [{"id": "s", "content": {"en": {"stringValue": "y"}}}],
    });
    let checked = check_json("Contact", body).unwrap();
    assert_eq!(checked.to_string(), kept.to_string(), "the order of the fields stays");
}

#[test]
fn a_required_null_stays() {
    let body = json!({"id": "a", "invoicingCodes": [{"id": null, "code": null}]});
    let kept = json!({"id": "a", "invoicingCodes": [{"id": null}]});
    assert_eq!(check_json("Invoice", body), Ok(kept));
    refused("Invoice", json!({"id": "a", "invoicingCodes": [{}]}), "invoicingCodes[0].id", "a text, which is required");
}

#[test]
fn entries_without_a_public_key_are_dropped() {
    let key = testing::spki(&mut Dice::new(1));
    let fp = &key[key.len() - 32..];
    let body = json!({"id": "a", "aesExchangeKeys": {"": {}, &key: {"hcp": {"": "00", fp: "01"}}}});
    let kept = json!({"id": "a", "aesExchangeKeys": {&key: {"hcp": {fp: "01"}}}});
    assert_eq!(check_json("Device", body), Ok(kept));
    let short = json!({"id": "a", "aesExchangeKeys": {&key: {"hcp": {"0203010001": "00"}}}});
    refused("Device", short, "aesExchangeKeys[0][0][0]", "a key that is the last 32 hex characters of a public key");
}

#[test]
fn missing_ids_mean_none() {
    assert_eq!(check_json("ListOfIds", json!({})), Ok(json!({})));
    refused("ListOfIds", json!({"ids": null}), "ids", "a list [id], not null");
    refused("ListOfIds", json!({"ids": ["a", ""]}), "ids[1]", "an id of 1 to 255 characters");
}

#[test]
fn batches_name_the_position() {
    let bad = json!([{"id": "a"}, {"id": "b", "tags": [{"type": 1}]}]);
    refused("HealthElement", bad, "[1].tags[0].type", "a text");
    assert!(check_batch(table_of("HealthElement"), &mut json!({"id": "a"})).is_err());
    assert!(check_batch(table_of("HealthElement"), &mut json!([])).is_ok());
    let ids = Type::List(Box::new(Element { ty: Type::Id, nullable: false }));
    assert!(check_type(&ids, &mut json!(["a"])).is_ok());
    assert_eq!(check_type(&ids, &mut json!(["a", 1])).unwrap_err().path, "[1]");
}

/// A contact whose services nest `depth` times.
fn nested_services(depth: usize) -> Object {
    let mut service = json!({"id": "s"});
    for _ in 0..depth {
        service = json!({"id": "s", "content": {"en": {"compoundValue": [service]}}});
    }
    let Value::Object(contact) = json!({"id": "c", "services": [service]}) else { unreachable!() };
    contact
}

#[test]
fn nesting_is_bounded() {
    let contact = table_of("Contact");
    assert_eq!(check(contact, &mut nested_services(20)), Ok(()));
    for depth in [30, 100] {
        let error = check(contact, &mut nested_services(depth)).unwrap_err();
        assert_eq!(error.expected, "at most 100 levels of nesting");
        assert!(error.path.starts_with("services[0].content[0].compoundValue[0].content[0]"), "{}", error.path);
    }
    let deep = (0..300).fold(json!(1), |inner, _| json!([inner]));
    assert!(check_json("FilterChain", json!({"filter": deep})).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_a_table_allows_passes_unchanged(seed: u64) {
        let (_, table, body) = generated(seed);
        let mut checked = body.clone();
        prop_assert_eq!(check(table, &mut checked), Ok(()));
        // Compared as text, so that the order counts.
        prop_assert_eq!(Value::Object(checked).to_string(), Value::Object(body).to_string());
    }

    #[test]
    fn hints_and_nulls_leave_no_trace(seed: u64) {
        let (mut dice, table, body) = generated(seed);
        let mut noisy = Value::Object(body.clone());
        for site in testing::sites(table, &body) {
            let Type::Object(table) = site.ty else { continue };
            let Some(Value::Object(object)) = testing::go(&mut noisy, &site.steps) else { continue };
            if dice.one_in(2) {
                object.shift_insert(dice.roll(object.len() + 1), "_type".to_owned(), json!("X"));
            }
            for field in table.fields().iter().filter(|field| field.nullable && !field.required) {
                if !object.contains_key(field.name) && dice.one_in(3) {
                    object.shift_insert(dice.roll(object.len() + 1), field.name.to_owned(), Value::Null);
                }
            }
        }
        prop_assert_eq!(check_value(table, &mut noisy), Ok(()));
        prop_assert_eq!(noisy.to_string(), Value::Object(body).to_string());
    }

    #[test]
    fn one_offence_is_found_where_it_is(seed: u64) {
        let (mut dice, table, body) = generated(seed);
        let sites = testing::sites(table, &body);
        let mut body = Value::Object(body);
        let path = (0..50).find_map(|_| {
            let offence = *dice.pick(OFFENCES);
            let site = dice.pick(&sites).clone();
            offence(&mut dice, &site, testing::go(&mut body, &site.steps)?)
        });
        let Some(path) = path else { return Ok(()) };
        let error = check_value(table, &mut body).expect_err("refused");
        prop_assert_eq!(&error.path, &path, "{}", error);
        prop_assert!(!error.to_string().contains(MARK), "the value is in the error: {}", error);
    }
}

fn generated(seed: u64) -> (Dice, &'static Table, Object) {
    let mut dice = Dice::new(seed);
    let all: Vec<_> = tables().collect();
    let table = *dice.pick(&all);
    let body = testing::document(&mut dice, table, 7);
    (dice, table, body)
}

/// Stands in values that are wrong, and must never come back in an error.
const MARK: &str = "Lannister!";

/// Makes one thing wrong at a place; gives the path that the error must have, or `None` where the
/// offence does not apply.
type Offence = fn(&mut Dice, &Site, &mut Value) -> Option<String>;

const OFFENCES: &[Offence] = &[
    |_, site, value| {
        let (Type::Object(_), Value::Object(body)) = (&site.ty, value) else { return None };
        body.insert("noSuchField".to_owned(), json!(MARK));
        Some(inside(site, "noSuchField"))
    },
    |dice, site, value| {
        let (Type::Object(table), Value::Object(body)) = (&site.ty, value) else { return None };
        let required: Vec<_> = table.fields().iter().filter(|field| field.required).collect();
        let field = (!required.is_empty()).then(|| *dice.pick(&required))?;
        body.shift_remove(field.name);
        Some(inside(site, field.name))
    },
    |_, site, value| {
        let applies = !site.nullable && !site.steps.is_empty() && !matches!(site.ty, Type::Any);
        applies.then(|| replace(site, value, Value::Null))
    },
    |_, site, value| matches!(site.ty, Type::Enum(_)).then(|| replace(site, value, json!(MARK))),
    |dice, site, value| {
        let wrong = dice.pick(&[json!(1.0), json!(1.5), json!(1e3), json!(u64::MAX), json!(-0.0)]).clone();
        matches!(site.ty, Type::Int | Type::Int32 | Type::EpochMs).then(|| replace(site, value, wrong))
    },
    |_, site, value| matches!(site.ty, Type::Int32).then(|| replace(site, value, json!(1_i64 << 31))),
    |_, site, value| {
        let wrong = match value {
            _ if site.steps.is_empty() || matches!(site.ty, Type::Any) => return None,
            Value::String(_) => json!(7),
            Value::Array(_) => json!({}),
            Value::Object(_) => json!([]),
            Value::Null => return None,
            Value::Bool(_) | Value::Number(_) => json!(MARK),
        };
        Some(replace(site, value, wrong))
    },
    |dice, site, value| {
        let wrong = dice.pick(&["".to_owned(), " \t".to_owned(), "x".repeat(256), format!("{MARK}\u{0}")]).clone();
        matches!(site.ty, Type::Id).then(|| replace(site, value, json!(wrong)))
    },
    |dice, site, value| {
        let strict = matches!(
            site.ty,
            Type::B64 | Type::Hex | Type::SpkiHex | Type::FpV1 | Type::FpV2 | Type::Sha256Hex | Type::Hex32
        );
        let text = value.as_str().filter(|_| strict)?.to_owned();
        let wrong = match dice.roll(4) {
            0 => MARK.to_owned(),
            1 => text + "!",
            2 => text + "0",
            _ if text.is_empty() => return None,
            _ => format!("é{}", text.get(1..)?),
        };
        Some(replace(site, value, json!(wrong)))
    },
    |dice, site, value| {
        let (Type::Map(key, _), Value::Object(entries)) = (&site.ty, value) else { return None };
        if matches!(**key, Type::Str | Type::Id) || entries.is_empty() {
            return None;
        }
        let position = dice.roll(entries.len());
        let (_, value) = entries.shift_remove_entry(&entries.keys().nth(position)?.clone())?;
        entries.shift_insert(position, MARK.to_owned(), value);
        Some(format!("{}[{position}]", site.path))
    },
    |_, site, value| {
        let empty = match value {
            _ if !site.filled => return None,
            Value::Array(_) => json!([]),
            Value::Object(_) => json!({}),
            _ => json!(""),
        };
        Some(replace(site, value, empty))
    },
];

fn replace(site: &Site, value: &mut Value, wrong: Value) -> String {
    *value = wrong;
    site.path.clone()
}

fn inside(site: &Site, name: &str) -> String {
    if site.path.is_empty() { name.to_owned() } else { format!("{}.{name}", site.path) }
}
