//! What a wallet may sign: the rules of its group, and somebody who has to agree.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::WalletError;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{DAENERYS, TestServer};

/// The example of EIP-155: one ether to 0x3535…
const PAYLOAD: &str = "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";

struct Admin {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Admin {
    async fn of(server: &TestServer, login: &str, secret: &str) -> Self {
        let http = keystead_server::http::outgoing().unwrap();
        let credentials = json!({ "username": login, "password": secret });
        let call = http.post(format!("{}/rest/v2/auth/login", server.base)).json(&credentials);
        let tokens: Value = call.send().await.unwrap().json().await.unwrap();
        let token = tokens["token"].as_str().unwrap().to_owned();
        Self { http, url: format!("{}/rest/v2/wallet/policy", server.base), token }
    }

    async fn put(&self, body: Value) -> (u16, Value) {
        let answer = self.http.put(&self.url).bearer_auth(&self.token).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test]
async fn only_what_the_policy_allows_is_signed() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let payload = hex::decode(PAYLOAD).unwrap();
    let admin = Admin::of(&server, "jorah", "dragonstone").await;
    let to = format!("0x{}", "35".repeat(20));
    let other = format!("0x{}", "36".repeat(20));

    assert_eq!(admin.put(json!({ "allow": [to], "maxValue": "1000000000000000000" })).await.0, 200);
    wallet.sign_payload(&payload).await.unwrap();
    wallet.sign_message(b"hello").await.unwrap();
    // of what it is, nobody can tell
    assert!(matches!(wallet.sign_digest([7; 32]).await, Err(WalletError::Denied("POLICY_DENIED"))));
    assert!(matches!(wallet.sign_solana(b"a transaction").await, Err(WalletError::Denied("POLICY_DENIED"))));
    // rules of the wallet come on top
    assert_eq!(admin.put(json!({ "owner": owner, "block": [to.to_uppercase().replace("0X", "0x")] })).await.0, 200);
    assert!(matches!(wallet.sign_payload(&payload).await, Err(WalletError::Denied("ADDRESS_BLOCKED"))));
    assert_eq!(admin.put(json!({ "owner": owner })).await.0, 200);
    for (rules, code) in [
        (json!({ "allow": [other] }), "ADDRESS_BLOCKED"),
        (json!({ "maxValue": "999999999999999999" }), "POLICY_DENIED"),
    ] {
        assert_eq!(admin.put(rules.clone()).await.0, 200);
        let refused = wallet.sign_payload(&payload).await.unwrap_err();
        assert!(matches!(refused, WalletError::Denied(told) if told == code), "{rules}: {refused}");
    }
    assert_eq!(admin.put(json!({ "allow": [other], "blind": true })).await.0, 200);
    wallet.sign_digest([7; 32]).await.unwrap();

    // so many within an hour
    let (status, told) = admin.put(json!({ "signaturesPerHour": 2 })).await;
    let expected = json!({
        "allow": [], "block": [], "maxValue": null, "maxLamports": null, "signaturesPerHour": 2, "blind": false,
    });
    assert_eq!((status, told), (200, expected));
    for _ in 0..2 {
        wallet.sign_digest([7; 32]).await.unwrap();
    }
    assert!(matches!(wallet.sign_digest([7; 32]).await, Err(WalletError::Denied("POLICY_DENIED"))));
    server.clock.advance(3_600_000);
    wallet.sign_digest([7; 32]).await.unwrap();
}

/// A transfer on Solana, by the system program or by another one.
fn transfer(from: &str, to: &str, lamports: u64, program: [u8; 32]) -> Vec<u8> {
    let key = |text: &str| bs58::decode(text).into_vec().unwrap();
    let accounts = [key(from), key(to), program.to_vec(), vec![7; 32]].concat();
    let instruction = [&[1, 2, 2, 0, 1, 12, 2, 0, 0, 0][..], &lamports.to_le_bytes()].concat();
    [&[0x80, 1, 0, 1, 3][..], &accounts, &instruction, &[0]].concat()
}

#[tokio::test]
async fn only_transfers_on_solana_that_the_policy_allows_are_signed() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let from = wallet.create().await.unwrap().solana;
    let admin = Admin::of(&server, "jorah", "dragonstone").await;
    let to = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";
    assert_eq!(admin.put(json!({ "allow": [to], "maxLamports": "5000" })).await.0, 200);
    let good = transfer(&from, to, 5_000, [0; 32]);
    wallet.sign_solana_transaction_message(&good).await.unwrap();
    let other = bs58::encode([9; 32]).into_string();
    let cut = &good[..good.len() - 1];
    for (message, code) in [
        (transfer(&from, to, 5_001, [0; 32]), "POLICY_DENIED"),
        (transfer(&from, &other, 1, [0; 32]), "ADDRESS_BLOCKED"),
        (transfer(&from, to, 1, [6; 32]), "POLICY_DENIED"),
        (cut.to_vec(), "POLICY_DENIED"),
        (vec![0xff; 100], "POLICY_DENIED"),
    ] {
        let refused = wallet.sign_solana(&message).await.unwrap_err();
        assert!(matches!(refused, WalletError::Denied(told) if told == code), "{message:?}: {refused}");
    }
    assert_eq!(admin.put(json!({ "allow": [to], "maxLamports": "5000", "blind": true })).await.0, 200);
    wallet.sign_solana(cut).await.unwrap();
    wallet.sign_solana(&transfer(&from, to, 1, [6; 32])).await.unwrap();
    assert!(wallet.sign_solana(&transfer(&from, &other, 1, [0; 32])).await.is_err());
}

