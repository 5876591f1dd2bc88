//! Clients of custodians with wallets: from the making of the keys to the second recovery, as both sides see it.

use http::Method;
use serde_json::{Value, json};

use super::device::{Device, open};
use super::{TestClient, TestEnvironment, call, client, environment, get, refused};
use crate::support::{Answer, TestServer};

const ME: &str = "/api/v3/clients/me";

async fn patch(server: &TestServer, path: &str, key: &str, body: Value) -> Answer {
    call(server, Method::PATCH, path, key, Some(&body)).await
}

pub(super) async fn signing_stored(server: &TestServer, key: &str, ids: &[String]) -> Answer {
    let body = json!({"signingSharePairIds": ids, "status": "STORED_CLIENT"});
    patch(server, &format!("{ME}/signing-share-pairs"), key, body).await
}

pub(super) async fn backup_stored(server: &TestServer, key: &str, ids: &[String], status: &str) -> Answer {
    let body = json!({"backupSharePairIds": ids, "status": status});
    patch(server, &format!("{ME}/backup-share-pairs/"), key, body).await
}

async fn put(server: &TestServer, path: &str, key: &str, body: Value) -> u16 {
    call(server, Method::PUT, &format!("/api/{path}"), key, Some(&body)).await.status
}

/// What a client sees of itself.
async fn me(server: &TestServer, key: &str) -> Value {
    let answer = get(server, ME, key).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The statuses of the pairs of both wallets.
fn statuses(client: &Value, kind: &str) -> Vec<Value> {
    let wallets = client["wallets"].as_array().unwrap();
    wallets
        .iter()
        .map(|wallet| wallet[kind].as_array().unwrap().iter().map(|pair| pair["status"].clone()).collect())
        .collect()
}

/// A client with keys on its device.
async fn with_wallet(server: &TestServer, environment: &TestEnvironment) -> (TestClient, Device) {
    let made = client(server, environment).await;
    let mut device = Device::new(&server.base, &made.session);
    device.create().await.unwrap();
    assert_eq!(signing_stored(server, &made.key, &device.signing_pairs()).await.status, 204);
    (made, device)
}

/// The same, with a backup that is in force.
pub(super) async fn with_backup(server: &TestServer, environment: &TestEnvironment) -> (TestClient, Device) {
    let (made, mut device) = with_wallet(server, environment).await;
    device.back_up("PASSWORD").await.unwrap();
    let stored = backup_stored(server, &made.key, &device.backup_pairs(), "STORED_CLIENT_BACKUP_SHARE").await;
    assert_eq!(stored.status, 204, "{}", stored.text);
    (made, device)
}

#[tokio::test]
async fn a_client_makes_backs_up_loses_and_recovers_a_wallet() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    assert_eq!(me(&server, &made.key).await["wallets"], json!([]));

    let mut device = Device::new(&server.base, &made.session);
    device.create().await.unwrap();
    let incomplete = json!(["incomplete"]);
    assert_eq!(statuses(&me(&server, &made.key).await, "signingSharePairs"), [incomplete.clone(), incomplete.clone()]);
    let [first, second] = device.signing_pairs();
    for (ids, expected) in
        [([first.clone()], [&json!(["completed"]), &incomplete]), ([second], [&json!(["completed"]); 2])]
    {
        assert_eq!(signing_stored(&server, &made.session, &ids).await.status, 204);
        assert_eq!(statuses(&me(&server, &made.key).await, "signingSharePairs").iter().collect::<Vec<_>>(), expected);
    }
    assert_eq!(signing_stored(&server, &made.key, &[first]).await.status, 204, "again");
    assert!(device.sign().await.unwrap());
    assert_eq!(device.create().await.unwrap_err(), "WALLET_EXISTS");
    let addresses = me(&server, &made.key).await["metadata"]["namespaces"].clone();
    assert!(addresses["eip155"]["address"].as_str().unwrap().starts_with("0x"));

    device.back_up("GDRIVE").await.unwrap();
    let pairs = device.backup_pairs();
    for status in ["STORED_CLIENT_BACKUP_SHARE_KEY", "STORED_CLIENT_BACKUP_SHARE"] {
        assert_eq!(
            statuses(&me(&server, &made.key).await, "backupSharePairs"),
            [incomplete.clone(), incomplete.clone()]
        );
        assert_eq!(backup_stored(&server, &made.key, &pairs, status).await.status, 204);
        assert_eq!(backup_stored(&server, &made.key, &pairs, status).await.status, 204, "again");
    }
    let client = me(&server, &made.key).await;
    assert_eq!(statuses(&client, "backupSharePairs"), [json!(["completed"]), json!(["completed"])]);
    assert_eq!(client["wallets"][1]["backupSharePairs"][0]["backupMethod"], "GDRIVE");

    // the device is lost; what the application kept brings it back, with the API key as the bearer
    let mut lost = std::mem::replace(&mut device, Device::new(&server.base, &made.key));
    device.backup = lost.backup.take();
    assert_eq!(device.recover().await.unwrap_err(), "WALLET_STALE", "generations were seen on the other device");
    device.learn().await;
    device.recover().await.unwrap();
    let v = "v2/clients/me/wallet/stored-client-backup-share";
    assert_eq!(put(&server, v, &made.key, json!({"success": true})).await, 400, "the signing half first");
    assert_eq!(signing_stored(&server, &made.key, &device.signing_pairs()).await.status, 204);
    assert!(lost.sign().await.unwrap(), "nothing new is in force before the text is stored");
    for success in [false, true, true] {
        let body = json!({"success": success, "backupMethod": "GDRIVE", "isMultiBackupEnabled": true});
        assert_eq!(put(&server, v, &made.key, body).await, 204);
    }
    assert!(device.sign().await.unwrap());
    assert_eq!(lost.sign().await.unwrap_err(), "SIGN_SHARE_MISMATCH");
    let client = me(&server, &made.key).await;
    assert_eq!(client["metadata"]["namespaces"], addresses);
    for kind in ["signingSharePairs", "backupSharePairs"] {
        assert_eq!(statuses(&client, kind), [json!(["completed"]), json!(["completed"])], "the old ones are left out");
    }
    refused(&signing_stored(&server, &made.key, &lost.signing_pairs()).await, 400, "STATE_INVALID");
}

