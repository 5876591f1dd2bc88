//! What is said when a call of this API fails: `{"error": "text", "id": "BAD_REQUEST", …}`. Callers read `error`, which
//! is always there and always text (portal 2, 6.4); `id` is one of those that Portal's clients tell apart (portal 5.1).

use axum::response::{IntoResponse, Response};
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::StoreError;
use serde_json::{Value, json};

use super::said::NotSaid;
use crate::error::ApiError;
use crate::wallet::access::Refused;

/// What every handler of this API answers.
pub(super) type PortalResult<T> = Result<T, Refusal>;

/// A failure, and the id that Portal's clients know it by.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    id: ErrorId,
    error: ApiError,
}

/// An id of portal 5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ErrorId(&'static str);

impl ErrorId {
    /// Every id that this API answers.
    pub(super) const ALL: [&'static str; 8] = [
        "ERROR",
        "INTERNAL_ERROR",
        "BAD_REQUEST",
        "NOT_FOUND",
        "STATE_INVALID",
        "OPERATION_IN_PROGRESS",
        "WEBHOOK_FAILED",
        "AUTH_FAILED",
    ];
}

impl Refusal {
    fn new(id: &'static str, error: ApiError) -> Self {
        Self { id: ErrorId(id), error }
    }

    /// The body is not what it should be.
    pub(super) fn field(path: &str, expected: &str) -> Self {
        ApiError::from(FieldError::new(path, expected)).into()
    }

    /// Not now, or not with this wallet.
    pub(super) fn state(message: impl Into<String>) -> Self {
        Self::new("STATE_INVALID", ApiError::malformed(message))
    }

    /// There is no such thing.
    pub(super) fn not_found(what: &str) -> Self {
        ApiError::not_found(what).into()
    }

    /// No key, or not one that is of use here.
    pub(super) fn unauthorized(message: &str) -> Self {
        let mut error = ApiError::unauthorized();
        message.clone_into(&mut error.message);
        error.into()
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        refusal.error
    }
}

/// What the rules of wallets refuse. Portal answers 400 to all of it.
impl From<Refused> for Refusal {
    fn from(Refused { code, mut error }: Refused) -> Self {
        let id = match (code, error.code) {
            ("WEBHOOK_FAILED", _) => return Self::new("WEBHOOK_FAILED", error),
            ("OPERATION_IN_PROGRESS" | "WALLET_BUSY", _) => "OPERATION_IN_PROGRESS",
            (_, ErrorCode::Internal | ErrorCode::Unavailable) => return error.into(),
            (_, ErrorCode::InvalidField | ErrorCode::MalformedRequest) => "BAD_REQUEST",
            _ => "STATE_INVALID",
        };
        if error.code != ErrorCode::TooManyRequests {
            error.code = ErrorCode::MalformedRequest;
        }
        Self::new(id, error)
    }
}

impl From<NotSaid> for Refusal {
    fn from(error: NotSaid) -> Self {
        let id = if error == NotSaid::Foreign { "BAD_REQUEST" } else { "STATE_INVALID" };
        Self::new(id, ApiError::malformed(error.to_string()))
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self { id: id_of(error.code), error }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.error.into_response();
        response.extensions_mut().insert(self.id);
        response
    }
}

fn id_of(code: ErrorCode) -> ErrorId {
    ErrorId(match code {
        ErrorCode::Unauthorized | ErrorCode::StrongerLoginRequired | ErrorCode::Forbidden => "AUTH_FAILED",
        ErrorCode::NotFound | ErrorCode::MethodNotAllowed => "NOT_FOUND",
        ErrorCode::RevisionConflict | ErrorCode::AlreadyExists => "STATE_INVALID",
        ErrorCode::Internal | ErrorCode::Unavailable => "INTERNAL_ERROR",
        ErrorCode::TooManyRequests => "ERROR",
        _ => "BAD_REQUEST",
    })
}

/// Whether what is at `path` is answered in Portal's shapes, also where there is nothing.
pub(crate) fn speaks(path: &str) -> bool {
    ["/api/", "/clients/", "/sdk/"].iter().any(|beginning| path.starts_with(beginning)) || path == "/api"
}

/// The body of a failure.
pub(crate) fn error_body(error: &ApiError, id: Option<&ErrorId>, request: &str) -> Value {
    let ErrorId(id) = id.copied().unwrap_or_else(|| id_of(error.code));
    let mut body = json!({"error": error.message, "id": id, "message": error.message, "requestId": request});
    if let (Some(field), Some(body)) = (&error.field, body.as_object_mut()) {
        body.insert("field".to_owned(), json!(field));
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_is_wrong_in_text_under_error() {
        let body = error_body(&Refusal::field("walletId", "the id of a wallet").error, None, "r");
        assert!(body["error"].as_str().is_some_and(|text| text.contains("walletId")), "{body}");
        assert_eq!((&body["id"], &body["field"]), (&json!("BAD_REQUEST"), &json!("walletId")));
        let internal = error_body(&ApiError::internal("what only the log may know"), None, "r").to_string();
        assert!(!internal.contains("only the log"), "{internal}");
    }

    #[test]
    fn every_code_has_an_id_that_clients_know() {
        for code in ErrorCode::ALL {
            assert!(ErrorId::ALL.contains(&id_of(*code).0), "{code:?}");
        }
    }

    #[test]
    fn only_addresses_of_portal_are_answered_in_its_shapes() {
        for path in ["/api/clients", "/api/nothing", "/clients/token/validate", "/sdk/metrics"] {
            assert!(speaks(path), "{path}");
        }
        for path in ["/rest/v2/user", "/", "/apis", "/gw/x"] {
            assert!(!speaks(path), "{path}");
        }
    }
}
