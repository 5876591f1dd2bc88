//! E-mail, through a conversation with a real socket.

use keystead_server::config::{Config, SmtpTls};
use keystead_server::delivery::Channel;
use keystead_server::gateway::{ProcessSettings, Template};

use super::{by_email, process, start, validate, with_work};
use crate::smtp::{Begin, Catcher, certificate, other_certificate};
use crate::support::{TestServer, until};

const TO: &str = "grey@example.org";

async fn server(catcher: &Catcher, change: impl FnOnce(&mut Config)) -> TestServer {
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(catcher.port);
        config.smtp.from = "Keystead <no-reply@example.org>".into();
        config.smtp.ca_file = Some(certificate());
        config.smtp.username = "keystead".into();
        config.smtp.password = "right".into();
        change(config);
    })
    .await;
    process(&server, Channel::Email, |_| {}).await;
    server
}

async fn ask(server: &TestServer) -> String {
    let (id, answer) = start(server, "clinic", "join", &with_work(server, "clinic", &by_email(TO)).await).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    id
}

#[tokio::test]
async fn a_code_travels_through_starttls_after_a_login() {
    let catcher = Catcher::start(Begin::StartTls).await;
    let server = server(&catcher, |_| {}).await;
    process(&server, Channel::Email, |settings: &mut ProcessSettings| {
        settings.name = Some("Northwall".into());
        let body = "Dear {{firstName}} {{lastName}}, {{code}} is for {{process}}, {{minutes}} min. Ünïcode.\n.\nEnd";
        settings.templates.insert("en".into(), Template { subject: "Code für Sie".into(), body: body.into() });
    })
    .await;
    let id = ask(&server).await;
    until(async || catcher.mails().len() == 1).await;
    let mail = &catcher.mails()[0];
    assert!(mail.tls);
    assert_eq!(mail.login, Some(("keystead".into(), "right".into())));
    assert_eq!((mail.from.as_str(), &mail.to[..]), ("no-reply@example.org", &[TO.to_owned()][..]));
    assert_eq!(mail.header("from").as_deref(), Some("Keystead <no-reply@example.org>"));
    assert_eq!(mail.header("subject").as_deref(), Some("Code =?utf-8?b?ZsO8cg==?= Sie"));
    assert_eq!(mail.header("content-type").as_deref(), Some("text/plain; charset=utf-8"));
    assert!(mail.body().contains("Dear Grey Worm, "), "{}", mail.data);
    let code = &mail.body().split("Worm, ").nth(1).unwrap()[..6];
    assert_eq!(validate(&server, "clinic", &id, code).await.status, 200);
    until(async || server.jobs().await.0 == 0).await;
    server.stop().await;
}

#[tokio::test]
async fn tls_from_the_start_and_a_local_server_in_clear() {
    for (begin, tls) in [(Begin::Tls, SmtpTls::Implicit), (Begin::Clear, SmtpTls::None)] {
        let catcher = Catcher::start(begin).await;
        let server = server(&catcher, |config| config.smtp.tls = tls).await;
        ask(&server).await;
        until(async || catcher.mails().len() == 1).await;
        assert_eq!(catcher.mails()[0].tls, begin == Begin::Tls);
    }
}

#[tokio::test]
async fn nothing_is_said_in_clear_to_a_server_without_starttls_or_with_a_strange_certificate() {
    for (begin, ca_file) in [
        (Begin::Clear, Some(certificate())),
        (Begin::StartTls, None),
        (Begin::StartTls, Some(other_certificate())),
        (Begin::Tls, Some(other_certificate())),
    ] {
        let catcher = Catcher::start(begin).await;
        let server = server(&catcher, |config| {
            config.smtp.ca_file = ca_file;
            if begin == Begin::Tls {
                config.smtp.tls = SmtpTls::Implicit;
            }
        })
        .await;
        ask(&server).await;
        until(async || catcher.ended() == 1 && server.put_off().await).await;
        assert_eq!((catcher.logins(), catcher.tries(), catcher.mails().len()), (0, 0, 0));
        assert_eq!(server.jobs().await, (1, 1), "the mail waits for the operator to put it right");
    }
}

