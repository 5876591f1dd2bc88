//! Whatever a client sends, the answer is a clear refusal and never a failure of the server.

use serde_json::{Value, json};

use super::{by_email, start};
use crate::support::{Answer, TestServer};

async fn raw(server: &TestServer, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = server.http.post(format!("{}{path}", server.base)).header("content-type", "application/json");
    Answer::of(request.body(body)).await
}

fn path(server: &TestServer) -> String {
    format!("/gw/dev/process/hcp-email/{}", server.app.rng.uuid())
}

/// An error that says what to do, in the usual shape.
fn clear(answer: &Answer) {
    assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.text);
    let body = answer.json();
    assert!(!body["message"].as_str().unwrap().is_empty());
    assert!(!body["requestId"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_that_are_none() {
    let server = TestServer::dev().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let numbers = format!("{{\"email\": 1{}}}", "0".repeat(1_000));
    for body in ["", "null", "[]", "\"text\"", "{", "{\"email\":", "\u{0}", "nonsense", &deep[..50_000], &numbers] {
        clear(&raw(&server, &path(&server), body.to_owned()).await);
    }
    clear(&raw(&server, &path(&server), vec![0xff, 0xfe, 0x00]).await);
    assert!(server.outbox("").await.is_empty());
}

#[tokio::test]
async fn bodies_that_are_too_large() {
    let server = TestServer::dev().await;
    let mut body = by_email("a@example.org");
    body["extra"] = "x".repeat(65_000).into();
    assert_eq!(start(&server, "dev", "hcp-email", &body).await.1.status, 200, "an unknown key is left alone");
    body["extra"] = "x".repeat(66_000).into();
    let (_, answer) = start(&server, "dev", "hcp-email", &body).await;
    assert_eq!((answer.status, answer.error().as_str()), (413, "TOO_LARGE"));
    clear(&raw(&server, &path(&server), vec![b' '; 1 << 20]).await);
}

#[tokio::test]
async fn fields_of_every_wrong_type() {
    let server = TestServer::dev().await;
    let long = "x".repeat(5_000);
    let keys = [
        "firstName",
        "lastName",
        "email",
        "mobilePhone",
        "from",
        "hcpId",
        "language",
        "g-recaptcha-response",
        "friendly-captcha-response",
        "kerberus-response",
    ];
    let mut refused = 0;
    for key in keys {
        for value in [
            json!(1),
            json!(true),
            json!([]),
            json!({}),
            json!({"id": 1, "nonces": {}}),
            json!(long),
            json!("\u{7}\r\n"),
        ] {
            let mut body: Value = by_email("a@example.org");
            body[key] = value;
            let (_, answer) = start(&server, "dev", "hcp-email", &body).await;
            // a long token is a token, in development
            if answer.status != 200 {
                clear(&answer);
                assert!(!answer.text.contains("xxxxx"), "the answer repeats what was sent");
                refused += 1;
            }
        }
    }
    assert!(refused >= 68, "{refused}");
}

#[tokio::test]
async fn addresses_that_are_none() {
    let server = TestServer::dev().await;
    for to in [
        "",
        " ",
        "@",
        "a@",
        "a b@example.org",
        "a@b@c.org",
        "<a@example.org>",
        "a@example.org,b@example.org",
        "+32470123456",
    ] {
        let (_, answer) = start(&server, "dev", "hcp-email", &by_email(to)).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some("email")), "{to}");
    }
    for to in ["", "dany", "12345", "+", "a@example.org", "123456789012345678901"] {
        let body = json!({"g-recaptcha-response": "t", "mobilePhone": to});
        let (_, answer) = start(&server, "dev", "hcp-sms", &body).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some("mobilePhone")), "{to}");
    }
}

#[tokio::test]
async fn paths_and_queries_of_every_kind() {
    let server = TestServer::dev().await;
    let id = server.app.rng.uuid();
    let body = by_email("a@example.org");
    for path in [
        format!("/gw/dev/process/hcp-email/{id}?codeLength=99"),
        format!("/gw/dev/process/hcp-email/{id}?codeLength=six"),
        format!("/gw/dev/process/hcp-email/{id}?codeLength=6&codeLength=7"),
        format!("/gw/dev/process/hcp-email/{id}?codeLength=%ff"),
        "/gw/dev/process/hcp-email/%ff".to_owned(),
        "/gw/%00/process/hcp-email/x".to_owned(),
        format!("/gw/dev/process/%F0%9F%92%A9/{id}"),
        format!("/gw/dev/process/{}/{id}", "x".repeat(5_000)),
        format!("/gw/dev/process/validate/{id}"),
        "/gw/dev/email/to/%ff".to_owned(),
        "/gw/dev/sms/to/%00".to_owned(),
        "/gw//process".to_owned(),
    ] {
        clear(&server.post(&path, &body).await);
    }
    for path in [
        "/gw/dev/process/validate/".to_owned(),
        "/gw/dev/process/validate/%ff".to_owned(),
        "/gw/dev/process/validate/x".to_owned(),
        format!("/gw/dev/process/validate/{id}"),
        format!("/gw/dev/process/validate/{id}-"),
        format!("/gw/dev/process/validate/{id}-{}", "1".repeat(5_000)),
        format!("/gw/dev/process/validate/{id}-%F0%9F%92%A9"),
        format!("/gw/dev/process/validate/{}", "é".repeat(40)),
        format!("/gw/dev/process/hcp-email/{id}"),
        "/gw/%ff/challenge".to_owned(),
        format!("/gw/{}/challenge", "x".repeat(5_000)),
        "/dev/outbox?to=%ff&to=a".to_owned(),
    ] {
        clear(&server.get(&path).await);
    }
}
