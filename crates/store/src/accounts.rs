//! How users prove who they are: login names, secrets and sessions.

use async_trait::async_trait;

use crate::{EpochMs, Result, StoreError};

/// A user of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// The group.
    pub group: String,
    /// The user's id in the group.
    pub user: String,
}

/// A secret that a user can log in with. Only a digest is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub kind: SecretKind,
    /// Its name among the user's secrets of this kind; empty for the password.
    pub name: String,
    /// A PHC string for a password, an HMAC for a token, a sealed TOTP secret.
    pub digest: Vec<u8>,
    /// When it was set.
    pub created: EpochMs,
    /// When it ends; `None` for never.
    pub expires: Option<EpochMs>,
}

/// The kinds of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecretKind {
    /// A password, as Argon2id PHC string.
    Password,
    /// A named authentication token, as HMAC.
    Token,
    /// A one-time code that the gateway has validated, as HMAC.
    Code,
    /// The secret of the second factor, sealed.
    Totp,
}

impl SecretKind {
    const ALL: [Self; 4] = [Self::Password, Self::Token, Self::Code, Self::Totp];

    /// How engines store a kind. Never change one.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Password => 1,
            Self::Token => 2,
            Self::Code => 3,
            Self::Totp => 4,
        }
    }

    /// The kind that is stored as `number`.
    pub(crate) fn of_number(number: i64) -> Result<Self> {
        let kind = Self::ALL.into_iter().find(|known| known.number() == number);
        kind.ok_or(StoreError::Corrupt("a secret is of an unknown kind"))
    }
}

/// A login session: what a refresh token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Random id, inside the tokens.
    pub id: String,
    /// Every account that the secret of the login was valid for.
    pub accounts: Vec<Account>,
    /// Level of the login's authentication class (wire 3.3).
    pub class: u8,
    /// When it began.
    pub created: EpochMs,
    /// When it ends by itself.
    pub expires: EpochMs,
}

/// Reading accounts.
#[async_trait]
pub trait ReadAccounts {
    /// Every account that has the login name `name` (normalised), in every group.
    async fn accounts(&mut self, name: &str) -> Result<Vec<Account>>;

    /// The secrets of a user that have not ended at `now`.
    async fn secrets(&mut self, account: &Account, now: EpochMs) -> Result<Vec<Secret>>;

    /// Whether a session has neither ended at `now` nor been revoked.
    async fn session_lives(&mut self, id: &str, now: EpochMs) -> Result<bool>;

    /// A session that has neither ended at `now` nor been revoked.
    async fn session(&mut self, id: &str, now: EpochMs) -> Result<Option<Session>>;
}

/// Writing accounts.
#[async_trait]
pub trait WriteAccounts {
    /// Makes `names` (normalised) the login names of an account, in place of the earlier ones. The
    /// name of another account of the same group comes back and nothing is changed.
    async fn set_names(&mut self, account: &Account, names: &[String]) -> Result<Option<String>>;

    /// Sets a secret, replacing the user's secret of the same kind and name.
    async fn set_secret(&mut self, account: &Account, secret: &Secret) -> Result<()>;

    /// Removes a user's secret.
    async fn remove_secret(&mut self, account: &Account, kind: SecretKind, name: &str) -> Result<()>;

    /// Removes all names and secrets of an account, and revokes its sessions.
    async fn remove_account(&mut self, account: &Account) -> Result<()>;

    /// Begins a session.
    async fn create_session(&mut self, session: &Session) -> Result<()>;

    /// Revokes a session; whether there was one.
    async fn revoke_session(&mut self, id: &str) -> Result<bool>;

    /// Revokes every session of an account.
    async fn revoke_sessions(&mut self, account: &Account) -> Result<()>;
}
