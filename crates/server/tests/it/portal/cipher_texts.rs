//! Cipher texts that are kept here, where the environment says so.

use http::Method;
use serde_json::json;

use super::wallets::with_backup;
use super::{TestClient, call, client, environment, environment_with, get, refused};
use crate::support::{Answer, TestServer};

async fn keep(server: &TestServer, client: &TestClient, method: Method, pair: &str, text: &str) -> Answer {
    let path = format!("/api/v3/clients/me/backup-share-pairs/{pair}");
    call(server, method, &path, &client.key, Some(&json!({"clientCipherText": text}))).await
}

async fn read(server: &TestServer, client: &TestClient, pair: &str) -> Answer {
    get(server, &format!("/api/v3/clients/me/backup-share-pairs/{pair}/cipher-text"), &client.session).await
}

#[tokio::test]
async fn a_cipher_text_is_kept_for_each_pair_and_replaced() {
    let server = TestServer::dev().await;
    let environment =
        environment_with(&server, "env", |environment| environment.backup_with_portal_enabled = true).await;
    let (made, mut device) = with_backup(&server, &environment).await;
    let [first, second] = device.backup_pairs();
    refused(&read(&server, &made, &first).await, 404, "NOT_FOUND");
    for (method, pair, text) in
        [(Method::PATCH, &first, "one"), (Method::POST, &second, "two"), (Method::PATCH, &first, "three")]
    {
        let answer = keep(&server, &made, method, pair, text).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})));
        assert_eq!(read(&server, &made, pair).await.json(), json!({"cipherText": text}));
    }
    for text in ["", &"a".repeat(65_537)] {
        refused(&keep(&server, &made, Method::PATCH, &first, text).await, 400, "BAD_REQUEST");
    }
    assert_eq!(keep(&server, &made, Method::PATCH, &first, &"a".repeat(65_536)).await.status, 200);

    let stranger = client(&server, &environment).await;
    for pair in [first.as_str(), "nonsense", &device.signing_pairs()[0]] {
        refused(&keep(&server, &stranger, Method::PATCH, pair, "x").await, 404, "NOT_FOUND");
        refused(&read(&server, &stranger, pair).await, 404, "NOT_FOUND");
    }
    refused(&keep(&server, &made, Method::PATCH, &device.signing_pairs()[0], "x").await, 404, "NOT_FOUND");

    // a recovery ends the pair, and what was kept for it is not given out any more
    device.recover().await.unwrap();
    let signing = json!({"signingSharePairIds": device.signing_pairs(), "status": "STORED_CLIENT"});
    let path = "/api/v3/clients/me/signing-share-pairs";
    assert_eq!(call(&server, Method::PATCH, path, &made.key, Some(&signing)).await.status, 204);
    let new = device.backup_pairs();
    assert_eq!(keep(&server, &made, Method::PATCH, &new[0], "new").await.status, 200);
    assert_eq!(read(&server, &made, &second).await.json()["cipherText"], "two", "it may still be needed");
    let stored = json!({"backupSharePairIds": new, "status": "STORED_CLIENT_BACKUP_SHARE"});
    let path = "/api/v3/clients/me/backup-share-pairs";
    assert_eq!(call(&server, Method::PATCH, path, &made.key, Some(&stored)).await.status, 204);
    refused(&read(&server, &made, &second).await, 404, "NOT_FOUND");
    assert_eq!(read(&server, &made, &new[0]).await.json()["cipherText"], "new");
}

#[tokio::test]
async fn an_application_that_keeps_them_itself_is_told_so() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, device) = with_backup(&server, &environment).await;
    let pair = &device.backup_pairs()[0];
    refused(&keep(&server, &made, Method::PATCH, pair, "x").await, 400, "STATE_INVALID");
    refused(&read(&server, &made, pair).await, 400, "STATE_INVALID");
}
