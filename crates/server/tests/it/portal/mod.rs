//! The interface of Portal, as custodians and their applications see it.

mod cheating;
mod cipher_texts;
mod credentials;
mod device;
mod eject;
mod openapi;
mod reading;
mod wallets;
mod web_otp;
mod webhooks;

use http::Method;
use keystead_server::groups::create_group;
use keystead_server::portal::{Custodian, Environment, make_key, set_environment};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// An environment: a group, and a key of its custodian.
pub(crate) struct TestEnvironment {
    pub(crate) group: String,
    pub(crate) key: String,
}

/// Makes the environment `group`.
pub(crate) async fn environment(server: &TestServer, group: &str) -> TestEnvironment {
    environment_with(server, group, |_| {}).await
}

/// The same, with `change` made to its settings.
pub(crate) async fn environment_with(
    server: &TestServer,
    group: &str,
    change: impl FnOnce(&mut Environment),
) -> TestEnvironment {
    let app = &server.app;
    let custodian = Custodian { id: "acme".into(), name: "Acme".into() };
    let mut environment = Environment::new(group, "Development", custodian);
    change(&mut environment);
    let mut tx = app.store.write().await.unwrap();
    create_group(app, &mut *tx, group, "Acme").await.unwrap();
    set_environment(app, &mut *tx, &environment).await.unwrap();
    let key = make_key(app, &mut *tx, group, Some("test")).await.unwrap();
    tx.commit().await.unwrap();
    TestEnvironment { group: group.into(), key }
}

/// A call with a key.
pub(crate) async fn call(server: &TestServer, method: Method, path: &str, key: &str, body: Option<&Value>) -> Answer {
    let request = server.http.request(method, format!("{}{path}", server.base)).bearer_auth(key);
    Answer::of(match body {
        Some(body) => request.json(body),
        None => request,
    })
    .await
}

/// `GET path` with a key.
pub(crate) async fn get(server: &TestServer, path: &str, key: &str) -> Answer {
    call(server, Method::GET, path, key, None).await
}

/// `POST path` with a key.
pub(crate) async fn post(server: &TestServer, path: &str, key: &str, body: &Value) -> Answer {
    call(server, Method::POST, path, key, Some(body)).await
}

/// Something that a client may call, and that changes nothing.
pub(crate) async fn try_client(server: &TestServer, key: &str) -> u16 {
    post(server, "/api/v1/analytics/track", key, &json!({})).await.status
}

/// A client as the custodian is told of it.
pub(crate) struct TestClient {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) session: String,
}

/// Makes a client.
pub(crate) async fn client(server: &TestServer, environment: &TestEnvironment) -> TestClient {
    let answer = post(server, "/api/clients", &environment.key, &json!({})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json();
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    TestClient { id: text("id"), key: text("clientApiKey"), session: text("clientSessionToken") }
}

/// Expects a refusal in the shape of portal 2, with this status and id.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, id: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    let body = answer.json();
    assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert_eq!(body["id"], id, "{body}");
}
