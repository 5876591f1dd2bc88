//! The message gateway, as a client, an attacker and a mail server see it.

mod brute_force;
mod captchas;
mod codes;
mod dev_page;
mod flow;
mod garbage;
mod invitations;
mod limits;
mod logs;
mod mail;
mod responsible;
mod same_answer;
mod sms;

use aws_lc_rs::digest::{SHA256, digest};
use keystead_server::delivery::Channel;
use keystead_server::gateway::ProcessSettings;
use keystead_server::users::register::RegistrantKind;
use keystead_store::documents::{Document, Projection};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// The body of a start by e-mail, with a captcha that the development mode accepts.
pub(crate) fn by_email(to: &str) -> Value {
    json!({"firstName": "Grey", "lastName": "Worm", "g-recaptcha-response": "t", "email": to, "mobilePhone": ""})
}

/// Starts with a fresh request id.
pub(crate) async fn start(server: &TestServer, spec: &str, process: &str, body: &Value) -> (String, Answer) {
    let id = server.app.rng.uuid();
    let answer = server.post(&format!("/gw/{spec}/process/{process}/{id}"), body).await;
    (id, answer)
}

/// Starts for an HCP in development mode and expects that to succeed.
pub(crate) async fn started(server: &TestServer, to: &str) -> String {
    let (id, answer) = start(server, "dev", "hcp-email", &by_email(to)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    id
}

/// Gives a code back.
pub(crate) async fn validate(server: &TestServer, spec: &str, id: &str, code: &str) -> Answer {
    server.get(&format!("/gw/{spec}/process/validate/{id}-{code}")).await
}

/// Another code of the same length.
pub(crate) fn wrong(code: &str) -> String {
    let number: u64 = code.parse().unwrap();
    format!("{:0width$}", (number + 1) % 10_u64.pow(code.len() as u32), width = code.len())
}

/// Makes the process `clinic/join` for HCPs of the group `g`, with `change` made to its settings.
pub(crate) async fn process(server: &TestServer, channel: Channel, change: impl FnOnce(&mut ProcessSettings)) {
    let mut settings = ProcessSettings::new(RegistrantKind::Hcp, channel, "g");
    change(&mut settings);
    let mut tx = server.app.store.write().await.unwrap();
    keystead_server::gateway::set_process(&mut *tx, "clinic", "join", &settings).await.unwrap();
    tx.commit().await.unwrap();
}

/// The same body with the proof of work of a fresh challenge in place of the other captcha.
pub(crate) async fn with_work(server: &TestServer, spec: &str, body: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().retain(|key, _| !key.ends_with("-response"));
    body["kerberus-response"] = work(server, spec).await;
    body
}

/// A challenge and its solution, found as the official client finds it.
pub(crate) async fn work(server: &TestServer, spec: &str) -> Value {
    let challenge = server.get(&format!("/gw/{spec}/challenge?ts=1")).await.json();
    let difficulty = challenge["difficultyFactor"].as_u64().unwrap();
    let least = u128::MAX - u128::MAX / u128::from(difficulty);
    let solve = |salt: &Value| {
        let prefix = digest(&SHA256, format!("{}{spec}", salt.as_str().unwrap()).as_bytes());
        let solves = |n: &String| {
            let hash = digest(&SHA256, &[prefix.as_ref(), n.as_bytes()].concat());
            u128::from_be_bytes(hash.as_ref()[..16].try_into().unwrap()) >= least
        };
        (1..).map(|n: u64| n.to_string()).find(solves).unwrap()
    };
    let nonces: Vec<String> = challenge["salts"].as_array().unwrap().iter().map(solve).collect();
    json!({"id": challenge["id"], "nonces": nonces})
}

/// The group of the development mode.
pub(crate) async fn dev_group(server: &TestServer) -> String {
    let mut tx = server.app.store.read().await.unwrap();
    keystead_server::gateway::find_process(&mut *tx, "dev", "hcp-email").await.unwrap().group
}

/// Puts a document into the store, without what is derived from it.
pub(crate) async fn put(server: &TestServer, group: &str, class: &str, body: &Value) {
    let id = body["id"].as_str().unwrap().to_owned();
    let document = Document {
        id,
        rev: "1-00000000000000000000000000000000".into(),
        deleted: false,
        body: body.to_string(),
        created_by: None,
    };
    let mut tx = server.app.store.write().await.unwrap();
    tx.create(group, class, &document, &Projection::default()).await.unwrap();
    tx.commit().await.unwrap();
}
