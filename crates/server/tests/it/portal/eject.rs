//! Taking the key out: only while the custodian lets it, and only with both halves of a backup.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use keystead_mpc::{BackupHalf, WalletId};
use serde_json::{Value, json};

use super::device::Device;
use super::wallets::with_backup;
use super::{TestClient, TestEnvironment, call, client, environment, environment_with, get, post, refused};
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

/// The custodian's half in a share, as the webhooks have it.
fn half(share: &str, client: &TestClient) -> BackupHalf {
    let share: Value = serde_json::from_str(share).unwrap();
    assert_eq!(share["clientId"], client.id);
    BackupHalf::from_bytes(&STANDARD.decode(share["share"].as_str().unwrap()).unwrap()).unwrap()
}

async fn wallet_id(server: &TestServer, client: &TestClient) -> WalletId {
    let wallet = get(server, "/rest/v2/wallet", &client.key).await.json();
    let mut id = [0; 16];
    hex::decode_to_slice(wallet["wallet"].as_str().unwrap(), &mut id).unwrap();
    WalletId(id)
}

#[tokio::test]
async fn a_client_takes_both_keys_out_while_the_window_is_open() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, mut device) = with_backup(&server, &environment).await;
    let ids = wallets(&server, &made).await;
    let prepare = async |wallet: &str, body: Value| {
        post(&server, &format!("/api/v3/clients/me/wallets/{wallet}/prepare-eject"), &made.key, &body).await
    };
    let eject = async || post(&server, "/api/v3/clients/me/eject", &made.key, &json!({"clientPlatform": "IOS"})).await;
    refused(&prepare(&ids[0], json!({"backupMethod": "PASSWORD"})).await, 400, "STATE_INVALID");
    refused(&eject().await, 400, "STATE_INVALID");

    assert_eq!(open(&server, &environment, &made, json!({"walletId": ids[0]})).await.status, 200);
    refused(&eject().await, 400, "STATE_INVALID");
    refused(&prepare(&ids[0], json!({"backupMethod": "ICLOUD"})).await, 400, "STATE_INVALID");
    refused(&prepare(&ids[0], json!({"backupMethod": "FLOPPY"})).await, 400, "BAD_REQUEST");
    refused(&prepare("nonsense", json!({})).await, 404, "NOT_FOUND");
    let own = device.backup.as_ref().unwrap();
    let wallet = wallet_id(&server, &made).await;
    for (at, own) in [&own.secp256k1, &own.ed25519].into_iter().enumerate() {
        for body in [json!({"backupMethod": "PASSWORD"}), json!({})] {
            let answer = prepare(&ids[at], body).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let peer = half(answer.json()["share"].as_str().unwrap(), &made);
            let key = keystead_mpc::eject(wallet, own, &peer).unwrap();
            assert_eq!(key.public_key(), own.commitments().public_key());
        }
    }
    // nothing else happens to the wallet meanwhile, but it signs
    assert_eq!(device.back_up("GDRIVE").await.unwrap_err(), "OPERATION_IN_PROGRESS");
    assert!(device.sign().await.unwrap());
    for _ in 0..2 {
        assert_eq!(eject().await.status, 204);
    }
    let me = get(&server, "/api/v3/clients/me", &made.key).await.json();
    assert_eq!(me["ejectedAt"], "2027-01-15T08:00:00.000Z");
    assert!(device.sign().await.unwrap(), "it goes on signing");
    let audited = keystead_server::audit::entries(&server.app, "env", 0).await.unwrap();
    let count = |action: &str| audited.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((count("eject.half"), count("eject.done")), (4, 2));
}

#[tokio::test]
async fn a_window_that_closed_lets_nothing_out_even_if_something_went_out_before() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, _) = with_backup(&server, &environment).await;
    let [first, second] = wallets(&server, &made).await;
    let prepare = async |wallet: &str, key: &str| {
        post(&server, &format!("/api/v3/clients/me/wallets/{wallet}/prepare-eject"), key, &json!({})).await
    };
    assert_eq!(open(&server, &environment, &made, json!({"walletId": second})).await.status, 200);
    server.advance(299_999);
    assert_eq!(prepare(&first, &made.session).await.status, 200);
    let stranger = client(&server, &environment).await;
    refused(&prepare(&first, &stranger.key).await, 404, "NOT_FOUND");
    server.advance(1);
    for wallet in [&first, &second] {
        refused(&prepare(wallet, &made.key).await, 400, "STATE_INVALID");
    }
}

#[tokio::test]
async fn both_halves_are_given_only_where_both_are_kept_here() {
    let server = TestServer::dev().await;
    let managed = environment_with(&server, "env", |environment| environment.backup_with_portal_enabled = true).await;
    let other = environment(&server, "other").await;
    for environment in [&managed, &other] {
        let (made, device) = with_backup(&server, environment).await;
        let [wallet, _] = wallets(&server, &made).await;
        let own = format!("/api/v3/clients/me/wallets/{wallet}/ejectable-backup-shares");
        let custodians = format!("/api/v3/custodians/me/clients/{}/wallets/{wallet}/ejectable-backup-shares", made.id);
        refused(&get(&server, &own, &made.key).await, 400, "STATE_INVALID");
        refused(&get(&server, &custodians, &environment.key).await, 400, "STATE_INVALID");
        assert_eq!(open(&server, environment, &made, json!({"walletId": wallet})).await.status, 200);
        if environment.group == "other" {
            refused(&get(&server, &own, &made.key).await, 400, "STATE_INVALID");
            refused(&get(&server, &custodians, &environment.key).await, 400, "STATE_INVALID");
            refused(&get(&server, &custodians, &managed.key).await, 404, "NOT_FOUND");
            continue;
        }
        let pair = &device.backup_pairs()[0];
        assert_eq!(get(&server, &own, &made.key).await.json()["encryptedClientBackupShare"], Value::Null);
        let path = format!("/api/v3/clients/me/backup-share-pairs/{pair}");
        let body = json!({"clientCipherText": "sealed"});
        assert_eq!(call(&server, Method::PATCH, &path, &made.key, Some(&body)).await.status, 200);
        for (path, key) in [(&own, &made.key), (&custodians, &environment.key)] {
            let both = get(&server, path, key).await.json();
            assert_eq!(both["encryptedClientBackupShare"], "sealed");
            let peer = half(both["custodianBackupShare"].as_str().unwrap(), &made);
            assert_eq!(&super::device::ids([&peer.commitments().pair().0; 2])[0], pair);
        }
    }
}