#[tokio::test]
async fn what_is_said_of_pairs_holds_for_all_of_them_or_for_none() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (other, foreign) = with_backup(&server, &environment).await;
    let made = client(&server, &environment).await;
    let mut device = Device::new(&server.base, &made.key);
    refused(&signing_stored(&server, &made.key, &foreign.signing_pairs()).await, 400, "STATE_INVALID");
    device.create().await.unwrap();
    let own = device.signing_pairs();
    for wrong in [foreign.signing_pairs()[0].as_str(), "00000000-0000-0000-0000-000000000000", "nonsense", ""] {
        let ids = [own[0].clone(), own[1].clone(), wrong.to_owned()];
        refused(&signing_stored(&server, &made.key, &ids).await, 400, "BAD_REQUEST");
        assert_eq!(
            statuses(&me(&server, &made.key).await, "signingSharePairs"),
            [json!(["incomplete"]), json!(["incomplete"])]
        );
    }
    let path = format!("{ME}/signing-share-pairs");
    for body in [
        json!({}),
        json!({"signingSharePairIds": own}),
        json!({"signingSharePairIds": own, "status": "STORED_DATABASE"}),
        json!({"signingSharePairIds": own, "status": "STORED_CLIENT_BACKUP_SHARE"}),
        json!({"signingSharePairIds": [], "status": "STORED_CLIENT"}),
        json!({"signingSharePairIds": own[0], "status": "STORED_CLIENT"}),
        json!({"signingSharePairIds": [1], "status": "STORED_CLIENT"}),
        json!({"signingSharePairIds": vec![&own[0]; 65], "status": "STORED_CLIENT"}),
    ] {
        refused(&patch(&server, &path, &made.key, body).await, 400, "BAD_REQUEST");
    }
    assert_eq!(
        put(&server, "v1/clients/me/wallet/stored-client-signing-share", &made.key, json!({"success": false})).await,
        204
    );
    assert_eq!(statuses(&me(&server, &made.key).await, "signingSharePairs")[0], json!(["incomplete"]));
    assert_eq!(put(&server, "v2/clients/me/wallet/stored-client-signing-share", &made.key, json!({})).await, 204);
    assert_eq!(statuses(&me(&server, &made.key).await, "signingSharePairs")[0], json!(["completed"]));

    device.back_up("PASSWORD").await.unwrap();
    let own = device.backup_pairs();
    let path = format!("{ME}/backup-share-pairs");
    for status in ["STORED_CUSTODIAN_BACKUP_SHARE", "STORED_CLIENT", "completed"] {
        let body = json!({"backupSharePairIds": own, "status": status});
        refused(&patch(&server, &path, &made.key, body).await, 400, "BAD_REQUEST");
    }
    refused(
        &backup_stored(&server, &made.key, &device.signing_pairs(), "STORED_CLIENT_BACKUP_SHARE").await,
        400,
        "BAD_REQUEST",
    );
    let mixed = [own[0].clone(), foreign.backup_pairs()[1].clone()];
    refused(&backup_stored(&server, &made.key, &mixed, "STORED_CLIENT_BACKUP_SHARE").await, 400, "BAD_REQUEST");
    assert_eq!(statuses(&me(&server, &made.key).await, "backupSharePairs")[0], json!(["incomplete"]));
    for (body, status) in [
        (json!({}), 400),
        (json!({"success": "yes"}), 400),
        (json!({"success": true, "backupMethod": "FLOPPY"}), 400),
        (json!({"success": true, "backupMethod": "ICLOUD"}), 400),
        (json!({"success": true, "backupMethod": "PASSWORD"}), 204),
    ] {
        assert_eq!(
            put(&server, "v2/clients/me/wallet/stored-client-backup-share-key", &made.key, body.clone()).await,
            status,
            "{body}"
        );
    }
    assert_eq!(
        put(&server, "v1/clients/me/wallet/stored-client-backup-share", &made.key, json!({"success": true})).await,
        204
    );
    assert_eq!(statuses(&me(&server, &made.key).await, "backupSharePairs")[0], json!(["completed"]));
    // of the other client nothing was changed
    assert_eq!(statuses(&me(&server, &other.key).await, "backupSharePairs")[0], json!(["completed"]));
}

