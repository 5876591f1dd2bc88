//! The way out: the whole keys, once an administrator allowed it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keystead_sdk::AuthenticationResult;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::transport::HttpTransport;
use keystead_sdk::wallet::{BackupMethod, Ejected, Sweep, WalletError, scalar_key};
use serde_json::{Value, json};

use crate::support::{DAENERYS, START, TestServer};
use crate::wallet::Cutting;

const DAY: i64 = 24 * 3_600_000;

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

/// The account on Solana is emptied: what is signed is checked by another library.
fn sweeps(ejected: &Ejected, from: &str) {
    use ed25519_dalek::{Signature, VerifyingKey};
    let seed = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let to = keystead_mpc::address::solana(seed.verifying_key().as_bytes()).unwrap();
    let recent_blockhash = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N".to_owned();
    let sweep = Sweep { to, recent_blockhash, balance: 1_000_000, fee: 5_000 };
    let swept = ejected.sweep_solana(&sweep).unwrap();
    let message = &swept.bytes[65..];
    let key = VerifyingKey::from_bytes(message[4..36].try_into().unwrap()).unwrap();
    assert_eq!(keystead_mpc::address::solana(key.as_bytes()).unwrap(), from);
    key.verify_strict(message, &Signature::from_bytes(&swept.signature)).unwrap();
    assert_eq!(message[message.len() - 8..], 995_000u64.to_le_bytes());
    // the same with what was written down
    let written = scalar_key(&hex::encode(ejected.ed25519.secret().expose())).unwrap();
    assert_eq!(sweep.sign(&written).unwrap(), swept);
    for (balance, fee) in [(5_000, 5_000), (0, 5_000), (0, 0)] {
        let nothing = Sweep { balance, fee, ..sweep.clone() };
        assert_eq!(ejected.sweep_solana(&nothing).unwrap_err().field(), "balance");
    }
    for wrong in ["", "00", &"00".repeat(32), &"ff".repeat(32)] {
        assert_eq!(scalar_key(wrong).unwrap_err().field(), "key");
    }
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

    let ejected = wallet.eject(&text, &password()).await.unwrap();
    server.transport.plan("wallet/eject/done", [keystead_sdk::testing::Fault::AnswerLost]);
    wallet.stored_ejected().await.unwrap();
    sweeps(&ejected, &addresses.solana);
    let Ejected { secp256k1, ed25519, .. } = ejected;
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

/// Daenerys on a device that has a wallet with a backup: her id, and the text. An administrator allows her to take the
/// keys out.
async fn allowed(server: &TestServer, device: &MemoryStorage) -> (AuthenticationResult, String, String) {
    let entered = server.by_code(device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    assert_eq!(allow(server, &owner, None).await.0, 200);
    (entered, owner, text)
}

/// Both keys.
fn secrets(ejected: &Ejected) -> [Vec<u8>; 2] {
    [&ejected.secp256k1, &ejected.ed25519].map(|key| key.secret().expose().to_vec())
}

/// How far the operation is, whether halves were given, and since when the wallet counts as ejected.
async fn standing(server: &TestServer, owner: &str) -> (Value, Value, Value) {
    let mut state = server.wallet_of(owner).await["state"].take();
    (state["operation"]["step"].take(), state["released"].take(), state["ejectedAt"].take())
}

#[tokio::test]
async fn the_keys_come_out_again_until_they_are_stored() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let (entered, owner, text) = allowed(&server, &device).await;
    let nothing = entered.api.wallet().stored_ejected().await.unwrap_err();
    assert!(matches!(nothing, WalletError::NotEjected), "{nothing}");

    // whichever message is the last that arrives: what did not come out was not stored either
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let cutting = Cutting { inner: HttpTransport::new().unwrap(), left: left.clone() };
    let anonymous = server.builder(&device).transport(cutting).build().unwrap();
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let cut = anonymous.authentication().complete(&process, &server.code(DAENERYS).await).await.unwrap();
    let mut cuts = 0;
    let first = loop {
        left.store(cuts, Ordering::SeqCst);
        match cut.api.wallet().eject(&text, &password()).await {
            Ok(ejected) => break secrets(&ejected),
            Err(error) => assert!(error.retryable(), "{error} after {cuts}"),
        }
        let nothing = cut.api.wallet().stored_ejected().await.unwrap_err();
        assert!(matches!(nothing, WalletError::NotEjected), "{nothing} after {cuts}");
        cuts += 1;
    };
    assert!(cuts >= 7, "{cuts}");
    assert_eq!(standing(&server, &owner).await, (json!("RELEASED"), json!(true), Value::Null));

    // the application died before it stored them
    drop((entered, cut));
    let wallet = server.by_code(&device).await.api.wallet();
    for _ in 0..2 {
        assert_eq!(secrets(&wallet.eject(&text, &password()).await.unwrap()), first);
    }
    assert_eq!(standing(&server, &owner).await, (json!("RELEASED"), json!(true), Value::Null));
    wallet.sign_digest([7; 32]).await.unwrap();
    assert!(matches!(wallet.back_up(&password()).await, Err(WalletError::InProgress)));
    assert!(matches!(wallet.stored_backup(true).await, Err(WalletError::NothingPending)));

    // it stored them, and may say so as often as it likes
    for _ in 0..2 {
        wallet.stored_ejected().await.unwrap();
    }
    server.by_code(&device).await.api.wallet().stored_ejected().await.unwrap();
    assert_eq!(standing(&server, &owner).await, (Value::Null, json!(true), json!(START)));
    wallet.sign_digest([7; 32]).await.unwrap();
    wallet.back_up(&password()).await.unwrap();
}

#[tokio::test]
async fn keys_that_are_out_are_stored_when_the_window_and_the_login_are_over() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let (entered, owner, text) = allowed(&server, &device).await;
    entered.api.wallet().eject(&text, &password()).await.unwrap();
    server.clock.advance(300_000);
    let closed = entered.api.wallet().eject(&text, &password()).await.unwrap_err();
    assert!(matches!(closed, WalletError::EjectNotAllowed), "{closed}");
    assert_eq!(standing(&server, &owner).await.0, "RELEASED", "it is not given up");

    assert_eq!(allow(&server, &owner, None).await.0, 200);
    let builder = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate());
    let wallet = builder.build().await.unwrap().wallet();
    let stale = wallet.eject(&text, &password()).await.unwrap_err();
    assert!(matches!(stale, WalletError::StepUpRequired), "{stale}");
    assert_eq!(standing(&server, &owner).await.0, "RELEASED", "it is not given up");
    server.clock.advance(300_000);
    wallet.stored_ejected().await.unwrap();
    assert_eq!(standing(&server, &owner).await, (Value::Null, json!(true), json!(START + 600_000)));
    let refused = wallet.eject(&text, &password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::EjectNotAllowed | WalletError::StepUpRequired), "{refused}");
}

