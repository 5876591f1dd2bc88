//! Attacks on identities: becoming a data owner that somebody else is, and coming back later in the
//! name of somebody one has invited.

use serde_json::{Value, json};

use super::people::{Person, World, ok, refused};

/// A patient whom `hcp` invited, with a session.
async fn invited(world: &World, hcp: &Person) -> Person {
    let patient = hcp.add_patient("sansa").await;
    ok(hcp.post("user", json!({"id": "u-sansa", "login": "sansa", "patientId": patient})).await);
    let token = hcp.post("user/token/u-sansa/invite?tokenValidity=86400", Value::Null).await;
    assert_eq!(token.status, 200, "{}", token.text);
    world.person("u-sansa", "sansa", &world.log_in("sansa", &token.text).await.unwrap())
}

#[tokio::test]
async fn an_inviter_prepares_the_user_until_its_data_owner_has_a_key() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let sansa = invited(&world, &jorah).await;

    let mut user = jorah.read("user/u-sansa").await;
    user["email"] = json!("sansa@example.org");
    user["passwordHash"] = json!("winterfell");
    let user = ok(jorah.put("user", user).await);
    assert_eq!((&user["email"], &user["passwordHash"]), (&json!("sansa@example.org"), &json!("*")));
    refused(barristan.put("user", user.clone()).await, 403);
    refused(barristan.post("user/token/u-sansa/mine", Value::Null).await, 403);
    refused(barristan.delete("user/u-sansa").await, 403);

    let sansa = world.again(&sansa, "sansa@example.org", "winterfell").await;
    sansa.publish(1).await;

    let mut takeover = user.clone();
    takeover["email"] = json!("jorah@evil.example");
    refused(jorah.put("user", takeover).await, 403);
    let mut password = user.clone();
    password["passwordHash"] = json!("mine now");
    refused(jorah.put("user", password).await, 403);
    refused(jorah.put("user", user.clone()).await, 403);
    refused(jorah.post("user/token/u-sansa/mine", Value::Null).await, 403);
    refused(jorah.put("user/u-sansa/properties", json!([])).await, 403);
    refused(jorah.delete("user/u-sansa").await, 403);
    assert_eq!(world.log_in("sansa", "mine now").await, Err(401));
    assert_eq!(sansa.read("user/current").await["email"], "sansa@example.org");
    assert_eq!(jorah.read("user/u-sansa").await["id"], "u-sansa", "reading goes on");
    world.stop().await;
}

#[tokio::test]
async fn nobody_becomes_a_data_owner_who_has_a_user() {
    let world = World::new().await;
    let (jorah, mallory) = (world.hcp("jorah").await, world.hcp("mallory").await);
    invited(&world, &jorah).await;
    let second = |owner: Value| {
        let mut user = json!({"id": "u-evil", "login": "evil", "passwordHash": "evil"});
        user.as_object_mut().unwrap().extend(owner.as_object().unwrap().clone());
        user
    };
    // even by who made the first user, and who may modify the patient
    assert_eq!(refused(jorah.post("user", second(json!({"patientId": "sansa"}))).await, 409), "patientId");
    let victim = json!({"healthcarePartyId": jorah.owner});
    assert_eq!(refused(mallory.post("user", second(victim)).await, 409), "healthcarePartyId");
    let dany = world.patient("dany@example.org").await;
    assert_eq!(refused(mallory.post("user", second(json!({"patientId": dany.owner}))).await, 409), "patientId");
    assert_eq!(world.log_in("evil", "evil").await, Err(401));
    let admin = world.admin().await;
    ok(admin.post("user", second(json!({"patientId": "sansa"}))).await);
    world.stop().await;
}

#[tokio::test]
async fn nobody_becomes_a_data_owner_that_is_not_theirs_to_give() {
    let world = World::new().await;
    let (jorah, mallory) = (world.hcp("jorah").await, world.hcp("mallory").await);
    jorah.add_patient("sansa").await;
    ok(jorah.post("hcparty", json!({"id": "grey", "lastName": "Worm"})).await);
    ok(jorah.post("device", json!({"id": "scale"})).await);
    for owner in [json!({"patientId": "sansa"}), json!({"healthcarePartyId": "grey"}), json!({"deviceId": "scale"})] {
        let mut user = json!({"id": "u-evil", "login": "evil"});
        user.as_object_mut().unwrap().extend(owner.as_object().unwrap().clone());
        let field = owner.as_object().unwrap().keys().next().unwrap().clone();
        assert_eq!(refused(mallory.post("user", user).await, 403), field);
    }
    ok(jorah.post("user", json!({"id": "u-scale", "login": "scale", "deviceId": "scale"})).await);
    world.stop().await;
}

