//! What a client is told when a request fails, and what the log is told.
//!
//! An [`ApiError`] has two messages. The external one says what to change and never contains input;
//! the internal one goes to the log only. Layers that know nothing of HTTP have enums of their own
//! and are converted here.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use keystead_model::access::KeyUpdateError;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::StoreError;

/// What every handler answers.
pub type ApiResult<T> = Result<T, ApiError>;

/// A request that failed.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The stable code, which decides the status.
    pub code: ErrorCode,
    /// For the caller: what to change.
    pub message: String,
    /// The field that is wrong, as a path from the root of the body.
    pub field: Option<String>,
    /// For the log only.
    pub internal: Option<String>,
    /// Seconds after which to try again (429).
    pub retry_after: Option<u64>,
    /// The level of login that is needed (401).
    pub minimum_level: Option<u8>,
}

impl ApiError {
    /// An error with a message for the caller.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, internal: None, retry_after: None, minimum_level: None }
    }

    /// A body, parameter or header that cannot be read.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::MalformedRequest, message)
    }

    /// Missing or invalid credentials.
    pub fn unauthorized() -> Self {
        Self::new(ErrorCode::Unauthorized, "valid credentials are needed: log in, or refresh the token")
    }

    /// Something that the caller may not do.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// Something that is not there.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// A revision that is not the current one.
    pub fn stale() -> Self {
        Self::new(ErrorCode::RevisionConflict, "the revision is not the current one: read again, then write")
    }

    /// Too many requests.
    pub fn too_many(message: &str, wait_ms: u64) -> Self {
        let mut error = Self::new(ErrorCode::TooManyRequests, message);
        error.retry_after = Some(wait_ms.div_ceil(1000).max(1));
        error
    }

    /// A defect of the server: the text goes to the log, the caller sees the request id.
    pub fn internal(text: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorCode::Internal, "the server failed: report the request id");
        error.internal = Some(text.into());
        error
    }

    /// An error about a field of the body.
    pub fn field(code: ErrorCode, field: FieldError) -> Self {
        let mut error = Self::new(code, field.to_string());
        error.field = Some(field.path);
        error
    }
}

impl fmt::Display for ApiError {
    /// As a person at the server's terminal reads it; clients are sent the message alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.internal {
            Some(internal) => write!(f, "{} ({internal})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ApiError {}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::field(ErrorCode::InvalidField, error)
    }
}

impl From<KeyUpdateError> for ApiError {
    fn from(error: KeyUpdateError) -> Self {
        match error {
            KeyUpdateError::Forbidden(field) => Self::field(ErrorCode::Forbidden, field),
            KeyUpdateError::Invalid(field) => Self::field(ErrorCode::InvalidField, field),
            // the enum may grow; whatever is new is a refusal
            other => Self::forbidden(other.to_string()),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable(_) => ErrorCode::Unavailable,
            _ => ErrorCode::Internal,
        };
        let mut answer = Self::internal(error.to_string());
        answer.code = code;
        answer
    }
}

impl IntoResponse for ApiError {
    /// The status, headers and, for [`crate::http::finish`] to render with the request id, the error.
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(level) = self.minimum_level {
            headers.insert("icure-minimum-required-auth-level", HeaderValue::from(u16::from(level)));
        }
        response.extensions_mut().insert(self);
        response
    }
}
