//! Stubs: publishing keys, and the attacks on them.

use serde_json::{Value, json};

use super::people::{World, key, ok, refused};

#[tokio::test]
async fn a_data_owner_publishes_keys_and_everybody_reads_them() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let path = format!("dataowner/stub/{}", dany.owner);
    let empty = jorah.read(&path).await;
    assert_eq!(empty["type"], "patient");
    assert_eq!(empty["stub"]["publicKeysForOaepWithSha256"], json!([]), "there even when there is none");
    let published = dany.publish(1).await;
    assert_eq!(published["stub"]["publicKeysForOaepWithSha256"], json!([key(1)]));
    assert_ne!(published["stub"]["rev"], empty["stub"]["rev"]);
    assert_eq!(jorah.read(&path).await, published);
    dany.publish(2).await;
    let current = dany.read("dataowner/current").await;
    assert_eq!(current["dataOwner"]["publicKeysForOaepWithSha256"], json!([key(1), key(2)]));
    assert_eq!(current["dataOwner"]["firstName"], "Daenerys", "everything else stays");
    assert_eq!(refused(dany.put("dataowner/stub", published).await, 409), "");
    refused(dany.get("dataowner/stub/nobody").await, 404);
    world.stop().await;
}

#[tokio::test]
async fn published_keys_stay() {
    let world = World::new().await;
    let dany = world.patient("dany@example.org").await;
    let published = dany.publish(1).await;
    let fingerprint = |number: u32| key(number)[key(number).len() - 32..].to_owned();
    for (field, value, named) in [
        ("publicKeysForOaepWithSha256", json!([]), "stub.publicKeysForOaepWithSha256"),
        ("publicKeysForOaepWithSha256", json!([key(2)]), "stub.publicKeysForOaepWithSha256"),
        ("publicKeysForOaepWithSha256", json!(["abc"]), "stub.publicKeysForOaepWithSha256[0]"),
        ("transferKeys", json!({"x": {}}), "stub.transferKeys[0]"),
        ("firstName", json!("Dany"), "stub.firstName"),
    ] {
        let mut changed = published.clone();
        changed["stub"][field] = value;
        assert_eq!(refused(dany.put("dataowner/stub", changed).await, 400), named);
    }
    let mut added = published.clone();
    added["stub"]["transferKeys"] = json!({fingerprint(2): {fingerprint(1): "00ff"}});
    added["stub"]["publicKeysForOaepWithSha256"] = json!([key(2), key(1)]);
    let added = ok(dany.put("dataowner/stub", added).await);
    let mut removed = added.clone();
    removed["stub"]["transferKeys"] = json!({});
    assert_eq!(refused(dany.put("dataowner/stub", removed).await, 400), "stub.transferKeys");
    assert_eq!(ok(dany.put("dataowner/stub", added.clone()).await), added, "nothing to change, no new revision");
    let mut without = added.clone();
    without["stub"].as_object_mut().unwrap().remove("rev");
    assert_eq!(refused(dany.put("dataowner/stub", without).await, 400), "stub.rev");
    world.stop().await;
}

#[tokio::test]
async fn nobody_else_publishes_a_key_not_even_an_administrator() {
    let world = World::new().await;
    let (jorah, admin) = (world.hcp("jorah").await, world.admin().await);
    let dany = world.patient("dany@example.org").await;
    let published = dany.publish(1).await;
    for attacker in [&jorah, &admin] {
        for keys in [json!([key(1), key(66)]), json!([key(66)]), json!([])] {
            let mut swapped = published.clone();
            swapped["stub"]["publicKeysForOaepWithSha256"] = keys;
            assert_eq!(refused(attacker.put("dataowner/stub", swapped).await, 403), "stub.publicKeysForOaepWithSha256");
        }
        let mut legacy = published.clone();
        legacy["stub"]["publicKey"] = json!(key(66));
        assert_eq!(refused(attacker.put("dataowner/stub", legacy).await, 403), "stub.publicKey");
        let mut shares = published.clone();
        shares["stub"]["privateKeyShamirPartitions"] = json!({attacker.owner.as_str(): "00"});
        assert_eq!(refused(attacker.put("dataowner/stub", shares).await, 403), "stub.privateKeyShamirPartitions");
        let unchanged = ok(attacker.put("dataowner/stub", published.clone()).await);
        assert_eq!(unchanged["stub"]["rev"], published["stub"]["rev"], "nor is the owner hindered by new revisions");
    }
    // the same through PUT hcparty
    jorah.publish(2).await;
    let path = format!("hcparty/{}", jorah.owner);
    let mut party = admin.read(&path).await;
    party["publicKeysForOaepWithSha256"] = json!([key(66)]);
    party["speciality"] = json!("knight");
    let stored = ok(admin.put("hcparty", party).await);
    assert_eq!(stored["publicKeysForOaepWithSha256"], json!([key(2)]), "the stored keys are kept");
    assert_eq!(stored["speciality"], "knight");
    world.stop().await;
}

