//! One call of a webhook: within its time in total, to an address that was checked, without redirects, signed, and
//! with an answer that is not read without limit.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use reqwest::{StatusCode, Url};
use zeroize::Zeroizing;

use super::guard::{Blocked, Guarded, Rules};
use crate::app::App;
use crate::config::Config;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Why a call came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    #[error("the address is not to be called")]
    Blocked,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it took too long")]
    TimedOut,
    #[error("it answered with a redirect")]
    Redirected,
    #[error("it answered with a failure")]
    Refused,
    #[error("its answer is too long")]
    TooLong,
    #[error("its answer cannot be read")]
    Unreadable,
}

impl CallError {
    /// For the record of calls.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timeout",
            Self::Redirected => "redirect",
            Self::Refused => "status",
            Self::TooLong => "tooLong",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A call.
pub(super) struct Call<'a> {
    pub(super) url: &'a Url,
    pub(super) secret: &'a str,
    /// Stays the same when the same is said again.
    pub(super) id: &'a str,
    pub(super) body: Zeroizing<Vec<u8>>,
    /// How long it may take in total.
    pub(super) limit: Duration,
}

/// What came of it.
pub(super) struct Called {
    pub(super) status: Option<StatusCode>,
    pub(super) body: Result<Vec<u8>, CallError>,
}

/// The client for webhooks. It takes no proxy, which would resolve names by itself.
pub(crate) fn client(config: &Config) -> Result<reqwest::Client, reqwest::Error> {
    let rules = Arc::new(Rules::of(config).unwrap_or_default());
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Guarded(rules)))
        .pool_max_idle_per_host(1)
        .user_agent(concat!("keystead/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl Call<'_> {
    pub(super) async fn make(self, app: &App) -> Called {
        if !Rules::of(&app.config).unwrap_or_default().allows_url(self.url) {
            return Called { status: None, body: Err(CallError::Blocked) };
        }
        let limit = self.limit;
        let late = Called { status: None, body: Err(CallError::TimedOut) };
        tokio::time::timeout(limit, self.send(app)).await.unwrap_or(late)
    }

    async fn send(self, app: &App) -> Called {
        let seconds = app.now().div_euclid(1000).to_string();
        let signature = sign(self.secret, self.id, &seconds, &self.body);
        let Ok(mut secret) = HeaderValue::from_str(self.secret) else {
            return Called { status: None, body: Err(CallError::Blocked) };
        };
        // no log shows it
        secret.set_sensitive(true);
        let request = app
            .webhooks
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .header("x-webhook-secret", secret)
            .header("webhook-id", self.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature)
            .body(self.body.to_vec());
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Called { status: None, body: Err(why(&error)) },
        };
        let status = response.status();
        let body = if status.is_redirection() {
            Err(CallError::Redirected)
        } else if status.is_success() {
            read(&mut response).await
        } else {
            Err(CallError::Refused)
        };
        Called { status: Some(status), body }
    }
}

async fn read(response: &mut reqwest::Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if body.len().saturating_add(chunk.len()) > LONGEST {
            return Err(CallError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn why(error: &reqwest::Error) -> CallError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = cause {
        if current.is::<Blocked>() {
            return CallError::Blocked;
        }
        cause = current.source();
    }
    if error.is_timeout() { CallError::TimedOut } else { CallError::Unreachable }
}

/// The signature of Standard Webhooks, version 1: HMAC-SHA-256 over id, time and body. A secret that begins with
/// `whsec_` is the key in base64, another one is the key itself.
fn sign(secret: &str, id: &str, seconds: &str, body: &[u8]) -> String {
    let decoded = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok()).map(Zeroizing::new);
    let key = decoded.as_ref().map_or(secret.as_bytes(), |key| key.as_slice());
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{id}.{seconds}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

#[cfg(test)]
mod tests {
    use super::sign;

    /// The example of the Standard Webhooks specification's libraries.
    #[test]
    fn signs_as_standard_webhooks_does() {
        let body = br#"{"test": 2432232314}"#;
        let signed = sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_ne!(sign("secret", "a", "1", b""), sign("secret", "a", "2", b""));
    }
}
