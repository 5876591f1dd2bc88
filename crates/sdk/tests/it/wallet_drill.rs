//! Restore drills: a backup that would bring the wallet back passes, and nothing else does.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::transport::{Handshake, HttpTransport, Request, Response, Transport, TransportError};
use keystead_sdk::wallet::methods::MethodError;
use keystead_sdk::wallet::{BackupMethod, WalletError};
use keystead_sdk::{Captcha, Start};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::{DAENERYS, START, TestServer};

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

#[tokio::test]
async fn a_drill_tells_a_good_backup_from_any_other() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    // not in force before it is stored
    let early = wallet.drill(&text, &password()).await.unwrap_err();
    assert!(matches!(early, WalletError::BackupRetired), "{early}");
    wallet.stored_backup(true).await.unwrap();

    let report = wallet.drill(&text, &password()).await.unwrap();
    assert_eq!((report.at, report.generation, report.method), (START, 2, password().name()));
    let key: [u8; 32] = hex::decode(&report.server_key).unwrap().try_into().unwrap();
    assert_eq!(key, server.app.keys.public_key());
    // nothing was used up, and it is another one each time
    let again = wallet.drill(&text, &password()).await.unwrap();
    assert_eq!(again.server_key, report.server_key);
    assert_ne!(again.statement, report.statement);

    // what opens it
    let wrong = BackupMethod::Password("valar dohaeris".into());
    assert!(matches!(wallet.drill(&text, &wrong).await, Err(WalletError::WrongPassword)));
    let vault = wallet.drill(&text, &BackupMethod::Vault).await;
    assert!(matches!(vault, Err(WalletError::Method(MethodError::OtherMethod))));
    // one byte, in the head, in the nonce, in what is sealed
    for position in [60, 87, 120, text.len() / 2 - 1] {
        let mut bytes = hex::decode(&text).unwrap();
        bytes[position] ^= 1;
        let failed = wallet.drill(&hex::encode(bytes), &password()).await.unwrap_err();
        assert!(matches!(failed, WalletError::WrongPassword | WalletError::DamagedBackup), "{position}: {failed}");
    }
    // another account's wallet
    let anonymous = server.anonymous(&MemoryStorage::new());
    let start =
        Start::by_email("viserys@example.org", Captcha::Recaptcha("solved".into())).name("Viserys", "Targaryen");
    let process = anonymous.authentication().start(start.responsible(&server.doctor)).await.unwrap();
    let code = server.code("viserys@example.org").await;
    let viserys = anonymous.authentication().complete(&process, &code).await.unwrap().api;
    viserys.wallet().create().await.unwrap();
    assert!(matches!(viserys.wallet().drill(&text, &password()).await, Err(WalletError::WrongPassword)));

    // an older generation
    let newer = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    assert!(matches!(wallet.drill(&text, &password()).await, Err(WalletError::BackupRetired)));
    assert_eq!(wallet.drill(&newer, &password()).await.unwrap().generation, 3);

    // the custodian lost its half, or has another
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let id = {
        let mut tx = server.app.store.read().await.unwrap();
        let document = tx.document(&server.group, "Wallet", &owner).await.unwrap().unwrap();
        let record: Value = serde_json::from_str(&document.body).unwrap();
        let pair = wallet.drill(&newer, &password()).await.unwrap().statement;
        let pair = serde_json::from_str::<Value>(&pair).unwrap()["pairs"]["ED25519"].as_str().unwrap().to_owned();
        format!("{}-{pair}", record["wallet"].as_str().unwrap())
    };
    server.tamper("WalletCustody", &id, |body| drop(body.insert("sealed".to_owned(), json!("AAAA")))).await;
    assert!(wallet.drill(&newer, &password()).await.is_err());
    let mut tx = server.app.store.write().await.unwrap();
    let half = tx.document(&server.group, "WalletCustody", &id).await.unwrap().unwrap();
    tx.purge(&server.group, "WalletCustody", &id, &half.rev).await.unwrap();
    tx.commit().await.unwrap();
    let lost = wallet.drill(&newer, &password()).await.unwrap_err();
    assert!(matches!(lost, WalletError::CustodianFailed), "{lost}");
}

