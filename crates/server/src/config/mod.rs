//! How a server is set up: a TOML file, then environment variables `KEYSTEAD_SECTION__KEY`.
//!
//! One file per section, each with its own `validate`; this one only composes them.

mod attachments;
mod captcha;
mod custody;
mod events;
mod gateway;
mod metrics;
mod server;
mod sessions;
mod sms;
mod smtp;
mod text;
mod tls;

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

pub use attachments::{AttachmentPlace, AttachmentsConfig, S3Config};
pub use captcha::{CaptchaConfig, FriendlyCaptchaConfig, KerberusConfig, RecaptchaConfig};
pub use custody::CustodyConfig;
pub use events::EventsConfig;
pub use gateway::{GatewayConfig, Rate};
pub use metrics::MetricsConfig;
pub use server::ServerConfig;
pub use sessions::SessionConfig;
pub use sms::SmsConfig;
pub use smtp::{SmtpConfig, SmtpTls};
pub use text::SecretText;
pub use tls::TlsConfig;

/// The whole configuration. Every key has a default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses, directories and limits of the HTTP server.
    pub server: ServerConfig,
    /// TLS in the server itself.
    pub tls: TlsConfig,
    /// Life times of tokens.
    pub sessions: SessionConfig,
    /// Limits of the message gateway.
    pub gateway: GatewayConfig,
    /// Providers of captchas, and the proof of work.
    pub captcha: CaptchaConfig,
    /// Where the octets of attachments are kept.
    pub attachments: AttachmentsConfig,
    /// Limits of the web sockets.
    pub events: EventsConfig,
    /// Who may see what the server counts.
    pub metrics: MetricsConfig,
    /// How custodians of wallets are called.
    pub custody: CustodyConfig,
    /// How e-mail leaves the server.
    pub smtp: SmtpConfig,
    /// How SMS leave the server.
    pub sms: SmsConfig,
    /// Development mode: an outbox instead of delivery, any captcha solution accepted. Set by
    /// `--dev` only.
    #[serde(skip)]
    pub dev: bool,
}

/// A configuration that cannot be used; the text names the key and the file or variable.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Config {
    /// Reads the defaults, then `file` if given, then the environment.
    ///
    /// # Errors
    /// A key is unknown, has the wrong type, or a value outside its bounds.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError(format!("{}: there is no such configuration file", file.display())));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let config: Self = figment
            .merge(Env::prefixed("KEYSTEAD_").filter(|key| key.as_str().contains("__")).split("__"))
            .extract()
            .map_err(|error| ConfigError(error.to_string()))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every section.
    ///
    /// # Errors
    /// A value is outside its bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.server.validate()?;
        self.tls.validate()?;
        self.sessions.validate()?;
        self.gateway.validate()?;
        self.captcha.validate()?;
        self.attachments.validate()?;
        self.events.validate()?;
        self.metrics.validate()?;
        self.custody.validate()?;
        self.smtp.validate()?;
        self.sms.validate()
    }
}

/// Whether secrets may be sent to `url`: https, or http to this machine; nothing after the path.
fn safe_base_url(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && local);
    scheme && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid_and_survive_the_layers() {
        let config = Config::load(None).unwrap();
        assert_eq!(config.smtp.port(), 587);
        assert_eq!(config.captcha.friendly_captcha.base_url(), "https://api.friendlycaptcha.com/api/v1");
    }

    #[test]
    fn a_file_sets_sections_and_mistakes_name_their_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keystead.toml");
        let load = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::load(Some(&file))
        };
        let config =
            load("[smtp]\nhost = \"mail.example.org\"\nfrom = \"Care <care@example.org>\"\ntls = \"implicit\"\n")
                .unwrap();
        assert_eq!(config.smtp.port(), 465);
        for (text, key) in [
            ("[smtp]\nhost = \"mail.example.org\"\n", "smtp.from"),
            ("[smtp]\nhost = \"mail.example.org\"\nfrom = \"a@b.org\"\ntls = \"none\"\n", "smtp.tls"),
            ("[smtp]\nhost = \"mail.example.org\"\nfrom = \"a@b.org\"\nusername = \"a\"\n", "smtp.password"),
            ("[sms]\naccount_sid = \"AC1\"\n", "sms.from"),
            ("[sms]\nfrom = 32470123456\n", "double quotes"),
            ("[captcha.recaptcha]\nmin_score = 2.0\n", "min_score"),
            ("[captcha.recaptcha]\nbase_url = \"http://example.org\"\n", "captcha.recaptcha.base_url"),
            ("[gateway]\nstarts_per_ip = { burst = 0, per_hour = 1 }\n", "gateway.starts_per_ip"),
            ("[gateway]\nstarts_per_month = 1\n", "starts_per_month"),
        ] {
            let error = load(text).unwrap_err().to_string();
            assert!(error.contains(key), "{text}: {error}");
        }
    }

    #[test]
    fn where_secrets_may_be_sent() {
        for url in ["https://a.org", "https://a.org/x/", "http://127.0.0.1:80/x", "http://localhost"] {
            assert!(safe_base_url(url), "{url}");
        }
        for url in ["http://a.org", "ftp://a.org", "https://a.org?x", "https://u:p@a.org", "a.org", ""] {
            assert!(!safe_base_url(url), "{url}");
        }
    }

    #[test]
    fn the_reference_lists_every_key_with_its_default() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
        let page = std::fs::read_to_string(path).unwrap();
        let toml = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let listed: serde_json::Value = Figment::from(Toml::string(toml)).extract().unwrap();
        let mut defaults = serde_json::to_value(Config::default()).unwrap();
        // keys without a default are in comments
        for (section, key) in [("smtp", "port"), ("smtp", "ca_file"), ("tls", "certificate_file"), ("tls", "key_file")]
        {
            assert!(toml.contains(&format!("# {key} = ")));
            assert!(defaults[section].as_object_mut().unwrap().remove(key).unwrap().is_null());
        }
        assert_eq!(listed, defaults);
    }
}
