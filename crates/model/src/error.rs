//! What can be wrong with a request, named so that a client can change it.

use std::fmt;

/// Stable codes of the errors that a server answers, part of the public contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The body is not JSON, or a parameter cannot be read. 400.
    MalformedRequest,
    /// A field is missing, unknown, of the wrong type, or not allowed to change. 400.
    InvalidField,
    /// The security metadata breaks a rule of wire 4.1. 400.
    InvalidSecurityMetadata,
    /// The filter is unknown or lacks an argument. 400.
    InvalidFilter,
    /// The request lacks valid credentials. 401.
    Unauthorized,
    /// A stronger login is needed. 401 with `Icure-Minimum-Required-Auth-Level`.
    StrongerLoginRequired,
    /// The caller may not do this. 403.
    Forbidden,
    /// The captcha was not solved. 403.
    CaptchaRejected,
    /// There is no such thing. 404.
    NotFound,
    /// The method is not offered at this path. 405.
    MethodNotAllowed,
    /// The second factor is wrong. 406.
    WrongSecondFactor,
    /// The revision is not the current one. 409.
    RevisionConflict,
    /// There is already one with this id, login, e-mail, phone or request id. 409.
    AlreadyExists,
    /// The one-time code is used up or too old. 410.
    CodeExpired,
    /// The body or a header is larger than the server accepts. 413.
    TooLarge,
    /// The content type is not the one expected. 415.
    UnsupportedMediaType,
    /// The second factor is missing. 417.
    SecondFactorRequired,
    /// Too many requests; `Retry-After` says when to try again. 429.
    TooManyRequests,
    /// The server failed; the request id leads to the log. 500.
    Internal,
    /// The server is stopping or its database cannot be reached. 503.
    Unavailable,
}

impl ErrorCode {
    /// Every code, for the reference and the OpenAPI document.
    pub const ALL: &'static [Self] = &[
        Self::MalformedRequest,
        Self::InvalidField,
        Self::InvalidSecurityMetadata,
        Self::InvalidFilter,
        Self::Unauthorized,
        Self::StrongerLoginRequired,
        Self::Forbidden,
        Self::CaptchaRejected,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::WrongSecondFactor,
        Self::RevisionConflict,
        Self::AlreadyExists,
        Self::CodeExpired,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::SecondFactorRequired,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The HTTP status that goes with the code.
    pub fn status(self) -> u16 {
        match self {
            Self::MalformedRequest | Self::InvalidField | Self::InvalidSecurityMetadata | Self::InvalidFilter => 400,
            Self::Unauthorized | Self::StrongerLoginRequired => 401,
            Self::Forbidden | Self::CaptchaRejected => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::WrongSecondFactor => 406,
            Self::RevisionConflict | Self::AlreadyExists => 409,
            Self::CodeExpired => 410,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::SecondFactorRequired => 417,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// What it means, in a sentence, for the reference.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::MalformedRequest => "The body is not JSON, or a parameter cannot be read.",
            Self::InvalidField => "A field is missing, unknown, of the wrong type, or not allowed to change.",
            Self::InvalidSecurityMetadata => "The security metadata breaks a rule of wire 4.1.",
            Self::InvalidFilter => "The filter is unknown or lacks an argument.",
            Self::Unauthorized => "The request lacks valid credentials.",
            Self::StrongerLoginRequired => {
                "A stronger login is needed. Answers with `Icure-Minimum-Required-Auth-Level`."
            }
            Self::Forbidden => "The caller may not do this.",
            Self::CaptchaRejected => "The captcha was not solved.",
            Self::NotFound => "There is no such thing.",
            Self::MethodNotAllowed => "The method is not offered at this path.",
            Self::WrongSecondFactor => "The second factor is wrong.",
            Self::RevisionConflict => "The revision is not the current one.",
            Self::AlreadyExists => "There is already one with this id, login, e-mail, phone or request id.",
            Self::CodeExpired => "The one-time code is used up or too old.",
            Self::TooLarge => "The body or a header is larger than the server accepts.",
            Self::UnsupportedMediaType => "The content type is not the one expected.",
            Self::SecondFactorRequired => "The second factor is missing.",
            Self::TooManyRequests => "Too many requests; `Retry-After` says when to try again.",
            Self::Internal => "The server failed; the request id leads to the log.",
            Self::Unavailable => "The server is stopping or its database cannot be reached.",
        }
    }

    /// The code as it stands in an error body.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MalformedRequest => "MALFORMED_REQUEST",
            Self::InvalidField => "INVALID_FIELD",
            Self::InvalidSecurityMetadata => "INVALID_SECURITY_METADATA",
            Self::InvalidFilter => "INVALID_FILTER",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::StrongerLoginRequired => "STRONGER_LOGIN_REQUIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::CaptchaRejected => "CAPTCHA_REJECTED",
            Self::NotFound => "NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::WrongSecondFactor => "WRONG_SECOND_FACTOR",
            Self::RevisionConflict => "REVISION_CONFLICT",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::CodeExpired => "CODE_EXPIRED",
            Self::TooLarge => "TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::SecondFactorRequired => "SECOND_FACTOR_REQUIRED",
            Self::TooManyRequests => "TOO_MANY_REQUESTS",
            Self::Internal => "INTERNAL",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}

/// A field that is not what it should be: where it stands and what was expected there.
///
/// Never contains the value itself, which may be somebody's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where, as a path from the root of the body: `services[0].valueDate`; empty for the root.
    pub path: String,
    /// What was expected there: `an integer`, `one of READ, WRITE`.
    pub expected: String,
}

impl FieldError {
    /// An error about the field at `path`.
    pub fn new(path: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into() }
    }

    /// The same error, seen from the owner of `parent`.
    pub fn under(mut self, parent: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => parent.to_owned(),
            path if path.starts_with('[') => format!("{parent}{path}"),
            path => format!("{parent}.{path}"),
        };
        self
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "the body: expected {}", self.expected),
            path => write!(f, "{path}: expected {}", self.expected),
        }
    }
}

impl std::error::Error for FieldError {}
