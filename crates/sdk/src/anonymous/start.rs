//! Sending a one-time code (wire 2.2).

use std::time::Duration;

use http::Method;
use keystead_crypto::random::make_uuid;
use keystead_model::Object;
use keystead_model::error::ErrorCode;
use serde_json::json;

use super::{AnonymousAuthentication, AuthenticationProcess, Channel};
use crate::api::ConfigurationError;
use crate::call::Call;
use crate::captcha::{Captcha, CaptchaError};
use crate::error::{Refusal, RequestError};
use crate::progress::Monitor;

/// How many earlier codes are remembered, as servers let live at the same time.
const EARLIER: usize = 3;

/// Whom to send a code, and what they are called.
#[derive(Clone)]
pub struct Start {
    process: AuthenticationProcess,
    captcha: Captcha,
    monitor: Monitor,
}

impl Start {
    /// A code by e-mail.
    pub fn by_email(address: impl Into<String>, captcha: Captcha) -> Self {
        Self::new(address.into(), Channel::Email, captcha)
    }

    /// A code by SMS.
    pub fn by_sms(number: impl Into<String>, captcha: Captcha) -> Self {
        Self::new(number.into(), Channel::Sms, captcha)
    }

    fn new(address: String, channel: Channel, captcha: Captcha) -> Self {
        let process = AuthenticationProcess::new(String::new(), address.trim().to_owned(), channel);
        Self { process, captcha, monitor: Monitor::new() }
    }

    /// What the user is called; used when this registers one.
    pub fn name(mut self, first: impl Into<String>, last: impl Into<String>) -> Self {
        self.process.first_name = first.into();
        self.process.last_name = last.into();
        self
    }

    /// The healthcare professional whom a new patient shares all future data with, where the process does
    /// not name one.
    pub fn responsible(mut self, id: impl Into<String>) -> Self {
        self.process.responsible = Some(id.into());
        self
    }

    /// The language of the message, for instance `fr-BE`.
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.process.language = Some(tag.into());
        self
    }

    /// Who is told how far the proof of work is, and can stop it.
    pub fn monitor(mut self, monitor: Monitor) -> Self {
        self.monitor = monitor;
        self
    }
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Start").field("process", &self.process).field("captcha", &self.captcha).finish_non_exhaustive()
    }
}

/// Why no code was sent.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The API was built without a process for this channel.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The captcha was not solved.
    #[error(transparent)]
    Captcha(#[from] CaptchaError),
    /// The server does not accept the captcha: its solution is wrong, used or too old, or of a kind that the
    /// process does not take.
    #[error("the captcha is not accepted ({0})")]
    CaptchaRejected(Refusal),
    /// The address, a name or the responsible professional is not accepted: [`Refusal::field`] says which.
    #[error("a field is not accepted ({0})")]
    InvalidField(Refusal),
    /// There is no such spec or process.
    #[error("there is no such process ({0})")]
    UnknownProcess(Refusal),
    /// Too many codes: [`Refusal::retry_after`] says when to go on.
    #[error("too many codes ({0})")]
    TooManyCodes(Refusal),
    /// The server cannot send messages at the moment.
    #[error("the server cannot send messages ({0})")]
    CannotSend(Refusal),
    /// The server did not answer as expected.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl StartError {
    /// Whether trying the same again later may help. A captcha other than Kerberus needs a new solution.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Captcha(error) => error.retryable(),
            Self::TooManyCodes(_) | Self::CannotSend(_) => true,
            Self::Request(error) => error.retryable(),
            _ => false,
        }
    }

    /// When to try again, as the server says.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyCodes(refusal) | Self::CannotSend(refusal) => refusal.retry_after(),
            Self::Request(error) => error.refusal().and_then(Refusal::retry_after),
            _ => None,
        }
    }
}

