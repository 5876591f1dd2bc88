//! From the first request to the validated code.

use serde_json::json;

use super::{by_email, start, started, validate, work, wrong};
use crate::support::{START, TestServer};

#[tokio::test]
async fn a_code_arrives_and_is_accepted_once() {
    let server = TestServer::dev().await;
    let id = started(&server, " Grey.Worm@Example.org ").await;
    let messages = server.outbox("GREY.WORM@example.org").await;
    assert_eq!(messages.len(), 1);
    let code = messages[0]["code"].as_str().unwrap();
    assert_eq!(code.len(), 6);
    assert_eq!(messages[0]["to"], "grey.worm@example.org");
    assert_eq!(messages[0]["channel"], "email");
    assert_eq!(messages[0]["at"], START);
    assert!(messages[0]["body"].as_str().unwrap().contains(code));

    assert_eq!(validate(&server, "dev", &id, code).await.status, 200);
    let again = validate(&server, "dev", &id, code).await;
    assert_eq!((again.status, again.error().as_str()), (410, "CODE_EXPIRED"));
    assert_eq!(validate(&server, "dev", &id, &wrong(code)).await.status, 410);
}

#[tokio::test]
async fn a_code_arrives_by_sms() {
    let server = TestServer::dev().await;
    let body =
        json!({"friendly-captcha-response": "s", "email": "", "mobilePhone": "0032 470/12.34.56", "language": "fr"});
    let (id, answer) = start(&server, "dev", "hcp-sms", &body).await;
    assert_eq!(answer.status, 200);
    let message = &server.outbox("+32470123456").await[0];
    assert_eq!((message["channel"].as_str(), message["subject"].as_str()), (Some("sms"), Some("")));
    assert!(message["body"].as_str().unwrap().starts_with("Votre code"));
    assert_eq!(validate(&server, "dev", &id, message["code"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn an_older_client_repeats_the_address_and_asks_for_a_length() {
    let server = TestServer::dev().await;
    let body = json!({"g-recaptcha-response": "t", "from": "dany@test", "firstName": "D", "x": {"unknown": [1]}});
    for (asked, length) in [("?codeLength=6", 6), ("?codeLength=4", 6), ("?codeLength=8", 8), ("?ts=5", 6)] {
        let id = server.app.rng.uuid();
        let answer = server.post(&format!("/gw/dev/process/hcp-email/{id}{asked}"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let code = server.code("dany@test").await;
        assert_eq!(code.len(), length, "a client may ask for a longer code, not for a shorter one");
        assert_eq!(validate(&server, "dev", &id, &code).await.status, 200);
    }
}

#[tokio::test]
async fn the_second_code_finds_the_same_user() {
    let server = TestServer::dev().await;
    let mut users = Vec::new();
    for _ in 0..2 {
        let id = started(&server, "grey@example.org").await;
        assert_eq!(validate(&server, "dev", &id, &server.code("grey@example.org").await).await.status, 200);
        let accounts = server.app.store.read().await.unwrap().accounts("grey@example.org").await.unwrap();
        users.push(accounts);
    }
    assert_eq!(users[0].len(), 1);
    assert_eq!(users[0], users[1]);
}

#[tokio::test]
async fn a_code_belongs_to_its_request_and_its_spec() {
    let server = TestServer::dev().await;
    let (first, second) = (started(&server, "a@example.org").await, started(&server, "b@example.org").await);
    let (a, b) = (server.code("a@example.org").await, server.code("b@example.org").await);
    let other = if a == b { wrong(&b) } else { b.clone() };
    assert_eq!(validate(&server, "dev", &first, &other).await.status, 401);
    assert_eq!(validate(&server, "elsewhere", &first, &a).await.status, 404);
    assert_eq!(validate(&server, "dev", &first, &a).await.status, 200);
    assert_eq!(validate(&server, "dev", &second.to_uppercase(), &b).await.status, 200);
}

#[tokio::test]
async fn unknown_things_are_not_found() {
    let server = TestServer::dev().await;
    let id = server.app.rng.uuid();
    let body = by_email("a@example.org");
    for path in [format!("/gw/dev/process/nurse/{id}"), format!("/gw/elsewhere/process/hcp-email/{id}")] {
        assert_eq!(server.post(&path, &body).await.status, 404);
    }
    assert_eq!(server.get("/gw/elsewhere/challenge").await.status, 404);
    assert_eq!(validate(&server, "dev", &id, "123456").await.status, 404);
    assert!(server.outbox("a@example.org").await.is_empty());
}

#[tokio::test]
async fn a_challenge_is_solved_as_the_client_does() {
    let server = TestServer::dev().await;
    let challenge = server.get("/gw/dev/challenge").await;
    let keys: Vec<String> = challenge.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["id", "salts", "difficultyFactor"], "the official client refuses any other key");
    let mut body = by_email("a@example.org");
    body.as_object_mut().unwrap().remove("g-recaptcha-response");
    body["kerberus-response"] = work(&server, "dev").await;
    assert_eq!(start(&server, "dev", "hcp-email", &body).await.1.status, 200);
}

#[tokio::test]
async fn a_request_id_is_a_uuid_and_used_once() {
    let server = TestServer::dev().await;
    let id = started(&server, "a@example.org").await;
    let again = server.post(&format!("/gw/dev/process/hcp-email/{id}"), &by_email("a@example.org")).await;
    assert_eq!((again.status, again.error().as_str()), (409, "ALREADY_EXISTS"));
    let elsewhere = server.post(&format!("/gw/dev/process/hcp-email/{id}"), &by_email("b@example.org")).await;
    assert_eq!(elsewhere.status, 409);
    assert_eq!(server.outbox("").await.len(), 1);
    let answer = server.post("/gw/dev/process/hcp-email/one", &by_email("a@example.org")).await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "MALFORMED_REQUEST"));
}
