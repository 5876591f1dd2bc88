use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::schema::testing::Dice;

const K1: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const K2: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const K3: &str = "3333333333333333333333333333333333333333333333333333333333333333";

fn body(delegations: Value) -> Object {
    let Value::Object(body) = json!({"id": "e", "securityMetadata": {"secureDelegations": delegations}}) else {
        unreachable!()
    };
    body
}

#[test]
fn accepts_what_clients_send() {
    let mut checked = 0;
    for sample in crate::schema::samples::all() {
        for body in sample.body.as_array().unwrap_or(&vec![sample.body.clone()]) {
            assert_eq!(check_metadata(body.as_object().unwrap()), Ok(()), "{}", sample.made);
            checked += usize::from(body.get("securityMetadata").is_some());
        }
    }
    assert!(checked > 25, "{checked}");
}

#[test]
fn no_metadata_is_fine() {
    assert_eq!(check_metadata(&Object::new()), Ok(()));
    let Value::Object(null) = json!({"securityMetadata": null}) else { unreachable!() };
    assert_eq!(check_metadata(&null), Ok(()));
}

/// Every rule of wire 4.1, broken once.
#[test]
fn refuses_each_broken_rule() {
    let root = json!({"permissions": "WRITE"});
    let child_of = |parent: &str| json!({"permissions": "READ", "parentDelegations": [parent]});
    for (delegations, path, expected) in [
        (json!({}), "", "at least one delegation"),
        (json!(null), "", "at least one delegation"),
        (json!({"36bb": root}), "[0]", "a key that is 64 lower-case hex characters"),
        (json!({K1.replace('1', "A"): root}), "[0]", "a key that is 64 lower-case hex characters"),
        (json!({K1: root, K2: child_of(K3)}), "[1].parentDelegations[0]", "the key of a delegation of the entity"),
        (json!({K1: child_of(K1)}), "[0].parentDelegations", "parents that do not lead back to the delegation"),
        (
            json!({K3: child_of(K1), K1: child_of(K2), K2: child_of(K1)}),
            "[1].parentDelegations",
            "parents that do not lead back to the delegation",
        ),
        (json!({K1: {"permissions": "READ"}}), "[0].permissions", "WRITE, for a delegation without parents"),
        (
            json!({K1: {"permissions": "READ", "parentDelegations": []}}),
            "[0].permissions",
            "WRITE, for a delegation without parents",
        ),
        (json!({K1: {}}), "[0].permissions", "one of READ, WRITE"),
        (
            json!({K1: {"permissions": "WRITE", "delegator": "a", "delegate": "a"}}),
            "[0].exchangeDataId",
            "the id of the exchange data, since both sides are explicit",
        ),
        (
            json!({K1: {"permissions": "WRITE", "delegator": "a", "delegate": "a", "exchangeDataId": " "}}),
            "[0].exchangeDataId",
            "the id of the exchange data, since both sides are explicit",
        ),
        (
            json!({K1: {"permissions": "WRITE", "delegate": "a", "exchangeDataId": "x"}}),
            "[0].exchangeDataId",
            "nothing, since one side is hidden",
        ),
        (
            json!({K1: {"permissions": "WRITE", "exchangeDataId": "x"}}),
            "[0].exchangeDataId",
            "nothing, since one side is hidden",
        ),
    ] {
        let error = check_metadata(&body(delegations.clone())).expect_err("refused");
        let full_path = format!("securityMetadata.secureDelegations{path}");
        assert_eq!((error.path, error.expected.as_str()), (full_path, expected), "{delegations}");
    }
}

#[test]
fn equivalences_lead_to_delegations() {
    let with = |equivalences: Value| {
        let mut body = body(json!({K1: {"permissions": "WRITE"}}));
        body["securityMetadata"]["keysEquivalences"] = equivalences;
        check_metadata(&body).map_err(|error| error.path)
    };
    assert_eq!(with(json!({})), Ok(()));
    assert_eq!(with(json!({K2: K1})), Ok(()));
    for bad in [json!({K2: K3}), json!({K1: K1}), json!({"2222": K1})] {
        assert_eq!(with(bad), Err("securityMetadata.keysEquivalences[0]".to_owned()));
    }
}

#[test]
fn long_chains_do_not_overflow() {
    let key = |number: usize| format!("{number:064x}");
    let mut delegations = Object::new();
    delegations.insert(key(0), json!({"permissions": "WRITE"}));
    for number in 1..50_000 {
        delegations.insert(key(number), json!({"permissions": "READ", "parentDelegations": [key(number - 1)]}));
    }
    assert_eq!(check_metadata(&body(Value::Object(delegations.clone()))), Ok(()));
    delegations.insert(key(0), json!({"permissions": "READ", "parentDelegations": [key(49_999)]}));
    assert!(check_metadata(&body(Value::Object(delegations))).is_err());
}

