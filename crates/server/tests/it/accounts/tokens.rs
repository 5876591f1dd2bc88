//! `POST user/token/{userId}/{key}`.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Person, World, ok, refused};
use crate::support::Answer;

async fn wanted(person: &Person, path: &str, token: &str) -> Answer {
    Answer::of(person.request(Method::POST, path).header("token", token)).await
}

#[tokio::test]
async fn a_token_is_raw_text_and_logs_in_until_it_ends() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let path = format!("user/token/{}/tablet", jorah.user);
    let answer = jorah.post(&path, Value::Null).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.len() >= 32 && answer.text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", answer.text);
    assert!(world.log_in("jorah", &answer.text).await.is_ok());
    world.server.advance(3_600_000);
    assert_eq!(world.log_in("jorah", &answer.text).await, Err(401), "an hour by default");

    let jorah = world.again(&jorah, "jorah", "jorah").await;
    let (one, two) = (jorah.post(&path, Value::Null).await.text, jorah.post(&path, Value::Null).await.text);
    assert_ne!(one, two);
    assert_eq!(world.log_in("jorah", &one).await, Err(401), "replaced by the next of its name");
    assert!(world.log_in("jorah", &two).await.is_ok());
    let in_group = format!("user/inGroup/{}/token/{}/other", world.group, jorah.user);
    assert_eq!(jorah.post(&in_group, Value::Null).await.status, 200);
    assert!(world.log_in("jorah", &two).await.is_ok(), "others stay");
    refused(jorah.post(&format!("user/inGroup/another/token/{}/other", jorah.user), Value::Null).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn a_token_can_be_chosen_and_a_short_one_does_not_last() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let path = |name: &str| format!("user/token/{}/{name}?tokenValidity=86400", jorah.user);
    assert_eq!(wanted(&jorah, &path("long"), "a token of my own").await.text, "a token of my own");
    assert_eq!(wanted(&jorah, &path("short"), "123456").await.text, "123456");
    let tokens = jorah.read("user/current").await["authenticationTokens"].clone();
    assert_eq!((&tokens["long"]["validity"], &tokens["short"]["validity"]), (&json!(86_400), &json!(600)));
    world.server.advance(600_000);
    assert_eq!(world.log_in("jorah", "123456").await, Err(401));
    assert!(world.log_in("jorah", "a token of my own").await.is_ok());

    assert_eq!(refused(wanted(&jorah, &path("guess"), "12345").await, 400), "token");
    assert_eq!(refused(wanted(&jorah, &path("bad"), "ü".repeat(8).as_str()).await, 400), "token");
    assert_eq!(wanted(&jorah, &path("empty"), "").await.text.len(), 48, "none is wanted");
    for validity in ["0", "-1", "9999999999999"] {
        let path = format!("user/token/{}/x?tokenValidity={validity}", jorah.user);
        assert_eq!(refused(jorah.post(&path, Value::Null).await, 400), "tokenValidity");
    }
    refused(jorah.post(&format!("user/token/{}/x?tokenValidity=soon", jorah.user), Value::Null).await, 400);
    assert_eq!(
        refused(jorah.post(&format!("user/token/{}/{}", jorah.user, "k".repeat(256)), Value::Null).await, 400),
        "key"
    );
    world.stop().await;
}

#[tokio::test]
async fn tokens_are_made_for_oneself_or_by_administrators() {
    let world = World::new().await;
    let (jorah, barristan, admin) = (world.hcp("jorah").await, world.hcp("barristan").await, world.admin().await);
    let dany = world.patient("dany@example.org").await;
    let path = format!("user/token/{}/theirs", jorah.user);
    refused(barristan.post(&path, Value::Null).await, 403);
    refused(dany.post(&path, Value::Null).await, 403);
    refused(dany.post("user/token/nobody/theirs", Value::Null).await, 403);
    refused(jorah.post("user/token/nobody/theirs", Value::Null).await, 404);
    let token = admin.post(&path, Value::Null).await.text;
    assert!(world.log_in("jorah", &token).await.is_ok());
    assert_eq!(world.log_in("barristan", &token).await, Err(401));
    world.stop().await;
}

#[tokio::test]
async fn tokens_in_all_groups_are_for_whom_the_login_was_valid() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let made = ok(jorah.post("user/inAllGroups/token/jorah/all?tokenValidity=86400", Value::Null).await);
    assert_eq!(made.as_array().unwrap().len(), 1);
    assert_eq!((&made[0]["groupId"], &made[0]["groupName"]), (&json!(world.group), &json!("Development")));
    assert!(world.log_in("jorah", made[0]["token"].as_str().unwrap()).await.is_ok());
    refused(dany.post("user/inAllGroups/token/jorah/all", Value::Null).await, 403);
    refused(dany.post("user/inAllGroups/token/nobody/all", Value::Null).await, 403);

    // a namesake in another group, whom the session is not for
    let app = world.server.app.clone();
    let mut tx = app.store.write().await.unwrap();
    keystead_server::groups::create_group(&app, &mut *tx, "elsewhere", "Elsewhere").await.unwrap();
    tx.commit().await.unwrap();
    let there = keystead_server::users::register::Registrant {
        group: "elsewhere".into(),
        ..world.registrant("dany@example.org")
    };
    world.register(&there).await;
    let made = ok(dany.post("user/inAllGroups/token/dany@example.org/all?tokenValidity=86400", Value::Null).await);
    assert_eq!(
        made.as_array().unwrap().iter().map(|made| made["groupId"].clone()).collect::<Vec<_>>(),
        [json!(world.group)]
    );
    world.stop().await;
}
