use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::access::{check_metadata, delegation_key, grants};
use crate::schema::testing::Dice;

/// Access control keys, in hex, so that `key(A)` is the delegation key of a share with `A`.
const A: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";
const B: &str = "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b";
const C: &str = "0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c";
const D: &str = "0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d";
const E: &str = "0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e";
const FP: &str = "11f6055049642e1a39fb5f";

fn key(access_control_key: &str) -> String {
    delegation_key(&hex::decode(access_control_key).unwrap().try_into().unwrap())
}

fn object(value: Value) -> Object {
    let Value::Object(object) = value else { panic!("not an object: {value}") };
    object
}

fn caller(me: &str, keys: &[&str]) -> Caller {
    Caller {
        data_owner: Some(me.to_owned()),
        delegation_keys: keys.iter().map(|k| key(k)).collect(),
        ..Caller::default()
    }
}

/// `pat` (hidden) made it with A, shared it with `hcp` by B; `hcp` let `reader` read it by C.
fn contact() -> Object {
    object(json!({"id": "e", "rev": "1-a", "securityMetadata": {"secureDelegations": {
        key(A): {"secretIds": ["czE=", "czI="], "encryptionKeys": ["azE="], "permissions": "WRITE"},
        key(B): {"delegate": "hcp", "parentDelegations": [key(A)], "permissions": "WRITE"},
        key(C): {"delegator": "hcp", "delegate": "reader", "exchangeDataId": "x", "parentDelegations": [key(B)], "permissions": "READ"},
    }}}))
}

fn request(parents: &[&str], requests: Value) -> EntityRequest {
    let parents: Vec<_> = parents.iter().map(|k| key(k)).collect();
    let body = json!({"requestsByEntityId": {"e": {"requests": requests, "potentialParentDelegations": parents}}});
    parse(&mut object(body)).unwrap().remove(0)
}

/// A share with one access control key and the fields of `more`.
fn share(access_control_key: &str, permissions: &str, more: Value) -> Value {
    let mut share = json!({"accessControlKeys": [access_control_key], "requestedPermissions": permissions});
    share.as_object_mut().unwrap().extend(object(more));
    json!({"share": share})
}

fn run(entity: &mut Object, own_record: bool, request: &EntityRequest, caller: &Caller) -> Outcome {
    let grants = grants(own_record.then_some("e"), entity);
    apply(entity, own_record, request, caller, &grants)
}

fn delegations(entity: &Object) -> &Object {
    entity["securityMetadata"]["secureDelegations"].as_object().unwrap()
}

/// Codes of the rejections by request.
fn codes(outcome: &Outcome) -> Vec<(&str, u16)> {
    outcome.rejected.iter().map(|(id, rejection)| (id.as_str(), rejection.code)).collect()
}

#[track_caller]
fn rejected(entity: Object, own_record: bool, request: &EntityRequest, caller: &Caller, code: u16) {
    let mut after = entity.clone();
    let outcome = run(&mut after, own_record, request, caller);
    assert_eq!(codes(&outcome), [("0", code)], "{outcome:?}");
    assert!(!outcome.changed && outcome.applied.is_empty() && outcome.exchange_data_maps.is_empty());
    assert_eq!(after, entity, "untouched");
}

#[test]
fn rule_1_what_is_not_readable_is_not_there() {
    let request = request(&[A], json!({"0": share(D, "MAX_READ", json!({}))}));
    rejected(contact(), false, &request, &caller("stranger", &[]), 404);
    rejected(contact(), false, &request, &caller("stranger", &[E]), 404);
    assert_eq!(not_found(&request)["0"].code, 404);
}