/// The custodian's halves of the backup, secp256k1 first: over the channel.
async fn release(device: &Device, operation: &str, after: &Value, pairs: &Value) -> Result<[BackupHalf; 2], Value> {
    let mut link = device.channel("eject").await?;
    link.tell(&json!({"operation": operation, "after": after, "pairs": pairs})).await;
    link.text().await?;
    let halves = [link.octets().await?, link.octets().await?];
    assert_eq!(link.text().await?["done"], true);
    Ok(halves.map(|half| BackupHalf::from_bytes(&half).unwrap()))
}

#[tokio::test]
async fn halves_are_given_again_only_while_the_window_is_open_and_to_whoever_just_proved_who_they_are() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, device) = with_backup(&server, &environment).await;
    let [wallet, _] = wallets(&server, &made).await;
    let until = json!({"walletId": wallet, "ejectableUntil": "2027-01-15T08:30:00Z"});
    assert_eq!(open(&server, &environment, &made, until.clone()).await.status, 200);
    let [secp256k1, ed25519] = device.backup_pairs();
    let latest = get(&server, "/rest/v2/wallet", &made.key).await.json()["view"]["latest"].clone();
    let pairs = json!({"SECP256K1": secp256k1, "ED25519": ed25519});
    let operation = server.app.rng.uuid();
    let ask = async |key: &str| release(&Device::new(&server.base, key), &operation, &latest, &pairs).await;
    let refusal = async |key: &str| ask(key).await.unwrap_err();
    assert_eq!(refusal(&made.key).await, "STEP_UP_REQUIRED", "a key that has no end proves nothing");
    for _ in 0..2 {
        let [_, ed25519] = ask(&made.session).await.unwrap();
        assert_eq!(ed25519.commitments(), device.backup.as_ref().unwrap().ed25519.commitments());
    }
    assert_eq!(refusal(&made.key).await, "STEP_UP_REQUIRED", "nor afterwards");
    server.advance(10 * 60_000);
    assert!(ask(&made.session).await.is_ok());
    server.advance(10 * 60_000);
    assert_eq!(refusal(&made.session).await, "STEP_UP_REQUIRED", "it was proven too long ago");
    let path = format!("/api/v1/custodians/clients/{}/session", made.id);
    let fresh = post(&server, &path, &environment.key, &json!({})).await.json();
    let fresh = fresh["clientSessionToken"].as_str().unwrap();
    assert!(ask(fresh).await.is_ok());
    server.advance(10 * 60_000);
    assert_eq!(refusal(fresh).await, "EJECT_WINDOW_CLOSED");
}

#[tokio::test]
async fn over_a_socket_the_halves_are_given_until_the_client_says_that_it_has_the_keys() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (made, _) = with_backup(&server, &environment).await;
    let [wallet, _] = wallets(&server, &made).await;
    let device = Device::new(&server.base, &made.session);
    assert_eq!(open(&server, &environment, &made, json!({"walletId": wallet})).await.status, 200);
    let view = get(&server, "/rest/v2/wallet", &made.session).await.json();
    let [secp256k1, ed25519] = [0, 1].map(|at| view["backups"][0]["pairs"][["SECP256K1", "ED25519"][at]].clone());
    let operation = "30313233-3435-3637-3839-616263646566";
    let after = view["view"]["latest"].as_u64().unwrap();
    let pairs = json!({"SECP256K1": secp256k1, "ED25519": ed25519});
    let wish = json!({"operation": operation, "after": after, "pairs": pairs});
    let ask = async || {
        let mut link = device.channel("eject").await.unwrap();
        link.tell(&wish).await;
        link.text().await?;
        let halves = (link.octets().await?, link.octets().await?);
        link.text().await?;
        Ok::<_, Value>(halves)
    };
    let first = ask().await.unwrap();
    assert_eq!(ask().await.unwrap(), first);
    let ejected_at = async || get(&server, "/rest/v2/wallet", &made.session).await.json()["ejectedAt"].clone();
    assert_eq!(ejected_at().await, Value::Null);
    server.advance(1);
    let done = json!({"operation": operation, "generation": after + 1});
    for _ in 0..2 {
        assert_eq!(post(&server, "/rest/v2/wallet/eject/done", &made.session, &done).await.status, 200);
        assert_eq!(ejected_at().await, START + 1);
    }
    assert_eq!(ask().await.unwrap_err(), "STATE_INVALID", "the window is open, but the operation is over");
    let audited = keystead_server::audit::entries(&server.app, "env", 0).await.unwrap();
    let count = |action: &str| audited.iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((count("eject.window"), count("eject.half"), count("eject.done")), (1, 2, 2));
}
