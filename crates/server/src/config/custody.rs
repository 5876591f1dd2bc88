//! How custodians behind webhooks are called.

use serde::{Deserialize, Serialize};

use super::{Config, ConfigError};
use crate::custody::Rules;

/// `[custody]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustodyConfig {
    /// The longest that one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// Whether a custodian may be on this machine, over http too. So it is in development mode.
    pub allow_loopback: bool,
    /// Networks that are not of the public internet, and may be called.
    pub allow_networks: Vec<String>,
}

impl Default for CustodyConfig {
    fn default() -> Self {
        Self { timeout_ms: 10_000, allow_loopback: false, allow_networks: Vec::new() }
    }
}

impl CustodyConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.timeout_ms == 0 || self.timeout_ms > 10_000 {
            return Err(ConfigError("custody.timeout_ms: expected 1 to 10000".into()));
        }
        let config = Config { custody: self.clone(), ..Config::default() };
        match Rules::of(&config) {
            Some(_) => Ok(()),
            None => Err(ConfigError("custody.allow_networks: expected networks such as \"10.1.0.0/16\"".into())),
        }
    }
}
