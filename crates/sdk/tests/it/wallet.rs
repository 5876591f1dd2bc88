//! Wallets, end to end: signatures that verify, devices that are lost, connections that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Verifier as _;
use k256::ecdsa::signature::hazmat::PrehashVerifier as _;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage, Storage as _};
use keystead_sdk::testing::Fault;
use keystead_sdk::transport::{Frame, Handshake, HttpTransport, Request, Response, Socket, Transport, TransportError};
use keystead_sdk::wallet::{Addresses, BackupMethod, WalletError};
use keystead_sdk::{Api, AuthenticationResult};
use serde_json::Value;

use crate::support::{DAENERYS, TestServer};

const DIGEST: [u8; 32] = [7; 32];

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// The pairs of this kind ("signing", "backups") with this status.
fn pairs_of<'a>(wallet: &'a Value, kind: &str, status: &str) -> Vec<&'a Value> {
    let sets = wallet["state"][kind].as_array().unwrap().iter();
    sets.filter(|set| set["status"] == status).collect()
}

fn key_of(wallet: &Value, curve: &str) -> Vec<u8> {
    let pair = pairs_of(wallet, "signing", "ACTIVE")[0]["pairs"][curve].as_str().unwrap();
    let public = STANDARD.decode(wallet["public"][pair].as_str().unwrap()).unwrap();
    keystead_mpc::PairCommitments::from_bytes(&public).unwrap().public_key().to_vec()
}

/// Whether the server keeps a half of each curve of these pairs.
async fn keeps(server: &TestServer, wallet: &Value, class: &str, pairs: &Value) -> bool {
    let mut tx = server.app.store.read().await.unwrap();
    let mut kept = 0;
    for curve in ["SECP256K1", "ED25519"] {
        let id = format!("{}-{}", wallet["wallet"].as_str().unwrap(), pairs[curve].as_str().unwrap());
        kept += usize::from(tx.document(&server.group, class, &id).await.unwrap().is_some());
    }
    assert_ne!(kept, 1, "both or none");
    kept == 2
}

/// Signs on both curves, and verifies with other libraries than those that signed.
async fn assert_signs(server: &TestServer, api: &Api) {
    let owner = api.data_owner().unwrap().1;
    let wallet = server.wallet_of(owner).await;
    let signature = api.wallet().sign_digest(DIGEST).await.unwrap();
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&key_of(&wallet, "SECP256K1")).unwrap();
    key.verify_prehash(&DIGEST, &k256::ecdsa::Signature::from_slice(&signature.bytes).unwrap()).unwrap();
    let signature = api.wallet().sign_solana(b"a transaction").await.unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key_of(&wallet, "ED25519").try_into().unwrap()).unwrap();
    key.verify(b"a transaction", &ed25519_dalek::Signature::from_bytes(&signature)).unwrap();
    // after a moment in which another signature would have found it at hand
    for _ in 0..60 {
        if server.wallet_of(owner).await["lease"].is_null() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("every session gives the wallet free");
}

/// Daenerys on a device with a wallet that is backed up, and the text of the backup.
async fn backed_up(server: &TestServer, device: &MemoryStorage) -> (AuthenticationResult, Addresses, String) {
    let entered = server.by_code(device).await;
    let wallet = entered.api.wallet();
    let addresses = wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    assert!(!wallet.is_backed_up().await.unwrap(), "it counts when it is stored");
    wallet.stored_backup(true).await.unwrap();
    assert!(wallet.is_backed_up().await.unwrap() && wallet.is_recoverable().await.unwrap());
    (entered, addresses, text)
}

/// Daenerys on a device that knows nothing of her, except her login.
async fn on(server: &TestServer, entered: &AuthenticationResult, device: &MemoryStorage) -> Api {
    let builder = server.api(device).user_name(DAENERYS).token(entered.token.duplicate());
    builder.new_key_when_lost().build().await.unwrap()
}