#[tokio::test]
async fn a_legacy_client_gives_access_back_through_the_stub_of_the_other_side() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let dany = world.patient("dany@example.org").await;
    let mut body = dany.read(&format!("dataowner/stub/{}", dany.owner)).await;
    let legacy_fingerprint = |number: u32| key(number)[key(number).len() - 32..].to_owned();
    let (own_key, one, two) = (legacy_fingerprint(1), legacy_fingerprint(11), legacy_fingerprint(12));
    body["stub"]["publicKey"] = json!(key(1));
    body["stub"]["aesExchangeKeys"] =
        json!({key(1): {jorah.owner.as_str(): {one.as_str(): "00"}, "other": {one.as_str(): "01"}}});
    let stored = ok(dany.put("dataowner/stub", body).await);

    let mut given = stored.clone();
    given["stub"]["aesExchangeKeys"][key(1)][&jorah.owner][&two] = json!("02");
    refused(barristan.put("dataowner/stub", given.clone()).await, 403);
    ok(jorah.put("dataowner/stub", given).await);
    let towards = |id: &str| format!("patient/{id}/aesExchangeKeys");
    assert_eq!(
        jorah.read(&towards(&jorah.owner)).await,
        json!({dany.owner.as_str(): {own_key: {one.as_str(): "00", two: "02"}}})
    );
    assert_eq!(jorah.read(&format!("hcparty/{}/aesExchangeKeys", jorah.owner)).await, json!({}));
    assert_eq!(dany.read(&towards(&dany.owner)).await, json!({}));
    refused(barristan.get(&towards(&jorah.owner)).await, 403);

    let now = jorah.read(&format!("dataowner/stub/{}", dany.owner)).await;
    let mut others = now.clone();
    others["stub"]["aesExchangeKeys"][key(1)]["other"] = json!({legacy_fingerprint(13): "03"});
    refused(jorah.put("dataowner/stub", others).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn only_the_stub_of_a_patient_is_for_everybody() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    refused(jorah.get(&format!("dataowner/{}", dany.owner)).await, 403);
    let other = world.patient("other@example.org").await;
    refused(other.get(&format!("dataowner/{}", dany.owner)).await, 403);
    assert_eq!(dany.read(&format!("dataowner/{}", dany.owner)).await["dataOwner"]["firstName"], "Daenerys");
    let party = dany.read(&format!("dataowner/{}", jorah.owner)).await;
    assert_eq!((&party["type"], &party["dataOwner"]["lastName"]), (&json!("hcp"), &json!("jorah")));
    refused(dany.get("dataowner/nobody").await, 404);
    jorah.add_patient("sansa").await;
    assert_eq!(jorah.read("dataowner/sansa").await["type"], "patient");

    let mut tagged = dany.read(&format!("patient/{}", dany.owner)).await;
    tagged["tags"] = json!([{"type": "HIV", "code": "1", "version": "1"}]);
    ok(dany.put("patient", tagged).await);
    let path = format!("dataowner/stub/{}", dany.owner);
    assert_eq!(jorah.read(&path).await["stub"]["tags"], Value::Null, "nor its tags");
    assert_eq!(dany.read(&path).await["stub"]["tags"][0]["type"], "HIV");
    let user = ok(jorah.post("user", json!({"id": "u", "login": "u", "passwordHash": "p"})).await);
    let nobody = world.person(user["id"].as_str().unwrap(), "", &world.log_in("u", "p").await.unwrap());
    refused(nobody.get("dataowner/current").await, 404);
    world.stop().await;
}