#[tokio::test]
async fn a_policy_is_set_by_administrators_and_mistakes_name_their_field() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let patient = Admin::of(&server, DAENERYS, entered.token.expose()).await;
    assert_eq!(patient.put(json!({})).await.0, 403);
    let admin = Admin::of(&server, "jorah", "dragonstone").await;
    for (rules, field) in [
        (json!({ "allow": "0x" }), "allow"),
        (json!({ "block": ["0x12"] }), "block"),
        (json!({ "maxValue": 1 }), "maxValue"),
        (json!({ "maxValue": "-1" }), "maxValue"),
        (json!({ "maxLamports": 5000 }), "maxLamports"),
        (json!({ "allow": ["FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS9"] }), "allow"),
        (json!({ "signaturesPerHour": 1001 }), "signaturesPerHour"),
        (json!({ "blind": 1 }), "blind"),
        (json!({ "owner": 1 }), "owner"),
        (json!({ "approval": { "url": "http://10.0.0.1", "secret": "s" } }), "approval.url"),
        (json!({ "approval": { "url": "https://approval.example.org" } }), "approval.secret"),
    ] {
        let (status, answer) = admin.put(rules.clone()).await;
        assert_eq!((status, &answer["field"]), (400, &field.into()), "{rules}");
    }
    let approval = json!({ "url": "https://approval.example.org/ask", "secret": "hush" });
    let (status, answer) = admin.put(json!({ "approval": approval })).await;
    assert_eq!((status, &answer["approval"]), (200, &json!({ "url": "https://approval.example.org/ask" })));
}

/// Nothing but a clear yes is one.
#[tokio::test]
async fn somebody_has_to_agree() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let approver = MockServer::start().await;
    let answer = Arc::new(AtomicU16::new(200));
    let answers = answer.clone();
    Mock::given(method("POST"))
        .and(path("/alerts"))
        .and(header("x-webhook-secret", "hush"))
        .respond_with(move |_: &Request| ResponseTemplate::new(answers.load(Ordering::SeqCst)))
        .mount(&approver)
        .await;
    let admin = Admin::of(&server, "jorah", "dragonstone").await;
    let url = format!("{}/alerts", approver.uri());
    assert_eq!(admin.put(json!({ "approval": { "url": url, "secret": "hush" } })).await.0, 200);
    wallet.sign_message(b"hello").await.unwrap();
    wallet.sign_payload(&hex::decode(PAYLOAD).unwrap()).await.unwrap();
    let asked = approver.received_requests().await.unwrap();
    let bodies: Vec<Value> = asked.iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    assert!(bodies.iter().all(|body| body["type"] == "PRE_SIGN_V1" && body["data"]["clientId"] == owner.as_str()));
    let request = |body: &Value| {
        let request = &body["data"]["signingRequest"];
        let params: Value = serde_json::from_str(request["params"].as_str().unwrap()).unwrap();
        (request["method"].as_str().unwrap().to_owned(), params)
    };
    assert_eq!(request(&bodies[0]), ("personal_sign".into(), json!(["0x68656c6c6f"])));
    let (method, params) = request(&bodies[1]);
    assert_eq!((method.as_str(), &params[0]["value"]), ("eth_signTransaction", &"0xde0b6b3a7640000".into()));
    assert_eq!(bodies[1]["data"]["chainId"], "eip155:1");
    for status in [400, 418, 500, 302, 404] {
        answer.store(status, Ordering::SeqCst);
        let refused = wallet.sign_message(b"hello").await.unwrap_err();
        assert!(matches!(refused, WalletError::Denied("POLICY_DENIED")), "{status}: {refused}");
    }
    drop(approver);
    assert!(matches!(wallet.sign_message(b"hello").await, Err(WalletError::Denied("POLICY_DENIED"))));
    assert_eq!(admin.put(json!({})).await.0, 200);
    wallet.sign_message(b"hello").await.unwrap();
}

/// A session that fails tells a cheater something now and then, and not every one is found out.
#[tokio::test]
async fn sessions_that_fail_again_and_again_are_put_off() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    entered.api.wallet().create().await.unwrap();
    let now = keystead_server::clock::Clock::now(&*server.clock);
    let aborts = |count: usize| {
        move |body: &mut serde_json::Map<String, Value>| {
            body.insert("aborts".to_owned(), json!(vec![now; count]));
        }
    };
    server.tamper("Wallet", &owner, aborts(19)).await;
    entered.api.wallet().sign_digest([7; 32]).await.unwrap();
    // the session has the wallet a moment longer than the signature took, and keeps it for another
    while !server.wallet_of(&owner).await["lease"].is_null() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.tamper("Wallet", &owner, aborts(20)).await;
    assert!(matches!(entered.api.wallet().sign_digest([7; 32]).await, Err(WalletError::Busy)));
    server.clock.advance(600_000);
    entered.api.wallet().sign_digest([7; 32]).await.unwrap();
}
