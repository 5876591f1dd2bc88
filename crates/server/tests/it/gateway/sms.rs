//! SMS, with a provider that stands in for Twilio.

use keystead_server::delivery::Channel;
use serde_json::{Value, json};
use wiremock::matchers::{basic_auth, body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{process, start, validate, with_work};
use crate::support::{TestServer, until};

const TO: &str = "+32470123456";

async fn server(twilio: &MockServer) -> TestServer {
    let server = TestServer::with(|config| {
        config.sms.base_url = twilio.uri();
        config.sms.account_sid = "AC123".into();
        config.sms.auth_token = "token".into();
        config.sms.from = "+32460000000".into();
    })
    .await;
    process(&server, Channel::Sms, |_| {}).await;
    server
}

async fn ask(server: &TestServer) -> String {
    let body: Value = json!({"firstName": "", "lastName": "", "email": "", "mobilePhone": TO});
    let (id, answer) = start(server, "clinic", "join", &with_work(server, "clinic", &body).await).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    id
}

#[tokio::test]
async fn a_code_is_posted_as_twilio_expects_it() {
    let twilio = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/2010-04-01/Accounts/AC123/Messages.json"))
        .and(basic_auth("AC123", "token"))
        .and(body_string_contains("From=%2B32460000000&To=%2B32470123456&Body="))
        .respond_with(ResponseTemplate::new(201).set_body_json(json!({"sid": "SM1"})))
        .expect(1)
        .mount(&twilio)
        .await;
    let server = server(&twilio).await;
    let id = ask(&server).await;
    until(async || server.jobs().await.0 == 0).await;
    let request = &twilio.received_requests().await.unwrap()[0];
    let body = String::from_utf8(request.body.clone()).unwrap();
    let code: String = body.split("code+is+").nth(1).unwrap().chars().take(6).collect();
    assert_eq!(validate(&server, "clinic", &id, &code).await.status, 200);
}

#[tokio::test]
async fn a_provider_in_trouble_is_asked_again_and_a_refusal_is_final() {
    for (status, tries) in [(500, 2), (429, 2), (401, 2), (400, 1)] {
        let twilio = MockServer::start().await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(status)).up_to_n_times(1).mount(&twilio).await;
        Mock::given(method("POST")).respond_with(ResponseTemplate::new(201)).mount(&twilio).await;
        let server = server(&twilio).await;
        ask(&server).await;
        let asked = async || twilio.received_requests().await.unwrap().len();
        if tries == 2 {
            until(async || asked().await == 1 && server.put_off().await).await;
            server.advance(5_000);
        }
        until(async || server.jobs().await.0 == 0).await;
        assert_eq!(asked().await, tries, "{status}");
    }
}
