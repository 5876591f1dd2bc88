//! Giving the code back: the user is registered or recognised, logged in, and gets its keys (wire 2.1).

use std::fmt;
use std::time::Duration;

use http::Method;
use keystead_crypto::key::PrivateKey;

use super::{AnonymousAuthentication, AuthenticationProcess};
use crate::api::{Api, LoginError, Opening};
use crate::call::Call;
use crate::error::{Refusal, RequestError};
use crate::keys::own;
use crate::secret::SecretText;
use crate::session::Credentials;
use crate::transport::TransportError;

/// Waits before the code is tried as a password again: the gateway may know of it before the server does.
const GRACE: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(1)];

/// A user who proved an address: everything to go on with, and to come back later.
///
/// Save `login`, `token` and the key pairs where only the user can read them, unless the key storage of the
/// SDK does.
pub struct AuthenticationResult {
    /// The ready API.
    pub api: Api,
    /// The user.
    pub user_id: String,
    /// The group, which is the database that the user is in.
    pub group_id: String,
    /// The user's private keys that are on this device, each with its public half.
    pub key_pairs: Vec<PrivateKey>,
    /// A token to log in with later, without a code.
    pub token: SecretText,
}

impl fmt::Debug for AuthenticationResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationResult").finish_non_exhaustive()
    }
}

/// Why a code did not get the user in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CompleteError {
    /// The code is wrong. The user may type it again, a few times.
    #[error("the code is wrong")]
    WrongCode,
    /// The code is too old, was used, or was guessed too often: send another one.
    #[error("the code is not valid any more: start again")]
    CodeExpired,
    /// Too many wrong codes: [`Refusal::retry_after`] says when to go on.
    #[error("too many attempts ({0})")]
    TooManyAttempts(Refusal),
    /// The code is right, and what follows it failed. Until the code ends, `complete` can be called again
    /// with the same process and code.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The gateway did not answer as expected.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl CompleteError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::TooManyAttempts(_) => true,
            Self::Login(error) => error.retryable(),
            Self::Request(error) => error.retryable(),
            Self::WrongCode | Self::CodeExpired => false,
        }
    }
}

/// What the gateway says of a code.
enum Verdict {
    Right,
    Wrong,
    /// Used, too old, or unknown. If it was used by an attempt of ours, it still logs in.
    Over,
    /// The question may have been carried out, and its answer was lost.
    Unknown(TransportError),
}

impl AnonymousAuthentication {
    /// Gives the code back. Can be called again with the same process and code until the code ends, for
    /// instance when the connection broke or a question about keys had to be answered first.
    ///
    /// # Errors
    /// See [`CompleteError`].
    pub async fn complete(
        &self,
        process: &AuthenticationProcess,
        code: &str,
    ) -> Result<AuthenticationResult, CompleteError> {
        let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
        if code.is_empty() || code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(CompleteError::WrongCode);
        }
        let code = SecretText::from(code);
        let mut worst = CompleteError::CodeExpired;
        let mut may_log_in = false;
        for request in process.requests() {
            match self.validate(request, &code).await? {
                Verdict::Right => return self.finish(process, &code, &GRACE).await,
                Verdict::Wrong => worst = CompleteError::WrongCode,
                Verdict::Over => may_log_in = true,
                Verdict::Unknown(error) => {
                    may_log_in = true;
                    worst = CompleteError::Request(error.into());
                }
            }
        }
        if !may_log_in {
            return Err(worst);
        }
        // a code that was accepted is a password for some minutes
        match self.finish(process, &code, &[]).await {
            Err(CompleteError::Login(LoginError::WrongCredentials(_))) => Err(worst),
            outcome => outcome,
        }
    }

    async fn validate(&self, request: &str, code: &SecretText) -> Result<Verdict, CompleteError> {
        let inner = &*self.inner;
        let token = format!("{request}-{}", code.expose());
        let call = Call::new(Method::GET, &[&inner.spec, "process", "validate", &token]);
        // a second attempt would find the code used
        let response = match inner.gateway.send(&call.once(), None).await {
            Err(error) if error.may_have_arrived() => return Ok(Verdict::Unknown(error)),
            outcome => outcome.map_err(RequestError::from)?,
        };
        match response.status {
            200..=299 => Ok(Verdict::Right),
            401 | 403 => Ok(Verdict::Wrong),
            404 | 410 => Ok(Verdict::Over),
            429 => Err(CompleteError::TooManyAttempts(Refusal::read(&response))),
            _ => Err(CompleteError::Request(Refusal::read(&response).into())),
        }
    }

    /// Logs in with the code, and makes a token to come back with.
    async fn finish(
        &self,
        process: &AuthenticationProcess,
        code: &SecretText,
        waits: &[Duration],
    ) -> Result<AuthenticationResult, CompleteError> {
        let mut waits = waits.iter();
        let api = loop {
            match (self.log_in(process, code).await, waits.next()) {
                (Err(LoginError::WrongCredentials(_)), Some(wait)) => self.inner.parts.time.sleep(*wait).await,
                (outcome, _) => break outcome?,
            }
        };
        let token = api.authentication().create_own_token(self.inner.token_validity).await?;
        let credentials = Credentials { user_name: process.login.clone(), secret: token.duplicate() };
        api.core().caller.session().remember(credentials);
        Ok(AuthenticationResult {
            user_id: api.user_id().to_owned(),
            group_id: api.group_id().to_owned(),
            key_pairs: api.key_pairs(),
            token,
            api,
        })
    }

    async fn log_in(&self, process: &AuthenticationProcess, code: &SecretText) -> Result<Api, LoginError> {
        let inner = &*self.inner;
        let opening = Opening {
            parts: inner.parts.clone(),
            server: inner.server.clone(),
            group: process.group.clone(),
            key_pairs: inner.key_pairs.iter().filter_map(own::copy).collect(),
        };
        let credentials = Credentials { user_name: process.login.clone(), secret: code.duplicate() };
        opening.log_in(credentials, false).await
    }
}
