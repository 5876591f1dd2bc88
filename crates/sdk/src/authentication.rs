//! The session of a user who is logged in: ending it, another group, tokens to log in with later.

use std::sync::Arc;
use std::time::Duration;

use crate::api::{Api, Caller, Core, LoginError, Opening};
use crate::call::Call;
use crate::error::RequestError;
use crate::secret::SecretText;
use crate::session::{SessionError, matches};
use crate::storage::{Storage, StorageError};

/// How long a token is valid unless the application says otherwise: thirty days.
pub const DEFAULT_TOKEN_VALIDITY: Duration = Duration::from_secs(30 * 86_400);

const INSTALLATION: &str = "org.keystead.installation";

/// The session.
///
/// ```no_run
/// use std::time::Duration;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let token = api.authentication().create_token("phone", Duration::from_secs(30 * 86_400)).await?;
/// // save it where only the user can read it: `token.expose()`
/// api.authentication().log_out().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authentication {
    core: Arc<Core>,
}

impl Authentication {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Ends the session: this device forgets its tokens and the saved secret at once, then the server is
    /// told. Keys stay on the device.
    ///
    /// # Errors
    /// The server was not told. The session cannot be used from here any more, but lives on there until it
    /// ends by itself.
    pub async fn log_out(&self) -> Result<(), SessionError> {
        self.core.caller.session().log_out().await
    }

    /// The level of the login (wire 3.3): 10 a long-lived token, 20 a password, 40 a one-time code, 50 a
    /// password and a second factor.
    pub fn level(&self) -> Option<u8> {
        self.core.caller.session().level()
    }

    /// The same person in another group in which the login was valid. This API stays in its group; both can
    /// be used.
    ///
    /// # Errors
    /// [`LoginError::NoSuchGroup`]: it was not.
    pub async fn switch_group(&self, group: &str) -> Result<Api, LoginError> {
        let caller = &self.core.caller;
        let session = match caller.session().switch(group).await {
            Err(SessionError::Refused(refusal)) if matches!(refusal.status(), 401 | 403 | 404) => {
                return Err(LoginError::NoSuchGroup);
            }
            outcome => outcome?,
        };
        let bearer = session.bearer().await?;
        let found = matches(caller.server(), bearer.text.expose()).await?;
        let found = found.into_iter().find(|found| found.group_id == group).ok_or(LoginError::NoSuchGroup)?;
        let there = Caller::new(caller.server().clone(), Arc::new(session));
        Opening::enter(self.core.parts.clone(), there, found.user_id, Vec::new()).await
    }

    /// Makes a token to log in with instead of a password. It replaces an earlier one with the same name, so
    /// each device needs a name of its own.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn create_token(&self, name: &str, validity: Duration) -> Result<SecretText, RequestError> {
        let mut bytes = zeroize::Zeroizing::new([0; 24]);
        self.core.parts.random.fill(&mut *bytes);
        // chosen here, so that asking again after a lost answer gives the same one
        let token = SecretText::from(hex::encode(*bytes));
        let call = Call::post(&["user", "token", &self.core.user, name])
            .query("tokenValidity", &validity.as_secs().max(1).to_string())
            .header("token", token.expose())
            .repeatable();
        let made = self.core.caller.text(call).await?;
        match made.trim() {
            "" => Err(RequestError::Unreadable),
            made => Ok(made.into()),
        }
    }

    /// A token for this installation, under a name that no other one has.
    pub(crate) async fn create_own_token(&self, validity: Duration) -> Result<SecretText, LoginError> {
        let name = format!("keystead.{}", self.installation(&*self.core.parts.storage).await?);
        Ok(self.create_token(&name, validity).await?)
    }

    async fn installation(&self, storage: &dyn Storage) -> Result<String, StorageError> {
        if let Some(id) = storage.get(INSTALLATION).await? {
            return Ok(id);
        }
        let id = self.core.uuid();
        storage.set(INSTALLATION, &id).await?;
        Ok(id)
    }
}