#[tokio::test]
async fn a_client_sees_its_own_wallets_only() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, device) = with_backup(&server, &environment).await;
    let other = client(&server, &environment).await;
    let wallets = me(&server, &made.key).await["wallets"].clone();
    for (at, curve) in ["SECP256K1", "ED25519"].into_iter().enumerate() {
        assert_eq!(wallets[at]["curve"], curve);
        let id = wallets[at]["id"].as_str().unwrap();
        for kind in ["signing-share-pairs", "backup-share-pairs"] {
            let path = format!("{ME}/wallets/{id}/{kind}");
            let listed = get(&server, &path, &made.session).await.json();
            let key = if kind.starts_with('s') { "signingSharePairs" } else { "backupSharePairs" };
            assert_eq!(listed, wallets[at][key]);
            refused(&get(&server, &path, &other.key).await, 404, "NOT_FOUND");
        }
        assert_eq!(wallets[at]["signingSharePairs"][0]["id"], device.signing_pairs()[at]);
        let coordinates: Value = serde_json::from_str(wallets[at]["publicKey"].as_str().unwrap()).unwrap();
        assert!(coordinates["X"].as_str().unwrap().bytes().all(|digit| digit.is_ascii_digit()));
    }
    refused(&get(&server, &format!("{ME}/wallets/nonsense/signing-share-pairs"), &made.key).await, 404, "NOT_FOUND");
    // over the rest of the wallet's interface too
    assert_eq!(get(&server, "/rest/v2/wallet", &made.key).await.status, 200);
    assert_eq!(get(&server, "/rest/v2/wallet", &other.key).await.status, 404);
    for key in [environment.key.as_str(), "ka_nonsense"] {
        assert_eq!(get(&server, "/rest/v2/wallet", key).await.status, 401);
        assert_eq!(open(&server.base, key, "create").await.err(), Some(401));
    }
}

