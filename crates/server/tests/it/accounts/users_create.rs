//! Creating users: who may, for whom, and what is refused.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn a_healthcare_party_makes_a_colleague_who_logs_in() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let made = ok(jorah.post("hcparty", json!({"id": "grey", "firstName": "Grey", "lastName": "Worm"})).await);
    assert_eq!((&made["id"], &made["lastName"]), (&json!("grey"), &json!("Worm")));
    let user = json!({
        "id": "u-grey", "login": "grey", "healthcarePartyId": "grey", "passwordHash": "unsullied",
        "groupId": "another", "systemMetadata": {"roles": ["ADMIN"], "isAdmin": true, "inheritsRoles": false},
        "authenticationTokens": {"old": {"creationTime": 1, "validity": 2, "token": "plain text"}},
    });
    let answer = jorah.post("user", user).await;
    assert!(!answer.text.contains("unsullied") && !answer.text.contains("plain text"), "no secret in the answer");
    let user = ok(answer);
    assert_eq!((&user["passwordHash"], &user["groupId"]), (&json!("*"), &json!(world.group)));
    assert_eq!((&user["status"], &user["created"]), (&json!("ACTIVE"), &json!(crate::support::START)));
    assert!(user["systemMetadata"].is_null() && user["authenticationTokens"].is_null());

    let grey = world.person("u-grey", "grey", &world.log_in("grey", "unsullied").await.unwrap());
    assert_eq!(grey.read("dataowner/current").await["dataOwner"]["id"], "grey");
    let app = &world.server.app;
    let stored = app.store.read().await.unwrap().document(&world.group, "User", "u-grey").await.unwrap().unwrap();
    assert!(!stored.body.contains("unsullied") && !stored.body.contains("argon2"), "nor in the document");
    world.stop().await;
}

#[tokio::test]
async fn patients_and_devices_make_nobody() {
    let world = World::new().await;
    let dany = world.patient("dany@example.org").await;
    refused(dany.post("user", json!({"id": "u", "login": "u"})).await, 403);
    refused(dany.post("hcparty", json!({"id": "h", "name": "H"})).await, 403);
    refused(dany.post("device", json!({"id": "d"})).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn a_login_name_is_taken_once_in_the_group_whatever_its_form() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let phone = "+32 470 12 34 56";
    ok(jorah.post("user", json!({"id": "u1", "login": "One", "email": "One@x.org", "mobilePhone": phone})).await);
    for (user, field) in [
        (json!({"id": "u1", "login": "other"}), "id"),
        (json!({"id": "u2", "login": "One"}), "login"),
        (json!({"id": "u2", "login": "other", "email": "one@X.ORG"}), "email"),
        (json!({"id": "u2", "login": "ONE@x.org"}), "login"),
        (json!({"id": "u2", "login": "other", "mobilePhone": "0032470123456"}), "mobilePhone"),
        (json!({"id": "u2", "login": "u1"}), "login"),
        (json!({"id": "One", "login": "other"}), "id"),
        (json!({"id": "u2", "login": format!("{}:u1", world.group)}), "login"),
        (json!({"id": "u2", "login": format!("{}/u1", world.group)}), "login"),
    ] {
        let answer = jorah.post("user", user.clone()).await;
        assert_eq!(answer.error(), "ALREADY_EXISTS", "{user}");
        assert_eq!(refused(answer, 409), field, "{user}");
    }
    assert_eq!(ok(jorah.post("user", json!({"id": "u2", "login": "Two"})).await)["login"], "Two");
    world.stop().await;
}

#[tokio::test]
async fn what_a_user_cannot_be_is_named() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    for (user, field) in [
        (json!({"login": "u"}), "id"),
        (json!({"id": "a?b", "login": "u"}), "id"),
        (json!({"id": "u"}), "login"),
        (json!({"id": "u", "login": "u", "rev": "1-x"}), "rev"),
        (json!({"id": "u", "login": "u", "deletionDate": 1}), "deletionDate"),
        (json!({"id": "u", "login": "u", "unknown": 1}), "unknown"),
        (json!({"id": "u", "email": "nobody"}), "email"),
        (json!({"id": "u", "mobilePhone": "call me"}), "mobilePhone"),
        (json!({"id": "u", "login": "u", "status": "BUSY"}), "status"),
        (json!({"id": "u", "login": "u", "passwordHash": ""}), "passwordHash"),
        (json!({"id": "u", "login": "u", "passwordHash": "x".repeat(1025)}), "passwordHash"),
        (json!({"id": "u", "login": "u", "applicationTokens": {"a": "b"}}), "applicationTokens"),
        (json!({"id": "u", "login": "u", "patientId": "nobody"}), "patientId"),
        (json!({"id": "u", "login": "u", "patientId": "p", "healthcarePartyId": "h"}), "patientId"),
    ] {
        assert_eq!(refused(jorah.post("user", user.clone()).await, 400), field, "{user}");
    }
    for body in [json!(null), json!([]), json!("user")] {
        refused(jorah.post("user", body).await, 400);
    }
    world.stop().await;
}

#[tokio::test]
async fn only_administrators_give_roles_and_permissions() {
    let world = World::new().await;
    let (jorah, admin) = (world.hcp("jorah").await, world.admin().await);
    let permission = json!({"grants": [{"itemType": "AlwaysPermissionItemDto", "type": "ADMIN"}]});
    for (extra, field) in
        [(json!({"roles": ["ADMIN"]}), "roles"), (json!({"permissions": [permission]}), "permissions")]
    {
        let mut user = json!({"id": "u", "login": "u"});
        user.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(refused(jorah.post("user", user).await, 403), field);
    }
    refused(jorah.post("user/admin", json!({"id": "u", "login": "u"})).await, 403);
    let unknown = admin.post("user", json!({"id": "u", "login": "u", "roles": ["ADMIN", "KING"]})).await;
    assert_eq!(refused(unknown, 400), "roles[1]");
    assert_eq!(
        ok(admin.post("user", json!({"id": "u", "login": "u", "roles": ["HCP"]})).await)["roles"],
        json!(["HCP"])
    );
    assert_eq!(ok(admin.post("user/admin", json!({"id": "v", "login": "v"})).await)["roles"], json!(["ADMIN"]));
    world.stop().await;
}

#[tokio::test]
async fn a_path_that_names_another_group_is_refused() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let user: Value = json!({"id": "u", "login": "u"});
    refused(jorah.post("user/inGroup/another", user.clone()).await, 403);
    refused(jorah.post("hcparty/inGroup/another", json!({"id": "h", "name": "H"})).await, 403);
    refused(jorah.post("user/inGroup/another/match", json!({"$type": "AllUsersFilter"})).await, 403);
    let made = ok(jorah.post(&format!("user/inGroup/{}", world.group), user).await);
    assert_eq!(made["groupId"], world.group);
    world.stop().await;
}