#[test]
fn rule_2_existing_delegations_are_not_made_again() {
    let again = request(&[A], json!({"0": share(B, "MAX_READ", json!({}))}));
    rejected(contact(), false, &again, &caller("pat", &[A]), 400);
    let also_new = json!({"0": {"share": {"accessControlKeys": [D, B], "requestedPermissions": "MAX_READ"}}});
    rejected(contact(), false, &request(&[A], also_new), &caller("pat", &[A]), 400);
    let mut with_equivalence = contact();
    with_equivalence["securityMetadata"]["keysEquivalences"] = json!({key(D): key(A)});
    rejected(
        with_equivalence,
        false,
        &request(&[A], json!({"0": share(D, "MAX_READ", json!({}))})),
        &caller("pat", &[A]),
        400,
    );

    let mut entity = contact();
    let twice = request(&[A], json!({"0": share(D, "MAX_READ", json!({})), "1": share(D, "MAX_WRITE", json!({}))}));
    let outcome = run(&mut entity, false, &twice, &caller("pat", &[A]));
    assert_eq!((outcome.applied.as_slice(), codes(&outcome)), (&["0".to_owned()][..], vec![("1", 400)]));
    assert_eq!(delegations(&entity)[&key(D)]["permissions"], "READ");
}

#[test]
fn rule_2_the_smallest_key_counts() {
    let mut entity = contact();
    let two = json!({"0": {"share": {"accessControlKeys": [D, E], "requestedPermissions": "MAX_READ"}}});
    assert!(run(&mut entity, false, &request(&[A], two), &caller("pat", &[A])).changed);
    assert!(
        delegations(&entity).contains_key(&key(D).min(key(E)))
            && !delegations(&entity).contains_key(&key(D).max(key(E)))
    );
    assert!(entity["securityMetadata"].get("keysEquivalences").is_none());
}

#[test]
fn rule_3_parents_are_those_the_caller_can_access() {
    let one = json!({"0": share(D, "MAX_WRITE", json!({}))});
    // A belongs to the patient, C to hcp and reader.
    rejected(contact(), false, &request(&[A], one.clone()), &caller("hcp", &[]), 400);
    rejected(contact(), false, &request(&[], one.clone()), &caller("hcp", &[]), 400);
    rejected(contact(), false, &request(&[D, E], one.clone()), &caller("hcp", &[D]), 400);
    for (parents, caller, parent, permissions) in [
        (&[A, B][..], caller("hcp", &[]), B, "WRITE"),
        (&[A, B, C], caller("reader", &[]), C, "READ"),
        (&[A, B, C], caller("pat", &[A]), A, "WRITE"),
        (&[C], caller("hcp", &[]), C, "READ"),
        (&[A, B, C, E], caller("hcp", &[A]), A, "WRITE"),
    ] {
        let mut entity = contact();
        assert!(run(&mut entity, false, &request(parents, one.clone()), &caller).changed);
        let made = &delegations(&entity)[&key(D)];
        assert_eq!((&made["parentDelegations"], &made["permissions"]), (&json!([key(parent)]), &json!(permissions)));
    }
}

#[test]
fn rule_3_a_child_shares_for_its_parent() {
    let child = Caller { data_owner: Some("child".to_owned()), parents: vec!["hcp".to_owned()], ..Caller::default() };
    let explicit = json!({"explicitDelegator": "hcp", "explicitDelegate": "other", "exchangeDataId": "y"});
    let mut entity = contact();
    assert!(run(&mut entity, false, &request(&[B], json!({"0": share(D, "MAX_WRITE", explicit)})), &child).changed);
}