#[tokio::test]
async fn who_has_published_a_key_is_somebody_even_without_a_user() {
    let world = World::new().await;
    let (jorah, admin) = (world.hcp("jorah").await, world.admin().await);
    let sansa = invited(&world, &jorah).await;
    sansa.publish(1).await;
    ok(sansa.delete("user/u-sansa").await);
    refused(jorah.post("user/undelete/u-sansa", Value::Null).await, 403);
    let user = json!({"id": "u-evil", "login": "evil", "patientId": "sansa"});
    assert_eq!(refused(jorah.post("user", user.clone()).await, 403), "patientId");
    ok(admin.post("user", user).await);
    world.stop().await;
}

#[tokio::test]
async fn a_reader_of_a_patient_does_not_become_the_patient() {
    let world = World::new().await;
    let (jorah, mallory) = (world.hcp("jorah").await, world.hcp("mallory").await);
    let (root, child) = ("1".repeat(64), "2".repeat(64));
    let metadata = json!({"secureDelegations": {
        root.as_str(): {"delegator": jorah.owner, "delegate": jorah.owner, "exchangeDataId": "x", "permissions": "WRITE"},
        child.as_str(): {
            "delegator": jorah.owner, "delegate": mallory.owner, "exchangeDataId": "y",
            "parentDelegations": [root], "permissions": "READ",
        },
    }});
    ok(jorah.post("patient", json!({"id": "arya", "securityMetadata": metadata})).await);
    assert_eq!(mallory.get("patient/arya").await.status, 200);
    let user = json!({"id": "u-arya", "login": "arya", "patientId": "arya"});
    assert_eq!(refused(mallory.post("user", user.clone()).await, 403), "patientId");
    ok(jorah.post("user", user).await);
    world.stop().await;
}

#[tokio::test]
async fn an_id_that_opens_something_is_nobodys_new_id() {
    let world = World::new().await;
    let (jorah, mallory) = (world.hcp("jorah").await, world.hcp("mallory").await);
    let dany = world.patient("dany@example.org").await;
    jorah.add_patient("sansa").await;
    // the ids of others, whichever kind they are, and a delegation key
    for id in [&jorah.owner, &dany.owner, "sansa"] {
        refused(mallory.post("hcparty", json!({"id": id, "name": "Evil"})).await, 409);
        refused(mallory.post("device", json!({"id": id})).await, 409);
        let root = json!({"delegator": mallory.owner, "delegate": mallory.owner, "exchangeDataId": "x", "permissions": "WRITE"});
        let metadata = json!({"secureDelegations": {"3".repeat(64): root}});
        refused(mallory.post("patient", json!({"id": id, "securityMetadata": metadata})).await, 409);
    }
    let delegation_key = super::people::delegation_key("sansa");
    for class in ["hcparty", "device"] {
        assert_eq!(refused(mallory.post(class, json!({"id": delegation_key, "name": "Evil"})).await, 400), "id");
    }
    // deleting does not free an id
    ok(mallory.post("hcparty", json!({"id": "gone", "name": "Gone"})).await);
    ok(mallory.delete("hcparty/gone").await);
    refused(jorah.post("device", json!({"id": "gone"})).await, 409);
    world.stop().await;
}

#[tokio::test]
async fn invitations_end_within_a_month() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let sansa = invited(&world, &jorah).await;
    let token = jorah.post("user/token/u-sansa/long?tokenValidity=315360000", Value::Null).await.text;
    assert_eq!(sansa.read("user/current").await["authenticationTokens"]["long"]["validity"], 2_592_000);
    world.server.advance(2_591_999_000);
    assert!(world.log_in("sansa", &token).await.is_ok());
    world.server.advance(1_000);
    assert_eq!(world.log_in("sansa", &token).await, Err(401));
    world.stop().await;
}
