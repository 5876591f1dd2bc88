//! The way out: the whole keys, once an administrator allowed it.

use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::{BackupMethod, Ejected, Sweep, WalletError, scalar_key};
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

    // the answer that the halves came with is lost: it can be asked again
    server.transport.plan("wallet/eject/done", [keystead_sdk::testing::Fault::AnswerLost]);
    let ejected = wallet.eject(&text, &password()).await.unwrap();
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