#[test]
fn rule_4_root_is_for_own_records_and_legacy_holders() {
    let root = request(&[], json!({"0": share(D, "ROOT", json!({"secretIds": ["czE="]}))}));
    rejected(contact(), false, &root, &caller("pat", &[A]), 403);
    rejected(contact(), false, &root, &caller("hcp", &[]), 403);

    let mut lost_key = contact();
    let outcome = run(&mut lost_key, true, &root, &caller("e", &[]));
    assert_eq!(outcome.applied, ["0"]);
    assert_eq!(delegations(&lost_key)[&key(D)], json!({"secretIds": ["czE="], "permissions": "WRITE"}));

    let mut legacy = object(json!({"id": "e", "delegations": {"old": [{"owner": "older"}]}}));
    for holder in ["old", "older"] {
        let mut migrated = legacy.clone();
        assert!(run(&mut migrated, false, &root, &caller(holder, &[])).changed);
        assert_eq!(migrated["delegations"], legacy["delegations"]);
    }
    rejected(legacy.clone(), false, &root, &caller("stranger", &[]), 404);
    legacy.insert(
        "securityMetadata".to_owned(),
        json!({"secureDelegations": {key(A): {"delegate": "new", "permissions": "WRITE"}}}),
    );
    rejected(legacy, false, &root, &caller("new", &[]), 403);
}

#[test]
fn rule_4_one_root_for_an_entity() {
    let two = request(
        &[],
        json!({"0": share(D, "ROOT", json!({})), "1": share(E, "ROOT", json!({})), "2": share(B, "FULL_READ", json!({}))}),
    );
    let mut entity = object(json!({"id": "e"}));
    let outcome = run(&mut entity, true, &two, &caller("e", &[]));
    assert_eq!(codes(&outcome), [("0", 400), ("1", 400), ("2", 400)]);
    assert_eq!(entity, object(json!({"id": "e"})));
}

/// Wire 6.1, step C: what a patient without usable keys sends first.
#[test]
fn rule_4_root_is_a_parent_for_the_others() {
    let requests = json!({
        "0": share(D, "ROOT", json!({})),
        "1": share(E, "FULL_WRITE", json!({"explicitDelegate": "hcp", "encryptedExchangeDataId": {FP: "Y2Q="}})),
        "2": share(B, "FULL_READ", json!({})),
        "3": share(C, "MAX_WRITE", json!({})),
    });
    let mut entity = object(json!({"id": "e", "firstName": "Arya"}));
    let outcome = run(&mut entity, true, &request(&[], requests), &caller("e", &[]));
    assert_eq!((outcome.applied.len(), outcome.rejected.len()), (4, 0));
    assert_eq!(outcome.exchange_data_maps, [(key(E), BTreeMap::from([(FP.to_owned(), "Y2Q=".to_owned())]))]);
    let root = json!([key(D)]);
    assert_eq!(
        delegations(&entity)[&key(E)],
        json!({"delegate": "hcp", "parentDelegations": root, "permissions": "WRITE"})
    );
    assert_eq!(delegations(&entity)[&key(B)], json!({"parentDelegations": root, "permissions": "READ"}));
    assert_eq!(delegations(&entity)[&key(C)], json!({"parentDelegations": root, "permissions": "WRITE"}));
    assert_eq!(check_metadata(&entity), Ok(()));
}

#[test]
fn rule_5_permissions_follow_request_and_sharer() {
    let writer = caller("hcp", &[]);
    let reader = caller("reader", &[]);
    for (parents, sharer, asked, expected) in [
        (&[B][..], &writer, "MAX_WRITE", Ok("WRITE")),
        (&[B], &writer, "FULL_WRITE", Ok("WRITE")),
        (&[B], &writer, "MAX_READ", Ok("READ")),
        (&[B], &writer, "FULL_READ", Ok("READ")),
        (&[C], &writer, "MAX_WRITE", Ok("READ")),
        (&[C], &reader, "MAX_WRITE", Ok("READ")),
        (&[C], &reader, "MAX_READ", Ok("READ")),
        (&[C], &reader, "FULL_READ", Ok("READ")),
        (&[C], &reader, "FULL_WRITE", Err(403)),
    ] {
        let request = request(parents, json!({"0": share(D, asked, json!({}))}));
        let mut entity = contact();
        let outcome = run(&mut entity, false, &request, sharer);
        match expected {
            Ok(permissions) => assert_eq!(delegations(&entity)[&key(D)]["permissions"], permissions, "{asked}"),
            Err(code) => assert_eq!(codes(&outcome), [("0", code)], "{asked}"),
        }
    }
}

