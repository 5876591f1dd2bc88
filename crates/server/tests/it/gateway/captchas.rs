//! Captchas, with providers that stand in for the real ones.

use keystead_server::config::{Config, Rate};
use keystead_server::delivery::Channel;
use keystead_server::gateway::CaptchaKind;
use serde_json::{Value, json};
use wiremock::matchers::{body_json, body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{by_email, process, start, with_work, work};
use crate::support::{TestServer, ample};

const TO: &str = "grey@example.org";

async fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(1);
        config.smtp.from = "no-reply@example.org".into();
        config.gateway.failures_per_ip = ample();
        change(config);
    })
    .await;
    process(&server, Channel::Email, |_| {}).await;
    server
}

/// A provider whose `siteverify` answers `answer`.
async fn provider(answer: Value) -> MockServer {
    let provider = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_json(answer);
    Mock::given(method("POST")).and(path("/siteverify")).respond_with(response).mount(&provider).await;
    provider
}

async fn outcome(server: &TestServer, body: &Value) -> (u16, String) {
    let (_, answer) = start(server, "clinic", "join", body).await;
    (answer.status, if answer.status == 200 { String::new() } else { answer.error() })
}

#[tokio::test]
async fn recaptcha_is_asked_with_the_secret_and_the_token() {
    let google = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/siteverify"))
        .and(body_string_contains("secret=s%26cret"))
        .and(body_string_contains("response=t"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"success": true, "score": 0.7, "action": "x"})))
        .expect(1)
        .mount(&google)
        .await;
    let server = server(|config| {
        config.captcha.recaptcha.secret = "s&cret".into();
        config.captcha.recaptcha.base_url = google.uri();
    })
    .await;
    assert_eq!(outcome(&server, &by_email(TO)).await.0, 200);
}

#[tokio::test]
async fn a_low_score_is_refused_and_a_process_may_ask_for_more() {
    let google = provider(json!({"success": true, "score": 0.7})).await;
    let server = server(|config| {
        config.captcha.recaptcha.secret = "s".into();
        config.captcha.recaptcha.base_url = google.uri();
        config.captcha.recaptcha.min_score = 0.8;
    })
    .await;
    assert_eq!(outcome(&server, &by_email(TO)).await, (403, "CAPTCHA_REJECTED".into()));
    process(&server, Channel::Email, |settings| settings.min_score = Some(0.6)).await;
    assert_eq!(outcome(&server, &by_email(TO)).await.0, 200);
}

#[tokio::test]
async fn friendly_captcha_speaks_both_versions() {
    let friendly = MockServer::start().await;
    let right = || ResponseTemplate::new(200).set_body_json(json!({"success": true}));
    Mock::given(body_json(json!({"solution": "sol", "secret": "key", "sitekey": "site"})))
        .respond_with(right())
        .expect(1)
        .mount(&friendly)
        .await;
    Mock::given(body_json(json!({"response": "sol", "sitekey": "site"})))
        .and(header("x-api-key", "key"))
        .respond_with(right())
        .expect(1)
        .mount(&friendly)
        .await;
    let mut body = by_email(TO);
    body.as_object_mut().unwrap().remove("g-recaptcha-response");
    body["friendly-captcha-response"] = "sol".into();
    for version in [1, 2] {
        let server = server(|config| {
            config.captcha.friendly_captcha.secret = "key".into();
            config.captcha.friendly_captcha.site_key = "site".into();
            config.captcha.friendly_captcha.version = version;
            config.captcha.friendly_captcha.base_url = friendly.uri();
        })
        .await;
        assert_eq!(outcome(&server, &body).await.0, 200);
    }
}

#[tokio::test]
async fn a_provider_in_trouble_lets_nobody_in() {
    for response in [
        ResponseTemplate::new(500),
        ResponseTemplate::new(200).set_body_string("<html>"),
        ResponseTemplate::new(200).set_body_json(json!({"success": true, "score": 1.0, "x": "x".repeat(70_000)})),
        ResponseTemplate::new(302).insert_header("location", "https://example.org"),
    ] {
        let google = MockServer::start().await;
        Mock::given(method("POST")).respond_with(response).mount(&google).await;
        let server = server(|config| {
            config.captcha.recaptcha.secret = "s".into();
            config.captcha.recaptcha.base_url = google.uri();
        })
        .await;
        assert_eq!(outcome(&server, &by_email(TO)).await, (503, "UNAVAILABLE".into()));
    }
    let server = server(|config| {
        config.captcha.recaptcha.secret = "s".into();
        config.captcha.recaptcha.base_url = "http://127.0.0.1:1".into();
    })
    .await;
    assert_eq!(outcome(&server, &by_email(TO)).await.0, 503);
}

