//! Who the user is, for as long as it lasts: the bearer token sent with every call, the refresh token that
//! renews it, and the saved secret that renews both.
//!
//! A bearer lives for minutes. When it is over by our clock, or when the server says so, the session is
//! renewed: first by the refresh token, then by logging in again with the saved secret. However many calls
//! run at the same time, one of them renews and the others wait for it.

mod login;
mod token;

use std::sync::Arc;

use futures_util::lock::Mutex as AsyncMutex;
use parking_lot::Mutex;

pub use login::GroupMatch;
pub(crate) use login::{LoggedIn, log_in, matches, switch};

use crate::call::Server;
use crate::error::Refusal;
use crate::secret::SecretText;
use crate::time::Time;
use crate::transport::TransportError;
use token::Token;

/// Why a session gives no token, or does not start or end as asked.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The user logged out.
    #[error("logged out")]
    LoggedOut,
    /// The session has ended, and no secret was saved to start another one: ask for a one-time code.
    #[error("over, and no secret was saved")]
    Expired,
    /// The session has ended, and the saved secret is not valid any more: ask for a one-time code.
    #[error("over, and the saved secret is refused ({0})")]
    SecretRefused(Refusal),
    /// The server refuses for another reason.
    #[error("refused ({0})")]
    Refused(Refusal),
    /// The server does not answer.
    #[error(transparent)]
    Unreachable(#[from] TransportError),
    /// The answer is not what was expected.
    #[error("an answer that cannot be read")]
    Unreadable,
}

impl SessionError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.retryable(),
            Self::Refused(refusal) => refusal.retryable(),
            _ => false,
        }
    }

    /// What the server said, if it said no.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::SecretRefused(refusal) | Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// A name and a secret with which one can log in again without asking a person.
pub(crate) struct Credentials {
    pub(crate) user_name: String,
    pub(crate) secret: SecretText,
}

/// The tokens of a session, replaced as a whole.
struct Tokens {
    bearer: Token,
    refresh: Token,
    /// Counts renewals, so that who failed with an old bearer does not renew a new one.
    generation: u64,
}

/// A bearer token, and which one it is.
pub(crate) struct Bearer {
    pub(crate) text: SecretText,
    pub(crate) generation: u64,
}

/// A session for one group. All calls of an [`crate::Api`] share it.
pub(crate) struct Session {
    server: Server,
    time: Arc<dyn Time>,
    group: String,
    credentials: Mutex<Option<Arc<Credentials>>>,
    tokens: Mutex<Option<Tokens>>,
    renewing: AsyncMutex<()>,
}

impl Session {
    /// A session that was just started, for one group.
    pub(crate) fn new(
        server: Server,
        time: Arc<dyn Time>,
        group: String,
        credentials: Option<Arc<Credentials>>,
        logged_in: LoggedIn,
    ) -> Self {
        let LoggedIn { bearer, refresh } = logged_in;
        Self {
            server,
            time,
            group,
            credentials: Mutex::new(credentials),
            tokens: Mutex::new(Some(Tokens { bearer, refresh, generation: 0 })),
            renewing: AsyncMutex::new(()),
        }
    }

