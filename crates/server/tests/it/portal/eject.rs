//! Taking the key out: only while the custodian lets it, and only with both halves of a backup.

use http::Method;
use serde_json::{Value, json};

use super::wallets::with_backup;
use super::{TestClient, TestEnvironment, call, client, environment, get, refused};
use crate::support::{Answer, START, TestServer};

async fn open(server: &TestServer, environment: &TestEnvironment, client: &TestClient, body: Value) -> Answer {
    let path = format!("/api/v3/custodians/me/clients/{}/enable-eject", client.id);
    call(server, Method::PATCH, &path, &environment.key, Some(&body)).await
}

/// The ids of the wallets, secp256k1 first.
async fn wallets(server: &TestServer, client: &TestClient) -> [String; 2] {
    let me = get(server, "/api/v3/clients/me", &client.key).await.json();
    [0, 1].map(|at| me["wallets"][at]["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_custodian_opens_a_window_of_five_minutes_or_as_long_as_it_says() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, _) = with_backup(&server, &environment).await;
    let [wallet, _] = wallets(&server, &made).await;
    let answer = open(&server, &environment, &made, json!({"walletId": wallet})).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"ejectableUntil": "2027-01-15T08:05:00.000Z"})));
    for (until, expected) in [
        ("2027-01-15T08:01:00Z", Some("2027-01-15T08:01:00.000Z")),
        ("2027-01-15T10:30:00.5+02:00", Some("2027-01-15T08:30:00.500Z")),
        ("2027-01-15T08:00:59.999Z", None),
        ("2026-01-15T08:00:00Z", None),
        ("tomorrow", None),
    ] {
        let answer = open(&server, &environment, &made, json!({"walletId": wallet, "ejectableUntil": until})).await;
        match expected {
            Some(expected) => assert_eq!(answer.json()["ejectableUntil"], expected),
            None => refused(&answer, 400, "BAD_REQUEST"),
        }
    }
    let me = get(&server, "/api/v3/clients/me", &made.key).await.json();
    assert_eq!(me["wallets"][0]["ejectableUntil"], "2027-01-15T08:30:00.500Z");

    let path = format!("/api/v3/custodians/me/clients/{}/prepare-eject", made.id);
    let answer = call(&server, Method::POST, &path, &environment.key, Some(&json!({"walletId": wallet}))).await;
    assert_eq!((answer.status, answer.json()), (200, json!("2027-01-15T08:05:00.000Z")));
    for body in [json!({}), json!({"walletId": "nonsense"}), json!({"walletId": 1})] {
        refused(&open(&server, &environment, &made, body.clone()).await, 400, "BAD_REQUEST");
        refused(&call(&server, Method::POST, &path, &environment.key, Some(&body)).await, 400, "BAD_REQUEST");
    }
    let without = client(&server, &environment).await;
    refused(&open(&server, &environment, &without, json!({"walletId": wallet})).await, 400, "STATE_INVALID");
    let audited = keystead_server::audit::entries(&server.app, "env", 0).await.unwrap();
    let opened: Vec<_> = audited.iter().filter(|entry| entry["action"] == "eject.window").collect();
    assert_eq!((opened.len(), &opened[0]["target"], &opened[0]["at"]), (4, &json!(made.id), &json!(START)));
}