impl From<Refusal> for StartError {
    fn from(refusal: Refusal) -> Self {
        match refusal.status() {
            403 => Self::CaptchaRejected(refusal),
            400 | 422 => Self::InvalidField(refusal),
            404 => Self::UnknownProcess(refusal),
            429 => Self::TooManyCodes(refusal),
            503 => Self::CannotSend(refusal),
            _ => Self::Request(refusal.into()),
        }
    }
}

impl AnonymousAuthentication {
    /// Sends a code. The answer is the same for somebody known and somebody new.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(&self, start: Start) -> Result<AuthenticationProcess, StartError> {
        let Start { mut process, captcha, monitor } = start;
        process.request_id = make_uuid(&*self.inner.parts.random);
        self.send(&process, &captcha, &monitor).await?;
        Ok(process)
    }

    /// Sends another code for the same process, because the first one did not arrive. If both arrive, either
    /// can be typed.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn resend(
        &self,
        process: &AuthenticationProcess,
        captcha: Captcha,
        monitor: &Monitor,
    ) -> Result<AuthenticationProcess, StartError> {
        let mut again = process.clone();
        again.earlier.insert(0, std::mem::replace(&mut again.request_id, make_uuid(&*self.inner.parts.random)));
        again.earlier.truncate(EARLIER);
        self.send(&again, &captcha, monitor).await?;
        Ok(again)
    }

    async fn send(
        &self,
        process: &AuthenticationProcess,
        captcha: &Captcha,
        monitor: &Monitor,
    ) -> Result<(), StartError> {
        match self.post(process, captcha, monitor).await {
            // A proof of work that was accepted and then refused: the first attempt was carried out and its
            // answer lost. With new work, the request id tells.
            Err(StartError::CaptchaRejected(refusal))
                if refusal.after_repetition() && matches!(captcha, Captcha::Kerberus) =>
            {
                match self.post(process, captcha, monitor).await {
                    Err(StartError::Request(error)) if is_known(&error) => Ok(()),
                    outcome => outcome,
                }
            }
            Err(StartError::Request(error))
                if is_known(&error) && error.refusal().is_some_and(Refusal::after_repetition) =>
            {
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn post(
        &self,
        process: &AuthenticationProcess,
        captcha: &Captcha,
        monitor: &Monitor,
    ) -> Result<(), StartError> {
        let inner = &*self.inner;
        let (id, missing) = match process.channel {
            Channel::Email => (&inner.by_email, "process_by_email"),
            Channel::Sms => (&inner.by_sms, "process_by_sms"),
        };
        let id = id.as_deref().ok_or(ConfigurationError::Missing(missing))?;
        let (captcha, solution) = captcha.solve(&inner.gateway, &inner.spec, &*inner.parts.time, monitor).await?;

        let (email, phone) = match process.channel {
            Channel::Email => (process.login.as_str(), ""),
            Channel::Sms => ("", process.login.as_str()),
        };
        let mut body = Object::new();
        body.insert("firstName".into(), json!(process.first_name));
        body.insert("lastName".into(), json!(process.last_name));
        body.insert(captcha.into(), solution);
        body.insert("email".into(), json!(email));
        body.insert("mobilePhone".into(), json!(phone));
        if let Some(responsible) = &process.responsible {
            body.insert("hcpId".into(), json!(responsible));
        }
        if let Some(language) = &process.language {
            body.insert("language".into(), json!(language));
        }
        let call = Call::new(Method::POST, &[&inner.spec, "process", id, &process.request_id]);
        let response = inner.gateway.send(&call.json(&body).repeatable(), None).await.map_err(RequestError::from)?;
        if response.is_success() { Ok(()) } else { Err(Refusal::read(&response).into()) }
    }
}

/// Whether the server says that it knows the request id.
fn is_known(error: &RequestError) -> bool {
    error
        .refusal()
        .is_some_and(|refusal| refusal.status() == 409 && refusal.code() != Some(ErrorCode::RevisionConflict))
}
