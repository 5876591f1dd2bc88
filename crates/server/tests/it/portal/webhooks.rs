//! Clients of a custodian that keeps its halves itself, behind webhooks that it registers with its key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post as on_post;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::device::Device;
use super::{call, client, environment, get, post, refused};
use crate::support::{TestServer, until};

const SECRET: &str = "a secret of the webhooks";

/// A custodian that keeps one share for each client and method, as the documentation's example does.
#[derive(Clone, Default)]
struct Custodian {
    shares: Arc<Mutex<BTreeMap<(String, String), String>>>,
    calls: Arc<Mutex<usize>>,
}

impl Custodian {
    /// Its base URL.
    async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhook", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/webhook/backup", on_post(backup))
            .route("/webhook/backup/fetch", on_post(fetch))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

fn knows(headers: &HeaderMap) -> bool {
    headers.get("x-webhook-secret").is_some_and(|secret| secret == SECRET)
}

async fn backup(State(custodian): State<Custodian>, headers: HeaderMap, body: String) -> StatusCode {
    *custodian.calls.lock().unwrap() += 1;
    if !knows(&headers) {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    custodian.shares.lock().unwrap().insert((text("clientId"), text("backupMethod")), text("share"));
    StatusCode::NO_CONTENT
}

async fn fetch(State(custodian): State<Custodian>, headers: HeaderMap, body: String) -> Result<String, StatusCode> {
    if !knows(&headers) {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let body: Value = serde_json::from_str(&body).unwrap();
    let client = body["clientId"].as_str().unwrap();
    let shares = custodian.shares.lock().unwrap();
    let own: Vec<&String> = shares.iter().filter(|((of, _), _)| of == client).map(|(_, share)| share).collect();
    Ok(json!({"backupShares": own}).to_string())
}

#[tokio::test]
async fn a_custodian_keeps_its_halves_itself() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let custodian = Custodian::default();
    let url = custodian.serve().await;
    for path in ["/api/webhook", "/api/v1/custodians/webhook"] {
        let answer = post(&server, path, &environment.key, &json!({"webhook": url, "secret": SECRET})).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"success": true})), "{}", answer.text);
    }
    let made = client(&server, &environment).await;
    let mut device = Device::new(&server.base, &made.session);
    device.create().await.unwrap();
    let path = "/api/v3/clients/me/signing-share-pairs";
    let stored = json!({"signingSharePairIds": device.signing_pairs(), "status": "STORED_CLIENT"});
    assert_eq!(call(&server, http::Method::PATCH, path, &made.key, Some(&stored)).await.status, 204);
    device.back_up("GDRIVE").await.unwrap();
    assert_eq!(*custodian.calls.lock().unwrap(), 0, "not before the application has the cipher text");
    let path = "/api/v2/clients/me/wallet/stored-client-backup-share";
    let stored = json!({"success": true, "backupMethod": "GDRIVE"});
    assert_eq!(call(&server, http::Method::PUT, path, &made.key, Some(&stored)).await.status, 204);
    until(async || {
        let me = get(&server, "/api/v3/clients/me", &made.key).await.json();
        let status = |at: usize| &me["wallets"][at]["backupSharePairs"][0]["status"];
        status(0) == "completed" && status(1) == "completed"
    })
    .await;
    let shares = custodian.shares.lock().unwrap().clone();
    let keys: Vec<(&str, &str)> = shares.keys().map(|(client, method)| (client.as_str(), method.as_str())).collect();
    assert_eq!(keys, [(made.id.as_str(), "GDRIVE-ED25519"), (made.id.as_str(), "GDRIVE-SECP256K1")]);

    // the key is taken out with the half that the custodian shows; without it, it is not
    let me = get(&server, "/api/v3/clients/me", &made.key).await.json();
    let wallet = me["wallets"][0]["id"].as_str().unwrap();
    let path = format!("/api/v3/custodians/me/clients/{}/prepare-eject", made.id);
    assert_eq!(post(&server, &path, &environment.key, &json!({"walletId": wallet})).await.status, 200);
    let prepare = format!("/api/v3/clients/me/wallets/{wallet}/prepare-eject");
    let answer = post(&server, &prepare, &made.key, &json!({"backupMethod": "GDRIVE"})).await;
    assert_eq!(answer.json()["share"], shares[&(made.id.clone(), "GDRIVE-SECP256K1".into())], "{}", answer.text);
    custodian.shares.lock().unwrap().clear();
    refused(&post(&server, &prepare, &made.key, &json!({})).await, 503, "WEBHOOK_FAILED");
}

#[tokio::test]
async fn webhooks_that_may_not_be_called_are_not_taken() {
    let server = TestServer::with(|_| {}).await;
    let environment = environment(&server, "env").await;
    for (webhook, secret) in [
        (json!("http://127.0.0.1:1/webhook"), json!("x")),
        (json!("https://10.0.0.1/webhook"), json!("x")),
        (json!("https://user@example.org/webhook"), json!("x")),
        (json!("ftp://example.org"), json!("x")),
        (json!("nonsense"), json!("x")),
        (json!(""), json!("x")),
        (Value::Null, json!("x")),
        (json!("https://custodian.example.org/webhook"), json!("")),
        (json!("https://custodian.example.org/webhook"), Value::Null),
        (json!("https://custodian.example.org/webhook"), json!("two\nlines")),
    ] {
        let body = json!({"webhook": webhook, "secret": secret});
        refused(&post(&server, "/api/webhook", &environment.key, &body).await, 400, "BAD_REQUEST");
    }
    let body = json!({"webhook": "https://custodian.example.org/webhook", "secret": SECRET});
    assert_eq!(post(&server, "/api/webhook", &environment.key, &body).await.status, 200);
    let made = client(&server, &environment).await;
    refused(&post(&server, "/api/webhook", &made.key, &body).await, 401, "AUTH_FAILED");
}
