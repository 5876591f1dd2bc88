//! What cannot be signed, and why.

use std::fmt;

use super::super::WalletError;

/// Something that was to be signed is not what it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput {
    field: String,
    expected: &'static str,
}

impl InvalidInput {
    pub(in crate::wallet) fn new(field: impl Into<String>, expected: &'static str) -> Self {
        Self { field: field.into(), expected }
    }

    /// Where it is, as a path from its root: `message.from.wallet`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What was expected there.
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// The same, of something that is a part of `parent`.
    pub(super) fn within(self, parent: &str) -> Self {
        let field = match self.field.as_str() {
            "" => parent.to_owned(),
            part if part.starts_with('[') => format!("{parent}{part}"),
            part => format!("{parent}.{part}"),
        };
        Self { field, ..self }
    }
}

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "expected {}", self.expected),
            field => write!(f, "{field}: expected {}", self.expected),
        }
    }
}

impl std::error::Error for InvalidInput {}

/// Why something was not signed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// It is not what it has to be. Nothing was sent.
    #[error(transparent)]
    Input(#[from] InvalidInput),
    /// [`Wallet::request`](super::super::Wallet::request) does not know the method. Nothing was sent.
    #[error("a method that wallets do not have; expected one of {}", super::request::METHODS.join(", "))]
    UnknownMethod,
    /// The wallet did not sign.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

impl SigningError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Wallet(error) if error.retryable())
    }

    /// The number that providers of EVM wallets give (EIP-1193, EIP-1474).
    pub fn code(&self) -> i32 {
        match self {
            Self::Input(_) => -32602,
            Self::UnknownMethod => 4200,
            Self::Wallet(_) => -32603,
        }
    }
}
