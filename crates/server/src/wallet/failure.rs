//! Why something about a wallet is not done, with a code that clients can tell apart.

use keystead_model::error::{ErrorCode, FieldError};
use keystead_mpc::{MpcError, NotUsable};
use serde_json::{Value, json};

use super::lifecycle::Refused;
use crate::error::ApiError;

/// A refusal or failure. Over a socket it is a last text `{"error": {code, message, field}}`; over REST an
/// [`ApiError`].
#[derive(Debug, Clone)]
pub(super) struct Failure {
    code: &'static str,
    error: ApiError,
}

impl Failure {
    fn new(code: &'static str, status: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, error: ApiError::new(status, message) }
    }

    /// Another protocol runs with the wallet.
    pub(super) fn busy() -> Self {
        let mut error = ApiError::too_many("another session with the wallet is under way", 1_000);
        error.code = ErrorCode::TooManyRequests;
        Self { code: "WALLET_BUSY", error }
    }

    /// The data owner has none.
    pub(super) fn no_wallet() -> Self {
        Refused::NoWallet.into()
    }

    /// The lease was taken by another session, or what the session started from counts no more.
    pub(super) fn superseded() -> Self {
        Self::new("WALLET_SUPERSEDED", ErrorCode::RevisionConflict, "the wallet changed while the session ran")
    }

    /// The client's half is of another pair than the one in force.
    pub(super) fn mismatch(signing: bool) -> Self {
        match signing {
            true => MpcError::SignShareMismatch.into(),
            false => MpcError::RefreshMismatch.into(),
        }
    }

    /// The client says nothing for too long, or says too much.
    pub(super) fn protocol(message: &'static str) -> Self {
        ApiError::malformed(message).into()
    }

    /// A parameter that is not what it should be.
    pub(super) fn field(path: &str, expected: &str) -> Self {
        ApiError::from(FieldError::new(path, expected)).into()
    }

    /// For the socket.
    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({ "code": self.code, "message": self.error.message });
        if let (Some(field), Some(object)) = (&self.error.field, error.as_object_mut()) {
            object.insert("field".to_owned(), json!(field));
        }
        json!({ "error": error })
    }

    /// For the log.
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    /// For the log only.
    pub(super) fn internal(&self) -> Option<&str> {
        self.error.internal.as_deref()
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { code: error.code.as_str(), error }
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let (code, status, field) = match refused {
            Refused::Exists => ("WALLET_EXISTS", ErrorCode::AlreadyExists, None),
            Refused::NoWallet => ("NO_WALLET", ErrorCode::NotFound, None),
            Refused::UnknownBackup => ("UNKNOWN_BACKUP", ErrorCode::InvalidField, Some("backup")),
            Refused::NotPending => ("NOT_PENDING", ErrorCode::RevisionConflict, Some("generation")),
            Refused::SigningFirst => ("SIGNING_FIRST", ErrorCode::InvalidField, Some("what")),
            Refused::InForce => ("IN_FORCE", ErrorCode::RevisionConflict, Some("generation")),
            Refused::TooManyPending => ("TOO_MANY_PENDING", ErrorCode::RevisionConflict, None),
            Refused::UsedUp => ("USED_UP", ErrorCode::Forbidden, None),
        };
        let mut failure = Self::new(code, status, refused.to_string());
        failure.error.field = field.map(str::to_owned);
        failure
    }
}

impl From<NotUsable> for Failure {
    fn from(standing: NotUsable) -> Self {
        let code = match standing {
            NotUsable::Frozen => "WALLET_FROZEN",
            NotUsable::Locked => "WALLET_LOCKED",
        };
        Self::new(code, ErrorCode::Forbidden, standing.to_string())
    }
}

impl From<MpcError> for Failure {
    fn from(error: MpcError) -> Self {
        Self::new(error.code(), ErrorCode::InvalidField, error.to_string())
    }
}
