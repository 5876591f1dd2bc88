//! Parents: a child opens what its ancestors may, so only an administrator or the parent makes one.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn nobody_makes_itself_a_child() {
    let world = World::new().await;
    let (jorah, mallory) = (world.hcp("jorah").await, world.hcp("mallory").await);
    let mut own = mallory.read(&format!("hcparty/{}", mallory.owner)).await;
    own["parentId"] = json!(jorah.owner);
    assert_eq!(refused(mallory.put("hcparty", own).await, 403), "parentId");
    let child = json!({"id": "child", "lastName": "Child", "parentId": jorah.owner});
    assert_eq!(refused(mallory.post("hcparty", child.clone()).await, 403), "parentId");
    let device = json!({"id": "device", "parentId": jorah.owner});
    assert_eq!(refused(mallory.post("device", device).await, 403), "parentId");

    ok(jorah.post("hcparty", child).await);
    let mut adopted = mallory.read("hcparty/child").await;
    adopted["parentId"] = json!(mallory.owner);
    refused(mallory.put("hcparty", adopted).await, 403);
    let admin = world.admin().await;
    let mut orphan = admin.read("hcparty/child").await;
    orphan.as_object_mut().unwrap().remove("parentId");
    assert_eq!(ok(admin.put("hcparty", orphan).await)["parentId"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn ancestors_exist_and_never_form_a_circle() {
    let world = World::new().await;
    let admin = world.admin().await;
    ok(admin.post("hcparty", json!({"id": "h0", "name": "H"})).await);
    for depth in 1..=8 {
        ok(admin
            .post("hcparty", json!({"id": format!("h{depth}"), "name": "H", "parentId": format!("h{}", depth - 1)}))
            .await);
    }
    let deeper = admin.post("hcparty", json!({"id": "h9", "name": "H", "parentId": "h8"})).await;
    assert_eq!(refused(deeper, 400), "parentId");
    let nobody = admin.post("hcparty", json!({"id": "h9", "name": "H", "parentId": "nobody"})).await;
    assert_eq!(refused(nobody, 400), "parentId");
    let own = admin.post("hcparty", json!({"id": "h9", "name": "H", "parentId": "h9"})).await;
    assert_eq!(refused(own, 400), "parentId");
    for descendant in ["h0", "h3"] {
        let mut root = admin.read("hcparty/h0").await;
        root["parentId"] = json!(descendant);
        assert_eq!(refused(admin.put("hcparty", root).await, 400), "parentId");
    }
    let children = admin.read("hcparty/h3/children").await;
    assert_eq!(children.as_array().unwrap().iter().map(|child| &child["id"]).collect::<Vec<_>>(), ["h4"]);
    world.stop().await;
}

#[tokio::test]
async fn a_child_acts_for_its_parent() {
    let world = World::new().await;
    let (admin, jorah) = (world.admin().await, world.hcp("jorah").await);
    let dany = world.patient("dany@example.org").await;
    let from_dany = super::exchange::data("e1", &dany.owner, &jorah.owner);
    ok(dany.post("exchangedata", from_dany.clone()).await);
    ok(admin.post("hcparty", json!({"id": "child", "name": "Child", "parentId": jorah.owner})).await);
    ok(admin.post("user", json!({"id": "u", "login": "u", "healthcarePartyId": "child", "passwordHash": "p"})).await);
    let child = world.person("u", "child", &world.log_in("u", "p").await.unwrap());
    assert_eq!(child.read("exchangedata/e1").await["delegator"], dany.owner);
    ok(child.post("exchangedata", super::exchange::data("e2", &jorah.owner, &dany.owner)).await);
    ok(child.post("exchangedata", super::exchange::data("e3", "child", &dany.owner)).await);
    assert_eq!(refused(jorah.post("exchangedata", super::exchange::data("e4", "child", &dany.owner)).await, 403), "");
    refused(jorah.get("exchangedata/e3").await, 403);
    world.stop().await;
}
