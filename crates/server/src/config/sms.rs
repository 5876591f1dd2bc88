//! How SMS leave the server: an HTTP provider that speaks like Twilio.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::text::{SecretText, exact};

/// `[sms]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsConfig {
    /// Where the provider's API is.
    pub base_url: String,
    /// The account; no SMS is sent where it is empty.
    #[serde(deserialize_with = "exact")]
    pub account_sid: String,
    /// The account's secret.
    pub auth_token: SecretText,
    /// The sender: a number of the account or an alphanumeric name.
    #[serde(deserialize_with = "exact")]
    pub from: String,
}

impl Default for SmsConfig {
    fn default() -> Self {
        Self {
            base_url: "https://api.twilio.com".into(),
            account_sid: String::new(),
            auth_token: SecretText::default(),
            from: String::new(),
        }
    }
}

impl SmsConfig {
    /// Whether SMS can be sent.
    pub fn is_set(&self) -> bool {
        !self.account_sid.is_empty()
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let error = |text: &str| Err(ConfigError(text.to_owned()));
        if !self.is_set() {
            return Ok(());
        }
        if !self.account_sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return error("sms.account_sid: expected letters and digits");
        }
        if !self.auth_token.is_set() || self.from.is_empty() {
            return error("sms.auth_token, sms.from: expected both beside sms.account_sid");
        }
        if !super::safe_base_url(&self.base_url) {
            return error("sms.base_url: expected an https URL without query (http for localhost only)");
        }
        Ok(())
    }
}
