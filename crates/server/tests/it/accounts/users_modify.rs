//! Modifying users: what each may change, and whose sessions end.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn a_user_changes_what_is_its_own_and_nothing_else() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let user = dany.read("user/current").await;
    let with = |key: &str, value: Value| {
        let mut changed = user.clone();
        changed[key] = value;
        changed
    };
    for (key, value, status) in [
        ("email", json!("victim@example.org"), 403),
        ("email", json!(null), 403),
        ("login", json!("jorah@example.org"), 403),
        ("mobilePhone", json!("+32470123456"), 403),
        ("status", json!("REGISTERING"), 403),
        ("roles", json!(["ADMIN"]), 403),
        ("permissions", json!([{}]), 403),
        ("patientId", json!(jorah.owner), 403),
        ("patientId", json!(null), 403),
        ("deletionDate", json!(1), 400),
        ("applicationTokens", json!({"a": "b"}), 400),
    ] {
        assert_eq!(refused(dany.put("user", with(key, value.clone())).await, status), key, "{value}");
    }
    let both = json!({"healthcarePartyId": jorah.owner, "patientId": null});
    let mut becomes = user.clone();
    becomes.as_object_mut().unwrap().extend(both.as_object().unwrap().clone());
    assert_eq!(refused(dany.put("user", becomes).await, 403), "healthcarePartyId");

    let mut changed = with("autoDelegations", json!({"all": [jorah.owner], "medicalInformation": ["x"]}));
    changed["email"] = json!("Dany@Example.org");
    changed["groupId"] = json!("another");
    changed["name"] = json!("Khaleesi");
    let stored = ok(dany.put("user", changed).await);
    assert_eq!(stored["autoDelegations"], json!({"all": [jorah.owner], "medicalInformation": ["x"]}));
    assert_eq!((&stored["name"], &stored["groupId"]), (&json!("Khaleesi"), &json!(world.group)));
    assert_ne!(stored["rev"], user["rev"]);

    assert_eq!(dany.put("user", user.clone()).await.error(), "REVISION_CONFLICT");
    assert_eq!(refused(dany.put("user", with("rev", json!(null))).await, 400), "rev");
    refused(dany.put("user", with("id", json!(jorah.user))).await, 403);
    refused(dany.put("user", with("id", json!("nobody"))).await, 403);
    refused(jorah.put("user", stored).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let elsewhere = world.again(&jorah, "jorah", "jorah").await;
    let mut user = jorah.read("user/current").await;
    assert_eq!(user["passwordHash"], "*");
    user["passwordHash"] = json!("longclaw");
    let answer = jorah.put("user", user.clone()).await;
    assert!(!answer.text.contains("longclaw"));
    let stored = ok(answer);
    assert_eq!(stored["passwordHash"], "*");
    assert_eq!(jorah.get("user/current").await.status, 200, "the session that changed it goes on");
    refused(elsewhere.get("user/current").await, 401);
    assert_eq!(world.log_in("jorah", "jorah").await, Err(401));
    assert!(world.log_in("jorah", "longclaw").await.is_ok());

    // unchanged: what was read is sent back, or nothing
    let stored = ok(jorah.put("user", stored).await);
    let mut without = stored.clone();
    without.as_object_mut().unwrap().remove("passwordHash");
    assert_eq!(ok(jorah.put("user", without).await)["passwordHash"], "*");
    assert!(world.log_in("jorah", "longclaw").await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn a_long_lived_token_is_not_enough_for_a_new_password_or_second_factor() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let path = format!("user/token/{}/tablet?tokenValidity=86400", jorah.user);
    let token = jorah.post(&path, Value::Null).await.text;
    let thief = world.again(&jorah, "jorah", &token).await;
    let mut user = thief.read("user/current").await;
    user["passwordHash"] = json!("stolen");
    user.as_object_mut().unwrap().remove("authenticationTokens");
    let second = json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "otpLength": 6});
    for answer in [
        thief.put("user", user.clone()).await,
        thief.post(&format!("user/{}/2fa", jorah.user), second.clone()).await,
        thief.delete(&format!("user/{}/2fa", jorah.user)).await,
        // a token of the class of a one-time code would count for more
        thief.post(&format!("user/token/{}/short?tokenValidity=600", jorah.user), Value::Null).await,
    ] {
        assert_eq!((answer.status, answer.error().as_str()), (401, "STRONGER_LOGIN_REQUIRED"));
        assert_eq!(answer.headers["icure-minimum-required-auth-level"], "20");
    }
    assert_eq!(thief.post(&format!("user/{}/2fa", world.admin().await.user), second.clone()).await.status, 403);
    assert_eq!(jorah.post(&format!("user/{}/2fa", jorah.user), second).await.status, 204);
    assert_eq!(world.log_in("jorah", "jorah").await, Err(417));
    assert_eq!(jorah.delete(&format!("user/{}/2fa", jorah.user)).await.status, 204);
    assert!(world.log_in("jorah", "jorah").await.is_ok());
    world.stop().await;
}

