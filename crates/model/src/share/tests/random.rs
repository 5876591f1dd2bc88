//! Anybody shares anything: nobody gets more than the sharer has, and nobody loses what they had.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::schema::testing::Dice;

const IDS: [&str; 4] = ["ana", "bea", "cia", "e"];
const KEYS: [&str; 5] = [A, B, C, D, E];
const PERMISSIONS: [&str; 5] = ["MAX_READ", "FULL_READ", "MAX_WRITE", "FULL_WRITE", "ROOT"];

fn some<'a>(dice: &mut Dice, of: &[&'a str]) -> Vec<&'a str> {
    of.iter().copied().filter(|_| dice.one_in(2)).collect()
}

/// Two sides, explicit or not, with the exchange data id that goes with them.
fn sides(dice: &mut Dice, names: [&str; 3]) -> Value {
    let [delegator, delegate] = [0; 2].map(|_| dice.one_in(2).then(|| dice.pick(&IDS)));
    let exchange_data = (delegator.is_some() && delegate.is_some()).then_some("x");
    json!({names[0]: delegator, names[1]: delegate, names[2]: exchange_data})
}

/// Well-formed: parents come before their children.
fn random_entity(dice: &mut Dice) -> Object {
    let mut entity = object(json!({"id": "e"}));
    let mut made = Object::new();
    for access_control_key in some(dice, &KEYS) {
        let parents: Vec<_> = made.keys().filter(|_| dice.one_in(2)).cloned().collect();
        let write = parents.is_empty() || dice.one_in(2);
        let mut body = object(sides(dice, ["delegator", "delegate", "exchangeDataId"]));
        body.retain(|_, value| !value.is_null());
        body.insert("secretIds".to_owned(), json!(some(dice, &["czE=", "czI="])));
        body.insert("parentDelegations".to_owned(), json!(parents));
        body.insert("permissions".to_owned(), json!(if write { "WRITE" } else { "READ" }));
        made.insert(key(access_control_key), Value::Object(body));
    }
    if !made.is_empty() {
        entity.insert("securityMetadata".to_owned(), json!({"secureDelegations": made}));
    }
    if dice.one_in(3) {
        entity.insert("delegations".to_owned(), json!({*dice.pick(&IDS): [{"owner": dice.pick(&IDS)}]}));
    }
    entity
}

fn random_caller(dice: &mut Dice) -> Caller {
    let keys = some(dice, &KEYS).into_iter().filter(|_| dice.one_in(2)).collect::<Vec<_>>();
    caller(dice.pick::<&str>(&IDS), &keys)
}