#[tokio::test]
async fn a_wallet_is_made_once_and_signs_on_both_curves() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let wallet = entered.api.wallet();
    assert!(!wallet.is_on_device().await.unwrap());
    assert_eq!(wallet.addresses().await.unwrap(), None);
    assert!(matches!(wallet.sign_digest(DIGEST).await, Err(WalletError::NotOnDevice)));

    let addresses = wallet.create().await.unwrap();
    assert!(addresses.evm.starts_with("0x") && addresses.bitcoin.starts_with("bc1q"), "{addresses:?}");
    assert!(wallet.is_on_device().await.unwrap());
    assert!(!wallet.is_backed_up().await.unwrap() && !wallet.is_recoverable().await.unwrap());
    assert_signs(&server, &entered.api).await;

    // anybody finds the address in what personal_sign gives
    let signed = hex::decode(wallet.sign_message(b"Hello World").await.unwrap().strip_prefix("0x").unwrap()).unwrap();
    let digest = hex::decode("a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2").unwrap();
    let signature = k256::ecdsa::Signature::from_slice(&signed[..64]).unwrap();
    let id = k256::ecdsa::RecoveryId::from_byte(signed[64] - 27).unwrap();
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&digest, &signature, id).unwrap();
    let found = keystead_mpc::address::evm(key.to_sec1_point(true).as_bytes()).unwrap();
    assert_eq!(found, addresses.evm);

    assert!(matches!(wallet.create().await, Err(WalletError::Exists)));
    // who is on another device sees the address, and cannot sign
    let other = on(&server, &entered, &MemoryStorage::new()).await;
    assert_eq!(other.wallet().addresses().await.unwrap(), Some(addresses));
    assert!(matches!(other.wallet().sign_digest(DIGEST).await, Err(WalletError::NotOnDevice)));
    // somebody else has none
    assert_eq!(server.doctor().await.wallet().addresses().await.unwrap(), None);
}

#[tokio::test]
async fn a_lost_device_is_replaced_under_the_same_addresses() {
    let server = TestServer::new().await;
    let old_device = MemoryStorage::new();
    let (entered, addresses, text) = backed_up(&server, &old_device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let before = server.wallet_of(&owner).await;
    let old_signing = pairs_of(&before, "signing", "ACTIVE")[0]["pairs"].clone();
    let old_backup = pairs_of(&before, "backups", "ACTIVE")[0]["pairs"].clone();
    assert!(keeps(&server, &before, "WalletHalf", &old_signing).await);
    assert!(keeps(&server, &before, "WalletCustody", &old_backup).await);
    assert!(!keeps(&server, &before, "WalletHalf", &old_backup).await, "the copy goes when the custodian has it");

    let device = MemoryStorage::new();
    let api = on(&server, &entered, &device).await;
    let wallet = api.wallet();
    let wrong = BackupMethod::Password("valar dohaeris".into());
    assert!(matches!(wallet.recover(&text, &wrong).await, Err(WalletError::WrongPassword)));
    assert!(matches!(wallet.recover("rubbish", &password()).await, Err(WalletError::DamagedBackup)));

    let new_text = wallet.recover(&text, &password()).await.unwrap();
    assert!(entered.api.wallet().is_on_device().await.unwrap(), "the old pair counts until the end");
    assert_signs(&server, &entered.api).await;
    assert!(!wallet.is_on_device().await.unwrap());
    wallet.stored_backup(true).await.unwrap();
    assert!(wallet.is_on_device().await.unwrap());
    assert_eq!(wallet.addresses().await.unwrap(), Some(addresses));
    assert_signs(&server, &api).await;

    // the old device, and the old text, are worthless
    assert!(!entered.api.wallet().is_on_device().await.unwrap());
    let refused = entered.api.wallet().sign_digest(DIGEST).await.unwrap_err();
    assert!(matches!(refused, WalletError::ShareMismatch("SIGN_SHARE_MISMATCH")), "{refused}");
    let refused = entered.api.wallet().back_up(&password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::ShareMismatch("DKG_REFRESH_MISMATCH")), "{refused}");
    assert!(matches!(wallet.recover(&text, &password()).await, Err(WalletError::BackupRetired)));
    // and nothing is left of the old server halves
    let after = server.wallet_of(&owner).await;
    assert!(!keeps(&server, &after, "WalletHalf", &old_signing).await);
    assert!(!keeps(&server, &after, "WalletCustody", &old_backup).await);
    assert!(keeps(&server, &after, "WalletHalf", &pairs_of(&after, "signing", "ACTIVE")[0]["pairs"]).await);
    assert!(keeps(&server, &after, "WalletCustody", &pairs_of(&after, "backups", "ACTIVE")[0]["pairs"]).await);
    assert_eq!(after["public"].as_object().unwrap().len(), 4, "one signing and one backup generation");
    // it may be said again, when the answer was lost
    wallet.stored_backup(true).await.unwrap();
    assert!(matches!(wallet.stored_backup(false).await, Err(WalletError::NothingPending)));
    assert!(wallet.recover(&new_text, &password()).await.is_ok());
}