#[tokio::test]
async fn an_administrator_changes_everything_and_the_user_logs_in_again() {
    let world = World::new().await;
    let (admin, jorah) = (world.admin().await, world.hcp("jorah").await);
    let path = format!("user/{}", jorah.user);
    let change = async |key: &str, value: Value| {
        let mut user = admin.read(&path).await;
        user[key] = value;
        ok(admin.put("user", user).await)
    };
    assert_eq!(change("email", json!("Jorah@example.org")).await["email"], "Jorah@example.org");
    assert_eq!(jorah.get("user/current").await.status, 200, "an address ends no session");
    let jorah = world.again(&jorah, "jorah@example.org", "jorah").await;

    change("roles", json!(["ADMIN"])).await;
    refused(jorah.get("user/current").await, 401);
    let jorah = world.again(&jorah, "jorah", "jorah").await;
    change("passwordHash", json!("by the admin")).await;
    refused(jorah.get("user/current").await, 401);
    let jorah = world.again(&jorah, "jorah", "by the admin").await;
    change("status", json!("DISABLED")).await;
    refused(jorah.get("user/current").await, 401);
    assert_eq!(world.log_in("jorah", "by the admin").await, Err(401));
    change("status", json!("ACTIVE")).await;
    assert!(world.log_in("jorah", "by the admin").await.is_ok());

    let mut nobody = admin.read(&path).await;
    nobody["healthcarePartyId"] = json!("nobody");
    assert_eq!(refused(admin.put("user", nobody).await, 400), "healthcarePartyId");
    world.stop().await;
}

#[tokio::test]
async fn roles_are_the_administrators_to_give() {
    let world = World::new().await;
    let (admin, jorah) = (world.admin().await, world.hcp("jorah").await);
    let path = format!("user/{}/roles/set", jorah.user);
    refused(jorah.post(&path, json!({"ids": ["ADMIN"]})).await, 403);
    refused(jorah.post(&format!("user/{}/roles/reset", admin.user), Value::Null).await, 403);
    assert_eq!(refused(admin.post(&path, json!({"ids": ["KING"]})).await, 400), "ids[0]");
    assert_eq!(ok(admin.post(&path, json!({"ids": ["ADMIN"]})).await)["roles"], json!(["ADMIN"]));
    let jorah = world.again(&jorah, "jorah", "jorah").await;
    let reset = format!("user/{}/inGroup/{}/roles/reset", admin.user, world.group);
    assert_eq!(ok(jorah.post(&reset, Value::Null).await)["roles"], json!([]));
    refused(admin.post(&path, json!({})).await, 401);
    let admin = world.again(&admin, "admin", "admin").await;
    refused(admin.post(&path, json!({})).await, 403);
    refused(admin.post("user/nobody/inGroup/another/roles/reset", Value::Null).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn properties_replace_those_of_the_same_name() {
    let world = World::new().await;
    let dany = world.patient("dany@example.org").await;
    let path = format!("user/{}/properties", dany.user);
    let property = |name: &str, value: i64| json!({"type": {"identifier": name, "type": "INTEGER"}, "typedValue": {"type": "INTEGER", "integerValue": value}});
    ok(dany.put(&path, json!([property("a", 1), property("b", 2), {"id": "c"}])).await);
    let stored = ok(dany.put(&path, json!([property("b", 3), {"id": "c"}])).await);
    assert_eq!(stored["properties"], json!([property("a", 1), property("b", 3), {"id": "c"}]));
    ok(dany.put(&path, Value::Null).await);
    assert_eq!(refused(dany.put(&path, json!([{"id": "c"}, {"unknown": 1}])).await, 400), "[1].unknown");
    world.stop().await;
}
