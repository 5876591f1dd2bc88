//! Wallets of people without an account: clients that a custodian made, opened with their keys.

use keystead_sdk::api::LoginError;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::{BackupMethod, Wallet, WalletBuilder, WalletError};
use keystead_server::portal::{Custodian, Environment, make_key, set_environment};
use serde_json::Value;

use crate::support::TestServer;

struct Client {
    custodian: String,
    id: String,
    key: String,
    token: String,
}

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// A custodian makes a client.
async fn client(server: &TestServer) -> Client {
    let group = server.make_group("Acme").await;
    let mut tx = server.app.store.write().await.unwrap();
    let custodian = Custodian { id: "acme".into(), name: "Acme".into() };
    set_environment(&server.app, &mut *tx, &Environment::new(&group, "Production", custodian)).await.unwrap();
    let custodian = make_key(&server.app, &mut *tx, &group, None).await.unwrap();
    tx.commit().await.unwrap();
    let made = ask(server, &custodian, "").await;
    let text = |key: &str| made[key].as_str().unwrap().to_owned();
    Client { custodian, id: text("id"), key: text("clientApiKey"), token: text("clientSessionToken") }
}

async fn ask(server: &TestServer, key: &str, path: &str) -> Value {
    let http = keystead_server::http::outgoing().unwrap();
    let url = format!("{}/api/v3/custodians/me/clients{path}", server.base);
    http.post(url).bearer_auth(key).json(&Value::Null).send().await.unwrap().json().await.unwrap()
}

fn builder(server: &TestServer, device: &MemoryStorage, key: &str) -> WalletBuilder {
    let builder = Wallet::builder().base_url(&server.base).key(key).time(server.time.clone());
    builder.storage(device.clone()).key_storage(device.clone())
}

#[tokio::test]
async fn a_client_makes_a_wallet_signs_and_recovers_it_on_another_device() {
    let server = TestServer::new().await;
    let client = client(&server).await;
    let phone = MemoryStorage::new();
    let wallet = builder(&server, &phone, &client.key).build().await.unwrap();
    let addresses = wallet.create().await.unwrap();
    wallet.sign_message(b"hello").await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    assert!(matches!(wallet.back_up(&BackupMethod::Vault).await, Err(WalletError::Method(_))), "there are no records");

    // the key and the session token are the same client's
    let again = builder(&server, &phone, &client.token).build().await.unwrap();
    assert_eq!(again.addresses().await.unwrap(), Some(addresses.clone()));
    again.sign_solana(b"hello").await.unwrap();

    let other = builder(&server, &MemoryStorage::new(), &client.token).build().await.unwrap();
    assert!(!other.is_on_device().await.unwrap());
    other.recover(&text, &password()).await.unwrap();
    other.stored_backup(true).await.unwrap();
    assert_eq!(other.addresses().await.unwrap(), Some(addresses));
    other.sign_message(b"hello").await.unwrap();
    assert!(matches!(wallet.sign_message(b"hello").await, Err(WalletError::ShareMismatch(_))));
}

#[tokio::test]
async fn only_keys_of_clients_open_a_wallet() {
    let server = TestServer::new().await;
    let client = client(&server).await;
    let device = MemoryStorage::new();
    let garbled = client.key.replace("ka_", "ks_");
    for key in ["", "nonsense", &client.custodian, &garbled, &client.key[..60]] {
        let refused = builder(&server, &device, key).build().await.unwrap_err();
        assert!(matches!(refused, LoginError::WrongCredentials(_)), "{key}: {refused}");
    }
    assert!(matches!(Wallet::builder().build().await, Err(LoginError::Configuration(_))));
    let plain = Wallet::builder().base_url("http://wallets.example.org").key(client.key.as_str());
    assert!(matches!(plain.build().await, Err(LoginError::Configuration(_))));

    // a session token ends a day after its last use, and the custodian makes another one
    let wallet = builder(&server, &device, &client.token).build().await.unwrap();
    wallet.create().await.unwrap();
    server.clock.advance(25 * 3_600_000);
    assert!(matches!(wallet.sign_message(b"hello").await, Err(WalletError::Request(_))));
    let session = ask(&server, &client.custodian, &format!("/{}/sessions", client.id)).await;
    let token = session["clientSessionToken"].as_str().unwrap();
    let wallet = builder(&server, &device, token).build().await.unwrap();
    wallet.sign_message(b"hello").await.unwrap();
}
