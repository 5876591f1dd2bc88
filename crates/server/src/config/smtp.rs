//! How e-mail leaves the server.

use std::path::PathBuf;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::text::{SecretText, exact};

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// Begins in clear and must change to TLS before anything is said.
    StartTls,
    /// TLS from the first octet.
    Implicit,
    /// In clear; only to this machine.
    None,
}

/// `[smtp]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmtpConfig {
    /// Name of the mail server; no e-mail is sent where it is empty.
    pub host: String,
    /// Its port; 587, 465 or 25 by the kind of TLS where it is absent.
    pub port: Option<u16>,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who logs in at the mail server; nobody where it is empty.
    #[serde(deserialize_with = "exact")]
    pub username: String,
    /// Their password.
    pub password: SecretText,
    /// The sender: `Name <address>` or an address.
    pub from: String,
    /// Further certificates to trust, as PEM, for a mail server with a private authority.
    pub ca_file: Option<PathBuf>,
    /// How many connections at once.
    pub connections: u8,
    /// How long a step of the conversation may take, in seconds.
    pub timeout_seconds: u16,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            tls: SmtpTls::StartTls,
            username: String::new(),
            password: SecretText::default(),
            from: String::new(),
            ca_file: None,
            connections: 4,
            timeout_seconds: 20,
        }
    }
}

impl SmtpConfig {
    /// Whether e-mail can be sent.
    pub fn is_set(&self) -> bool {
        !self.host.is_empty()
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            SmtpTls::StartTls => 587,
            SmtpTls::Implicit => 465,
            SmtpTls::None => 25,
        })
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let error = |text: &str| Err(ConfigError(text.to_owned()));
        if !self.is_set() {
            return Ok(());
        }
        if self.from.parse::<Mailbox>().is_err() {
            return error("smtp.from: expected an e-mail address, with or without a name: Name <address>");
        }
        if self.username.is_empty() == self.password.is_set() {
            return error("smtp.username, smtp.password: expected both or neither");
        }
        if self.tls == SmtpTls::None && !matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1") {
            return error("smtp.tls: expected starttls or implicit (none is for a mail server on localhost only)");
        }
        if !(1..=64).contains(&self.connections) {
            return error("smtp.connections: expected 1 to 64");
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            return error("smtp.timeout_seconds: expected 1 to 60");
        }
        Ok(())
    }
}
