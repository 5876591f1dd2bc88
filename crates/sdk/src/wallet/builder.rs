//! The wallet of a client that a custodian made: somebody without an account, whose wallet opens with a key or with a
//! session token of the custodian's back end.

use std::sync::Arc;

use http::Method;
use serde::Deserialize;

use super::Wallet;
use crate::api::{Caller, ConfigurationError, Core, LoginError, PartsBuilder, check_url, with_platform};
use crate::call::{Call, Server, parse};
use crate::error::{Refusal, RequestError};
use crate::secret::SecretText;
use crate::session::Session;

/// What the wallet of a client of a custodian is opened with. Needed: `base_url` and `key`.
///
/// ```no_run
/// # async fn example(session_token: String) -> Result<(), Box<dyn std::error::Error>> {
/// let wallet = keystead_sdk::wallet::Wallet::builder()
///     .base_url("https://wallets.example.org")
///     .key(session_token)
///     .build()
///     .await?;
/// println!("{}", wallet.create().await?.evm);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct WalletBuilder {
    parts: PartsBuilder,
    base_url: Option<String>,
    key: Option<SecretText>,
}

with_platform!(WalletBuilder);

/// What is read of the client.
#[derive(Deserialize)]
struct Me {
    id: String,
    environment: Environment,
}

#[derive(Deserialize)]
struct Environment {
    id: String,
}

impl WalletBuilder {
    /// The address of the server, for instance `https://wallets.example.org`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// A session token of the client, which the custodian's back end makes, or its API key. A session token ends a day
    /// after its last use: open the wallet with another one then. To recover a frozen wallet, and to take the keys out,
    /// it has to be a quarter of an hour old at most.
    pub fn key(mut self, key: impl Into<SecretText>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Asks whose key it is, and opens the wallet. There is one method of backup less than for people with an account:
    /// who has no records has no vault.
    ///
    /// # Errors
    /// See [`LoginError`]. [`LoginError::WrongCredentials`]: no key of a client, or one that is over.
    pub async fn build(self) -> Result<Wallet, LoginError> {
        let base_url = self.base_url.ok_or(ConfigurationError::Missing("base_url"))?;
        check_url(&base_url, "base_url", self.parts.plain_http)?;
        let key = self.key.ok_or(ConfigurationError::Missing("key"))?;
        let (parts, _) = self.parts.build()?;
        let parts = Arc::new(parts);
        let server = Server::new(&base_url, parts.transport.clone());
        let call = Call::new(Method::GET, &["api", "v3", "clients", "me"]);
        let answer = server.send(&call, Some(key.expose())).await.map_err(RequestError::from)?;
        if !answer.is_success() {
            let refusal = Refusal::read(&answer);
            return Err(match refusal.status() {
                401 => LoginError::WrongCredentials(refusal),
                _ => LoginError::Request(refusal.into()),
            });
        }
        let Me { id, environment } = parse(&answer)?;
        let session = Session::of_key(server.clone(), parts.time.clone(), environment.id, &key);
        let caller = Caller::new(server, Arc::new(session));
        Ok(Wallet::new(Arc::new(Core::without_keys(caller, parts, id))))
    }
}

impl Wallet {
    /// Opens the wallet of a client that a custodian made. People with an account use
    /// [`Api::wallet`](crate::Api::wallet).
    pub fn builder() -> WalletBuilder {
        WalletBuilder::default()
    }
}
