//! Where the custodian of a group is. The secret that it knows us by is sealed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::error::FieldError;
use keystead_model::rev::Rev;
use keystead_model::wallet::CustodianSlots;
use keystead_store::documents::{Document, Projection, Written};
use keystead_store::{Reading, Writing};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::guard::Rules;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The class of the documents, internal, one in a group.
const CLASS: &str = "WalletCustodian";
const ID: &str = "custodian";
/// The longest URL and secret, in bytes.
const LONGEST: usize = 2_048;

/// How many shares a custodian keeps of each client, which is how they are given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Whatever its answers say.
    #[default]
    Auto,
    /// One, as in the tutorial: it gets both curves in one share.
    Legacy,
    /// One for each method and curve.
    Multi,
}

/// A custodian behind webhooks.
pub(crate) struct Webhook {
    pub(super) base: Url,
    pub(super) secret: Zeroizing<String>,
    format: Format,
    detected: Format,
}

impl Webhook {
    /// Whether it keeps one share of each client.
    pub(crate) fn has_one_slot(&self) -> bool {
        let format = if self.format == Format::Auto { self.detected } else { self.format };
        format == Format::Legacy
    }
}

/// The custodian of a group.
pub(crate) enum Custodian {
    BuiltIn,
    Webhook(Box<Webhook>),
}