#[test]
fn delegators_speak_for_themselves() {
    let named = |delegator: Value, delegate: Value, exchange_data: Value| {
        let more =
            json!({"explicitDelegator": delegator, "explicitDelegate": delegate, "exchangeDataId": exchange_data});
        request(&[B], json!({"0": share(D, "MAX_READ", more)}))
    };
    let hcp = caller("hcp", &[]);
    rejected(contact(), false, &named(json!("reader"), json!(null), json!(null)), &hcp, 403);
    // The rule of wire 4.1 for exchange data ids.
    rejected(contact(), false, &named(json!("hcp"), json!("other"), json!(null)), &hcp, 400);
    rejected(contact(), false, &named(json!(null), json!("other"), json!("x")), &hcp, 400);
    for good in [named(json!("hcp"), json!("other"), json!("x")), named(json!("hcp"), json!(null), json!(null))] {
        assert!(run(&mut contact(), false, &good, &hcp).changed);
    }
}

#[test]
fn rule_6_updates() {
    let update = |access_control_key: &str, changes: Value| {
        let mut body = json!({"metadataAccessControlHash": key(access_control_key)});
        body.as_object_mut().unwrap().extend(object(changes));
        request(&[], json!({"0": {"update": body}}))
    };
    let pat = caller("pat", &[A]);
    rejected(contact(), false, &update(E, json!({})), &pat, 404);
    rejected(contact(), false, &update(A, json!({"secretIds": {"czE=": "CREATE"}})), &pat, 400);
    rejected(contact(), false, &update(A, json!({"secretIds": {"czk=": "DELETE"}})), &pat, 400);
    rejected(
        contact(),
        false,
        &update(A, json!({"secretIds": {"czk=": "CREATE"}, "encryptionKeys": {"czk=": "DELETE"}})),
        &pat,
        400,
    );
    // A delegation that the caller cannot use is not its to change, readable or not.
    rejected(contact(), false, &update(A, json!({"secretIds": {"czE=": "DELETE"}})), &caller("hcp", &[]), 403);
    rejected(contact(), false, &update(A, json!({"secretIds": {"czE=": "DELETE"}})), &caller("reader", &[]), 403);

    let mut entity = contact();
    let changes = json!({
        "secretIds": {"czI=": "DELETE", "czM=": "CREATE"},
        "encryptionKeys": {"azE=": "DELETE"},
        "owningEntityIds": {"bzE=": "CREATE"},
    });
    let outcome = run(&mut entity, false, &update(A, changes), &pat);
    assert!(outcome.changed && outcome.applied == ["0"]);
    let expected = json!({"secretIds": ["czE=", "czM="], "permissions": "WRITE", "owningEntityIds": ["bzE="]});
    assert_eq!(delegations(&entity)[&key(A)], expected);

    let mut entity = contact();
    let outcome = run(&mut entity, false, &update(A, json!({})), &pat);
    assert!(!outcome.changed && outcome.applied == ["0"] && entity == contact(), "nothing to do is done");
}

#[test]
fn rule_6_updates_add_up() {
    let update = |changes: Value| json!({"update": {"metadataAccessControlHash": key(A), "secretIds": changes}});
    let requests = json!({
        "0": update(json!({"czM=": "CREATE"})),
        "1": update(json!({"czM=": "CREATE"})),
        "2": update(json!({"czE=": "DELETE"})),
        "3": share(D, "MAX_READ", json!({})),
    });
    let mut entity = contact();
    let outcome = run(&mut entity, false, &request(&[A], requests), &caller("pat", &[A]));
    assert_eq!(codes(&outcome), [("1", 400)]);
    assert_eq!(delegations(&entity)[&key(A)]["secretIds"], json!(["czI=", "czM="]));
    assert!(delegations(&entity).contains_key(&key(D)));
}

