//! Examines a deployment: everything that the server depends on and that can be wrong without anybody noticing
//! before the first person registers.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::app::App;
use crate::delivery::Carriers;
use crate::gateway;
use crate::http::certificate_ends;

/// How far the clock may be off: codes and second factors live for half a minute and more.
const CLOCK_SECONDS: i64 = 30;
/// A certificate that ends sooner should have been renewed.
const CERTIFICATE_DAYS: i64 = 14;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Not configured, so not examined.
    Skipped,
    /// Wrong.
    Bad,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was examined.
    pub what: &'static str,
    /// How it is.
    pub health: Health,
    /// What was seen, and what to do about it.
    pub says: String,
}

fn finding(what: &'static str, outcome: Result<Option<String>, String>) -> Finding {
    let (health, says) = match outcome {
        Ok(Some(says)) => (Health::Good, says),
        Ok(None) => (Health::Skipped, "not configured".to_owned()),
        Err(says) => (Health::Bad, says),
    };
    Finding { what, health, says }
}

/// Examines everything but the disk, which only the command knows.
pub async fn examine(app: &App) -> Vec<Finding> {
    vec![
        finding("database", database(app).await),
        finding("secret", secret(app)),
        finding("e-mail", email(app).await),
        finding("sms", sms(app).await),
        finding("recaptcha", gateway::probe_recaptcha(app).await),
        finding("friendly captcha", gateway::probe_friendly_captcha(app).await),
        finding("clock", clock(app).await),
        finding("tls", tls(app)),
    ]
}

async fn database(app: &App) -> Result<Option<String>, String> {
    app.store.check().await.map_err(|error| error.to_string())?;
    let mut view = app.store.look().await.map_err(|error| error.to_string())?;
    let groups = view.groups().await.map_err(|error| error.to_string())?.len();
    let (jobs, retries) = view.waiting_jobs().await.map_err(|error| error.to_string())?;
    Ok(Some(format!("can be read and written; {groups} groups, {jobs} jobs wait, {retries} of them after a failure")))
}

/// The server's secret is its owner's alone.
fn secret(app: &App) -> Result<Option<String>, String> {
    if app.config.server.secret.is_set() {
        return Ok(Some("in the configuration".to_owned()));
    }
    let path = app.config.server.data.join("secret.key");
    let found = std::fs::metadata(&path).map_err(|error| format!("{}: {}", path.display(), error.kind()))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(format!("{}: others may read it (mode {mode:o}): expected 600", path.display()));
        }
    }
    Ok(Some(format!("{} bytes, for its owner only", found.len())))
}

async fn email(app: &App) -> Result<Option<String>, String> {
    let carriers = Carriers::new(app).map_err(|error| error.to_string())?;
    Ok(carriers
        .probe_mail()
        .await
        .map_err(|error| explain(&error))?
        .map(|()| "the mail server takes connections and credentials".to_owned()))
}

async fn sms(app: &App) -> Result<Option<String>, String> {
    let carriers = Carriers::new(app).map_err(|error| error.to_string())?;
    Ok(carriers
        .probe_sms()
        .await
        .map_err(|error| explain(&error))?
        .map(|()| "the provider knows the account".to_owned()))
}

fn explain(error: &crate::delivery::DeliveryError) -> String {
    match error.status() {
        Some(status) => format!("{error} (it answered {status})"),
        None => error.to_string(),
    }
}

/// Compares the clock with that of a provider.
async fn clock(app: &App) -> Result<Option<String>, String> {
    let config = &app.config;
    let providers = [
        (config.sms.is_set(), config.sms.base_url.as_str()),
        (config.captcha.recaptcha.secret.is_set(), config.captcha.recaptcha.base_url.as_str()),
        (config.captcha.friendly_captcha.secret.is_set(), config.captcha.friendly_captcha.base_url()),
    ];
    let Some((_, url)) = providers.into_iter().find(|(set, _)| *set) else { return Ok(None) };
    let answer = app.http.head(url).timeout(PATIENCE).send().await;
    let answer = answer.map_err(|_| "no provider to compare it with can be reached".to_owned())?;
    let date = answer.headers().get(http::header::DATE).and_then(|date| date.to_str().ok());
    let there = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(there) = there else { return Ok(Some("a provider does not say what time it is".to_owned())) };
    let off = app.now() / 1000 - there.timestamp().as_second();
    if off.abs() > CLOCK_SECONDS {
        return Err(format!("{off} seconds off: codes and second factors will be refused; set up NTP"));
    }
    Ok(Some(format!("within {} seconds of a provider's", off.abs().max(1))))
}

fn tls(app: &App) -> Result<Option<String>, String> {
    let Some(ends) = certificate_ends(&app.config.tls).map_err(|error| error.to_string())? else { return Ok(None) };
    let days = (ends - app.now() / 1000) / 86_400;
    let date = Timestamp::from_second(ends).map(|ends| ends.to_string()).unwrap_or_default();
    match days {
        ..0 => Err(format!("the certificate ended at {date}")),
        0..CERTIFICATE_DAYS => Err(format!("the certificate ends in {days} days, at {date}: renew it")),
        _ => Ok(Some(format!("the certificate and its key go together, until {date}"))),
    }
}
