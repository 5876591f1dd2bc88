//! Why something about a wallet is not done, with a code that clients can tell apart.

use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::wallet::LifecycleError;
use keystead_mpc::MpcError;
use serde_json::{Value, json};

use crate::error::ApiError;

/// A refusal or failure. Over a socket it is a last text `{"error": {code, message, field}}`; over REST an
/// [`ApiError`].
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: &'static str,
    pub(super) error: ApiError,
}

impl Failure {
    fn new(code: &'static str, status: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, error: ApiError::new(status, message) }
    }

    fn at(mut self, field: &str) -> Self {
        self.error.field = Some(field.to_owned());
        self
    }

    /// Another protocol runs with the wallet.
    pub(super) fn busy() -> Self {
        let mut error = ApiError::too_many("another session with the wallet is under way", 1_000);
        error.code = ErrorCode::TooManyRequests;
        Self { code: "WALLET_BUSY", error }
    }

    /// Whether it is that.
    pub(super) fn is_busy(&self) -> bool {
        self.code == "WALLET_BUSY"
    }

    /// The signing pairs were made with another device.
    pub(super) fn other_device() -> Self {
        let message = "the signing pairs were made with another device key: recover the wallet on this device";
        Self::new("OTHER_DEVICE", ErrorCode::Forbidden, message)
    }

    /// The owner has none.
    pub(super) fn no_wallet() -> Self {
        LifecycleError::NoWallet.into()
    }

    /// The lease was taken by another session, or what the session started from counts no more.
    pub(super) fn superseded() -> Self {
        Self::new("WALLET_SUPERSEDED", ErrorCode::RevisionConflict, "the wallet changed while the session ran")
    }

    /// Whether it is that.
    pub(super) fn is_superseded(&self) -> bool {
        self.code == "WALLET_SUPERSEDED"
    }

    /// There is nothing to take the key out with.
    pub(super) fn no_backup() -> Self {
        Self::new("STATE_INVALID", ErrorCode::RevisionConflict, "there is no completed backup of this method")
    }

    /// The policy, or whoever has to agree, does not allow a signature.
    pub(super) fn denied(code: &'static str, message: String) -> Self {
        Self::new(code, ErrorCode::Forbidden, message)
    }

    /// Too many sessions failed lately.
    pub(super) fn aborts(wait_ms: u64) -> Self {
        let error = ApiError::too_many("too many sessions with the wallet failed: wait", wait_ms);
        Self { code: "TOO_MANY_ABORTS", error }
    }

    /// The protocol of the operation was through before.
    pub(super) fn through() -> Self {
        let message = "the protocol of this operation is through: ask how the wallet stands";
        Self::new("STATE_INVALID", ErrorCode::RevisionConflict, message).at("operation")
    }

    /// The custodian does not answer, or does not show the half that is needed.
    pub(super) fn webhook() -> Self {
        let message = "the custodian does not show the half that is needed: try again later";
        Self::new("WEBHOOK_FAILED", ErrorCode::Unavailable, message)
    }

    /// Why a half does not sign.
    pub(super) fn of_signing(error: LifecycleError, needs_review: bool) -> Self {
        match error {
            LifecycleError::RetiredPair { .. } | LifecycleError::PendingPair | LifecycleError::ForeignPair => {
                MpcError::SignShareMismatch.into()
            }
            LifecycleError::Frozen if needs_review => LifecycleError::ReviewRequired.into(),
            other => other.into(),
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

impl From<LifecycleError> for Failure {
    fn from(error: LifecycleError) -> Self {
        use LifecycleError as Refused;
        let (code, status, field) = match error {
            Refused::Stale { .. } => ("WALLET_STALE", ErrorCode::RevisionConflict, Some("generation")),
            Refused::UnknownOperation { .. } => ("WALLET_STALE", ErrorCode::RevisionConflict, Some("operation")),
            Refused::InProgress { .. } => ("OPERATION_IN_PROGRESS", ErrorCode::RevisionConflict, None),
            Refused::TooEarly { .. } | Refused::NotPartOfOperation => {
                ("STATE_INVALID", ErrorCode::RevisionConflict, Some("what"))
            }
            Refused::WalletExists => ("WALLET_EXISTS", ErrorCode::AlreadyExists, None),
            Refused::NoWallet => ("NO_WALLET", ErrorCode::NotFound, None),
            Refused::RetiredPair { .. } | Refused::PendingPair | Refused::ForeignPair => {
                ("DKG_REFRESH_MISMATCH", ErrorCode::InvalidField, Some("pairs"))
            }
            Refused::WrongPairs => ("INTERNAL", ErrorCode::Internal, None),
            Refused::Frozen => ("WALLET_FROZEN", ErrorCode::Forbidden, None),
            Refused::StepUpRequired => ("STEP_UP_REQUIRED", ErrorCode::Forbidden, None),
            Refused::ReviewRequired => ("WALLET_LOCKED", ErrorCode::Forbidden, None),
            Refused::RecoverInstead => ("STATE_INVALID", ErrorCode::RevisionConflict, None),
            Refused::TooManyPendingBackups => ("TOO_MANY_PENDING", ErrorCode::RevisionConflict, None),
            Refused::EjectWindowClosed => ("EJECT_WINDOW_CLOSED", ErrorCode::Forbidden, Some("ejectableUntil")),
            Refused::EjectWindowTooShort => ("BAD_REQUEST", ErrorCode::InvalidField, Some("ejectableUntil")),
            Refused::Exhausted => ("USED_UP", ErrorCode::Forbidden, None),
        };
        let mut failure = Self::new(code, status, error.to_string());
        failure.error.field = field.map(str::to_owned);
        failure
    }
}

impl From<MpcError> for Failure {
    fn from(error: MpcError) -> Self {
        Self::new(error.code(), ErrorCode::InvalidField, error.to_string())
    }
}