#[test]
fn rule_7_a_conflict_is_for_another_try() {
    let requests = json!({"0": share(D, "MAX_READ", json!({})), "1": share(B, "MAX_READ", json!({}))});
    let outcome = run(&mut contact(), false, &request(&[A], requests), &caller("pat", &[A]));
    let answer = serde_json::to_value(outcome.conflict()).unwrap();
    assert_eq!(answer["0"], json!({"code": 409, "shouldRetry": true, "reason": "the entity was changed meanwhile"}));
    assert_eq!((&answer["1"]["code"], &answer["1"]["shouldRetry"]), (&json!(400), &json!(false)));
}

#[test]
fn new_delegations_read_like_those_of_clients() {
    let more = json!({
        "explicitDelegator": "hcp", "explicitDelegate": "other", "exchangeDataId": "x", "secretIds": ["czE="],
        "encryptionKeys": ["azE="], "owningEntityIds": ["bzE="], "encryptedExchangeDataId": {},
    });
    let mut entity = contact();
    let outcome =
        run(&mut entity, false, &request(&[B], json!({"0": share(D, "MAX_WRITE", more)})), &caller("hcp", &[]));
    assert!(outcome.exchange_data_maps.is_empty());
    let expected = format!(
        r#"{{"delegator":"hcp","delegate":"other","secretIds":["czE="],"encryptionKeys":["azE="],"owningEntityIds":["bzE="],"parentDelegations":["{}"],"exchangeDataId":"x","permissions":"WRITE"}}"#,
        key(B)
    );
    assert_eq!(delegations(&entity)[&key(D)].to_string(), expected);
}

#[test]
fn requests_are_read_strictly() {
    let refused = |body: Value| parse(&mut object(body)).map(drop).map_err(|error| error.path);
    let one = |body: Value| refused(json!({"requestsByEntityId": {"e": {"requests": {"0": body}}}}));
    let at = |path: &str| Err(format!("requestsByEntityId[0].requests[0]{path}"));
    assert_eq!(refused(json!({})), Err("requestsByEntityId".to_owned()));
    assert_eq!(refused(json!({"requestsByEntityId": {}})), Ok(()));
    assert_eq!(refused(json!({"requestsByEntityId": {"e": {"requests": {}}}})), Ok(()));
    assert_eq!(one(json!({})), at(""));
    assert_eq!(one(json!({"share": null})), at(""));
    let both = json!({"share": share(A, "ROOT", json!({}))["share"], "update": {"metadataAccessControlHash": key(A)}});
    assert_eq!(one(both), at(""));
    assert_eq!(
        one(json!({"share": {"accessControlKeys": [], "requestedPermissions": "ROOT"}})),
        at(".share.accessControlKeys")
    );
    assert_eq!(one(share("0A", "ROOT", json!({}))), at(".share.accessControlKeys[0]"));
    assert_eq!(one(share(A, "WRITE", json!({}))), at(".share.requestedPermissions"));
    assert_eq!(one(share(A, "ROOT", json!({"secretIds": ["not base64"]}))), at(".share.secretIds[0]"));
    let update = json!({"update": {"metadataAccessControlHash": key(A), "secretIds": {"czE=": "UPDATE"}}});
    assert_eq!(one(update), at(".update.secretIds[0]"));
}

/// The bodies of annex B, which RC.7 sent.
#[test]
fn reads_what_rc7_sends() {
    let recorded: Vec<_> = crate::schema::samples::all()
        .into_iter()
        .filter(|sample| sample.class == "BulkShareOrUpdateMetadataParams")
        .collect();
    assert!(recorded.len() >= 6);
    for sample in recorded {
        for entity in parse(&mut object(sample.body)).unwrap() {
            let Some(Request::Share(share)) = entity.requests.get("0") else { panic!("{}", sample.made) };
            assert_eq!((share.delegation_keys.len(), share.secret_ids.len()), (1, 1), "{}", sample.made);
            assert!(!share.encrypted_exchange_data_id.is_empty() || share.exchange_data_id.is_some());
        }
    }
}

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