#[tokio::test]
async fn three_recoveries_in_a_row() {
    let server = TestServer::new().await;
    let (entered, addresses, mut text) = backed_up(&server, &MemoryStorage::new()).await;
    for _ in 0..3 {
        let api = on(&server, &entered, &MemoryStorage::new()).await;
        text = api.wallet().recover(&text, &password()).await.unwrap();
        api.wallet().stored_backup(true).await.unwrap();
        assert_eq!(api.wallet().addresses().await.unwrap().as_ref(), Some(&addresses));
        assert_signs(&server, &api).await;
    }
}

#[tokio::test]
async fn what_was_not_stored_changes_nothing() {
    let server = TestServer::new().await;
    let (entered, _, text) = backed_up(&server, &MemoryStorage::new()).await;
    // a second backup that the application says it could not store: it is offered again
    let lost = entered.api.wallet().back_up(&password()).await.unwrap();
    entered.api.wallet().stored_backup(false).await.unwrap();
    assert_eq!(entered.api.wallet().back_up(&password()).await.unwrap(), lost);
    // nobody knows whether it stored it all the same, so both texts bring the wallet back
    let api = on(&server, &entered, &MemoryStorage::new()).await;
    api.wallet().recover(&lost, &password()).await.unwrap();
    let offered = api.wallet().recover(&text, &password()).await.unwrap();
    api.wallet().stored_backup(false).await.unwrap();
    assert_signs(&server, &entered.api).await;
    assert!(!api.wallet().is_on_device().await.unwrap());
    // and it can still say that it did
    api.wallet().stored_backup(true).await.unwrap();
    assert_signs(&server, &api).await;
    for retired in [&text, &lost] {
        assert!(matches!(api.wallet().recover(retired, &password()).await, Err(WalletError::BackupRetired)));
    }
    assert_signs(&server, &api).await;

    let text = offered;
    let new_text = api.wallet().recover(&text, &password()).await.unwrap();
    // the application replaced its copy, and could not say so before its device was lost as well
    drop(api);
    let device = MemoryStorage::new();
    let api = on(&server, &entered, &device).await;
    let last = api.wallet().recover(&new_text, &password()).await.unwrap();
    // the answer that everything is in force is lost, and so is the application's memory of it
    server.transport.plan("POST", [Fault::AnswerLost]);
    let _ = api.wallet().stored_backup(true).await;
    let _ = api.wallet().stored_backup(true).await;
    assert_signs(&server, &api).await;
    assert!(matches!(api.wallet().recover(&text, &password()).await, Err(WalletError::BackupRetired)));
    assert!(api.wallet().recover(&last, &password()).await.is_ok());
}