#[tokio::test]
async fn a_mail_that_is_put_off_is_tried_again_later_and_later() {
    let catcher = Catcher::start(Begin::StartTls).await;
    catcher.refuse(&["451 later", "451 later", "452 full"]);
    let server = server(&catcher, |_| {}).await;
    ask(&server).await;
    // each wait is the doubled one before it, shortened by up to a quarter
    for (tries, early, late) in [(1, 3_700, 5_000), (2, 7_400, 10_000), (3, 14_900, 20_000)] {
        until(async || catcher.tries() == tries && server.put_off().await).await;
        server.advance(early);
        settle(&server).await;
        assert_eq!(catcher.tries(), tries, "too early");
        server.advance(late - early);
    }
    until(async || catcher.mails().len() == 1).await;
    until(async || server.jobs().await.0 == 0).await;
    assert_eq!(catcher.tries(), 4);
}

/// Gives the worker the time to do what it should not do.
async fn settle(server: &TestServer) {
    for _ in 0..5 {
        server.app.jobs.wake();
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_mail_is_given_up_when_it_is_refused_or_its_code_has_ended() {
    let catcher = Catcher::start(Begin::StartTls).await;
    catcher.refuse(&["550 <grey@example.org> is unknown"]);
    let server = server(&catcher, |_| {}).await;
    ask(&server).await;
    until(async || catcher.tries() == 1 && server.jobs().await.0 == 0).await;

    catcher.refuse(&["451 later"]);
    ask(&server).await;
    until(async || catcher.tries() == 2 && server.put_off().await).await;
    server.advance(10 * 60_000);
    until(async || server.jobs().await.0 == 0).await;
    assert_eq!((catcher.tries(), catcher.mails().len()), (2, 0));
}

#[tokio::test]
async fn a_wrong_password_of_the_operator_keeps_the_mail_waiting() {
    let catcher = Catcher::start(Begin::StartTls).await;
    let server = server(&catcher, |config| config.smtp.password = "wrong".into()).await;
    ask(&server).await;
    until(async || catcher.logins() == 1 && server.put_off().await).await;
    assert_eq!(server.jobs().await, (1, 1));
    server.advance(5_000);
    until(async || catcher.logins() == 2).await;
    assert_eq!(catcher.tries(), 0);
}

#[tokio::test]
async fn names_cannot_add_headers_or_advertise() {
    let catcher = Catcher::start(Begin::StartTls).await;
    let server = server(&catcher, |_| {}).await;
    process(&server, Channel::Email, |settings: &mut ProcessSettings| {
        let template = Template { subject: "Hello {{firstName}}".into(), body: "<{{lastName}}> {{code}}".into() };
        settings.templates.insert("en".into(), template);
    })
    .await;
    let mut body = with_work(&server, "clinic", &by_email(TO)).await;
    body["firstName"] = "a\r\nBcc: b@example.org".into();
    assert_eq!(start(&server, "clinic", "join", &body).await.1.status, 400);
    body["firstName"] = "Bcc: b@example.org".into();
    body["lastName"] = "win at www.example.org".into();
    assert_eq!(start(&server, "clinic", "join", &body).await.1.status, 200);
    until(async || catcher.mails().len() == 1).await;
    let mail = &catcher.mails()[0];
    assert_eq!((mail.header("subject").as_deref(), mail.header("bcc")), (Some("Hello"), None));
    assert_eq!(mail.to, [TO]);
    assert!(mail.body().starts_with("<> "), "{}", mail.body());
}

#[tokio::test]
async fn a_channel_that_is_not_configured_says_so() {
    let server = TestServer::with(|_| {}).await;
    process(&server, Channel::Email, |_| {}).await;
    let body = with_work(&server, "clinic", &by_email(TO)).await;
    let (_, answer) = start(&server, "clinic", "join", &body).await;
    assert_eq!((answer.status, answer.error().as_str()), (503, "UNAVAILABLE"));
    assert!(answer.text.contains("[smtp]"));
}

#[tokio::test]
async fn what_was_acknowledged_is_sent_by_the_next_server() {
    let catcher = Catcher::start(Begin::StartTls).await;
    catcher.refuse(&["451 later"]);
    let server = server(&catcher, |_| {}).await;
    ask(&server).await;
    until(async || catcher.tries() == 1 && server.put_off().await).await;
    let app = server.app.clone();
    let clock = server.clock.clone();
    let _data = server.stop().await;
    clock.advance(5_000);
    let worker = keystead_server::jobs::start(app).unwrap();
    until(async || catcher.mails().len() == 1).await;
    worker.stop().await;
}
