//! From a name and a secret to a ready API.

use std::sync::Arc;

use keystead_crypto::key::PrivateKey;

use super::{Api, Caller, ConfigurationError, Core, Parts};
use crate::call::{Call, Server};
use crate::data_owners::DataOwner;
use crate::entities::{Memo, Seen};
use crate::error::{Refusal, RequestError};
use crate::exchange::Exchange;
use crate::keys::own::{Found, OwnKeys};
use crate::keys::{KeysError, start};
use crate::session::{Credentials, GroupMatch, LoggedIn, Session, SessionError, log_in, matches, switch};
use crate::time::Time;
use crate::trust::Trust;

/// Why a user did not get in.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The builder was not given what is needed.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// Name and secret do not belong together, or the token has expired: ask for a one-time code.
    #[error("the name or the secret is wrong, or the token has expired ({0})")]
    WrongCredentials(Refusal),
    /// The password is right and a second factor is needed.
    #[error("a second factor is needed ({0})")]
    SecondFactorNeeded(Refusal),
    /// The password is right and the second factor is wrong.
    #[error("the second factor is wrong ({0})")]
    SecondFactorWrong(Refusal),
    /// Too many wrong secrets: [`Refusal::retry_after`] says when to go on.
    #[error("too many attempts ({0})")]
    TooManyAttempts(Refusal),
    /// The login is valid in several groups: choose one of them and log in again.
    #[error("the login is valid in several groups")]
    SeveralGroups(Vec<GroupMatch>),
    /// The login is not valid in the group that was asked for.
    #[error("the login is not valid in this group")]
    NoSuchGroup,
    /// The user's keys are not ready.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The storage cannot be read or written.
    #[error(transparent)]
    Storage(#[from] crate::storage::StorageError),
    /// The server did not answer as expected.
    #[error(transparent)]
    Request(#[from] RequestError),
}

impl LoginError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::TooManyAttempts(_) => true,
            Self::Keys(error) => error.retryable(),
            Self::Storage(error) => error.retryable(),
            Self::Request(error) => error.retryable(),
            _ => false,
        }
    }
}

impl From<SessionError> for LoginError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused(refusal) => match refusal.status() {
                401 | 412 => Self::WrongCredentials(refusal),
                417 => Self::SecondFactorNeeded(refusal),
                406 => Self::SecondFactorWrong(refusal),
                429 => Self::TooManyAttempts(refusal),
                _ => Self::Request(refusal.into()),
            },
            error => Self::Request(error.into()),
        }
    }
}

/// A user who is on the way in.
pub(crate) struct Opening {
    pub(crate) parts: Arc<Parts>,
    pub(crate) server: Server,
    pub(crate) group: Option<String>,
    pub(crate) key_pairs: Vec<PrivateKey>,
}

impl Opening {
    /// Logs in. The credentials are remembered for when the session ends, if `remember` says so.
    pub(crate) async fn log_in(self, credentials: Credentials, remember: bool) -> Result<Api, LoginError> {
        let Self { parts, server, group, key_pairs } = self;
        let mut logged_in = log_in(&server, &*parts.time, &credentials, None).await?;
        let found = match choose(&server, &*parts.time, &mut logged_in, group.as_deref()).await {
            Ok(found) => found,
            Err(error) => {
                // nobody will use this session; if the server cannot be told, it ends by itself
                let _ = logged_in.end(&server).await;
                return Err(error);
            }
        };
        let credentials = remember.then(|| Arc::new(credentials));
        let session = Session::new(server.clone(), parts.time.clone(), found.group_id, credentials, logged_in);
        let caller = Caller::new(server, Arc::new(session));
        Self::enter(parts, caller, found.user_id, key_pairs).await
    }

    /// Makes the API of a session: finds out who the user is, and gets the keys ready.
    pub(crate) async fn enter(
        parts: Arc<Parts>,
        caller: Caller,
        user: String,
        key_pairs: Vec<PrivateKey>,
    ) -> Result<Api, LoginError> {
        match Self::identify(&parts, &caller, key_pairs).await {
            Ok((owner, found)) => {
                let owner = owner.map(|owner| (owner.owner_type(), owner.id().to_owned()));
                let trust = Trust::new(parts.clone(), owner.as_ref().map_or(&user, |(_, id)| id));
                let (keys, exchange, memo) = (OwnKeys::new(found), Exchange::default(), Memo::default());
                Ok(Api::new(Core {
                    caller,
                    keys,
                    parts,
                    user,
                    owner,
                    exchange,
                    trust,
                    memo,
                    seen: Seen::default(),
                    #[cfg(not(target_family = "wasm"))]
                    signer: crate::wallet::KeptSigner::default(),
                }))
            }
            Err(error) => {
                // nobody will use this session; if the server cannot be told, it ends by itself
                let _ = caller.session().log_out().await;
                Err(error)
            }
        }
    }

    async fn identify(
        parts: &Parts,
        caller: &Caller,
        key_pairs: Vec<PrivateKey>,
    ) -> Result<(Option<DataOwner>, Found), LoginError> {
        match caller.read::<DataOwner>(Call::get(&["dataowner", "current"])).await {
            Ok(owner) => {
                let keys = start::start(parts, caller, &owner, key_pairs).await?;
                Ok((Some(owner), keys))
            }
            // an administrator owns no data and needs no keys
            Err(RequestError::NotFound(_)) => Ok((None, Found::default())),
            Err(error) => Err(error.into()),
        }
    }
}

/// Which user of those that the login is valid for, with tokens for its group.
async fn choose(
    server: &Server,
    time: &dyn Time,
    logged_in: &mut LoggedIn,
    group: Option<&str>,
) -> Result<GroupMatch, LoginError> {
    let mut valid = matches(server, logged_in.bearer()).await?;
    let several = valid.len() > 1;
    valid.retain(|found| group.is_none_or(|group| group == found.group_id));
    match (valid.pop(), valid.is_empty()) {
        (Some(found), true) => {
            if several {
                *logged_in = switch(server, time, logged_in.refresh(), &found.group_id).await?;
            }
            Ok(found)
        }
        (Some(found), false) => {
            valid.push(found);
            Err(LoginError::SeveralGroups(valid))
        }
        (None, _) => Err(LoginError::NoSuchGroup),
    }
}
