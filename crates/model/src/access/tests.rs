use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::schema::testing::Dice;

const K1: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const K2: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const K3: &str = "3333333333333333333333333333333333333333333333333333333333333333";
const K4: &str = "4444444444444444444444444444444444444444444444444444444444444444";

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("not an object: {value}") };
    object
}

fn caller(me: &str, parents: &[&str], keys: &[&str]) -> Caller {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Caller {
        data_owner: (!me.is_empty()).then(|| me.to_owned()),
        parents: owned(parents),
        delegation_keys: owned(keys),
    }
}

fn entity(delegations: Value) -> Object {
    object(json!({"id": "e", "securityMetadata": {"secureDelegations": delegations}}))
}

/// Every row of the first table of wire 4.3, and what is in none of them.
#[test]
fn each_way_to_access_gives_its_level() {
    let explicit = entity(json!({
        K1: {"delegator": "hcp", "delegate": "hcp", "permissions": "WRITE"},
        K2: {"delegator": "hcp", "delegate": "reader", "permissions": "READ", "parentDelegations": [K1]},
        K3: {"permissions": "READ", "parentDelegations": [K1]},
    }));
    let legacy =
        object(json!({"id": "e", "delegations": {"old": [{"owner": "older", "delegatedTo": "oldest"}], "bare": []}}));
    let patient = object(json!({"id": "pat", "firstName": "Arya"}));
    let (read, write) = (Some(Level::Read), Some(Level::Write));
    for (body, patient_id, caller, expected) in [
        (&explicit, None, caller("hcp", &[], &[]), write),
        (&explicit, None, caller("reader", &[], &[]), read),
        (&explicit, None, caller("child", &["mother", "hcp"], &[]), write),
        (&explicit, None, caller("child", &["reader"], &[]), read),
        (&explicit, None, caller("pat", &[], &[K1]), write),
        (&explicit, None, caller("pat", &[], &[K3]), read),
        (&explicit, None, caller("", &[], &[K3]), read),
        (&explicit, None, caller("reader", &[], &[K1]), write),
        (&explicit, None, caller("stranger", &["uncle"], &[K4]), None),
        (&explicit, None, caller("", &[], &[]), None),
        (&explicit, None, caller("e", &[], &[]), None),
        (&legacy, None, caller("old", &[], &[]), write),
        (&legacy, None, caller("older", &[], &[]), write),
        (&legacy, None, caller("bare", &[], &[]), write),
        (&legacy, None, caller("child", &["older"], &[]), write),
        (&legacy, None, caller("oldest", &[], &[]), None),
        (&patient, Some("pat"), caller("pat", &[], &[]), write),
        (&patient, Some("pat"), caller("other", &[], &[]), None),
        (&patient, None, caller("pat", &[], &[]), None),
    ] {
        let grants = grants(patient_id, body);
        assert_eq!(level(&grants, &caller), expected, "{caller:?}");
        assert_eq!(AccessKeys::of(&caller).level(&grants), expected, "{caller:?}");
    }
}

#[test]
fn grants_are_merged() {
    let body = object(json!({
        "securityMetadata": {
            "secureDelegations": {
                K2: {"delegator": "a", "delegate": "b", "permissions": "READ", "parentDelegations": [K1]},
                K1: {"delegator": "a", "permissions": "WRITE"},
                K4: {"delegate": "", "permissions": "OWNER"},
            },
            "keysEquivalences": {K3: K2, "x": K4},
        },
        "delegations": {"b": [{"owner": ""}], "": []},
    }));
    let expected = [(K1, Level::Write), (K2, Level::Read), (K3, Level::Read), ("a", Level::Write), ("b", Level::Write)];
    let expected = expected.map(|(key, level)| Grant { key: key.to_owned(), level });
    assert_eq!(grants(None, &body), expected);
    assert_eq!(grants(None, &Object::new()), []);
    assert_eq!(grants(Some("p"), &Object::new()), [Grant { key: "p".to_owned(), level: Level::Write }]);
}

#[test]
fn malformed_metadata_grants_nothing() {
    for body in [
        json!({"securityMetadata": null, "delegations": null}),
        json!({"securityMetadata": 1, "delegations": 1}),
        json!({"securityMetadata": {"secureDelegations": [], "keysEquivalences": 1}, "delegations": []}),
        json!({"securityMetadata": {"secureDelegations": {K1: "WRITE", K2: {"permissions": 1, "delegate": "a"}}}}),
    ] {
        assert_eq!(grants(None, &object(body)), []);
    }
}

