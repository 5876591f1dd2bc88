//! Limits of the web sockets.

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[events]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// Sockets that one user may have open at a time.
    pub sockets_per_user: usize,
    /// Events that may wait for a client; one that is further behind is told to read again.
    pub queue: usize,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self { sockets_per_user: 32, queue: 256 }
    }
}

impl EventsConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.sockets_per_user == 0 || self.sockets_per_user > 100_000 {
            return Err(ConfigError("events.sockets_per_user: expected 1 to 100000".into()));
        }
        if self.queue == 0 || self.queue > 65_536 {
            return Err(ConfigError("events.queue: expected 1 to 65536".into()));
        }
        Ok(())
    }
}
