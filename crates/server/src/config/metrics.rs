//! Who may see what the server counts.

use serde::{Deserialize, Serialize};

use super::{ConfigError, SecretText};

/// `[metrics]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Sent by whoever asks, as `Authorization: Bearer`; where it is empty only this machine may ask.
    pub token: SecretText,
}

impl MetricsConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match self.token.expose().len() {
            0 | 16.. => Ok(()),
            _ => Err(ConfigError("metrics.token: expected at least 16 characters".into())),
        }
    }
}