#[test]
fn nobody_takes_a_delegation_key_for_an_id() {
    let body = entity(json!({K1: {"permissions": "WRITE"}}));
    for impostor in [caller(K1, &[], &[]), caller("child", &[K1], &[])] {
        assert_eq!(level(&grants(None, &body), &impostor), None);
        assert_eq!(AccessKeys::of(&impostor).level(&grants(None, &body)), None);
        assert!(!impostor.access_keys().contains(&K1.to_owned()) && !impostor.acts_as(K1));
    }
}

/// Wire 4.3, as it stands on the page.
fn level_by_the_page(body: &Object, is_patient: bool, caller: &Caller) -> Option<Level> {
    let mut best = None;
    let mut allow = |level: Level| best = best.max(Some(level));
    let me_or_parent = |id: &Value| {
        let id = id.as_str();
        id.is_some()
            && (id == caller.data_owner.as_deref() || caller.parents.iter().any(|parent| Some(parent.as_str()) == id))
    };
    let in_k = |key: &String| caller.delegation_keys.contains(key);

    let metadata = &body["securityMetadata"];
    for (key, delegation) in metadata["secureDelegations"].as_object().unwrap() {
        let permissions = if delegation["permissions"] == "WRITE" { Level::Write } else { Level::Read };
        if me_or_parent(&delegation["delegator"]) || me_or_parent(&delegation["delegate"]) {
            allow(permissions);
        }
        if in_k(key) {
            allow(permissions);
        }
        for (equivalent, canonical) in metadata["keysEquivalences"].as_object().unwrap() {
            if canonical == key && in_k(equivalent) {
                allow(permissions);
            }
        }
    }
    for (id, list) in body["delegations"].as_object().unwrap() {
        if me_or_parent(&json!(id))
            || list.as_array().unwrap().iter().any(|delegation| me_or_parent(&delegation["owner"]))
        {
            allow(Level::Write);
        }
    }
    if is_patient && body["id"].as_str() == caller.data_owner.as_deref() {
        allow(Level::Write);
    }
    best
}

const IDS: [&str; 5] = ["ana", "bea", "cia", "dia", "eva"];
const KEYS: [&str; 4] = [K1, K2, K3, K4];

fn some<'a>(dice: &mut Dice, of: &[&'a str]) -> Vec<&'a str> {
    of.iter().copied().filter(|_| dice.one_in(3)).collect()
}

fn random_entity(dice: &mut Dice) -> Object {
    let mut delegations = Object::new();
    for key in some(dice, &KEYS) {
        let mut delegation = json!({"permissions": if dice.one_in(2) { "WRITE" } else { "READ" }});
        for side in ["delegator", "delegate"] {
            if dice.one_in(2) {
                delegation[side] = json!(dice.pick(&IDS));
            }
        }
        delegations.insert(key.to_owned(), delegation);
    }
    let equivalences: Object = some(dice, &KEYS)
        .into_iter()
        .filter(|key| !delegations.contains_key(*key))
        .map(|key| (key.to_owned(), json!(dice.pick(&KEYS))))
        .collect();
    let mut legacy = Object::new();
    while dice.one_in(3) {
        let owners = some(dice, &IDS).iter().map(|owner| json!({"owner": owner})).collect();
        legacy.insert(dice.pick(&IDS).to_string(), Value::Array(owners));
    }
    // The entity may be a patient, who is nobody's parent.
    object(json!({
        "id": dice.pick(&IDS[..3]),
        "securityMetadata": {"secureDelegations": delegations, "keysEquivalences": equivalences},
        "delegations": legacy,
    }))
}

fn random_caller(dice: &mut Dice) -> Caller {
    let me = if dice.one_in(4) { "" } else { dice.pick(&IDS) };
    caller(me, &some(dice, &IDS[3..]), &some(dice, &KEYS))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn levels_agree_with_the_page(seed: u64) {
        let mut dice = Dice::new(seed);
        let (body, caller, is_patient) = (random_entity(&mut dice), random_caller(&mut dice), dice.one_in(2));
        let grants = grants(is_patient.then(|| body["id"].as_str().unwrap()), &body);
        let expected = level_by_the_page(&body, is_patient, &caller);
        prop_assert_eq!(level(&grants, &caller), expected);
        prop_assert_eq!(AccessKeys::of(&caller).level(&grants), expected);
        // What the store does with the same grants and keys.
        let held = caller.access_keys();
        prop_assert_eq!(grants.iter().filter(|grant| held.contains(&grant.key)).map(|grant| grant.level).max(), expected);
        prop_assert!(grants.windows(2).all(|pair| pair[0].key < pair[1].key), "each key once, in order");
        // Wire 4.4: who may create is who has WRITE by what it sends, its own record aside.
        prop_assert_eq!(may_create(&body, &caller), level_by_the_page(&body, false, &caller) == Some(Level::Write));
    }
}
