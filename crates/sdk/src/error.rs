//! What can go wrong when a server is asked, and what to do about it.
//!
//! One enum per family of operations: reading ([`RequestError`]), writing ([`WriteError`]), sessions
//! ([`crate::session::SessionError`]), logging in ([`crate::api::LoginError`]), one-time codes
//! ([`crate::anonymous::StartError`], [`crate::anonymous::CompleteError`]), keys
//! ([`crate::keys::KeysError`]), storage ([`crate::storage::StorageError`]). Each says whether trying the
//! same again may help (`retryable`). Nothing here contains what a person typed, ids of people, or keys.

use std::fmt;
use std::time::Duration;

use keystead_model::error::ErrorCode;
use serde::Deserialize;

use crate::session::SessionError;
use crate::transport::{Response, TransportError};

/// The longest text that is kept of what a server says.
const TEXT_LIMIT: usize = 500;

/// A server said no.
///
/// The stable [`code`](Self::code) and the status are for programs; `Display` adds the request id, by
/// which an operator finds the log line. Message and field stand apart, since another server than
/// Keystead may repeat input in them.
#[derive(Clone)]
pub struct Refusal(Box<Parts>);

#[derive(Clone)]
struct Parts {
    status: u16,
    code: Option<ErrorCode>,
    message: String,
    field: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    minimum_level: Option<u8>,
    repeated: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Body {
    code: Option<String>,
    message: Option<String>,
    field: Option<String>,
    request_id: Option<String>,
}

impl Refusal {
    /// Reads the refusal in an answer (wire 1.3). Other servers say less; the status is always there.
    pub fn read(response: &Response) -> Self {
        let body: Body = serde_json::from_slice(&response.body).unwrap_or_default();
        let cut = |text: String| text.chars().filter(|letter| !letter.is_control()).take(TEXT_LIMIT).collect();
        let code = body.code.and_then(|name| ErrorCode::ALL.iter().copied().find(|code| code.as_str() == name));
        let id = body.request_id.or_else(|| response.header("x-request-id").map(str::to_owned));
        Self(Box::new(Parts {
            status: response.status,
            code,
            message: body.message.map(cut).unwrap_or_default(),
            field: body.field.map(cut),
            request_id: id.filter(|id| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())),
            retry_after: response.retry_after(),
            minimum_level: response.header("icure-minimum-required-auth-level").and_then(|level| level.parse().ok()),
            repeated: response.repeated,
        }))
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The stable code, if the server gave one that is known.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.code
    }

    /// What the server says to a developer. Untrusted: another server than Keystead may repeat input here.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The field of the request that is wrong, as a path from its root: `services[0].valueDate`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The id by which the server's operator finds this request in the log.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// When to try again, as the server says.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The level of login that is needed (wire 3.3), with status 401.
    pub fn minimum_level(&self) -> Option<u8> {
        self.0.minimum_level
    }

    /// Whether an earlier attempt of the same request may have been carried out.
    pub fn after_repetition(&self) -> bool {
        self.0.repeated
    }

    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self.0.status, 429 | 500 | 502..=504)
    }

    pub(crate) fn is(&self, code: ErrorCode) -> bool {
        self.0.code == Some(code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.0.status)?;
        if let Some(code) = self.0.code {
            write!(f, ", {}", code.as_str())?;
        }
        match &self.0.request_id {
            Some(id) => write!(f, ", request {id}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({self})")
    }
}

/// Why a question to the server has no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server did not answer.
    #[error(transparent)]
    Unreachable(#[from] TransportError),
    /// The session is over and cannot be renewed: log in again.
    #[error("the session has ended: {0}")]
    SessionEnded(SessionError),
    /// The operation needs a stronger login: with a one-time code, or a password and a second factor.
    #[error("a stronger login is needed ({0})")]
    StrongerLoginNeeded(Refusal),
    /// The user may not do this.
    #[error("not allowed ({0})")]
    Forbidden(Refusal),
    /// There is no such thing, or the user may not know of it.
    #[error("not found ({0})")]
    NotFound(Refusal),
    /// Too many requests: [`Refusal::retry_after`] says when to go on.
    #[error("too many requests ({0})")]
    TooManyRequests(Refusal),
    /// The server does not accept the request: [`Refusal::field`] says what is wrong with it.
    #[error("the request is not accepted ({0})")]
    Invalid(Refusal),
    /// The server failed.
    #[error("the server failed ({0})")]
    Failed(Refusal),
    /// The answer is not what was expected: the server speaks another protocol or version.
    #[error("an answer that cannot be read")]
    Unreadable,
}

impl RequestError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.retryable(),
            Self::SessionEnded(error) => error.retryable(),
            Self::TooManyRequests(_) => true,
            Self::Failed(refusal) => refusal.retryable(),
            _ => false,
        }
    }

    /// What the server said, if it said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::StrongerLoginNeeded(refusal)
            | Self::Forbidden(refusal)
            | Self::NotFound(refusal)
            | Self::TooManyRequests(refusal)
            | Self::Invalid(refusal)
            | Self::Failed(refusal) => Some(refusal),
            Self::SessionEnded(error) => error.refusal(),
            Self::Unreachable(_) | Self::Unreadable => None,
        }
    }
}

impl From<Refusal> for RequestError {
    fn from(refusal: Refusal) -> Self {
        match refusal.status() {
            401 if refusal.minimum_level().is_some() => Self::StrongerLoginNeeded(refusal),
            401 => Self::SessionEnded(SessionError::Refused(refusal)),
            403 => Self::Forbidden(refusal),
            404 => Self::NotFound(refusal),
            429 => Self::TooManyRequests(refusal),
            400..=499 => Self::Invalid(refusal),
            _ => Self::Failed(refusal),
        }
    }
}

impl From<SessionError> for RequestError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unreachable(error) => Self::Unreachable(error),
            SessionError::Refused(refusal) if refusal.status() != 401 => Self::from(refusal),
            SessionError::Unreadable => Self::Unreadable,
            ended => Self::SessionEnded(ended),
        }
    }
}

/// Why something was not written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Somebody else changed it meanwhile: read it again, make the change again, write again.
    #[error("changed by somebody else meanwhile ({0})")]
    Conflict(Refusal),
    /// There is another one with this id, login, e-mail or phone already.
    #[error("there is already one ({0})")]
    AlreadyExists(Refusal),
    /// The request failed for a reason that concerns reading as well.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl WriteError {
    /// Whether trying the same again later may help. A conflict is not: the change has to be made again.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Request(error) if error.retryable())
    }

    /// What the server said, if it said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Conflict(refusal) | Self::AlreadyExists(refusal) => Some(refusal),
            Self::Request(error) => error.refusal(),
        }
    }
}

impl From<Refusal> for WriteError {
    fn from(refusal: Refusal) -> Self {
        match refusal.status() {
            409 if refusal.is(ErrorCode::AlreadyExists) => Self::AlreadyExists(refusal),
            409 => Self::Conflict(refusal),
            _ => Self::Request(refusal.into()),
        }
    }
}

impl From<TransportError> for WriteError {
    fn from(error: TransportError) -> Self {
        Self::Request(error.into())
    }
}