#[tokio::test]
async fn keys_that_nobody_stored_leave_the_wallet_as_it_was() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let (entered, owner, text) = allowed(&server, &device).await;
    let wallet = entered.api.wallet();
    let first = secrets(&wallet.eject(&text, &password()).await.unwrap());
    // a recovery gives the operation up
    let text = wallet.recover(&text, &password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    assert!(matches!(wallet.stored_ejected().await, Err(WalletError::NotEjected)));
    assert_eq!(standing(&server, &owner).await, (Value::Null, json!(true), Value::Null));
    wallet.sign_digest([7; 32]).await.unwrap();

    // so does a day without a word; the keys are the same all the same
    assert_eq!(secrets(&wallet.eject(&text, &password()).await.unwrap()), first);
    server.clock.advance(DAY - 1);
    server.app.jobs.wake();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(standing(&server, &owner).await.0, "RELEASED");
    server.clock.advance(1);
    server.app.jobs.wake();
    for _ in 0..500 {
        if standing(&server, &owner).await.0.is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.app.bearers.forget();
    for _ in 0..2 {
        assert!(matches!(wallet.stored_ejected().await, Err(WalletError::NotEjected)));
    }
    assert_eq!(standing(&server, &owner).await, (Value::Null, json!(true), Value::Null));
    wallet.sign_digest([7; 32]).await.unwrap();
    wallet.back_up(&password()).await.unwrap();
}

#[tokio::test]
async fn another_text_gives_the_same_keys_in_place_of_the_first() {
    let server = TestServer::new().await;
    let (entered, owner, text) = allowed(&server, &MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let directory = tempfile::tempdir().unwrap();
    let file = BackupMethod::File(directory.path().join("keys"));
    let other = wallet.back_up(&file).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    let first = secrets(&wallet.eject(&text, &password()).await.unwrap());
    assert_eq!(secrets(&wallet.eject(&other, &file).await.unwrap()), first);
    assert_eq!(standing(&server, &owner).await.0, "RELEASED");
    wallet.stored_ejected().await.unwrap();
    assert_eq!(standing(&server, &owner).await, (Value::Null, json!(true), json!(START)));
}
