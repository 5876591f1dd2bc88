//! Limits of the interface of Portal.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[portal]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortalConfig {
    /// Calls a minute of the custodian keys of one environment.
    pub custodian_calls_per_minute: u32,
    /// Calls a minute of one client.
    pub client_calls_per_minute: u32,
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self { custodian_calls_per_minute: 200, client_calls_per_minute: 200 }
    }
}

impl PortalConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let limits = [
            ("custodian_calls_per_minute", self.custodian_calls_per_minute),
            ("client_calls_per_minute", self.client_calls_per_minute),
        ];
        match limits.iter().find(|(_, limit)| !(1..=60_000).contains(limit)) {
            Some((key, _)) => Err(ConfigError(format!("portal.{key}: expected 1 to 60000"))),
            None => Ok(()),
        }
    }
}
