//! Healthcare parties and devices.

use serde_json::{Value, json};

use super::people::{World, key, ok, refused};

#[tokio::test]
async fn they_are_created_read_found_and_modified() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    for (class, filter) in [("hcparty", "AllHealthcarePartiesFilter"), ("device", "AllDevicesFilter")] {
        let keyed = json!({"id": format!("new-{class}"), "name": "New", "publicKeysForOaepWithSha256": [key(66)], "publicKey": key(66)});
        let made = ok(jorah.post(class, keyed).await);
        assert_eq!(made["publicKeysForOaepWithSha256"], Value::Null, "its creator does not choose its keys");
        assert_eq!(made["publicKey"], Value::Null);
        assert_eq!(made["created"], crate::support::START);
        let path = format!("{class}/new-{class}");
        assert_eq!(dany.read(&path).await, made, "everybody reads");
        let ids = json!({"ids": ["nobody", made["id"]]});
        assert_eq!(ok(dany.post(&format!("{class}/byIds"), ids.clone()).await), json!([made]));
        assert_eq!(ok(dany.post(&format!("{class}/inGroup/{}/byIds", world.group), ids).await), json!([made]));
        let matched = ok(dany.post(&format!("{class}/match"), json!({"$type": filter})).await);
        assert!(matched.as_array().unwrap().contains(&made["id"]));
        let chain = json!({"filter": {"$type": filter}});
        let page = ok(dany.post(&format!("{class}/filter?limit=1"), chain.clone()).await);
        assert_eq!(page["rows"].as_array().unwrap().len(), 1);
        assert!(page["totalSize"].is_null());
        assert_eq!(
            refused(dany.post(&format!("{class}/filter"), json!({"filter": {"$type": "X"}})).await, 400),
            "filter.$type"
        );

        let mut changed = made.clone();
        changed["name"] = json!("Newer");
        let stored = ok(jorah.put(class, changed.clone()).await);
        assert_eq!(stored["name"], "Newer");
        refused(jorah.put(class, changed).await, 409);
        assert_eq!(refused(jorah.put(class, json!({"id": made["id"]})).await, 400), "rev");
        refused(jorah.put(class, json!({"id": "nobody", "rev": "1-x"})).await, 404);
        assert_eq!(refused(jorah.post(class, json!({"id": "x", "unknown": 1})).await, 400), "unknown");
        refused(jorah.post(class, json!({"id": made["id"], "name": "New"})).await, 409);
    }
    for name in [json!({}), json!({"lastName": " "})] {
        let mut nameless = json!({"id": "x"});
        nameless.as_object_mut().unwrap().extend(name.as_object().unwrap().clone());
        assert_eq!(refused(jorah.post("hcparty", nameless).await, 400), "lastName");
    }
    let device = jorah.read("device/new-device").await;
    assert_eq!((&device["author"], &device["responsible"]), (&json!(jorah.user), &json!(jorah.owner)));
    assert_eq!(jorah.read("hcparty/current").await["id"], jorah.owner);
    refused(dany.get("hcparty/current").await, 404);
    world.stop().await;
}

