//! Proof that a request for a code is not one of a million made by a program.
//!
//! reCAPTCHA and FriendlyCaptcha are solved by their widgets in the application, which hands their token
//! over; Kerberus is a proof of work that the SDK does by itself.

pub mod kerberus;

use std::fmt;

use serde_json::{Value, json};

use crate::call::{Call, Server, parse};
use crate::error::{Refusal, RequestError};
use crate::progress::Monitor;
use crate::time::Time;

/// How the captcha of a process is solved. What a process accepts is up to its operator.
#[derive(Clone)]
pub enum Captcha {
    /// A token of reCAPTCHA v3.
    Recaptcha(String),
    /// A solution of FriendlyCaptcha.
    FriendlyCaptcha(String),
    /// The proof of work, done by the SDK: takes a fraction of a second to some seconds.
    Kerberus,
}

impl fmt::Debug for Captcha {
    /// The kind only: a solution is good for one request, by whoever has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recaptcha(_) => "Recaptcha(..)",
            Self::FriendlyCaptcha(_) => "FriendlyCaptcha(..)",
            Self::Kerberus => "Kerberus",
        })
    }
}

/// Why a captcha was not solved.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CaptchaError {
    /// The challenge could not be fetched.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The challenge asks for more work than anybody waits for.
    #[error("a challenge that is too hard")]
    TooHard,
    /// The work was stopped by [`Monitor::cancel`].
    #[error("stopped")]
    Cancelled,
}

impl CaptchaError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Request(error) if error.retryable())
    }
}

impl Captcha {
    /// The field of the body of a start that carries the solution, and the solution (wire 2.2).
    pub(crate) async fn solve(
        &self,
        gateway: &Server,
        spec: &str,
        time: &dyn Time,
        monitor: &Monitor,
    ) -> Result<(&'static str, Value), CaptchaError> {
        match self {
            Self::Recaptcha(token) => Ok(("g-recaptcha-response", json!(token))),
            Self::FriendlyCaptcha(solution) => Ok(("friendly-captcha-response", json!(solution))),
            Self::Kerberus => {
                let call = Call::new(http::Method::GET, &[spec, "challenge"]);
                let response = gateway.send(&call, None).await.map_err(RequestError::from)?;
                if !response.is_success() {
                    return Err(RequestError::from(Refusal::read(&response)).into());
                }
                let challenge: kerberus::Challenge = parse(&response)?;
                let nonces = kerberus::solve(&challenge, spec, time, monitor).await?;
                Ok(("kerberus-response", json!({"id": challenge.id, "nonces": nonces})))
            }
        }
    }
}
