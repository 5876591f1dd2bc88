//! Exchange data.

use serde_json::{Value, json};

use super::people::{World, fingerprint, ok, refused};

/// Exchange data with an entry for key 1.
pub(super) fn data(id: &str, delegator: &str, delegate: &str) -> Value {
    let entries = json!({fingerprint(1): "AAAA"});
    json!({
        "id": id, "delegator": delegator, "delegate": delegate, "exchangeKey": entries,
        "accessControlSecret": entries, "sharedSignatureKey": entries, "delegatorSignature": {}, "sharedSignature": "AAAA",
    })
}

#[tokio::test]
async fn the_delegator_creates_it_and_both_sides_read_it() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let dany = world.patient("dany@example.org").await;
    let body = data("e1", &dany.owner, &jorah.owner);
    refused(jorah.post("exchangedata", body.clone()).await, 403);
    let made = ok(dany.post("exchangedata", body.clone()).await);
    assert!(made["rev"].as_str().unwrap().starts_with("1-"));
    refused(dany.post("exchangedata", body.clone()).await, 409);
    assert_eq!(dany.read("exchangedata/e1").await, made);
    assert_eq!(jorah.read("exchangedata/e1").await, made);
    refused(barristan.get("exchangedata/e1").await, 403);
    refused(world.admin().await.get("exchangedata/e1").await, 403);
    refused(jorah.get("exchangedata/e2").await, 404);
    let ids = json!({"ids": ["e2", "e1"]});
    assert_eq!(ok(jorah.post("exchangedata/byIds", ids.clone()).await), json!([made]));
    assert_eq!(ok(barristan.post("exchangedata/byIds", ids).await), json!([]));
    for (field, value) in [
        ("exchangeKey", json!({})),
        ("accessControlSecret", json!({})),
        ("sharedSignatureKey", json!({})),
        ("sharedSignature", json!("")),
        ("delegator", json!(" ")),
        ("delegate", json!("")),
        ("rev", json!("1-x")),
        ("deletionDate", json!(1)),
    ] {
        let mut bad = data("e3", &dany.owner, &jorah.owner);
        bad[field] = value;
        assert_eq!(refused(dany.post("exchangedata", bad).await, 400), field);
    }
    world.stop().await;
}

