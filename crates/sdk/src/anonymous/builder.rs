//! What an [`AnonymousApi`] is made of.

use std::sync::Arc;
use std::time::Duration;

use super::{AnonymousApi, Inner};
use crate::api::{ConfigurationError, PartsBuilder, check_url, with_parts};
use crate::authentication::DEFAULT_TOKEN_VALIDITY;
use crate::call::Server;

/// What an [`AnonymousApi`] is made of. Needed: `base_url`, `gateway_url`, `spec_id`, and a process by
/// e-mail or SMS.
#[derive(Default)]
pub struct AnonymousApiBuilder {
    parts: PartsBuilder,
    base_url: Option<String>,
    gateway_url: Option<String>,
    spec: Option<String>,
    by_email: Option<String>,
    by_sms: Option<String>,
    token_validity: Option<Duration>,
}

with_parts!(AnonymousApiBuilder);

impl AnonymousApiBuilder {
    /// The address of the server, for instance `https://records.example.org`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The address of the message gateway, for instance `https://records.example.org/gw`.
    pub fn gateway_url(mut self, url: impl Into<String>) -> Self {
        self.gateway_url = Some(url.into());
        self
    }

    /// The id of the spec in the message gateway.
    pub fn spec_id(mut self, id: impl Into<String>) -> Self {
        self.spec = Some(id.into());
        self
    }

    /// The id of the process that sends codes by e-mail: one for patients, or one for healthcare
    /// professionals.
    pub fn process_by_email(mut self, id: impl Into<String>) -> Self {
        self.by_email = Some(id.into());
        self
    }

    /// The id of the process that sends codes by SMS.
    pub fn process_by_sms(mut self, id: impl Into<String>) -> Self {
        self.by_sms = Some(id.into());
        self
    }

    /// How long the token in an [`super::AuthenticationResult`] is valid. Default: thirty days.
    pub fn token_validity(mut self, validity: Duration) -> Self {
        self.token_validity = Some(validity);
        self
    }

    /// Checks what was given. Nothing is sent yet.
    ///
    /// # Errors
    /// See [`ConfigurationError`].
    pub fn build(self) -> Result<AnonymousApi, ConfigurationError> {
        let base_url = self.base_url.ok_or(ConfigurationError::Missing("base_url"))?;
        check_url(&base_url, "base_url", self.parts.plain_http)?;
        let gateway_url = self.gateway_url.ok_or(ConfigurationError::Missing("gateway_url"))?;
        check_url(&gateway_url, "gateway_url", self.parts.plain_http)?;
        let spec = self.spec.ok_or(ConfigurationError::Missing("spec_id"))?;
        if self.by_email.is_none() && self.by_sms.is_none() {
            return Err(ConfigurationError::Missing("process_by_email or process_by_sms"));
        }
        let (parts, key_pairs) = self.parts.build()?;
        let inner = Inner {
            server: Server::new(&base_url, parts.transport.clone()),
            gateway: Server::new(&gateway_url, parts.transport.clone()),
            parts: Arc::new(parts),
            spec,
            by_email: self.by_email,
            by_sms: self.by_sms,
            key_pairs,
            token_validity: self.token_validity.unwrap_or(DEFAULT_TOKEN_VALIDITY),
        };
        Ok(AnonymousApi { inner: Arc::new(inner) })
    }
}
