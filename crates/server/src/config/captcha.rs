//! Captchas: which providers verify them, and how hard the proof of work is.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::text::SecretText;

/// `[captcha]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CaptchaConfig {
    /// reCAPTCHA v3 of Google; accepted when its secret is set.
    pub recaptcha: RecaptchaConfig,
    /// FriendlyCaptcha; accepted when its secret is set.
    pub friendly_captcha: FriendlyCaptchaConfig,
    /// The proof of work that the server verifies by itself; always accepted.
    pub kerberus: KerberusConfig,
}

/// `[captcha.recaptcha]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecaptchaConfig {
    /// The secret key of the site.
    pub secret: SecretText,
    /// The lowest score that is accepted, 0 to 1. A process may ask for another one.
    pub min_score: f64,
    /// The action that solutions must be for; any where it is empty.
    pub action: String,
    /// Where `siteverify` is.
    pub base_url: String,
}

impl Default for RecaptchaConfig {
    fn default() -> Self {
        Self {
            secret: SecretText::default(),
            min_score: 0.5,
            action: String::new(),
            base_url: "https://www.google.com/recaptcha/api".into(),
        }
    }
}

/// `[captcha.friendly_captcha]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FriendlyCaptchaConfig {
    /// The API key.
    pub secret: SecretText,
    /// The site key that solutions must be for; any of the account where it is empty.
    pub site_key: String,
    /// Version of the provider's API: 1 or 2.
    pub version: u8,
    /// Where the API is; the provider's own address where it is empty.
    pub base_url: String,
}

impl Default for FriendlyCaptchaConfig {
    fn default() -> Self {
        Self { secret: SecretText::default(), site_key: String::new(), version: 1, base_url: String::new() }
    }
}

impl FriendlyCaptchaConfig {
    /// Where the API is.
    pub fn base_url(&self) -> &str {
        match (self.base_url.as_str(), self.version) {
            ("", 1) => "https://api.friendlycaptcha.com/api/v1",
            ("", _) => "https://global.frcapi.com/api/v2/captcha",
            (url, _) => url,
        }
    }
}

/// `[captcha.kerberus]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KerberusConfig {
    /// How many salts a challenge has; more make the time to solve it steadier.
    pub salts: u8,
    /// How many hashes each salt takes on average (wire 2.2).
    pub difficulty: u32,
    /// How long a challenge can be used, in seconds.
    pub seconds: u32,
}

impl Default for KerberusConfig {
    fn default() -> Self {
        Self { salts: 8, difficulty: 5_000, seconds: 300 }
    }
}

impl CaptchaConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let error = |text: &str| Err(ConfigError(text.to_owned()));
        if !(0.0..=1.0).contains(&self.recaptcha.min_score) {
            return error("captcha.recaptcha.min_score: expected 0 to 1");
        }
        if !super::safe_base_url(&self.recaptcha.base_url) {
            return error("captcha.recaptcha.base_url: expected an https URL without query (http for localhost only)");
        }
        if !super::safe_base_url(self.friendly_captcha.base_url()) {
            return error(
                "captcha.friendly_captcha.base_url: expected an https URL without query (http for localhost only)",
            );
        }
        if !(1..=2).contains(&self.friendly_captcha.version) {
            return error("captcha.friendly_captcha.version: expected 1 or 2");
        }
        let kerberus = &self.kerberus;
        if !(1..=64).contains(&kerberus.salts) {
            return error("captcha.kerberus.salts: expected 1 to 64");
        }
        if kerberus.difficulty == 0 {
            return error("captcha.kerberus.difficulty: expected at least 1");
        }
        if !(30..=3600).contains(&kerberus.seconds) {
            return error("captcha.kerberus.seconds: expected 30 to 3600");
        }
        Ok(())
    }
}
