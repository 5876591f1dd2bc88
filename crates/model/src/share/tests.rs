mod random;
mod wire;

use serde_json::json;

use super::*;
use crate::access::{check_metadata, delegation_key, grants};

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
