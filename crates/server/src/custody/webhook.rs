//! The two calls of a custodian behind webhooks: `/backup` gives it halves, `/backup/fetch` has it show them
//! (portal 3.1). And the question whether something may be signed, which goes the same way (portal 3.2).

use std::time::Duration;

use reqwest::{StatusCode, Url};
use serde_json::json;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::call::{Call, CallError};
use super::log::{self, Entry};
use super::settings::{Webhook, detect};
use super::share::{Given, Shown, read};
use crate::app::App;

/// The custodian did not take or show what it should. It may have taken it all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the custodian: {0}")]
pub(crate) struct Failed(CallError);

/// Gives the custodian halves: in a call for each curve, or in one where it keeps one share of each client. With
/// whatever success it answers, they are to be fetched before they count.
pub(crate) async fn push(app: &App, group: &str, webhook: &Webhook, given: &Given) -> Result<(), Failed> {
    let bodies = if webhook.has_one_slot() { given.together() } else { given.apart() };
    for body in bodies {
        let text = serde_json::to_vec(&body).map(Zeroizing::new).map_err(|_| Failed(CallError::Unreadable))?;
        let method = Some(body.method().to_owned());
        // the same half said again is the same message
        let id = format!("msg_{}", body.backup_share_pair_id);
        called(app, group, webhook, &Saying { call: "backup", client: &given.client, method, id }, text).await?;
    }
    Ok(())
}

/// What the custodian shows of a client. Entries that cannot be read, or are of others, are passed over.
pub(crate) async fn fetch(app: &App, group: &str, webhook: &Webhook, client: &str) -> Result<Vec<Shown>, Failed> {
    let text = Zeroizing::new(json!({ "clientId": client }).to_string().into_bytes());
    let id = format!("msg_{}", app.rng.uuid());
    let body = called(app, group, webhook, &Saying { call: "backup/fetch", client, method: None, id }, text).await?;
    let answer = read(&body, client).ok_or(Failed(CallError::Unreadable))?;
    // what shows nothing says nothing about its kind either
    if (!answer.shown.is_empty() || answer.has_one_slot)
        && let Err(error) = detect(app, group, webhook, answer.has_one_slot).await
    {
        tracing::warn!(%error, "the kind of a custodian could not be remembered");
    }
    Ok(answer.shown)
}

/// A question that is answered by yes or no.
pub(crate) struct Question<'a> {
    /// Whom it is about.
    pub(crate) client: &'a str,
    pub(crate) url: &'a Url,
    pub(crate) secret: &'a str,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Whether the answer is a success. Everything else is a no.
pub(crate) async fn ask(app: &App, group: &str, question: Question<'_>, limit: Duration) -> bool {
    let Question { client, url, secret, body } = question;
    let saying = Saying { call: "preSign", client, method: None, id: format!("msg_{}", app.rng.uuid()) };
    let (at, began) = (app.now(), Instant::now());
    let called = Call { url, secret, id: &saying.id, body, limit }.make(app).await;
    // what it says beside its status is of no interest
    let outcome = match called.status {
        Some(status) if status.is_success() => Ok(()),
        _ => Err(called.body.err().unwrap_or(CallError::Refused)),
    };
    note(app, group, url, &saying, (at, began), (called.status, outcome)).await;
    outcome.is_ok()
}

struct Saying<'a> {
    call: &'static str,
    client: &'a str,
    method: Option<String>,
    id: String,
}

async fn called(
    app: &App,
    group: &str,
    webhook: &Webhook,
    saying: &Saying<'_>,
    body: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, Failed> {
    let url = Url::parse(&format!("{}/{}", webhook.base.as_str().trim_end_matches('/'), saying.call));
    let url = url.map_err(|_| Failed(CallError::Blocked))?;
    let (at, began) = (app.now(), Instant::now());
    let limit = Duration::from_millis(app.config.custody.timeout_ms);
    let call = Call { url: &url, secret: &webhook.secret, id: &saying.id, body, limit };
    let called = call.make(app).await;
    // an answer that cannot be read is a failed fetch
    let outcome = match &called.body {
        Ok(body) if saying.call == "backup/fetch" && read(body, saying.client).is_none() => Err(CallError::Unreadable),
        Ok(_) => Ok(()),
        Err(error) => Err(*error),
    };
    note(app, group, &url, saying, (at, began), (called.status, outcome)).await;
    called.body.map_err(Failed)
}

/// Puts a call on record.
async fn note(
    app: &App,
    group: &str,
    url: &Url,
    saying: &Saying<'_>,
    (at, began): (i64, Instant),
    (status, outcome): (Option<StatusCode>, Result<(), CallError>),
) {
    let status = status.map(|status| status.as_u16());
    let outcome = outcome.err().map_or("ok", CallError::name);
    tracing::info!(call = saying.call, status, outcome, "a webhook was called");
    let entry = Entry {
        at,
        call: saying.call.to_owned(),
        client_id: saying.client.to_owned(),
        url: place(url),
        backup_method: saying.method.clone(),
        status,
        duration_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        outcome: outcome.to_owned(),
    };
    log::add(app, group, entry).await;
}

/// Host, port and path.
fn place(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
}