    /// The session that a key is, which nobody logged in for: it is sent with every call, and nothing renews it.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn of_key(server: Server, time: Arc<dyn Time>, group: String, key: &SecretText) -> Self {
        let bearer = Token::received(key.expose().to_owned(), time.now());
        Self::new(server, time, group, None, LoggedIn { bearer, refresh: Token::none() })
    }

    /// The group.
    pub(crate) fn group(&self) -> &str {
        &self.group
    }

    /// The level of the login behind the current bearer (wire 3.3).
    pub(crate) fn level(&self) -> Option<u8> {
        self.tokens.lock().as_ref().and_then(|tokens| tokens.bearer.level)
    }

    /// Saves what one can log in with again.
    pub(crate) fn remember(&self, credentials: Credentials) {
        *self.credentials.lock() = Some(Arc::new(credentials));
    }

    /// A bearer to send now; renews the session if it is over by our clock.
    pub(crate) async fn bearer(&self) -> Result<Bearer, SessionError> {
        match self.current()? {
            (bearer, false) => Ok(bearer),
            (bearer, true) => self.renew(bearer.generation).await,
        }
    }

    /// Another bearer than the one that the server refused.
    pub(crate) async fn renew(&self, refused: u64) -> Result<Bearer, SessionError> {
        let _one_at_a_time = self.renewing.lock().await;
        let (bearer, _) = self.current()?;
        if bearer.generation != refused {
            return Ok(bearer);
        }
        let renewed = self.make_tokens().await?;
        let mut tokens = self.tokens.lock();
        // who logged out meanwhile stays logged out
        let tokens = tokens.as_mut().ok_or(SessionError::LoggedOut)?;
        tokens.generation += 1;
        tokens.bearer = renewed.0;
        if let Some(refresh) = renewed.1 {
            tokens.refresh = refresh;
        }
        Ok(Bearer { text: tokens.bearer.text.duplicate(), generation: tokens.generation })
    }

    /// The current bearer, and whether it is over.
    fn current(&self) -> Result<(Bearer, bool), SessionError> {
        let tokens = self.tokens.lock();
        let tokens = tokens.as_ref().ok_or(SessionError::LoggedOut)?;
        let bearer = Bearer { text: tokens.bearer.text.duplicate(), generation: tokens.generation };
        Ok((bearer, tokens.bearer.is_over(self.time.now())))
    }

    async fn make_tokens(&self) -> Result<(Token, Option<Token>), SessionError> {
        let refresh = {
            let tokens = self.tokens.lock();
            let tokens = tokens.as_ref().ok_or(SessionError::LoggedOut)?;
            (!tokens.refresh.is_over(self.time.now())).then(|| tokens.refresh.text.duplicate())
        };
        if let Some(refresh) = refresh {
            match login::refresh(&self.server, &*self.time, &refresh).await {
                Ok(bearer) => return Ok((bearer, None)),
                Err(SessionError::Refused(refusal)) if refusal.status() == 401 => {}
                Err(error) => return Err(error),
            }
        }
        let credentials = self.credentials.lock().clone().ok_or(SessionError::Expired)?;
        let again = login::log_in(&self.server, &*self.time, &credentials, Some(&self.group)).await;
        match again {
            Ok(LoggedIn { bearer, refresh }) => Ok((bearer, Some(refresh))),
            Err(SessionError::Refused(refusal)) if matches!(refusal.status(), 401 | 406 | 412 | 417) => {
                Err(SessionError::SecretRefused(refusal))
            }
            Err(error) => Err(error),
        }
    }

    /// Ends the session: forgets tokens and secret at once, then tells the server, whose answer may fail.
    pub(crate) async fn log_out(&self) -> Result<(), SessionError> {
        *self.credentials.lock() = None;
        let Some(tokens) = self.tokens.lock().take() else { return Ok(()) };
        login::end(&self.server, &tokens.refresh.text).await
    }

    /// A session of the same user in another group, with the same saved secret.
    pub(crate) async fn switch(&self, group: &str) -> Result<Self, SessionError> {
        // renews the refresh token too, if that is over
        self.bearer().await?;
        let refresh = {
            let tokens = self.tokens.lock();
            tokens.as_ref().ok_or(SessionError::LoggedOut)?.refresh.text.duplicate()
        };
        let credentials = self.credentials.lock().clone();
        let switched = login::switch(&self.server, &*self.time, &refresh, group).await;
        let logged_in = match (switched, &credentials) {
            // the session was not proven for that group, but the secret may be
            (Err(SessionError::Refused(refusal)), Some(credentials)) if refusal.status() == 401 => {
                login::log_in(&self.server, &*self.time, credentials, Some(group)).await?
            }
            (outcome, _) => outcome?,
        };
        Ok(Self::new(self.server.clone(), self.time.clone(), group.to_owned(), credentials, logged_in))
    }
}
