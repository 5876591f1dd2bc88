//! Captchas: proof that a request for a code is not one of a million made by a program.
//!
//! The proof of work is verified here ([`super::kerberus`]); reCAPTCHA and FriendlyCaptcha by their
//! providers. Every doubt is a refusal: a provider that cannot be asked makes the start fail (503).

mod friendly;
mod provider;
mod recaptcha;

use keystead_model::error::ErrorCode;
use serde::Serialize;

use super::kerberus::{self, SpentChallenge};
use super::settings::ProcessSettings;
use super::solution::Solution;
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The kinds of captchas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum CaptchaKind {
    /// reCAPTCHA v3 of Google.
    #[serde(rename = "recaptcha")]
    Recaptcha,
    /// FriendlyCaptcha.
    #[serde(rename = "friendly-captcha")]
    FriendlyCaptcha,
    /// The proof of work (wire 2.2).
    #[serde(rename = "kerberus")]
    Kerberus,
}

impl CaptchaKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Recaptcha, Self::FriendlyCaptcha, Self::Kerberus];

    /// The name in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recaptcha => "recaptcha",
            Self::FriendlyCaptcha => "friendly-captcha",
            Self::Kerberus => "kerberus",
        }
    }

    /// The kind of a name in settings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    pub(super) fn names(kinds: &[Self]) -> String {
        kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Whether this server can verify solutions of this kind.
    fn is_configured(self, app: &App) -> bool {
        match self {
            Self::Kerberus => true,
            Self::Recaptcha => app.config.dev || app.config.captcha.recaptcha.secret.is_set(),
            Self::FriendlyCaptcha => app.config.dev || app.config.captcha.friendly_captcha.secret.is_set(),
        }
    }
}

/// Refuses a kind of captcha that the process does not accept or the server cannot verify.
pub(super) fn accept(app: &App, settings: &ProcessSettings, kind: CaptchaKind) -> ApiResult<()> {
    let accepted: Vec<_> = settings.captchas.iter().copied().filter(|kind| kind.is_configured(app)).collect();
    if accepted.contains(&kind) {
        return Ok(());
    }
    let message = match CaptchaKind::names(&accepted) {
        names if names.is_empty() => "this process accepts no captcha: its operator has to configure one".to_owned(),
        names => format!("this process does not accept this kind of captcha, but: {names}"),
    };
    Err(ApiError::new(ErrorCode::CaptchaRejected, message))
}

/// Whether [`verify`] asks a provider, which uses the solution up.
pub(super) fn is_remote(app: &App, kind: CaptchaKind) -> bool {
    kind != CaptchaKind::Kerberus && !app.config.dev
}

/// Verifies a solution. A challenge of the proof of work is still to be noted as spent, in the
/// transaction that makes use of it.
///
/// # Errors
/// The solution is wrong, too old or used (403), or the provider cannot be asked (503).
pub(super) async fn verify(
    app: &App,
    spec: &str,
    settings: &ProcessSettings,
    solution: &Solution,
) -> ApiResult<Option<SpentChallenge>> {
    match solution {
        Solution::Kerberus { id, nonces } => {
            kerberus::verify(&app.keys, spec, id, nonces, app.now()).map(Some).ok_or_else(rejected)
        }
        // any solution will do in development; that it is not empty was checked when it was read
        Solution::Recaptcha(_) | Solution::Friendly(_) if app.config.dev => Ok(None),
        Solution::Recaptcha(token) => {
            let config = &app.config.captcha.recaptcha;
            let least = settings.min_score.unwrap_or(config.min_score);
            recaptcha::verify(&app.http, config, least, token).await.map(|()| None)
        }
        Solution::Friendly(solution) => {
            friendly::verify(&app.http, &app.config.captcha.friendly_captcha, solution).await.map(|()| None)
        }
    }
}

/// Whether reCAPTCHA takes this server's secret; `None` where there is none.
pub(crate) async fn probe_recaptcha(app: &App) -> Result<Option<String>, String> {
    let config = &app.config.captcha.recaptcha;
    if !config.secret.is_set() {
        return Ok(None);
    }
    judge(recaptcha::verify(&app.http, config, 0.0, PROBE).await)
}

/// Whether FriendlyCaptcha takes this server's secret; `None` where there is none.
pub(crate) async fn probe_friendly_captcha(app: &App) -> Result<Option<String>, String> {
    let config = &app.config.captcha.friendly_captcha;
    if !config.secret.is_set() {
        return Ok(None);
    }
    judge(friendly::verify(&app.http, config, PROBE).await)
}

/// A solution that nobody has.
const PROBE: &str = "keystead-doctor";

/// A provider that says the solution is wrong has taken the secret.
fn judge(outcome: ApiResult<()>) -> Result<Option<String>, String> {
    match outcome {
        Ok(()) => Err("the provider accepts any solution: its site is in test mode".to_owned()),
        Err(error) if error.code == ErrorCode::CaptchaRejected => Ok(Some("the provider takes the secret".to_owned())),
        Err(error) => Err(error.internal.unwrap_or(error.message)),
    }
}

/// A solution that is wrong, too old or used.
pub(super) fn rejected() -> ApiError {
    ApiError::new(
        ErrorCode::CaptchaRejected,
        "the captcha was not solved, or its solution is too old or used: solve a new one",
    )
}
