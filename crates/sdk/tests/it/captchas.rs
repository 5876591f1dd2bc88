//! Each kind of captcha, against a server that checks it.

use std::sync::{Arc, Mutex};

use keystead_sdk::anonymous::StartError;
use keystead_sdk::captcha::CaptchaError;
use keystead_sdk::progress::{Monitor, Progress};
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::{Captcha, Start};
use serde_json::json;
use wiremock::matchers::{body_json, body_string_contains, method};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{DAENERYS, TestServer};

/// A server that is not in development mode, so that captchas are verified, and whose providers are `provider`.
async fn strict(provider: &MockServer) -> TestServer {
    let base = provider.uri();
    TestServer::with(|config| {
        config.captcha.recaptcha.secret = "google".into();
        config.captcha.recaptcha.base_url = base.clone();
        config.captcha.friendly_captcha.secret = "friendly".into();
        config.captcha.friendly_captcha.base_url = base;
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(1);
        config.smtp.from = "no-reply@example.org".into();
        config.dev = false;
    })
    .await
}

async fn start(server: &TestServer, captcha: Captcha) -> Result<(), StartError> {
    let start = Start::by_email(DAENERYS, captcha).responsible(&server.doctor);
    server.anonymous(&MemoryStorage::new()).authentication().start(start).await.map(|_| ())
}

#[tokio::test]
async fn recaptcha_and_friendly_captcha_reach_their_providers() {
    let provider = MockServer::start().await;
    let right = || ResponseTemplate::new(200).set_body_json(json!({"success": true, "score": 0.9}));
    Mock::given(method("POST")).and(body_string_contains("response=good")).respond_with(right()).mount(&provider).await;
    let friendly = json!({"solution": "good", "secret": "friendly"});
    Mock::given(body_json(friendly)).respond_with(right()).mount(&provider).await;
    let wrong = ResponseTemplate::new(200).set_body_json(json!({"success": false}));
    Mock::given(method("POST")).respond_with(wrong).with_priority(9).mount(&provider).await;
    let server = strict(&provider).await;

    start(&server, Captcha::Recaptcha("good".into())).await.unwrap();
    start(&server, Captcha::FriendlyCaptcha("good".into())).await.unwrap();
    for captcha in [Captcha::Recaptcha("bad".into()), Captcha::FriendlyCaptcha("bad".into())] {
        let error = start(&server, captcha).await.unwrap_err();
        assert!(matches!(error, StartError::CaptchaRejected(_)), "{error}");
        assert!(!error.retryable());
    }
}

#[tokio::test]
async fn the_proof_of_work_is_accepted_where_it_is_verified() {
    let server = strict(&MockServer::start().await).await;
    start(&server, Captcha::Kerberus).await.unwrap();
}

#[tokio::test]
async fn the_proof_of_work_reports_and_stops() {
    let server = TestServer::with(|config| config.captcha.kerberus.difficulty = 5_000).await;
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let sink = seen.clone();
    let monitor = Monitor::calling(move |progress| sink.lock().unwrap().push(progress));
    let authentication = server.anonymous(&MemoryStorage::new()).authentication();
    let start = Start::by_email(DAENERYS, Captcha::Kerberus).responsible(&server.doctor);
    authentication.start(start.clone().monitor(monitor)).await.unwrap();
    let last = *seen.lock().unwrap().last().unwrap();
    assert_eq!(last.done, last.total);

    let stopped = Monitor::new();
    stopped.cancel();
    let error = authentication.start(start.monitor(stopped)).await.unwrap_err();
    assert!(matches!(error, StartError::Captcha(CaptchaError::Cancelled)), "{error}");
    assert_eq!(server.outbox(DAENERYS).await.len(), 1);
}