#[tokio::test]
async fn what_is_not_configured_or_not_accepted_is_refused() {
    let server = server(|_| {}).await;
    assert_eq!(outcome(&server, &by_email(TO)).await, (403, "CAPTCHA_REJECTED".into()));
    let worked = with_work(&server, "clinic", &by_email(TO)).await;
    process(&server, Channel::Email, |settings| settings.captchas = vec![CaptchaKind::Recaptcha]).await;
    assert_eq!(outcome(&server, &worked).await.0, 403);
    process(&server, Channel::Email, |settings| settings.captchas = vec![CaptchaKind::Kerberus]).await;
    assert_eq!(outcome(&server, &worked).await.0, 200);
}

#[tokio::test]
async fn a_solution_is_spent_only_by_a_request_that_is_in_order() {
    let google = provider(json!({"success": true, "score": 1.0})).await;
    let server = server(|config| {
        config.captcha.recaptcha.secret = "s".into();
        config.captcha.recaptcha.base_url = google.uri();
        config.gateway.starts_per_address = Rate { burst: 1, per_hour: 1 };
    })
    .await;
    let asked = async || google.received_requests().await.unwrap().len();
    for (key, value) in [("email", "nobody"), ("hcpId", "unknown"), ("firstName", "a\nb")] {
        let mut body = by_email(TO);
        body[key] = value.into();
        assert_eq!(outcome(&server, &body).await.0, 400, "{key}");
    }
    let (_, answer) = start(&server, "clinic", "unknown", &by_email(TO)).await;
    assert_eq!(answer.status, 404);
    assert_eq!(asked().await, 0);
    assert_eq!(outcome(&server, &by_email(TO)).await.0, 200);
    assert_eq!(outcome(&server, &by_email(TO)).await.0, 429);
    assert_eq!(asked().await, 1);
}

#[tokio::test]
async fn a_challenge_serves_one_request() {
    let server = server(|_| {}).await;
    let mut body = with_work(&server, "clinic", &by_email(TO)).await;
    let mut broken = body.clone();
    broken["email"] = "nobody".into();
    assert_eq!(outcome(&server, &broken).await.0, 400, "the challenge is not spent by this");
    assert_eq!(outcome(&server, &body).await.0, 200);
    assert_eq!(outcome(&server, &body).await, (403, "CAPTCHA_REJECTED".into()));
    let shouted = body["kerberus-response"]["id"].as_str().unwrap().to_uppercase();
    body["kerberus-response"]["id"] = shouted.into();
    assert_eq!(outcome(&server, &body).await.0, 403);
}

#[tokio::test]
async fn a_challenge_survives_a_request_that_is_refused_late() {
    let server = server(|_| {}).await;
    let first = with_work(&server, "clinic", &by_email(TO)).await;
    let (id, answer) = start(&server, "clinic", "join", &first).await;
    assert_eq!(answer.status, 200);
    let second = with_work(&server, "clinic", &by_email(TO)).await;
    let reused = server.post(&format!("/gw/clinic/process/join/{id}"), &second).await;
    assert_eq!(reused.status, 409);
    assert_eq!(outcome(&server, &second).await.0, 200);
}

#[tokio::test]
async fn parallel_requests_share_no_challenge() {
    let server = server(|_| {}).await;
    let solution = work(&server, "clinic").await;
    let bodies: Vec<Value> =
        (0..10).map(|n| json!({"email": format!("{n}@example.org"), "kerberus-response": solution})).collect();
    let all = bodies.iter().map(|body| outcome(&server, body));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|(status, _)| *status == 403).count(), 9);
}

#[tokio::test]
async fn an_old_challenge_is_refused() {
    let server = server(|config| config.captcha.kerberus.seconds = 60).await;
    let body = with_work(&server, "clinic", &by_email(TO)).await;
    server.advance(60_000);
    assert_eq!(outcome(&server, &body).await.0, 403);
}