/// Newer Portal SDKs recover this way.
#[tokio::test]
async fn the_signing_pair_alone_can_be_renewed() {
    let server = TestServer::new().await;
    let (entered, addresses, text) = backed_up(&server, &MemoryStorage::new()).await;
    for _ in 0..2 {
        let api = on(&server, &entered, &MemoryStorage::new()).await;
        api.wallet().recover_signing(&text, &password()).await.unwrap();
        assert_eq!(api.wallet().addresses().await.unwrap().as_ref(), Some(&addresses));
        assert_signs(&server, &api).await;
        assert!(matches!(api.wallet().stored_backup(true).await, Err(WalletError::NothingPending)));
        let refused = entered.api.wallet().sign_digest(DIGEST).await.unwrap_err();
        assert!(matches!(refused, WalletError::ShareMismatch("SIGN_SHARE_MISMATCH")), "{refused}");
    }
    // the backup is the same as ever
    let api = on(&server, &entered, &MemoryStorage::new()).await;
    api.wallet().recover(&text, &password()).await.unwrap();
}

/// Sockets that break after some octets were sent and received.
#[derive(Clone)]
pub(crate) struct Cutting {
    pub(crate) inner: HttpTransport,
    pub(crate) left: Arc<AtomicI64>,
}

#[async_trait]
impl Transport for Cutting {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.inner.send(request).await
    }

    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        Ok(match self.inner.socket(request, protocol).await? {
            Handshake::Open(inner) => Handshake::Open(Box::new(Cut { inner: Some(inner), left: self.left.clone() })),
            refused => refused,
        })
    }
}

struct Cut {
    inner: Option<Box<dyn Socket>>,
    left: Arc<AtomicI64>,
}

impl Cut {
    fn next(&mut self) -> Result<&mut Box<dyn Socket>, TransportError> {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            self.inner = None;
        }
        self.inner.as_mut().ok_or(TransportError::Interrupted)
    }
}

#[async_trait]
impl Socket for Cut {
    async fn send(&mut self, text: &str) -> Result<(), TransportError> {
        self.next()?.send(text).await
    }

    async fn send_octets(&mut self, octets: Vec<u8>) -> Result<(), TransportError> {
        self.next()?.send_octets(octets).await
    }

    async fn receive(&mut self) -> Result<Frame, TransportError> {
        self.next()?.receive().await
    }

    async fn close(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.close().await;
        }
    }
}

/// Whichever message is the last that arrives, the old pairs count and the recovery can be begun again.
#[tokio::test]
async fn a_recovery_may_break_off_at_any_message() {
    let server = TestServer::new().await;
    let (entered, addresses, text) = backed_up(&server, &MemoryStorage::new()).await;
    let left = Arc::new(AtomicI64::new(i64::MAX));
    let cutting = Cutting { inner: HttpTransport::new().unwrap(), left: left.clone() };
    let builder = server.api(&MemoryStorage::new()).transport(cutting).user_name(DAENERYS);
    let builder = builder.token(entered.token.duplicate()).new_key_when_lost();
    let api = builder.build().await.unwrap();
    let mut cuts = 0;
    loop {
        left.store(cuts, Ordering::SeqCst);
        match api.wallet().recover(&text, &password()).await {
            Ok(_) => break,
            Err(error) => assert!(error.retryable(), "{error} after {cuts}"),
        }
        cuts += 1;
    }
    assert!(cuts >= 7, "{cuts}");
    left.store(i64::MAX, Ordering::SeqCst);
    assert_signs(&server, &entered.api).await;
    api.wallet().stored_backup(true).await.unwrap();
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    assert_signs(&server, &api).await;
}

#[tokio::test]
async fn a_creation_whose_end_was_lost_is_finished() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let faults = [const { Fault::AnswerLost }; 8];
    server.transport.plan("wallet/confirm", faults);
    assert!(entered.api.wallet().create().await.is_err());
    server.transport.clear();
    let addresses = entered.api.wallet().create().await.unwrap();
    assert_eq!(entered.api.wallet().addresses().await.unwrap(), Some(addresses));
    assert_signs(&server, &entered.api).await;
}

