//! The way out: the whole keys, once an administrator allowed it.

use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::{BackupMethod, Ejected, WalletError};
use serde_json::{Value, json};

use crate::support::{DAENERYS, TestServer};

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// What an administrator is answered who lets `owner` take the keys out.
async fn allow(server: &TestServer, owner: &str, until: Option<i64>) -> (u16, Value) {
    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let credentials = json!({ "username": "jorah", "password": "dragonstone" });
    let tokens: Value = http.post(at("auth/login")).json(&credentials).send().await.unwrap().json().await.unwrap();
    let body = json!({ "owner": owner, "ejectableUntil": until });
    let call = http.post(at("wallet/eject/window")).bearer_auth(tokens["token"].as_str().unwrap()).json(&body);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_keys_come_out_while_an_administrator_allows_it() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let addresses = wallet.create().await.unwrap();
    let old = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();

    let refused = wallet.eject(&text, &password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::EjectNotAllowed), "{refused}");
    let now = keystead_server::clock::Clock::now(&*server.clock);
    let (status, answer) = allow(&server, &owner, Some(now + 59_000)).await;
    assert_eq!((status, &answer["field"]), (400, &"ejectableUntil".into()));
    assert_eq!(allow(&server, "nobody", None).await.0, 404);
    let (status, answer) = allow(&server, &owner, None).await;
    assert_eq!((status, answer["ejectableUntil"].as_i64()), (200, Some(now + 300_000)));

    // a token that lives for long is not enough, nor is a text that was replaced
    let builder = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(entered.token.duplicate());
    let api = builder.new_key_when_lost().build().await.unwrap();
    let refused = api.wallet().eject(&text, &password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::StepUpRequired), "{refused}");
    let refused = wallet.eject(&old, &password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::BackupRetired), "{refused}");
    let wrong = BackupMethod::Password("valar dohaeris".into());
    assert!(matches!(wallet.eject(&text, &wrong).await, Err(WalletError::WrongPassword)));

    // the answer that the halves came with is lost: it can be asked again
    server.transport.plan("wallet/eject/done", [keystead_sdk::testing::Fault::AnswerLost]);
    let Ejected { secp256k1, ed25519, .. } = wallet.eject(&text, &password()).await.unwrap();
    let key = k256::ecdsa::SigningKey::from_slice(secp256k1.secret().expose()).unwrap();
    let point = key.verifying_key().to_sec1_point(true);
    assert_eq!(keystead_mpc::address::evm(point.as_bytes()).unwrap(), addresses.evm);
    assert_eq!(keystead_mpc::address::solana(ed25519.public_key()).unwrap(), addresses.solana);
    assert!(!format!("{secp256k1:?} {ed25519:?}").contains(&hex::encode(secp256k1.secret().expose())));

    // the wallet goes on, and the window closes
    wallet.sign_digest([7; 32]).await.unwrap();
    server.clock.advance(300_000);
    let refused = wallet.eject(&text, &password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::EjectNotAllowed), "{refused}");
    let mut tx = server.app.store.read().await.unwrap();
    let document = tx.document(&server.group, "Wallet", &owner).await.unwrap().unwrap();
    let record: Value = serde_json::from_str(&document.body).unwrap();
    assert_eq!(record["state"]["ejectedAt"].as_i64(), Some(now));
    assert_eq!(record["state"]["operation"], Value::Null);
}