#[tokio::test]
async fn a_data_owner_is_a_client_of_its_own() {
    let server = TestServer::dev().await;
    let group = crate::auth::group(&server).await;
    let jorah = crate::auth::hcp(&server, "jorah", "dragonstone").await;
    let (bearer, _) = crate::auth::tokens(&server, "jorah", "dragonstone").await;
    let alone = me(&server, &bearer).await;
    assert_eq!((&alone["id"], &alone["wallets"]), (&json!(jorah.data_owner), &json!([])));
    assert_eq!(alone["environment"]["id"], group);
    assert_eq!(alone["createdAt"], Value::Null);
    let mut device = Device::new(&server.base, &bearer);
    device.create().await.unwrap();
    assert_eq!(signing_stored(&server, &bearer, &device.signing_pairs()).await.status, 204);
    assert_eq!(
        statuses(&me(&server, &bearer).await, "signingSharePairs"),
        [json!(["completed"]), json!(["completed"])]
    );
    refused(&get(&server, "/api/clients", &bearer).await, 401, "AUTH_FAILED");
}

#[tokio::test]
async fn a_data_owner_with_the_id_of_a_client_does_not_get_its_wallet() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, _) = with_wallet(&server, &environment).await;
    let hash = keystead_server::auth::password::hash(&server.app, "secret").await.unwrap();
    let mut tx = server.app.store.write().await.unwrap();
    let hcp = keystead_server::groups::NewHcp {
        group: environment.group.clone(),
        id: Some(made.id.clone()),
        login: "mallory".into(),
        password_hash: hash,
        first_name: None,
        last_name: Some("Mallory".into()),
        email: None,
        admin: false,
    };
    keystead_server::groups::create_hcp(&server.app, &mut *tx, hcp).await.unwrap();
    tx.commit().await.unwrap();
    let (bearer, _) = crate::auth::tokens(&server, "mallory", "secret").await;
    refused(&get(&server, ME, &bearer).await, 403, "AUTH_FAILED");
    assert_eq!(get(&server, "/rest/v2/wallet", &bearer).await.status, 403);
    assert_eq!(open(&server.base, &bearer, "sign").await.err(), Some(403));
}

/// Freezes a wallet as a caught cheater does.
async fn freeze(server: &TestServer, group: &str, owner: &str) {
    let mut tx = server.app.store.write().await.unwrap();
    let mut document = tx.document(group, "Wallet", owner).await.unwrap().unwrap();
    let mut body: Value = serde_json::from_str(&document.body).unwrap();
    let session = "30313233-3435-3637-3839-616263646566";
    body["state"]["frozen"] = json!({"generation": body["state"]["latest"], "session": session});
    body["state"]["bans"] = json!(1);
    document.body = body.to_string();
    let before = document.rev.clone();
    tx.replace(group, "Wallet", &document, &before, &Default::default()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_frozen_wallet_is_recovered_with_a_session_token_that_was_just_made() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, mut device) = with_backup(&server, &environment).await;
    freeze(&server, "env", &made.id).await;
    assert_eq!(device.sign().await.unwrap_err(), "WALLET_FROZEN");
    let mut backup = device.backup.take();
    server.advance(15 * 60_000 + 1);
    for bearer in [&made.key, &made.session] {
        let mut other = Device::new(&server.base, bearer);
        other.learn().await;
        other.backup = backup.take();
        assert_eq!(other.recover().await.unwrap_err(), "STEP_UP_REQUIRED", "nobody knows who it is now");
        backup = other.backup.take();
    }
    let path = format!("/api/v1/custodians/clients/{}/session", made.id);
    let session = call(&server, Method::POST, &path, &environment.key, None).await.json();
    let mut device = Device::new(&server.base, session["clientSessionToken"].as_str().unwrap());
    device.learn().await;
    device.backup = backup;
    server.advance(15 * 60_000);
    device.recover().await.unwrap();
}