#[tokio::test]
async fn either_side_adds_entries_and_neither_takes_any_away() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let dany = world.patient("dany@example.org").await;
    let made = ok(dany.post("exchangedata", data("e1", &dany.owner, &jorah.owner)).await);
    let mut given = made.clone();
    for map in ["exchangeKey", "accessControlSecret", "sharedSignatureKey"] {
        given[map][fingerprint(2)] = json!("BBBB");
    }
    given["sharedSignature"] = json!("BBBB");
    refused(barristan.put("exchangedata", given.clone()).await, 403);
    let stored = ok(jorah.put("exchangedata", given.clone()).await);
    assert_eq!(stored["exchangeKey"], json!({fingerprint(1): "AAAA", fingerprint(2): "BBBB"}));
    assert!(stored["rev"].as_str().unwrap().starts_with("2-"));
    refused(dany.put("exchangedata", given).await, 409);
    for (field, value) in [
        ("delegator", json!(jorah.owner)),
        ("delegate", json!(barristan.owner)),
        ("exchangeKey", json!({fingerprint(1): "CCCC", fingerprint(2): "BBBB"})),
        ("accessControlSecret", json!({fingerprint(2): "BBBB"})),
        ("rev", json!(null)),
        ("deletionDate", json!(1)),
    ] {
        let mut bad = stored.clone();
        bad[field] = value;
        for person in [&jorah, &dany] {
            assert_eq!(refused(person.put("exchangedata", bad.clone()).await, 400), field);
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn a_participant_pages_through_its_own() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let path = format!("exchangedata/byParticipant/{}", dany.owner);
    assert_eq!(dany.read(&path).await, json!({"rows": []}));
    for number in 0..5 {
        ok(dany.post("exchangedata", data(&format!("e{number}"), &dany.owner, &jorah.owner)).await);
    }
    ok(jorah.post("exchangedata", data("f", &jorah.owner, &dany.owner)).await);
    ok(jorah.post("exchangedata", data("g", &jorah.owner, &jorah.owner)).await);
    let whole = dany.read(&path).await;
    assert_eq!(whole["rows"].as_array().unwrap().len(), 6);
    assert!(whole.get("nextKeyPair").is_none(), "no key on the last page");

    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = dany.read(&format!("{path}?limit=2{next}")).await;
        let rows = page["rows"].as_array().unwrap();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        let Some(pair) = page.get("nextKeyPair") else { break };
        assert_eq!(pair["startKey"], json!(dany.owner), "the client demands the id as a string");
        next = format!("&startDocumentId={}", pair["startKeyDocId"].as_str().unwrap());
    }
    assert_eq!(seen, ["e0", "e1", "e2", "e3", "e4", "f"]);
    refused(jorah.get(&path).await, 403);
    refused(dany.get(&format!("{path}?limit=x")).await, 400);

    let between = |a: &str, b: &str| format!("exchangedata/byDelegatorDelegate/{a}/{b}");
    let ids = |list: Value| list.as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(dany.read(&between(&dany.owner, &jorah.owner)).await).len(), 5);
    assert_eq!(ids(dany.read(&between(&jorah.owner, &dany.owner)).await), ["f"]);
    assert_eq!(ids(jorah.read(&between(&jorah.owner, &jorah.owner)).await), ["g"]);
    assert_eq!(ids(dany.read(&between(&dany.owner, &dany.owner)).await), [json!(null); 0]);
    refused(dany.get(&between(&jorah.owner, &jorah.owner)).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn counterparts_are_those_without_an_entry_for_the_key() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let dany = world.patient("dany@example.org").await;
    let other = world.patient("other@example.org").await;
    ok(jorah.post("device", json!({"id": "scale"})).await);
    for (id, delegate) in [("1", &jorah.owner), ("2", &other.owner), ("3", &dany.owner), ("4", &"scale".to_owned())] {
        ok(dany.post("exchangedata", data(id, &dany.owner, delegate)).await);
    }
    ok(dany.post("exchangedata", data("5", &dany.owner, "another-group/somebody")).await);
    ok(dany.post("exchangedata", data("6", &dany.owner, "nobody")).await);
    let mut has_key = data("7", &barristan.owner, &dany.owner);
    for map in ["exchangeKey", "accessControlSecret", "sharedSignatureKey"] {
        has_key[map][fingerprint(2)] = json!("BBBB");
    }
    ok(barristan.post("exchangedata", has_key).await);

    let found = async |query: &str| {
        let path = format!("exchangedata/byParticipant/{}/counterparts{query}", dany.owner);
        let mut ids: Vec<String> = serde_json::from_value(dany.read(&path).await).unwrap();
        ids.sort();
        ids
    };
    let sorted = |mut ids: Vec<&str>| {
        ids.sort_unstable();
        ids.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let ignoring = format!("&ignoreOnEntryForFingerprint={}", fingerprint(2));
    let both = sorted(vec![&jorah.owner, &other.owner]);
    assert_eq!(found(&format!("?counterpartsTypes=Patient,Hcp{ignoring}")).await, both);
    assert_eq!(found(&format!("?counterpartsTypes=patient,hcp{ignoring}")).await, both);
    assert_eq!(found("?counterpartsTypes=hcp").await, sorted(vec![&jorah.owner, &barristan.owner]));
    assert_eq!(found("?counterpartsTypes=device").await, ["scale"]);
    assert_eq!(found("").await, sorted(vec![&jorah.owner, &barristan.owner, &other.owner, "scale"]));
    let path = format!("exchangedata/byParticipant/{}/counterparts", dany.owner);
    refused(dany.get(&format!("{path}?counterpartsTypes=king")).await, 400);
    refused(jorah.get(&path).await, 403);
    world.stop().await;
}
