//! Limits of the message gateway: how often one address, client, spec or user is served.

use keystead_store::gateway::Limit;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// How often something may happen: `burst` times at once, and `per_hour` times an hour in the long
/// run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How often at once.
    pub burst: u32,
    /// How often in an hour, in the long run.
    pub per_hour: u32,
}

impl Rate {
    /// What the store counts.
    pub fn limit(self) -> Limit {
        Limit { burst: self.burst, interval: 3_600_000 / u64::from(self.per_hour.max(1)) }
    }

    fn validate(self, key: &str) -> Result<(), ConfigError> {
        let valid = (1..=1_000_000).contains(&self.burst) && (1..=3_600_000).contains(&self.per_hour);
        if valid {
            return Ok(());
        }
        Err(ConfigError(format!("gateway.{key}: expected burst 1 to 1000000 and per_hour 1 to 3600000")))
    }
}

/// `[gateway]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Codes sent to one address.
    pub starts_per_address: Rate,
    /// Codes asked for by one client (an IPv4 address or an IPv6 /64).
    pub starts_per_ip: Rate,
    /// Codes asked for in one spec.
    pub starts_per_spec: Rate,
    /// Rejected captchas and wrong codes of one client.
    pub failures_per_ip: Rate,
    /// Wrong codes given for one address; beyond it no new code is sent there.
    pub wrong_codes_per_address: Rate,
    /// Invitations sent by one user.
    pub invitations_per_user: Rate,
    /// Invitations sent to one address.
    pub invitations_per_address: Rate,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            starts_per_address: Rate { burst: 5, per_hour: 10 },
            starts_per_ip: Rate { burst: 60, per_hour: 600 },
            starts_per_spec: Rate { burst: 1_000, per_hour: 20_000 },
            failures_per_ip: Rate { burst: 60, per_hour: 240 },
            wrong_codes_per_address: Rate { burst: 30, per_hour: 2 },
            invitations_per_user: Rate { burst: 30, per_hour: 60 },
            invitations_per_address: Rate { burst: 5, per_hour: 5 },
        }
    }
}

impl GatewayConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.starts_per_address.validate("starts_per_address")?;
        self.starts_per_ip.validate("starts_per_ip")?;
        self.starts_per_spec.validate("starts_per_spec")?;
        self.failures_per_ip.validate("failures_per_ip")?;
        self.wrong_codes_per_address.validate("wrong_codes_per_address")?;
        self.invitations_per_user.validate("invitations_per_user")?;
        self.invitations_per_address.validate("invitations_per_address")
    }
}