/// What the server refuses names the field; a challenge is for one person and two minutes.
#[tokio::test]
async fn refusals_of_a_drill_name_the_field() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    let statement: Value = serde_json::from_str(&wallet.drill(&text, &password()).await.unwrap().statement).unwrap();

    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let login = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        let sent = http.post(at("auth/login")).json(&body);
        async move { sent.send().await.unwrap().json::<Value>().await.unwrap()["token"].as_str().unwrap().to_owned() }
    };
    let token = login(DAENERYS, entered.token.expose()).await;
    let jorah = login("jorah", "dragonstone").await;
    let ask = |token: String| {
        let sent = http.post(at("wallet/drill/challenge")).bearer_auth(token);
        async move { sent.send().await.unwrap().json::<Value>().await.unwrap()["challenge"].as_str().unwrap().to_owned() }
    };
    let (fresh, of_another) = (ask(token.clone()).await, ask(jorah).await);
    let right = json!({
        "challenge": fresh, "clientNonce": "07".repeat(32), "pairs": statement["pairs"],
        // of an older challenge, and of the other side
        "proofs": statement["proofs"],
    });
    for (field, value, status, wrong) in [
        ("challenge", json!(null), 400, "challenge"),
        ("challenge", json!("00".repeat(56)), 400, "challenge"),
        ("challenge", json!(of_another), 400, "challenge"),
        ("challenge", statement["challenge"].clone(), 400, "proofs"),
        ("clientNonce", json!("07"), 400, "clientNonce"),
        ("clientNonce", json!("07".repeat(1 << 20)), 400, "clientNonce"),
        ("pairs", json!({ "SECP256K1": "1" }), 400, "pairs"),
        (
            "pairs",
            json!({ "SECP256K1": statement["pairs"]["ED25519"], "ED25519": statement["pairs"]["ED25519"] }),
            400,
            "pairs",
        ),
        ("proofs", json!({ "SECP256K1": "00" }), 400, "proofs"),
        ("proofs", statement["proofs"].clone(), 400, "proofs"),
    ] {
        let mut body = right.clone();
        body[field] = value;
        let answer = http.post(at("wallet/drill")).bearer_auth(&token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{field}: {}", answer.text().await.unwrap());
        assert_eq!(answer.json::<Value>().await.unwrap()["field"], wrong, "{field}");
    }
    server.clock.advance(121_000);
    let answer = http.post(at("wallet/drill")).bearer_auth(&token).json(&right).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["field"], "challenge", "too late");
    assert_eq!(http.post(at("wallet/drill")).json(&right).send().await.unwrap().status(), 401);
}

type Lie = fn(&mut Value);

/// A server that says something else than the honest one.
#[derive(Clone)]
struct Lying {
    honest: HttpTransport,
    lie: Arc<Mutex<Option<Lie>>>,
    heard: Arc<Mutex<Vec<Bytes>>>,
}

#[async_trait]
impl Transport for Lying {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let of_drill = request.url.ends_with("/wallet/drill");
        let mut answer = self.honest.send(request).await?;
        if !of_drill {
            return Ok(answer);
        }
        self.heard.lock().push(answer.body.clone());
        if let Some(lie) = *self.lie.lock() {
            let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
            lie(&mut body);
            answer.body = serde_json::to_vec(&body).unwrap().into();
        }
        Ok(answer)
    }

    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        self.honest.socket(request, protocol).await
    }
}

/// Changes the statement.
fn says(body: &mut Value, change: impl FnOnce(&mut Value)) {
    let mut statement: Value = serde_json::from_str(body["statement"].as_str().unwrap()).unwrap();
    change(&mut statement);
    body["statement"] = json!(statement.to_string());
}

#[tokio::test]
async fn a_server_cannot_pretend_that_the_custodian_has_its_half() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let lying = Lying { honest: HttpTransport::new().unwrap(), lie: Arc::default(), heard: Arc::default() };
    let builder = server.api(&device).transport(lying.clone()).user_name(DAENERYS);
    let api = builder.token(entered.token.duplicate()).build().await.unwrap();
    let wallet = api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    wallet.drill(&text, &password()).await.unwrap();

    let lies: [(&str, Lie); 5] = [
        ("proof", |body| {
            says(body, |statement| statement["proofs"]["ED25519"] = statement["proofs"]["SECP256K1"].clone());
        }),
        ("proof", |body| says(body, |statement| statement["proofs"]["SECP256K1"] = json!(""))),
        ("another", |body| says(body, |statement| statement["generation"] = json!(7))),
        ("signature", |body| says(body, |statement| statement["at"] = json!(0))),
        ("signature", |body| body["serverKey"] = json!("00".repeat(32))),
    ];
    for (reason, lie) in lies {
        *lying.lie.lock() = Some(lie);
        let error = wallet.drill(&text, &password()).await.unwrap_err();
        assert!(matches!(error, WalletError::DrillFailed(why) if why.contains(reason)), "{reason}: {error}");
    }
    // an honest answer of another time
    static OLD: Mutex<Option<Value>> = Mutex::new(None);
    *OLD.lock() = Some(serde_json::from_slice(&lying.heard.lock()[0]).unwrap());
    *lying.lie.lock() = Some(|body| body.clone_from(OLD.lock().as_ref().unwrap()));
    let error = wallet.drill(&text, &password()).await.unwrap_err();
    assert!(matches!(error, WalletError::DrillFailed(why) if why.contains("challenge")), "{error}");
}
