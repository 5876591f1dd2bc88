//! HTTP itself, and what is made of what other servers answer.

use std::time::Duration;

use keystead_sdk::Api;
use keystead_sdk::api::LoginError;
use keystead_sdk::error::RequestError;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::transport::{HttpTransport, Limits, Repeat, Request, Transport, TransportError};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn get(url: String) -> Request {
    Request::new(http::Method::GET, url)
}

async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/x")).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn answers_are_read_whole_and_not_followed() {
    let server = answering(ResponseTemplate::new(302).insert_header("location", "/y").set_body_string("body")).await;
    let answer = HttpTransport::new().unwrap().send(get(format!("{}/x", server.uri()))).await.unwrap();
    assert_eq!((answer.status, answer.header("Location"), &*answer.body), (302, Some("/y"), b"body".as_slice()));
    assert!(!answer.is_success() && !answer.repeated);
}

#[tokio::test]
async fn limits_hold() {
    let server = answering(ResponseTemplate::new(200).set_body_bytes(vec![0; 1001])).await;
    let limits = |body| Limits { body, ..Limits::default() };
    let small = HttpTransport::with_limits(limits(1000)).unwrap();
    let error = small.send(get(format!("{}/x", server.uri()))).await.unwrap_err();
    assert_eq!(error, TransportError::TooLarge);
    assert!(!error.retryable());
    let enough = HttpTransport::with_limits(limits(1001)).unwrap();
    assert_eq!(enough.send(get(format!("{}/x", server.uri()))).await.unwrap().body.len(), 1001);

    let slow = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(20))).await;
    let mut request = get(format!("{}/x", slow.uri()));
    request.timeout = Some(Duration::from_millis(50));
    assert_eq!(HttpTransport::new().unwrap().send(request).await.unwrap_err(), TransportError::TimedOut);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said() {
    let transport = HttpTransport::new().unwrap();
    assert_eq!(transport.send(get("http://127.0.0.1:9/".into())).await.unwrap_err(), TransportError::NotSent);
    assert_eq!(transport.send(get("not an address".into())).await.unwrap_err(), TransportError::Invalid);
    let mut request = get("http://127.0.0.1:9/".into());
    let value = "line\nbreak";
    assert_eq!(request.set_header(http::header::AUTHORIZATION, value), Err(TransportError::Invalid));
    assert_eq!(request.repeat, Repeat::Freely);
    assert_eq!(Request::new(http::Method::POST, "").repeat, Repeat::OnlyIfUnsent);
}

/// What a login makes of a server that answers every request in this way.
async fn login(answer: ResponseTemplate) -> LoginError {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    let device = MemoryStorage::new();
    let api = Api::builder().base_url(server.uri()).storage(device.clone()).key_storage(device);
    api.user_name("jorah").password("winter").second_factor("123456").build().await.unwrap_err()
}

#[tokio::test]
async fn every_refusal_of_a_login_has_its_variant() {
    let with = |status: u16| login(ResponseTemplate::new(status));
    assert!(matches!(with(401).await, LoginError::WrongCredentials(_)));
    assert!(matches!(with(412).await, LoginError::WrongCredentials(_)));
    assert!(matches!(with(417).await, LoginError::SecondFactorNeeded(_)));
    assert!(matches!(with(406).await, LoginError::SecondFactorWrong(_)));
    assert!(matches!(with(500).await, LoginError::Request(RequestError::Failed(_))));
    let busy = login(ResponseTemplate::new(429).insert_header("retry-after", "3600")).await;
    let LoginError::TooManyAttempts(refusal) = busy else { panic!("{busy}") };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(3600)));
    for body in [json!(null), json!({}), json!({"token": "a"}), json!([1])] {
        let error = login(ResponseTemplate::new(200).set_body_json(&body)).await;
        assert!(matches!(error, LoginError::Request(RequestError::Unreadable)), "{body}: {error}");
    }
}

/// A server of another make: it repeats input in its errors, and much of it.
#[tokio::test]
async fn what_other_servers_say_is_cut_and_not_shown() {
    let body: Value = json!({
        "code": "NO_SUCH_CODE", "message": "dragon\u{7}".repeat(200), "field": "dragon", "requestId": "dragon id!",
    });
    let error = login(ResponseTemplate::new(401).set_body_json(&body)).await;
    let LoginError::WrongCredentials(refusal) = &error else { panic!("{error}") };
    assert_eq!((refusal.status(), refusal.code(), refusal.request_id()), (401, None, None));
    assert_eq!(refusal.message().len(), 500);
    assert!(!refusal.message().contains('\u{7}'));
    assert!(!format!("{error} {error:?}").contains("dragon"));
}
