//! Deleting, undeleting and purging users.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn a_deleted_user_is_logged_out_at_once_and_its_secrets_are_gone() {
    let world = World::new().await;
    let (admin, jorah, barristan) = (world.admin().await, world.hcp("jorah").await, world.hcp("barristan").await);
    let path = format!("user/{}", jorah.user);
    let token = jorah.post(&format!("user/token/{}/tablet", jorah.user), Value::Null).await.text;
    let rev = jorah.read("user/current").await["rev"].clone();
    refused(barristan.delete(&path).await, 403);
    refused(admin.delete(&format!("{path}?rev=1-{}", "0".repeat(32))).await, 409);
    let deleted = ok(admin.delete(&format!("{path}?rev={}", rev.as_str().unwrap())).await);
    assert_ne!(deleted["rev"], rev, "the new revision, for undeleting");

    refused(jorah.get("user/current").await, 401);
    assert_eq!(world.log_in("jorah", "jorah").await, Err(401));
    refused(admin.get(&path).await, 404);
    assert_eq!(ok(admin.post("user/byIds", json!({"ids": [jorah.user]})).await), json!([]));
    refused(admin.delete(&path).await, 404);

    let undelete = format!("user/undelete/{}", jorah.user);
    refused(barristan.post(&undelete, Value::Null).await, 403);
    refused(admin.post(&format!("{undelete}?rev={}", rev.as_str().unwrap()), Value::Null).await, 409);
    let back = ok(admin.post(&format!("{undelete}?rev={}", deleted["rev"].as_str().unwrap()), Value::Null).await);
    assert_eq!((&back["deletionDate"], &back["passwordHash"]), (&json!(null), &json!(null)));
    refused(admin.post(&undelete, Value::Null).await, 400);
    assert_eq!(world.log_in("jorah", "jorah").await, Err(401), "the password is gone");
    assert_eq!(world.log_in("jorah", &token).await, Err(401), "and the tokens");
    let token = admin.post(&format!("user/token/{}/back", jorah.user), Value::Null).await.text;
    assert!(world.log_in("jorah", &token).await.is_ok(), "under the old name");
    world.stop().await;
}

#[tokio::test]
async fn names_are_free_after_a_deletion_and_taken_ones_do_not_come_back() {
    let world = World::new().await;
    let (admin, jorah) = (world.admin().await, world.hcp("jorah").await);
    ok(jorah.post("user", json!({"id": "u1", "login": "grey"})).await);
    ok(jorah.delete("user/u1").await);
    ok(jorah.post("user", json!({"id": "u2", "login": "grey"})).await);
    assert_eq!(refused(jorah.post("user/undelete/u1", Value::Null).await, 409), "login");
    assert_eq!(refused(jorah.post("user", json!({"id": "u1", "login": "new"})).await, 409), "id");

    // nor does a user whose data owner is somebody else by now
    jorah.add_patient("sansa").await;
    ok(jorah.post("user", json!({"id": "u3", "login": "one", "patientId": "sansa"})).await);
    ok(jorah.delete("user/u3").await);
    ok(jorah.post("user", json!({"id": "u4", "login": "two", "patientId": "sansa"})).await);
    assert_eq!(refused(jorah.post("user/undelete/u3", Value::Null).await, 409), "patientId");

    refused(jorah.delete("user/purge/u1").await, 403);
    ok(admin.delete("user/purge/u1").await);
    refused(admin.delete("user/purge/u1").await, 404);
    ok(jorah.post("user", json!({"id": "u1", "login": "new"})).await);
    world.stop().await;
}

#[tokio::test]
async fn a_user_deletes_itself() {
    let world = World::new().await;
    let dany = world.patient("dany@example.org").await;
    let group = &world.group;
    refused(dany.delete(&format!("user/inGroup/another/{}", dany.user)).await, 403);
    ok(dany.delete(&format!("user/inGroup/{group}/{}", dany.user)).await);
    refused(dany.get("user/current").await, 401);
    let again = world.register(&world.registrant("dany@example.org")).await;
    assert_ne!(again, dany.user, "the address may register anew");
    world.stop().await;
}
