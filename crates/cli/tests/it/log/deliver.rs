//! The same for a server that delivers its messages: the libraries that speak to mail servers and
//! providers log too, and the providers repeat what they were sent.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::secrets::Secrets;
use super::{LOUD, WRONG_CODE};
use crate::contacts::new_id;
use crate::http::Caller;
use crate::mail::MailServer;
use crate::process::{Hcp, PATIENCE, Server, admin};

const ACCOUNT: &str = "AC0123456789abcdef";
const EMAIL: &str = "stormborn.unburnt@dragonstone.example.org";
const PHONE: &str = "+32470998877";
const SMTP_PASSWORD: &str = "password-of-the-mail-account";
const SMS_TOKEN: &str = "token-of-the-sms-account";
const CAPTCHA_SECRET: &str = "secret-key-of-the-captcha-site";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_logged_of_what_is_delivered() {
    let data = tempfile::tempdir().unwrap();
    let (mail, providers) = (MailServer::start(), providers().await);
    let mut secrets = Secrets::default();
    secrets.add("an address", [EMAIL, "stormborn.unburnt", "dragonstone.example", "32470998877", "32470000000"]);
    secrets.add("a name", ["Daenerysprename", "Targaryensurname"]);
    secrets.add("a secret of the configuration", [SMTP_PASSWORD, SMS_TOKEN, CAPTCHA_SECRET]);
    let basic = STANDARD.encode(format!("{ACCOUNT}:{SMS_TOKEN}"));
    let plain = STANDARD.encode(format!("\0mailer\0{SMTP_PASSWORD}"));
    secrets.add("a secret of the configuration", [basic, plain]);
    secrets.add("a captcha solution", ["solution-of-a-captcha"]);
    secrets.add("a text of a message", ["wording-of-the-message", "answer-of-a-provider"]);
    secrets.add("a code", [WRONG_CODE]);

    prepare(data.path());
    let config = configuration(data.path(), mail.port, &providers.uri());
    let server = Server::start(data.path(), &["--config", &config], &LOUD);
    let anybody = Caller::new(server.base());
    for (count, channel, address) in [(1, "email", EMAIL), (2, "sms", PHONE)] {
        let request = start(&anybody, channel, address).await;
        let message = newest_of(count, &mail, &providers).await;
        let code = code(&message);
        secrets.add("a code", [code]);
        let validate = format!("/gw/northwall/process/validate/{request}-");
        anybody.get(&format!("{validate}{WRONG_CODE}")).await.unwrap().is(401);
        anybody.get(&format!("{validate}{code}")).await.unwrap().well();
        let login = json!({"username": address, "password": code});
        secrets.tokens(&anybody.post("/rest/v2/auth/login", &login).await.unwrap().json());
    }
    // The provider refuses this one, and repeats what it was sent.
    start(&anybody, "sms", "+32470000000").await;
    newest_of(3, &mail, &providers).await;

    let (status, output) = server.stop();
    assert!(status.success(), "{status}");
    assert!(output.contains("job given up") && output.contains("DEBUG"), "{output}");
    secrets.assert_absent(&output);
}

/// A group with processes for patients, as an operator sets them up.
fn prepare(data: &Path) {
    let group = admin(data, &["group", "create", "--name", "Northwall"]);
    let hcp = Hcp::create(data);
    assert_eq!(group["groupId"], json!(hcp.group));
    for channel in ["email", "sms"] {
        let settings = json!({
            "kind": "patient", "channel": channel, "group": hcp.group, "responsible": hcp.id, "code_length": 12,
            "templates": {"en": {"subject": "wording-of-the-message", "body": "wording-of-the-message {{code}}"}},
        });
        let process = ["process", "set", "--spec", "northwall", "--id", channel, "--settings", &settings.to_string()];
        admin(data, &process);
    }
}

/// Writes the configuration; gives its path.
fn configuration(data: &Path, smtp_port: u16, providers: &str) -> String {
    let file = data.join("keystead.toml");
    let text = format!(
        r#"
        [smtp]
        host = "127.0.0.1"
        port = {smtp_port}
        tls = "none"
        username = "mailer"
        password = "{SMTP_PASSWORD}"
        from = "Northwall <no-reply@northwall.example.org>"
        [sms]
        base_url = "{providers}"
        account_sid = "{ACCOUNT}"
        auth_token = "{SMS_TOKEN}"
        from = "Northwall"
        [captcha.recaptcha]
        secret = "{CAPTCHA_SECRET}"
        base_url = "{providers}"
        "#
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The providers of SMS and captchas. The one of SMS refuses a number, with an answer that says it.
async fn providers() -> MockServer {
    let providers = MockServer::start().await;
    let verified = ResponseTemplate::new(200).set_body_json(json!({"success": true, "score": 0.9}));
    Mock::given(method("POST")).and(path("/siteverify")).respond_with(verified).mount(&providers).await;
    let refused = |request: &wiremock::Request| match String::from_utf8_lossy(&request.body).contains("32470000000") {
        true => ResponseTemplate::new(400).set_body_json(json!({"message": "answer-of-a-provider: +32470000000"})),
        false => ResponseTemplate::new(201).set_body_json(json!({"sid": "answer-of-a-provider"})),
    };
    Mock::given(method("POST")).and(path(sms_path())).respond_with(refused).mount(&providers).await;
    providers
}

fn sms_path() -> String {
    format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
}

/// Asks for a code; gives the id of the request.
async fn start(anybody: &Caller, channel: &str, address: &str) -> String {
    let request = new_id();
    let (email, phone) = if channel == "email" { (address, "") } else { ("", address) };
    let body = json!({
        "firstName": "Daenerysprename", "lastName": "Targaryensurname",
        "g-recaptcha-response": "solution-of-a-captcha", "email": email, "mobilePhone": phone,
    });
    anybody.post(&format!("/gw/northwall/process/{channel}/{request}"), &body).await.unwrap().well();
    request
}

/// Waits until `count` messages have left the server; gives the newest, as far as they were sent by mail
/// first and by SMS afterwards.
async fn newest_of(count: usize, mail: &MailServer, providers: &MockServer) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let requests = providers.received_requests().await.unwrap();
        let sent = requests.iter().filter(|request| request.url.path() == sms_path());
        let texts = sent.map(|request| String::from_utf8_lossy(&request.body).into_owned());
        let mut texts: Vec<String> = mail.mails().into_iter().chain(texts).collect();
        if texts.len() == count {
            return texts.remove(count - 1);
        }
        assert!(Instant::now() < deadline, "{} of {count} messages arrived", texts.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The first twelve digits in a row.
fn code(text: &str) -> &str {
    let mut runs = text.split(|c: char| !c.is_ascii_digit());
    runs.find(|run| run.len() == 12).unwrap_or_else(|| panic!("no code in {text}"))
}
