//! Invitations, which older clients send through the gateway.

use keystead_server::auth::secret::token_digest;
use keystead_server::config::Rate;
use keystead_server::delivery::Channel;
use keystead_store::accounts::{Account, Secret, SecretKind};
use serde_json::{Value, json};

use super::{dev_group, process, put};
use crate::smtp::{Begin, Catcher, certificate};
use crate::support::{Answer, TestServer, until};

const DOCTOR: &str = "jorah@example.org";

/// Makes a user who logs in with the token `secret`.
async fn user(server: &TestServer, group: &str, login: &str, fields: Value) {
    let account = Account { group: group.into(), user: format!("user of {login}").replace(' ', "-") };
    let mut body = json!({"id": account.user, "rev": "1-a", "login": login, "email": login, "status": "ACTIVE"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    put(server, group, "User", &body).await;
    let mut tx = server.app.store.write().await.unwrap();
    tx.set_names(&account, &[login.to_owned()]).await.unwrap();
    let digest = token_digest(&server.app, &account, "secret");
    let secret = Secret { kind: SecretKind::Token, name: "t".into(), digest, created: 0, expires: None };
    tx.set_secret(&account, &secret).await.unwrap();
    tx.commit().await.unwrap();
}

async fn invite(server: &TestServer, login: Option<(&str, &str)>, path: &str, body: &Value) -> Answer {
    let mut request = server.http.post(format!("{}{path}", server.base)).json(body);
    if let Some((name, secret)) = login {
        request = request.basic_auth(name, Some(secret));
    }
    Answer::of(request).await
}

fn mail() -> Value {
    json!({"from": "Boss <boss@bank.example>", "html": "<p>Come &amp; see</p>", "subject": "Welcome"})
}

const LOGIN: Option<(&str, &str)> = Some((DOCTOR, "secret"));

async fn dev_server() -> TestServer {
    let server = TestServer::dev().await;
    let group = dev_group(&server).await;
    user(&server, &group, DOCTOR, json!({"healthcarePartyId": "h"})).await;
    user(&server, &group, "admin@example.org", json!({"roles": ["ADMIN"]})).await;
    user(&server, &group, "dany@example.org", json!({"patientId": "p"})).await;
    user(&server, "elsewhere", "stranger@example.org", json!({"healthcarePartyId": "h"})).await;
    server
}

#[tokio::test]
async fn healthcare_parties_and_administrators_invite() {
    let server = dev_server().await;
    for login in [DOCTOR, "admin@example.org"] {
        let answer = invite(&server, Some((login, "secret")), "/gw/dev/email/to/Missandei@Example.org", &mail()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let message = &server.outbox("missandei@example.org").await[0];
    assert_eq!((message["subject"].as_str(), message["code"].as_str()), (Some("Welcome"), None));
    assert_eq!(message["body"], "<p>Come &amp; see</p>");
    let text = json!({"message": "Come and see"});
    assert_eq!(invite(&server, LOGIN, "/gw/dev/sms/to/+32%20470%20123456", &text).await.status, 200);
    assert_eq!(server.outbox("+32470123456").await[0]["body"], "Come and see");
}

#[tokio::test]
async fn nobody_else_does() {
    let server = dev_server().await;
    for (login, status) in [
        (None, 401),
        (Some((DOCTOR, "wrong")), 401),
        (Some(("nobody@example.org", "secret")), 401),
        (Some(("dany@example.org", "secret")), 403),
        (Some(("stranger@example.org", "secret")), 404),
    ] {
        let answer = invite(&server, login, "/gw/dev/email/to/a@example.org", &mail()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        let answer = invite(&server, login, "/gw/dev/sms/to/+32470123456", &json!({"message": "m"})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(invite(&server, LOGIN, "/gw/elsewhere/email/to/a@example.org", &mail()).await.status, 404);
    assert!(server.outbox("").await.is_empty());
}

#[tokio::test]
async fn a_mistake_is_named() {
    let server = dev_server().await;
    for (path, body, field) in [
        ("/gw/dev/email/to/nobody", mail(), None),
        ("/gw/dev/sms/to/nobody", json!({"message": "m"}), None),
        ("/gw/dev/email/to/a@example.org", json!({"html": "h"}), Some("subject")),
        ("/gw/dev/email/to/a@example.org", json!({"html": "h", "subject": "a\r\nBcc: b@example.org"}), Some("subject")),
        ("/gw/dev/email/to/a@example.org", json!({"subject": "s", "html": 5}), Some("html")),
        ("/gw/dev/sms/to/+32470123456", json!({}), Some("message")),
        ("/gw/dev/sms/to/+32470123456", json!({"message": "x".repeat(1601)}), Some("message")),
    ] {
        let answer = invite(&server, LOGIN, path, &body).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, field), "{path}");
    }
    let huge = json!({"subject": "s", "html": "x".repeat(70_000)});
    assert_eq!(invite(&server, LOGIN, "/gw/dev/email/to/a@example.org", &huge).await.status, 413);
}

#[tokio::test]
async fn the_sender_is_the_server_and_only_the_inviters_own_address_gets_the_answers() {
    let catcher = Catcher::start(Begin::StartTls).await;
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(catcher.port);
        config.smtp.from = "no-reply@example.org".into();
        config.smtp.ca_file = Some(certificate());
        config.gateway.invitations_per_user = Rate { burst: 2, per_hour: 60 };
    })
    .await;
    process(&server, Channel::Email, |_| {}).await;
    user(&server, "g", DOCTOR, json!({"healthcarePartyId": "h"})).await;
    let mut own = mail();
    own["from"] = "Jorah@Example.org".into();
    for (n, body) in [mail(), own.clone()].iter().enumerate() {
        let path = format!("/gw/clinic/email/to/{n}@example.org");
        assert_eq!(invite(&server, LOGIN, &path, body).await.status, 200);
        until(async || catcher.mails().len() == n + 1).await;
    }
    let mails = catcher.mails();
    for mail in &mails {
        assert_eq!(mail.header("from").as_deref(), Some("no-reply@example.org"));
        assert_eq!(mail.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        assert!(!mail.data.contains("bank"));
    }
    assert_eq!(mails[0].header("reply-to"), None);
    assert_eq!(mails[1].header("reply-to").as_deref(), Some(DOCTOR));

    let third = invite(&server, LOGIN, "/gw/clinic/email/to/2@example.org", &own).await;
    assert_eq!((third.status, third.retry_after()), (429, 60));
}