fn random_request(dice: &mut Dice, parents: &[&str]) -> EntityRequest {
    let requests = (0..1 + dice.roll(4)).map(|id| {
        let body = match dice.one_in(4) {
            true => json!({"update": {
                "metadataAccessControlHash": key(dice.pick::<&str>(&KEYS)),
                "secretIds": {*dice.pick(&["czE=", "czI="]): dice.pick(&["CREATE", "DELETE"])},
            }}),
            false => {
                let sides = sides(dice, ["explicitDelegator", "explicitDelegate", "exchangeDataId"]);
                share(dice.pick::<&str>(&KEYS), dice.pick::<&str>(&PERMISSIONS), sides)
            }
        };
        (id.to_string(), body)
    });
    let requests = Value::Object(requests.collect());
    request(parents, requests)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn sharing_gives_at_most_what_the_sharer_has_and_takes_nothing(seed: u64) {
        let mut dice = Dice::new(seed);
        let (before, sharer) = (random_entity(&mut dice), random_caller(&mut dice));
        let parents = some(&mut dice, &KEYS);
        let request = random_request(&mut dice, &parents);
        // The entity is a patient or not; the sharer is that patient or not.
        let patient = dice.one_in(3).then_some("e");
        let own_record = patient == sharer.data_owner.as_deref();
        let grants_before = grants(patient, &before);
        let own_level = level(&grants_before, &sharer);
        prop_assert_eq!(check_metadata(&before), Ok(()));

        let mut after = before.clone();
        let outcome = apply(&mut after, own_record, &request, &sharer, &grants_before);

        let mut answered: Vec<_> = outcome.applied.iter().chain(outcome.rejected.keys()).cloned().collect();
        answered.sort();
        prop_assert_eq!(answered, request.requests.keys().cloned().collect::<Vec<_>>(), "each request once");
        prop_assert_eq!(check_metadata(&after), Ok(()));
        prop_assert_eq!(outcome.changed, after != before);
        prop_assert!(!outcome.changed || !outcome.applied.is_empty());

        let grants_after = grants(patient, &after);
        let holders: BTreeSet<_> = IDS.iter().map(|id| caller(id, &[])).chain(KEYS.iter().map(|k| caller("nobody", &[k])))
            .map(|caller| (caller.access_keys(), caller)).collect::<BTreeMap<_, _>>().into_values()
            .map(|caller| (level(&grants_before, &caller), level(&grants_after, &caller))).collect();
        for (was, is) in holders {
            prop_assert!(is >= was, "access was lost: {was:?} to {is:?}");
            prop_assert!(is == was || is <= own_level, "raised above the sharer: {was:?} to {is:?}, sharer {own_level:?}");
        }
        for (key, delegation) in before.get("securityMetadata").map(|metadata| metadata["secureDelegations"].as_object().unwrap()).into_iter().flatten() {
            let kept = &delegations(&after)[key];
            for field in ["delegator", "delegate", "parentDelegations", "exchangeDataId", "permissions"] {
                prop_assert_eq!(kept.get(field), delegation.get(field));
            }
        }
    }

    #[test]
    fn a_second_try_makes_nothing_twice(seed: u64) {
        let mut dice = Dice::new(seed);
        let (before, sharer) = (random_entity(&mut dice), random_caller(&mut dice));
        let parents = some(&mut dice, &KEYS);
        let request = random_request(&mut dice, &parents);
        let mut once = before.clone();
        let first = run(&mut once, false, &request, &sharer);
        let mut twice = once.clone();
        let second = run(&mut twice, false, &request, &sharer);
        if first.applied.is_empty() {
            prop_assert_eq!(&once, &before);
            prop_assert_eq!(&twice, &before);
            prop_assert_eq!(&second, &first, "rejected once more, for the same reasons");
        }
        for (id, request) in &request.requests {
            if matches!(request, Request::Share(_)) && first.applied.contains(id) {
                prop_assert!(second.rejected.contains_key(id), "made twice");
            }
        }
    }

    #[test]
    fn unusable_parents_do_not_matter(seed: u64) {
        let mut dice = Dice::new(seed);
        let (before, sharer) = (random_entity(&mut dice), random_caller(&mut dice));
        let parents = some(&mut dice, &KEYS);
        let request = random_request(&mut dice, &parents);
        let usable = |access_control_key: &&&str| {
            let key = key(access_control_key);
            let delegation = before.get("securityMetadata").and_then(|metadata| metadata["secureDelegations"].get(&key));
            let me = sharer.data_owner.as_deref();
            delegation.is_some_and(|delegation| {
                sharer.delegation_keys.contains(&key)
                    || delegation.get("delegator").and_then(Value::as_str).is_some_and(|id| Some(id) == me)
                    || delegation.get("delegate").and_then(Value::as_str).is_some_and(|id| Some(id) == me)
            })
        };
        let only_usable: Vec<_> = parents.iter().filter(usable).map(|k| key(k)).collect();
        let trimmed = EntityRequest { potential_parents: only_usable, ..request.clone() };
        let (mut with_all, mut with_usable) = (before.clone(), before.clone());
        prop_assert_eq!(run(&mut with_all, false, &request, &sharer), run(&mut with_usable, false, &trimmed, &sharer));
        prop_assert_eq!(with_all, with_usable);
    }
}
