//! Life times of tokens.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[sessions]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionConfig {
    /// Life time of a bearer token, in seconds.
    pub bearer_seconds: u32,
    /// Life time of a session and its refresh token, in days.
    pub refresh_days: u32,
    /// How long after its end a token is still accepted, in seconds. The official client sends a
    /// token up to 30 seconds after its end and then gives up, so at least 60 are needed (wire 3.4).
    pub leeway_seconds: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self { bearer_seconds: 900, refresh_days: 60, leeway_seconds: 90 }
    }
}

impl SessionConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.bearer_seconds == 0 || self.bearer_seconds > 86_400 {
            return Err(ConfigError("sessions.bearer_seconds: expected 1 to 86400".into()));
        }
        if self.refresh_days == 0 || self.refresh_days > 3650 {
            return Err(ConfigError("sessions.refresh_days: expected 1 to 3650".into()));
        }
        if self.leeway_seconds < 60 || self.leeway_seconds > 3600 {
            return Err(ConfigError("sessions.leeway_seconds: expected 60 to 3600".into()));
        }
        Ok(())
    }
}