impl Custodian {
    /// How many backups it keeps.
    pub(crate) fn slots(&self) -> CustodianSlots {
        match self {
            Self::Webhook(webhook) if webhook.has_one_slot() => CustodianSlots::One,
            _ => CustodianSlots::PerMethod,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    rev: String,
    url: String,
    sealed: String,
    format: Format,
    #[serde(default)]
    detected: Format,
}

/// What anybody who administers the group may see.
#[derive(Serialize)]
pub(super) struct Public {
    url: String,
    format: Format,
    detected: Format,
}

fn context(group: &str) -> String {
    format!("secret of the custodian {group}")
}

fn damaged() -> ApiError {
    ApiError::internal("the settings of a custodian are damaged")
}

async fn load(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Option<(Document, Stored)>> {
    let Some(document) = tx.document(group, CLASS, ID).await? else { return Ok(None) };
    let stored = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    Ok(Some((document, stored)))
}

async fn save(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    before: Option<&Document>,
    mut stored: Stored,
) -> ApiResult<()> {
    let rev = match before {
        Some(before) => Rev::parse(&before.rev).ok_or_else(damaged)?.make_next(app.rng.bytes()),
        None => Rev::make_first(app.rng.bytes()),
    };
    stored.rev = rev.as_str().to_owned();
    let body = serde_json::to_string(&stored).map_err(|_| damaged())?;
    let document = Document { id: ID.to_owned(), rev: stored.rev, deleted: false, body, created_by: None };
    let none = Projection::default();
    let written = match before {
        Some(before) => tx.replace(group, CLASS, &document, &before.rev, &none).await?,
        None => tx.create(group, CLASS, &document, &none).await?,
    };
    if written == Written::Done { Ok(()) } else { Err(ApiError::stale()) }
}

/// The custodian of a group.
pub(crate) async fn of_group(app: &App, tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Custodian> {
    let Some((_, stored)) = load(tx, group).await? else { return Ok(Custodian::BuiltIn) };
    let sealed = STANDARD.decode(&stored.sealed).map_err(|_| damaged())?;
    let secret = app.keys.open(&context(group), &sealed).ok_or_else(damaged)?;
    let secret = Zeroizing::new(String::from_utf8(secret.to_vec()).map_err(|_| damaged())?);
    let base = Url::parse(&stored.url).map_err(|_| damaged())?;
    let Stored { format, detected, .. } = stored;
    Ok(Custodian::Webhook(Box::new(Webhook { base, secret, format, detected })))
}

/// Gives a group a custodian behind webhooks: `{url}/backup` and `{url}/backup/fetch`, called with `secret`. How many
/// shares it keeps is found out.
///
/// # Errors
/// 400 where it may not be called: see the configuration of `[custody]`.
pub async fn configure(app: &App, group: &str, url: &str, secret: &str) -> ApiResult<()> {
    configure_as(app, group, url, secret, Format::Auto).await
}

/// The same for a custodian of a known kind.
///
/// # Errors
/// As [`configure`].
pub async fn configure_as(app: &App, group: &str, url: &str, secret: &str, format: Format) -> ApiResult<()> {
    let (url, secret) = checked(app, "", url, secret)?;
    let mut tx = app.store.write().await?;
    let before = load(&mut *tx, group).await?;
    let sealed = STANDARD.encode(app.keys.seal(&*app.rng, &context(group), secret.as_bytes()));
    // another address may be another custodian
    let detected = before.as_ref().filter(|(_, old)| old.url == url).map_or(Format::Auto, |(_, old)| old.detected);
    let stored = Stored { id: ID.to_owned(), rev: String::new(), url, sealed, format, detected };
    save(app, &mut *tx, group, before.as_ref().map(|(document, _)| document), stored).await?;
    Ok(tx.commit().await?)
}

/// Where a webhook is and the secret that it knows us by, if it may be called. Fields are named with `prefix`.
///
/// # Errors
/// 400 where it may not be called.
pub(crate) fn read_webhook(app: &App, prefix: &str, body: &Value) -> Result<(String, String), FieldError> {
    let text = |field: &str| {
        let text = body.get(field).and_then(Value::as_str);
        text.ok_or_else(|| FieldError::new(format!("{prefix}{field}"), "text"))
    };
    let (url, secret) = checked(app, prefix, text("url")?, text("secret")?)?;
    Ok((url, secret.to_owned()))
}

fn checked<'a>(app: &App, prefix: &str, url: &str, secret: &'a str) -> Result<(String, &'a str), FieldError> {
    let expected = "an https URL of a public host, without user, query and fragment";
    let wrong = || FieldError::new(format!("{prefix}url"), expected);
    let parsed = Url::parse(url).ok().filter(|_| url.len() <= LONGEST).ok_or_else(wrong)?;
    if !Rules::of(&app.config).unwrap_or_default().allows_url(&parsed) {
        return Err(wrong());
    }
    let is_header = secret.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    if secret.is_empty() || secret.len() > LONGEST || !is_header || secret.trim() != secret {
        return Err(FieldError::new(format!("{prefix}secret"), "1 to 2048 printable ASCII characters"));
    }
    Ok((parsed.as_str().trim_end_matches('/').to_owned(), secret))
}

/// Makes us the custodian again. Halves that the other one has stay there, and cannot be fetched any more.
///
/// # Errors
/// The store fails.
pub async fn remove(app: &App, group: &str) -> ApiResult<()> {
    let mut tx = app.store.write().await?;
    if let Some((document, _)) = load(&mut *tx, group).await? {
        tx.purge(group, CLASS, ID, &document.rev).await?;
    }
    Ok(tx.commit().await?)
}

/// What is public of the settings.
pub(super) async fn public(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Option<Public>> {
    let found = load(tx, group).await?;
    Ok(found.map(|(_, Stored { url, format, detected, .. })| Public { url, format, detected }))
}

/// Remembers what the answers of a custodian say of it.
pub(super) async fn detect(app: &App, group: &str, webhook: &Webhook, has_one_slot: bool) -> ApiResult<()> {
    let found = if has_one_slot { Format::Legacy } else { Format::Multi };
    if webhook.format != Format::Auto || webhook.detected == found {
        return Ok(());
    }
    let mut tx = app.store.write().await?;
    let Some((document, mut stored)) = load(&mut *tx, group).await? else { return Ok(()) };
    stored.detected = found;
    save(app, &mut *tx, group, Some(&document), stored).await?;
    Ok(tx.commit().await?)
}
