//! What the platform and the application provide to an API, with defaults for a program on a computer.

use std::sync::Arc;

use keystead_crypto::key::{KeySize, PrivateKey};
use keystead_crypto::provider::CryptoProvider;
use keystead_crypto::random::Random;

use crate::keys::{CryptoStrategies, ReportMissingKeys};
use crate::storage::{KeyStorage, Storage, StorageError};
use crate::time::Time;
use crate::transport::{RetryPolicy, Retrying, Transport, TransportError};

/// What a builder was not given, or cannot use.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// Something has to be given: the name of the builder's method.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An address is not `https://host` or `http://host`, with a path at most.
    #[error("{0}: expected https://host")]
    InvalidUrl(&'static str),
    /// An address would send secrets over the network for everybody to read. Use https, or
    /// `dangerously_allow_plain_http` in a network where nobody else listens.
    #[error("{0}: http without encryption is for this machine only")]
    PlainHttp(&'static str),
    /// The default storage cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The default transport cannot be set up.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// What the platform and the application provide.
pub(crate) struct Parts {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) time: Arc<dyn Time>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) provider: Arc<dyn CryptoProvider>,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) key_storage: Arc<dyn KeyStorage>,
    pub(crate) strategies: Arc<dyn CryptoStrategies>,
    pub(crate) key_size: KeySize,
    /// The server's channel key, where the application knows it.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "there are no wallets in browsers"))]
    pub(crate) wallet_server_key: Option<String>,
}

/// What builders have in common.
#[derive(Default)]
pub(crate) struct PartsBuilder {
    pub(crate) transport: Option<Arc<dyn Transport>>,
    pub(crate) retries: RetryPolicy,
    pub(crate) time: Option<Arc<dyn Time>>,
    pub(crate) random: Option<Arc<dyn Random>>,
    pub(crate) provider: Option<Arc<dyn CryptoProvider>>,
    pub(crate) storage: Option<Arc<dyn Storage>>,
    pub(crate) key_storage: Option<Arc<dyn KeyStorage>>,
    pub(crate) strategies: Option<Arc<dyn CryptoStrategies>>,
    pub(crate) key_size: KeySize,
    pub(crate) key_pairs: Vec<PrivateKey>,
    pub(crate) application_id: Option<String>,
    pub(crate) plain_http: bool,
    pub(crate) wallet_server_key: Option<String>,
}

impl PartsBuilder {
    /// The parts, and the key pairs that were handed over.
    pub(crate) fn build(mut self) -> Result<(Parts, Vec<PrivateKey>), ConfigurationError> {
        self.fill()?;
        let time = self.time.ok_or(ConfigurationError::Missing("time"))?;
        let random = self.random.ok_or(ConfigurationError::Missing("random"))?;
        let transport = self.transport.ok_or(ConfigurationError::Missing("transport"))?;
        let parts = Parts {
            transport: Arc::new(Retrying::new(transport, time.clone(), random.clone(), self.retries)),
            time,
            random,
            provider: self.provider.ok_or(ConfigurationError::Missing("crypto_provider"))?,
            storage: self.storage.ok_or(ConfigurationError::Missing("storage"))?,
            key_storage: self.key_storage.ok_or(ConfigurationError::Missing("key_storage"))?,
            strategies: self.strategies.unwrap_or_else(|| Arc::new(ReportMissingKeys)),
            key_size: self.key_size,
            wallet_server_key: self.wallet_server_key,
        };
        Ok((parts, self.key_pairs))
    }

    /// On wasm there are no defaults here: the bindings give everything.
    #[cfg(target_family = "wasm")]
    fn fill(&mut self) -> Result<(), ConfigurationError> {
        Ok(())
    }

    #[cfg(not(target_family = "wasm"))]
    fn fill(&mut self) -> Result<(), ConfigurationError> {
        use keystead_crypto::provider::{NativeProvider, SystemRandom};

        self.time.get_or_insert_with(|| Arc::new(crate::time::SystemTime));
        self.random.get_or_insert_with(|| Arc::new(SystemRandom::default()));
        self.provider.get_or_insert_with(|| Arc::new(NativeProvider));
        if self.transport.is_none() {
            self.transport = Some(Arc::new(crate::transport::HttpTransport::new()?));
        }
        if self.storage.is_none() || self.key_storage.is_none() {
            let files = Arc::new(self.default_files()?);
            self.storage.get_or_insert_with(|| files.clone());
            self.key_storage.get_or_insert(files);
        }
        Ok(())
    }

    /// Files below the user's data directory, sealed with a key file beside them.
    #[cfg(not(target_family = "wasm"))]
    fn default_files(&self) -> Result<crate::storage::SealedFiles, StorageError> {
        use crate::storage::{SealedFiles, Unlock, user_data_directory};

        let directory = user_data_directory(self.application_id.as_deref().unwrap_or("default"))?;
        let unlock = Unlock::KeyFile(directory.join("storage.key"));
        SealedFiles::open(directory.join("storage"), &unlock)
    }
}

