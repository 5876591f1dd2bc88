//! Custodians behind webhooks: real ones over HTTP, of every kind, and in every mood.

mod moods;

use std::sync::Arc;
use std::time::{Duration, Instant};

use keystead_sdk::AuthenticationResult;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage};
use keystead_sdk::wallet::{BackupMethod, WalletError};
use keystead_server::custody::{Format, configure, configure_as};
use keystead_store::jobs::Job;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing_subscriber::util::SubscriberInitExt as _;

use self::moods::{Custodian, Mood, SECRET};
use crate::support::{DAENERYS, TestServer};

const DIGEST: [u8; 32] = [7; 32];

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// The application says that it stored its text, again and again, until the custodian has its half.
async fn stored(server: &TestServer, wallet: &keystead_sdk::wallet::Wallet) {
    for _ in 0..100 {
        match wallet.stored_backup(true).await {
            Ok(()) => return,
            Err(WalletError::CustodianWaits) => {}
            Err(error) => panic!("{error}"),
        }
        a_minute_later(server).await;
    }
    panic!("the custodian never gets its half");
}

/// The job that carries an operation on, as it waits for its next try: how often it was tried. Waits while it is being
/// tried; nothing where there is none.
async fn put_off(server: &TestServer) -> Option<u32> {
    let deadline = Instant::now() + Duration::from_secs(30);
    let carries_on = |job: &Job| String::from_utf8_lossy(&job.payload).contains("takeUp");
    loop {
        let mut tx = server.app.store.write().await.unwrap();
        // dropped uncommitted, so nothing is claimed; what is being tried is claimed for longer than a minute
        let soon = tx.claim_jobs(server.app.now() + 61_000, i64::MAX, 99).await.unwrap();
        let later = tx.claim_jobs(i64::MAX - 1, i64::MAX, 99).await.unwrap();
        drop(tx);
        if !later.iter().any(carries_on) {
            return soon.iter().find(|job| carries_on(job)).map(|job| job.attempts);
        }
        assert!(Instant::now() < deadline, "it is tried for ever");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lets a minute pass, after which what was put off is tried again.
async fn a_minute_later(server: &TestServer) {
    let (before, deadline) = (put_off(server).await, Instant::now() + Duration::from_secs(30));
    server.clock.advance(61_000);
    server.app.jobs.wake();
    while before.is_some() && put_off(server).await == before {
        assert!(Instant::now() < deadline, "it is not tried again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn on(server: &TestServer, entered: &AuthenticationResult) -> keystead_sdk::Api {
    let builder = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(entered.token.duplicate());
    builder.new_key_when_lost().build().await.unwrap()
}

async fn wallet_document(server: &TestServer, owner: &str) -> Value {
    let mut tx = server.app.store.read().await.unwrap();
    let document = tx.document(&server.group, "Wallet", owner).await.unwrap().unwrap();
    serde_json::from_str(&document.body).unwrap()
}

/// How many custodian's halves of these backup pairs we keep, as copies and as the custodian.
async fn kept(server: &TestServer, owner: &str) -> usize {
    let wallet = wallet_document(server, owner).await;
    let mut tx = server.app.store.read().await.unwrap();
    let mut kept = 0;
    for set in wallet["state"]["backups"].as_array().unwrap() {
        for pair in set["pairs"].as_object().unwrap().values() {
            for class in ["WalletHalf", "WalletCustody"] {
                let id = format!("{}-{}", wallet["wallet"].as_str().unwrap(), pair.as_str().unwrap());
                kept += usize::from(tx.document(&server.group, class, &id).await.unwrap().is_some());
            }
        }
    }
    kept
}

#[tokio::test]
async fn a_custodian_of_either_kind_brings_the_wallet_back() {
    for has_one_slot in [false, true] {
        let server = TestServer::new().await;
        let (custodian, here, _elsewhere) = Custodian::start(has_one_slot).await;
        configure(&server.app, &server.group, &format!("{}/webhook", here.uri()), SECRET).await.unwrap();
        let entered = server.by_code(&MemoryStorage::new()).await;
        let owner = entered.api.data_owner().unwrap().1.to_owned();
        let addresses = entered.api.wallet().create().await.unwrap();
        let mut text = entered.api.wallet().back_up(&password()).await.unwrap();
        assert_eq!(custodian.rows(), [], "nothing before the application has its text");
        assert_eq!(kept(&server, &owner).await, 2);
        stored(&server, &entered.api.wallet()).await;
        assert!(entered.api.wallet().is_backed_up().await.unwrap());
        assert_eq!(custodian.rows().len(), if has_one_slot { 1 } else { 2 });
        assert_eq!(kept(&server, &owner).await, 0, "the custodian alone has its half");

        // two devices are lost, one after the other
        for _ in 0..2 {
            let api = on(&server, &entered).await;
            let new_text = api.wallet().recover(&text, &password()).await.unwrap();
            assert_eq!(kept(&server, &owner).await, 2);
            stored(&server, &api.wallet()).await;
            assert_eq!(api.wallet().addresses().await.unwrap().as_ref(), Some(&addresses));
            api.wallet().sign_digest(DIGEST).await.unwrap();
            assert!(matches!(api.wallet().recover(&text, &password()).await, Err(WalletError::BackupRetired)));
            assert_eq!(custodian.rows().len(), if has_one_slot { 1 } else { 2 });
            assert_eq!(kept(&server, &owner).await, 0);
            text = new_text;
        }
        requests_are_as_documented(&custodian, &owner);
    }
}

fn requests_are_as_documented(custodian: &Custodian, owner: &str) {
    let mut methods = Vec::new();
    for request in &custodian.state.lock().requests {
        let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!((header("content-type"), header("accept")), ("application/json".into(), "application/json".into()));
        assert_eq!(header("webhook-timestamp").len(), 10);
        assert!(header("webhook-id").starts_with("msg_") && header("webhook-signature").starts_with("v1,"));
        assert!(request.body.len() < 8_192);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["clientId"], owner);
        if request.url.path().ends_with("/backup") {
            let share: Value = serde_json::from_str(body["share"].as_str().unwrap()).unwrap();
            assert_eq!(share["backupSharePairId"], body["backupSharePairId"]);
            assert_eq!(share["clientId"], owner);
            methods.push(body["backupMethod"].as_str().unwrap().to_owned());
        } else {
            assert_eq!(body.as_object().unwrap().len(), 1);
        }
    }
    assert_eq!(methods[..2], ["PASSWORD-SECP256K1", "PASSWORD-ED25519"]);
}

/// Whatever a custodian does, what was in force is, both texts bring the wallet back, and everything goes on when it is
/// well again.
#[tokio::test]
async fn a_custodian_in_a_mood_loses_nothing() {
    let server = TestServer::with(|config| config.custody.timeout_ms = 700).await;
    let (custodian, here, elsewhere) = Custodian::start(false).await;
    let url = format!("{}/webhook", here.uri());
    configure_as(&server.app, &server.group, &url, SECRET, Format::Multi).await.unwrap();
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    wallet.create().await.unwrap();
    let mut text = wallet.back_up(&password()).await.unwrap();
    stored(&server, &wallet).await;
    for mood in [
        Mood::Down,
        Mood::Forgetful,
        Mood::Stale,
        Mood::Foreign,
        Mood::Tampered,
        Mood::Slow,
        Mood::Elsewhere,
        Mood::Endless,
        Mood::Page,
    ] {
        // it is asked for its half: nothing begins
        custodian.feels(mood);
        if mood != Mood::Stale {
            let refused = on(&server, &entered).await.wallet().recover_signing(&text, &password()).await.unwrap_err();
            assert!(matches!(refused, WalletError::CustodianFailed) && refused.retryable(), "{mood:?}: {refused}");
        }
        // it is given a new half: it does not count until it was seen
        let before = wallet_document(&server, &owner).await["state"]["backups"].clone();
        let new_text = loop {
            match wallet.back_up(&password()).await {
                Ok(text) => break text,
                // of the recovery that was not begun
                Err(WalletError::InProgress) => give_up(&server, &entered).await,
                Err(error) => panic!("{mood:?}: {error}"),
            }
        };
        for _ in 0..2 {
            assert!(matches!(wallet.stored_backup(true).await, Err(WalletError::CustodianWaits)), "{mood:?}");
            a_minute_later(&server).await;
        }
        let now = wallet_document(&server, &owner).await["state"]["backups"].clone();
        let active = |sets: &Value| -> Vec<Value> {
            let sets = sets.as_array().unwrap().iter();
            sets.filter(|set| set["status"] == "ACTIVE").map(|set| set["pairs"].clone()).collect()
        };
        assert_eq!(active(&before), active(&now), "{mood:?}");
        assert_eq!(kept(&server, &owner).await, 2, "{mood:?}: our copy stays");
        wallet.sign_digest(DIGEST).await.unwrap();
        // it is well again
        custodian.feels(Mood::Good);
        stored(&server, &wallet).await;
        assert_eq!(kept(&server, &owner).await, 0, "{mood:?}");
        assert_eq!(custodian.rows().len(), 2);
        text = new_text;
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty(), "no redirect is followed");
    let api = on(&server, &entered).await;
    api.wallet().recover_signing(&text, &password()).await.unwrap();
    api.wallet().sign_digest(DIGEST).await.unwrap();
    the_calls_are_on_record(&server).await;
}

/// Gives up what the server has under way, as a new device offers.
async fn give_up(server: &TestServer, entered: &AuthenticationResult) {
    let owner = entered.api.data_owner().unwrap().1;
    let fence = wallet_document(server, owner).await["state"]["operation"]["fence"].clone();
    let credentials = json!({ "username": DAENERYS, "password": entered.token.expose() });
    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let tokens: Value = http.post(at("auth/login")).json(&credentials).send().await.unwrap().json().await.unwrap();
    let abandon = http.post(at("wallet/abandon")).bearer_auth(tokens["token"].as_str().unwrap()).json(&fence);
    assert!(abandon.send().await.unwrap().status().is_success());
}

async fn the_calls_are_on_record(server: &TestServer) {
    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let credentials = json!({ "username": "jorah", "password": "dragonstone" });
    let tokens: Value = http.post(at("auth/login")).json(&credentials).send().await.unwrap().json().await.unwrap();
    let calls = http.get(at("wallet/custodian/calls")).bearer_auth(tokens["token"].as_str().unwrap()).send();
    let text = calls.await.unwrap().text().await.unwrap();
    assert!(!text.contains(SECRET) && !text.contains("share\""), "{text}");
    let calls: Value = serde_json::from_str(&text).unwrap();
    let calls = calls["calls"].as_array().unwrap();
    assert!((20..=100).contains(&calls.len()), "{}", calls.len());
    assert!(calls.windows(2).all(|two| two[0]["at"].as_i64() >= two[1]["at"].as_i64()), "newest first");
    for outcome in ["ok", "status", "timeout", "redirect", "tooLong", "unreadable"] {
        assert!(calls.iter().any(|call| call["outcome"] == outcome), "{outcome}");
    }
    let last = &calls[0];
    assert_eq!((&last["call"], &last["status"], &last["outcome"]), (&"backup/fetch".into(), &200.into(), &"ok".into()));
    assert!(last["url"].as_str().unwrap().ends_with("/webhook/backup/fetch"));
}

/// A server that died while it gave the custodian its half, or before it asked for it, does so again.
#[tokio::test]
async fn what_a_server_that_died_was_doing_is_done_again() {
    let server = TestServer::new().await;
    let (custodian, here, _elsewhere) = Custodian::start(false).await;
    configure(&server.app, &server.group, &format!("{}/webhook", here.uri()), SECRET).await.unwrap();
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    wallet.create().await.unwrap();
    for step in ["PUSHING", "PUSHED"] {
        custodian.feels(Mood::Down);
        wallet.back_up(&password()).await.unwrap();
        assert!(matches!(wallet.stored_backup(true).await, Err(WalletError::CustodianWaits)));
        assert!(put_off(&server).await.is_some());
        let at = move |body: &mut serde_json::Map<String, Value>| body["state"]["operation"]["step"] = step.into();
        server.tamper("Wallet", &owner, at).await;
        custodian.feels(Mood::Good);
        stored(&server, &wallet).await;
        assert_eq!((custodian.rows().len(), kept(&server, &owner).await), (2, 0), "{step}");
    }
    assert!(wallet.is_backed_up().await.unwrap());
}

/// The log of everything that runs on this thread, at its finest.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// No half, text, password or secret is in any line, whatever the level of the log.
#[tokio::test]
async fn nothing_of_a_wallet_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
    let _guard = subscriber.with_writer(move || writer.clone()).finish().set_default();
    let server = TestServer::new().await;
    let (custodian, here, _elsewhere) = Custodian::start(false).await;
    configure(&server.app, &server.group, &format!("{}/webhook", here.uri()), SECRET).await.unwrap();
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    // in a mood first, since failures have more to say
    custodian.feels(Mood::Down);
    let _ = wallet.stored_backup(true).await;
    custodian.feels(Mood::Good);
    stored(&server, &wallet).await;
    wallet.sign_message(b"a message of the owner's").await.unwrap();
    let new_text = wallet.recover(&text, &password()).await.unwrap();
    stored(&server, &wallet).await;
    let _ = wallet.recover(&text, &password()).await;

    let mut secrets = vec![text, new_text, "valar morghulis".to_owned(), SECRET.to_owned()];
    for (_, _, share) in custodian.rows() {
        let share: Value = serde_json::from_str(&share).unwrap();
        secrets.push(share["share"].as_str().unwrap().to_owned());
    }
    for name in device.names().into_iter().filter(|name| name.starts_with("keystead.wallet.half.")) {
        secrets.push(device.get_key(&name).await.unwrap().unwrap().expose().to_owned());
    }
    assert!(secrets.len() >= 8, "{}", secrets.len());
    let log = String::from_utf8_lossy(&log.0.lock()).into_owned();
    assert!(log.contains("TRACE") && log.contains("a webhook was called"), "the log is on");
    for secret in secrets {
        // the end: halves begin with what is public of their pair
        let start = secret.len().saturating_sub(24);
        assert!(!log.contains(&secret[start..]), "{} characters", secret.len());
    }
}

/// An administrator says who the custodian is; nobody sees its secret again.
#[tokio::test]
async fn a_custodian_is_chosen_by_an_administrator() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let http = keystead_server::http::outgoing().unwrap();
    let at = |path: &str| format!("{}/rest/v2/{path}", server.base);
    let mut tokens = Vec::new();
    for (login, secret) in [("jorah", "dragonstone"), (DAENERYS, entered.token.expose())] {
        let credentials = json!({ "username": login, "password": secret });
        let answer: Value = http.post(at("auth/login")).json(&credentials).send().await.unwrap().json().await.unwrap();
        tokens.push(answer["token"].as_str().unwrap().to_owned());
    }
    let put = async |token: &str, body: Value| {
        let answer = http.put(at("wallet/custodian")).bearer_auth(token).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let good = json!({ "url": "https://custodian.example.org/webhook/", "secret": SECRET });
    assert_eq!(put(&tokens[1], good.clone()).await.0, 403);
    assert_eq!(http.get(at("wallet/custodian/calls")).bearer_auth(&tokens[1]).send().await.unwrap().status(), 403);
    for (url, secret, format, field) in [
        ("http://custodian.example.org/", SECRET, "auto", "url"),
        ("https://10.0.0.1/", SECRET, "auto", "url"),
        ("https://169.254.169.254/latest", SECRET, "auto", "url"),
        ("https://[fd00::1]/", SECRET, "auto", "url"),
        ("https://[::ffff:192.168.0.1]/", SECRET, "auto", "url"),
        ("nowhere", SECRET, "auto", "url"),
        ("https://custodian.example.org/", "", "auto", "secret"),
        ("https://custodian.example.org/", "a\nb", "auto", "secret"),
        ("https://custodian.example.org/", SECRET, "tape", "format"),
    ] {
        let (status, answer) = put(&tokens[0], json!({ "url": url, "secret": secret, "format": format })).await;
        assert_eq!((status, &answer["field"]), (400, &field.into()), "{url} {answer}");
    }
    let (status, answer) = put(&tokens[0], good).await;
    let set = json!({ "url": "https://custodian.example.org/webhook", "format": "auto", "detected": "auto" });
    assert_eq!((status, &answer), (200, &set));
    let mut tx = server.app.store.read().await.unwrap();
    let stored = tx.document(&server.group, "WalletCustodian", "custodian").await.unwrap().unwrap();
    assert!(!stored.body.contains(SECRET));
    let deleted = http.delete(at("wallet/custodian")).bearer_auth(&tokens[0]).send().await.unwrap();
    assert_eq!(deleted.json::<Value>().await.unwrap(), json!({}));
}

/// A restore drill is shown the half by whoever has it, and fails when they do not show it.
#[tokio::test]
async fn a_drill_asks_the_custodian() {
    let server = TestServer::new().await;
    let (custodian, here, _elsewhere) = Custodian::start(false).await;
    configure(&server.app, &server.group, &format!("{}/webhook", here.uri()), SECRET).await.unwrap();
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    stored(&server, &wallet).await;
    let report = wallet.drill(&text, &password()).await.unwrap();
    assert_eq!(report.generation, 2);
    for mood in [Mood::Down, Mood::Tampered, Mood::Foreign, Mood::Page] {
        custodian.feels(mood);
        let failed = wallet.drill(&text, &password()).await.unwrap_err();
        assert!(matches!(failed, WalletError::CustodianFailed), "{failed}");
    }
    custodian.feels(Mood::Good);
    wallet.drill(&text, &password()).await.unwrap();
}