#[tokio::test]
async fn a_frozen_wallet_signs_again_after_a_recovery_and_a_locked_one_never() {
    let server = TestServer::new().await;
    let (entered, _, text) = backed_up(&server, &MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let bans = |count: u8| {
        move |body: &mut serde_json::Map<String, Value>| {
            let state = body["state"].as_object_mut().unwrap();
            let session = "30313233-3435-3637-3839-616263646566";
            let generation = state["latest"].clone();
            state.insert("frozen".to_owned(), serde_json::json!({ "generation": generation, "session": session }));
            state.insert("bans".to_owned(), count.into());
        }
    };
    server.tamper("Wallet", &owner, bans(1)).await;
    assert!(matches!(entered.api.wallet().sign_digest(DIGEST).await, Err(WalletError::Frozen)));
    assert!(matches!(entered.api.wallet().back_up(&password()).await, Err(WalletError::Frozen)));
    // a token that lives for long is not enough
    let api = on(&server, &entered, &MemoryStorage::new()).await;
    assert!(matches!(api.wallet().recover(&text, &password()).await, Err(WalletError::StepUpRequired)));
    let text = entered.api.wallet().recover(&text, &password()).await.unwrap();
    assert!(matches!(entered.api.wallet().sign_digest(DIGEST).await, Err(WalletError::Frozen)));
    entered.api.wallet().stored_backup(true).await.unwrap();
    assert_signs(&server, &entered.api).await;
    let after = server.wallet_of(&owner).await;
    assert_eq!((&after["state"]["bans"], &after["state"]["frozen"]), (&1.into(), &Value::Null), "it is not forgotten");

    server.tamper("Wallet", &owner, bans(3)).await;
    assert!(matches!(entered.api.wallet().sign_digest(DIGEST).await, Err(WalletError::Locked)));
    assert!(matches!(entered.api.wallet().recover(&text, &password()).await, Err(WalletError::Locked)));
    assert!(!entered.api.wallet().is_recoverable().await.unwrap());
}

/// A session of a server that died holds the wallet for two minutes, and no longer.
#[tokio::test]
async fn one_session_at_a_time() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    entered.api.wallet().create().await.unwrap();
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let until = keystead_server::clock::Clock::now(&*server.clock) + 120_000;
    let lease = serde_json::json!({ "session": "another", "until": until });
    server.tamper("Wallet", &owner, |body| drop(body.insert("lease".to_owned(), lease))).await;
    assert!(matches!(entered.api.wallet().sign_digest(DIGEST).await, Err(WalletError::Busy)));
    server.clock.advance(120_000);
    assert_signs(&server, &entered.api).await;
}