/// Wire 4.4, on create: through a delegation that is sent, explicit or by key.
#[test]
fn creators_share_with_themselves() {
    let caller = |me: &str, key: &str| Caller {
        data_owner: Some(me.to_owned()),
        delegation_keys: vec![key.to_owned()],
        ..Caller::default()
    };
    let anonymous = body(
        json!({K1: {"permissions": "WRITE"}, K2: {"delegate": "hcp", "permissions": "WRITE", "parentDelegations": [K1]}}),
    );
    assert!(may_create(&anonymous, &caller("pat", K1)));
    assert!(may_create(&anonymous, &caller("hcp", K3)));
    assert!(!may_create(&anonymous, &caller("pat", K3)));
    let reader = body(
        json!({K1: {"permissions": "WRITE"}, K2: {"delegate": "hcp", "permissions": "READ", "parentDelegations": [K1]}}),
    );
    assert!(!may_create(&reader, &caller("hcp", K3)));
    let Value::Object(legacy) = json!({"id": "pat", "delegations": {"hcp": []}}) else { unreachable!() };
    assert!(may_create(&legacy, &caller("hcp", K3)));
    assert!(!may_create(&legacy, &caller("pat", K3)), "the own-record rule is no delegation");
    assert!(!may_create(&Object::new(), &caller("hcp", K3)));
}

/// Wire 4.4, rule 2.
#[test]
fn metadata_changes_only_through_shares() {
    let one = json!({K1: {"secretIds": ["a", "b"], "owningEntityIds": [], "permissions": "WRITE"}});
    let stored = body(one.clone());
    for same in [
        json!({K1: {"permissions": "WRITE", "secretIds": ["b", "a"]}}),
        json!({K1: {"permissions": "WRITE", "secretIds": ["b", "a", "a"], "parentDelegations": []}}),
        one,
    ] {
        assert!(metadata_unchanged(&stored, &body(same.clone())), "{same}");
    }
    for other in [
        json!({}),
        json!({K2: {"secretIds": ["a", "b"], "permissions": "WRITE"}}),
        json!({K1: {"secretIds": ["a"], "permissions": "WRITE"}}),
        json!({K1: {"secretIds": ["a", "b", "c"], "permissions": "WRITE"}}),
        json!({K1: {"secretIds": ["a", "b"], "permissions": "READ"}}),
        json!({K1: {"secretIds": ["a", "b"], "permissions": "WRITE", "delegate": "x"}}),
        json!({K1: {"secretIds": ["a", "b"], "permissions": "WRITE"}, K2: {"permissions": "WRITE"}}),
    ] {
        assert!(!metadata_unchanged(&stored, &body(other.clone())), "{other}");
    }
    assert!(!metadata_unchanged(&stored, &Object::new()), "it cannot be left out");
    assert!(metadata_unchanged(&Object::new(), &stored), "the first may be added");
    let mut equivalent = stored.clone();
    equivalent["securityMetadata"]["keysEquivalences"] = json!({});
    assert!(metadata_unchanged(&stored, &equivalent));
    equivalent["securityMetadata"]["keysEquivalences"] = json!({K2: K1});
    assert!(!metadata_unchanged(&stored, &equivalent));
}

/// A delegation in which order, repetition and emptiness vary with the dice, but not the meaning.
fn written(dice: &mut Dice, level: &str, sets: &[Vec<String>; 3]) -> Value {
    let mut fields = vec![("permissions", json!(level))];
    for (name, set) in ["secretIds", "encryptionKeys", "parentDelegations"].into_iter().zip(sets) {
        let mut items = set.clone();
        if !items.is_empty() {
            items.rotate_left(dice.roll(set.len()));
            items.push(dice.pick(set).clone());
        }
        if !items.is_empty() || dice.one_in(2) {
            fields.push((name, json!(items)));
        }
    }
    let start = dice.roll(fields.len());
    fields.rotate_left(start);
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

proptest! {
    #[test]
    fn sameness_is_sameness_of_sets(seed: u64) {
        let mut dice = Dice::new(seed);
        let mut random_sets = || [0; 3].map(|_| (0..dice.roll(3)).map(|_| dice.pick(&["a", "b", "c"]).to_string()).collect());
        let (left, right): ([Vec<String>; 3], [Vec<String>; 3]) = (random_sets(), random_sets());
        let as_sets = |lists: &[Vec<String>; 3]| lists.clone().map(|list| list.into_iter().collect::<BTreeSet<_>>());
        let stored = body(json!({K1: written(&mut dice, "WRITE", &left)}));
        let rewritten = body(json!({K1: written(&mut dice, "WRITE", &left)}));
        let other = body(json!({K1: written(&mut dice, "WRITE", &right)}));
        prop_assert!(metadata_unchanged(&stored, &rewritten));
        prop_assert_eq!(metadata_unchanged(&stored, &other), as_sets(&left) == as_sets(&right));
    }
}
