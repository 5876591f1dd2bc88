//! Brings a returning user back.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Api, ConfigurationError, LoginError, Opening, PartsBuilder, check_url, with_parts};
use crate::call::Server;
use crate::secret::SecretText;
use crate::session::Credentials;

/// What an [`Api`] is made of. Needed: `base_url`, `user_name`, and `token` or `password`.
#[derive(Default)]
pub struct ApiBuilder {
    parts: PartsBuilder,
    base_url: Option<String>,
    user_name: Option<String>,
    secret: Option<Secret>,
    second_factor: Option<SecretText>,
    salted: bool,
    group: Option<String>,
}

enum Secret {
    Token(SecretText),
    Password(SecretText),
}

with_parts!(ApiBuilder);

impl ApiBuilder {
    /// The address of the server, for instance `https://records.example.org`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The login name: an e-mail address, a phone number, a login, a user id.
    pub fn user_name(mut self, name: impl Into<String>) -> Self {
        self.user_name = Some(name.into());
        self
    }

    /// The token that was saved after a registration or login. It is kept in memory to log in again when the
    /// session ends.
    pub fn token(mut self, token: impl Into<SecretText>) -> Self {
        self.secret = Some(Secret::Token(token.into()));
        self
    }

    /// The password. It is kept in memory to log in again when the session ends, unless there is a second
    /// factor.
    pub fn password(mut self, password: impl Into<SecretText>) -> Self {
        self.secret = Some(Secret::Password(password.into()));
        self
    }

    /// The second factor of a password: the six digits that an authenticator shows.
    pub fn second_factor(mut self, code: impl Into<SecretText>) -> Self {
        self.second_factor = Some(code.into());
        self
    }

    /// Sends passwords salted with the application id, as official clients do unless told otherwise. Needed
    /// for accounts whose password was set by such a client, wrong for others.
    pub fn salt_password_with_application_id(mut self) -> Self {
        self.salted = true;
        self
    }

    /// The group, for a user who is in several.
    pub fn group(mut self, id: impl Into<String>) -> Self {
        self.group = Some(id.into());
        self
    }

    /// Logs in and gets the user's keys ready.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn build(self) -> Result<Api, LoginError> {
        let base_url = self.base_url.ok_or(ConfigurationError::Missing("base_url"))?;
        check_url(&base_url, "base_url", self.parts.plain_http)?;
        let user_name = self.user_name.ok_or(ConfigurationError::Missing("user_name"))?;
        let application_id = self.parts.application_id.clone();
        let password = match self.secret.ok_or(ConfigurationError::Missing("token or password"))? {
            Secret::Token(token) => token,
            Secret::Password(password) if self.salted => {
                let id = application_id.ok_or(ConfigurationError::Missing("application_id"))?;
                salted(&password, &id)
            }
            Secret::Password(password) => password,
        };
        let remember = self.second_factor.is_none();
        let secret = match self.second_factor {
            Some(code) => SecretText::from(format!("{}|{}", password.expose(), code.expose())),
            None => password,
        };
        let (parts, key_pairs) = self.parts.build()?;
        let parts = Arc::new(parts);
        let server = Server::new(&base_url, parts.transport.clone());
        let opening = Opening { parts, server, group: self.group, key_pairs };
        opening.log_in(Credentials { user_name, secret }, remember).await
    }
}

/// What official clients send instead of a password (wire 3.2).
fn salted(password: &SecretText, application_id: &str) -> SecretText {
    let hash = Sha256::new().chain_update(password.expose()).chain_update(application_id).finalize();
    SecretText::from(STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'secretorg.example' | openssl dgst -sha256 -binary | base64`
    #[test]
    fn salted_as_official_clients_do() {
        let salted = salted(&"secret".into(), "org.example");
        assert_eq!(salted.expose(), "+1wKufyCnUwDgdKxnNpF++Vf++lGz5feRl2UlRplk/A=");
    }
}