/// Everything that the server stores of the wallet, opened with the server's own secret, has no half of the client's:
/// whoever steals it all has one of two.
#[tokio::test]
async fn a_stolen_server_has_no_half_of_the_device() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let (entered, _, text) = backed_up(&server, &device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = server.wallet_of(&owner).await;
    let index = device.get(&format!("keystead.wallet.{owner}")).await.unwrap().unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let id = wallet["wallet"].as_str().unwrap();
    let mut tx = server.app.store.read().await.unwrap();
    let (mut signing, mut backup) = (0, 0);
    let sets = [("signing", "Signing", "WalletHalf"), ("backups", "Custody", "WalletCustody")];
    for (set, kind, class) in sets.into_iter().flat_map(|(kind, label, class)| {
        pairs_of(&wallet, kind, "ACTIVE").into_iter().map(move |set| (set, label, class))
    }) {
        for (field, curve) in [("SECP256K1", "Secp256k1"), ("ED25519", "Ed25519")] {
            let pair = set["pairs"][field].as_str().unwrap();
            let half = tx.document(&server.group, class, &format!("{id}-{pair}")).await.unwrap().unwrap();
            assert!(!half.body.contains(&text[..40]));
            let sealed: Value = serde_json::from_str(&half.body).unwrap();
            let sealed = STANDARD.decode(sealed["sealed"].as_str().unwrap()).unwrap();
            let context = format!("wallet half {id} {pair} {} {kind} {curve}", set["generation"]);
            let opened = server.app.keys.open(&context, &sealed).unwrap();
            assert!(server.app.keys.open(&context.replace("half", "other"), &sealed).is_none());
            if kind == "Custody" {
                backup += 1;
                assert_eq!(keystead_mpc::BackupHalf::from_bytes(&opened).unwrap().party(), keystead_mpc::Party::Server);
                continue;
            }
            signing += 1;
            let theirs = keystead_mpc::SigningHalf::from_bytes(&opened).unwrap();
            assert_eq!(theirs.party(), keystead_mpc::Party::Server);
            assert_eq!(index["state"]["halves"][0]["pairs"][field], pair);
            let ours = device.get_key(&format!("keystead.wallet.half.{id}.{pair}")).await.unwrap().unwrap();
            let ours = keystead_mpc::SigningHalf::from_bytes(&STANDARD.decode(ours.expose()).unwrap()).unwrap();
            let secret = ours.share().secret().expose();
            assert!(!opened.windows(32).any(|window| window == secret), "{field}");
            // with the server's half alone, playing the client's part is refused
            let params = keystead_mpc::SessionParams {
                party: keystead_mpc::Party::Client,
                wallet: theirs.commitments().wallet(),
                target_generation: theirs.commitments().generation(),
                client_nonce: [1; 32],
                server_nonce: [2; 32],
            };
            assert!(keystead_mpc::test_sign(&params, &theirs).is_err());
        }
    }
    assert_eq!((signing, backup), (2, 2));
    // nothing that an application may log tells more than it should
    let shown = format!("{:?} {:?}", entered.api.wallet(), password());
    assert_eq!(shown, "Wallet { .. } Password");
}

/// Anybody without a session, and anything that is no wish, is refused with the name of what is wrong.
#[tokio::test]
async fn refusals_name_the_field() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    entered.api.wallet().create().await.unwrap();
    let credentials = serde_json::json!({ "username": DAENERYS, "password": entered.token.expose() });
    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let tokens: Value = http.post(at("auth/login")).json(&credentials).send().await.unwrap().json().await.unwrap();
    let token = tokens["token"].as_str().unwrap();
    assert_eq!(http.get(at("wallet")).send().await.unwrap().status(), 401);
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let finished = &server.wallet_of(&owner).await["state"]["finished"]["fence"];
    let signing = pairs_of(&server.wallet_of(&owner).await, "signing", "ACTIVE")[0]["pairs"]["ED25519"].clone();
    let said = |changes: Value| {
        let mut body = finished.clone();
        let object = body.as_object_mut().unwrap();
        object.insert("what".into(), "signing".into());
        object.insert("pairs".into(), serde_json::json!([signing]));
        object.insert("stored".into(), true.into());
        object.extend(changes.as_object().unwrap().clone());
        body
    };
    for (body, status, field) in [
        (serde_json::json!({}), 400, "operation"),
        (said(serde_json::json!({ "operation": "1" })), 400, "operation"),
        (said(serde_json::json!({ "generation": -1 })), 400, "generation"),
        (said(serde_json::json!({ "pairs": ["x"] })), 400, "pairs"),
        (said(serde_json::json!({ "what": "all" })), 400, "what"),
        (said(serde_json::json!({ "stored": null })), 400, "stored"),
        (said(serde_json::json!({ "stored": false })), 400, "stored"),
        (said(serde_json::json!({ "generation": 9 })), 409, "operation"),
        (said(serde_json::json!({ "pairs": [finished["operation"]] })), 400, "pairs"),
    ] {
        let answer = http.post(at("wallet/confirm")).bearer_auth(token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
        assert_eq!(answer.json::<Value>().await.unwrap()["field"], field, "{body}");
    }
    // saying again what was said is no mistake; giving up what is in force is
    for (path, status) in [("wallet/confirm", 200), ("wallet/abandon", 409)] {
        let answer = http.post(at(path)).bearer_auth(token).json(&said(serde_json::json!({}))).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
    // the internal classes are no entities
    let answer = http.get(at("wallethalf/1")).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_signs(&server, &entered.api).await;
}