/// What every builder is told of the platform, for a struct with the field `parts`.
macro_rules! with_platform {
    ($builder:ident) => {
        impl $builder {
            /// Where the SDK remembers things. Default: sealed files in the user's data directory.
            pub fn storage(mut self, storage: impl crate::storage::Storage + 'static) -> Self {
                self.parts.storage = Some(std::sync::Arc::new(storage));
                self
            }

            /// Where private keys are kept. Default: sealed files in the user's data directory.
            pub fn key_storage(mut self, storage: impl crate::storage::KeyStorage + 'static) -> Self {
                self.parts.key_storage = Some(std::sync::Arc::new(storage));
                self
            }

            /// Names the application: its folder for the default storage, and the salt of passwords.
            pub fn application_id(mut self, id: impl Into<String>) -> Self {
                self.parts.application_id = Some(id.into());
                self
            }

            /// How requests reach the server. Default: HTTP with rustls.
            pub fn transport(mut self, transport: impl crate::transport::Transport + 'static) -> Self {
                self.parts.transport = Some(std::sync::Arc::new(transport));
                self
            }

            /// How often and how late requests are repeated.
            pub fn retries(mut self, policy: crate::transport::RetryPolicy) -> Self {
                self.parts.retries = policy;
                self
            }

            /// What time it is. Default: the machine's clock.
            pub fn time(mut self, time: impl crate::time::Time + 'static) -> Self {
                self.parts.time = Some(std::sync::Arc::new(time));
                self
            }

            /// Randomness. Default: the operating system's.
            pub fn random(mut self, random: impl keystead_crypto::random::Random + 'static) -> Self {
                self.parts.random = Some(std::sync::Arc::new(random));
                self
            }

            /// Allows `http://` to other machines than this one: everybody on the way reads tokens and codes.
            pub fn dangerously_allow_plain_http(mut self) -> Self {
                self.parts.plain_http = true;
                self
            }

            /// The server's key of the channel that wallets travel in, 64 hexadecimal digits as `keystead admin
            /// wallet channel-key` prints them. Without it, the key is learned when a wallet is used first, and kept.
            pub fn wallet_server_key(mut self, key: impl Into<String>) -> Self {
                self.parts.wallet_server_key = Some(key.into());
                self
            }
        }
    };
}

pub(crate) use with_platform;

/// What builders of somebody with keys of their own are told, for a struct with the field `parts`.
macro_rules! with_parts {
    ($builder:ident) => {
        crate::api::with_platform!($builder);

        impl $builder {
            /// Who decides about keys. Default: nobody; a missing key is an error that says what can be done.
            pub fn crypto_strategies(mut self, strategies: impl crate::keys::CryptoStrategies + 'static) -> Self {
                self.parts.strategies = Some(std::sync::Arc::new(strategies));
                self
            }

            /// Makes a new key when the user's is not on this device, without asking. What only the old one
            /// opens stays unreadable until somebody gives access back.
            pub fn new_key_when_lost(self) -> Self {
                self.crypto_strategies(crate::keys::NewKeyWhenLost)
            }

            /// Hands over a key of the user that the application saved. It must be one that is published.
            pub fn key_pair(mut self, key: keystead_crypto::key::PrivateKey) -> Self {
                self.parts.key_pairs.push(key);
                self
            }

            /// The size of keys that are made.
            pub fn key_size(mut self, size: keystead_crypto::key::KeySize) -> Self {
                self.parts.key_size = size;
                self
            }

            /// Who does RSA. Default: aws-lc.
            pub fn crypto_provider(
                mut self,
                provider: impl keystead_crypto::provider::CryptoProvider + 'static,
            ) -> Self {
                self.parts.provider = Some(std::sync::Arc::new(provider));
                self
            }
        }
    };
}

pub(crate) use with_parts;

/// Checks an address that secrets are sent to.
pub(crate) fn check_url(url: &str, what: &'static str, plain_http: bool) -> Result<(), ConfigurationError> {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err(ConfigurationError::InvalidUrl(what)),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let odd = |letter: char| letter.is_whitespace() || letter.is_control() || "?#\\".contains(letter);
    if authority.is_empty() || authority.contains('@') || rest.contains(odd) {
        return Err(ConfigurationError::InvalidUrl(what));
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    if secure || local || plain_http { Ok(()) } else { Err(ConfigurationError::PlainHttp(what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_secrets_may_be_sent() {
        let check = |url| check_url(url, "base_url", false);
        for url in
            ["https://a.org", "https://a.org:1/x/", "http://127.0.0.1:80/gw", "http://localhost", "http://[::1]:1"]
        {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in ["http://a.org", "http://localhost.a.org", "http://127.0.0.1.a.org", "http://10.0.0.1:80"] {
            assert!(matches!(check(url), Err(ConfigurationError::PlainHttp(_))), "{url}");
            assert!(check_url(url, "base_url", true).is_ok());
        }
        for url in
            ["", "a.org", "ftp://a.org", "https://", "https://u:p@a.org", "https://a.org?x", "http://127.0.0.1\\@a.org"]
        {
            assert!(matches!(check(url), Err(ConfigurationError::InvalidUrl(_))), "{url}");
        }
    }
}
