//! No address, name, code, token or body appears in a log line, at any level.

use keystead_server::delivery::Channel;
use serde_json::json;

use super::{by_email, process, start, validate, with_work, wrong};
use crate::smtp::{Begin, Catcher, certificate};
use crate::support::{TestServer, logs, until};

#[tokio::test]
async fn a_whole_registration_leaves_nothing_private_in_the_log() {
    let logs = logs();
    let to = "very.private.person@secret.example";
    let catcher = Catcher::start(Begin::StartTls).await;
    catcher.refuse(&["451 <very.private.person@secret.example> later", "550 <very.private.person@secret.example> no"]);
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(catcher.port);
        config.smtp.from = "no-reply@example.org".into();
        config.smtp.ca_file = Some(certificate());
        config.smtp.username = "keystead".into();
        config.smtp.password = "right".into();
    })
    .await;
    // long codes, which do not stand in an id by chance
    process(&server, Channel::Email, |settings| settings.code_length = 12).await;
    let mut body = with_work(&server, "clinic", &by_email(to)).await;
    body["firstName"] = "Daenerysx".into();
    let (put_off, answer) = start(&server, "clinic", "join", &body).await;
    assert_eq!(answer.status, 200);
    until(async || catcher.tries() == 1 && server.put_off().await).await;
    let again = with_work(&server, "clinic", &by_email(to)).await;
    let (given_up, _) = start(&server, "clinic", "join", &again).await;
    until(async || catcher.tries() == 2).await;
    until(async || server.jobs().await == (1, 1)).await;
    server.advance(5_000);
    until(async || catcher.mails().len() == 1).await;
    let mail = catcher.mails().remove(0);
    let code = mail.body().split("code is ").nth(1).unwrap()[..12].to_owned();
    assert_eq!(validate(&server, "clinic", &put_off, &wrong(&code)).await.status, 401);
    assert_eq!(validate(&server, "clinic", &put_off, &code).await.status, 200);

    let dev = TestServer::dev().await;
    let id = dev.app.rng.uuid();
    let long = format!("/gw/dev/process/hcp-email/{id}?codeLength=12");
    assert_eq!(dev.post(&long, &by_email(to)).await.status, 200);
    let dev_code = dev.code(to).await;
    assert_eq!(validate(&dev, "dev", &id, &dev_code).await.status, 200);
    let phone = json!({"g-recaptcha-response": "captcha-token-1", "mobilePhone": "+32470998877"});
    assert_eq!(start(&dev, "dev", "hcp-sms", &phone).await.1.status, 200);
    assert_eq!(start(&dev, "dev", "hcp-email", &json!({"email": "very.private"})).await.1.status, 400);

    let lines = logs.lines();
    assert!(lines.iter().any(|line| line.contains("job put off")), "the log is really read");
    assert!(lines.iter().any(|line| line.contains("job given up")));
    let nonce = body["kerberus-response"]["id"].as_str().unwrap().to_owned();
    for private in [
        "very.private",
        "secret.example",
        "Daenerysx",
        "470998877",
        "captcha-token-1",
        &code,
        &dev_code,
        &put_off,
        &given_up,
        &id,
        &nonce,
        "Your code",
    ] {
        let found: Vec<&String> = lines.iter().filter(|line| line.contains(private)).collect();
        assert!(found.is_empty(), "{private} in {found:?}");
    }
}