#[tokio::test]
async fn whoever_made_one_changes_it_until_it_has_a_key() {
    let world = World::new().await;
    let (jorah, barristan, admin) = (world.hcp("jorah").await, world.hcp("barristan").await, world.admin().await);
    let made = ok(jorah.post("hcparty", json!({"id": "grey", "lastName": "Worm"})).await);
    refused(barristan.put("hcparty", made.clone()).await, 403);
    refused(barristan.delete("hcparty/grey").await, 403);
    ok(jorah
        .post("user", json!({"id": "u-grey", "login": "grey", "healthcarePartyId": "grey", "passwordHash": "p"}))
        .await);
    let grey = world.person("u-grey", "grey", &world.log_in("grey", "p").await.unwrap());
    grey.publish(1).await;

    let party = jorah.read("hcparty/grey").await;
    refused(jorah.put("hcparty", party.clone()).await, 403);
    refused(jorah.delete("hcparty/grey").await, 403);
    refused(jorah.delete("hcparty/purge/grey").await, 403);
    refused(admin.delete("hcparty/purge/grey").await, 403);
    let mut own = party.clone();
    own["publicKeysForOaepWithSha256"] = json!([key(1), key(2)]);
    own["speciality"] = json!("spear");
    let own = ok(grey.put("hcparty", own).await);
    assert_eq!(own["publicKeysForOaepWithSha256"], json!([key(1), key(2)]), "its own keys, as older clients send them");
    let mut lost = own.clone();
    lost["publicKeysForOaepWithSha256"] = json!([key(2)]);
    assert_eq!(refused(grey.put("hcparty", lost).await, 400), "publicKeysForOaepWithSha256");
    let mut deleted = own.clone();
    deleted["deletionDate"] = json!(1);
    assert_eq!(refused(grey.put("hcparty", deleted).await, 400), "deletionDate");

    let deleted = ok(admin.delete("hcparty/grey").await);
    refused(grey.get("dataowner/current").await, 404);
    refused(admin.get("hcparty/grey").await, 404);
    let undelete = format!("hcparty/undelete/grey?rev={}", deleted["rev"].as_str().unwrap());
    assert_eq!(ok(admin.post(&undelete, Value::Null).await)["publicKeysForOaepWithSha256"], json!([key(1), key(2)]));
    refused(admin.post("hcparty/undelete/grey", Value::Null).await, 400);
    assert_eq!(grey.read("dataowner/current").await["type"], "hcp");
    world.stop().await;
}

#[tokio::test]
async fn several_at_once_leave_out_what_cannot_be() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let made = ok(jorah.post("device/bulk", json!([{"id": "a"}, {"id": jorah.owner}, {"id": "b"}])).await);
    assert_eq!(made.as_array().unwrap().iter().map(|made| &made["id"]).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(refused(jorah.post("device/bulk", json!([{"id": "c"}, {"name": "d"}])).await, 400), "[1].id");
    let changes = json!([{"id": "a", "rev": made[0]["rev"], "name": "A"}, {"id": "b", "rev": "1-x", "name": "B"}]);
    let changed = ok(jorah.put("device/bulk", changes).await);
    assert_eq!(changed.as_array().unwrap().len(), 1);
    assert_eq!(ok(barristan.post("device/delete/batch", json!({"ids": ["a", "b"]})).await), json!([]));
    let with_rev = json!({"ids": [{"id": "a", "rev": "1-x"}, {"id": "b", "rev": made[1]["rev"]}]});
    let deleted = ok(jorah.post("device/delete/batch/withrev", with_rev).await);
    assert_eq!(deleted[0]["id"], "b");
    let deleted = ok(jorah.post("device/delete/batch", json!({"ids": ["a", "b", "nobody"]})).await);
    assert_eq!(deleted.as_array().unwrap().len(), 1);
    ok(jorah.delete("device/purge/a").await);
    refused(jorah.post("device/undelete/a", Value::Null).await, 404);
    world.stop().await;
}

#[tokio::test]
async fn older_clients_list_healthcare_parties_by_name() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    for (id, name) in [("h1", "Tarly"), ("h2", "Stark")] {
        ok(jorah
            .post("hcparty", json!({"id": id, "lastName": name, "nihii": format!("1234{id}"), "publicKey": key(1)}))
            .await);
    }
    let ids = |page: Value| page["rows"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(jorah.read("hcparty").await), [json!(jorah.owner), json!("h2"), json!("h1")]);
    assert_eq!(ids(jorah.read("hcparty?desc=true&limit=1").await), [json!("h1")]);
    assert_eq!(
        ids(jorah.read("hcparty/byName?name=tar").await),
        ["h1", "h2"].map(|id| json!(id)).into_iter().rev().collect::<Vec<_>>()
    );
    assert_eq!(ids(jorah.read("hcparty/byNihiiOrSsin/1234h2").await), ["h2"]);
    let key = jorah.read("hcparty/h1/publicKey").await;
    assert_eq!(key, json!({"hcPartyId": "h1", "hexString": null}));
    world.stop().await;
}
