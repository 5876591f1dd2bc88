//! The calls that give tokens (wire 3.1).

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::token::Token;
use super::{Credentials, SessionError};
use crate::call::{Call, Server, parse};
use crate::error::Refusal;
use crate::secret::SecretText;
use crate::time::Time;
use crate::transport::Response;

/// What a login gives.
pub(crate) struct LoggedIn {
    pub(super) bearer: Token,
    pub(super) refresh: Token,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Both {
    token: String,
    refresh_token: String,
}

#[derive(Deserialize)]
struct BearerOnly {
    token: String,
}

/// A user that a login was valid for: one person can have a user in several groups.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupMatch {
    /// The group, which is the database that the user's data is in.
    pub group_id: String,
    /// The name of the group, to choose by.
    #[serde(default)]
    pub group_name: Option<String>,
    /// The user.
    pub user_id: String,
}

impl fmt::Debug for GroupMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupMatch").finish_non_exhaustive()
    }
}

impl LoggedIn {
    fn read(response: &Response, time: &dyn Time) -> Result<Self, SessionError> {
        let both: Both = value(response)?;
        let now = time.now();
        Ok(Self { bearer: Token::received(both.token, now), refresh: Token::received(both.refresh_token, now) })
    }

    /// The bearer, to find out whose it is.
    pub(crate) fn bearer(&self) -> &str {
        self.bearer.text.expose()
    }

    /// The refresh token, to change the group.
    pub(crate) fn refresh(&self) -> &SecretText {
        &self.refresh.text
    }

    /// Ends the session at the server.
    pub(crate) async fn end(self, server: &Server) -> Result<(), SessionError> {
        end(server, &self.refresh.text).await
    }
}

/// `POST auth/login`, for one group or any.
pub(crate) async fn log_in(
    server: &Server,
    time: &dyn Time,
    credentials: &Credentials,
    group: Option<&str>,
) -> Result<LoggedIn, SessionError> {
    let body = json!({"username": credentials.user_name, "password": credentials.secret.expose()});
    let mut call = Call::post(&["auth", "login"]).json(&body).repeatable();
    if let Some(group) = group {
        call = call.query("groupId", group);
    }
    LoggedIn::read(&server.send(&call, None).await?, time)
}

/// `POST auth/refresh`
pub(super) async fn refresh(server: &Server, time: &dyn Time, refresh: &SecretText) -> Result<Token, SessionError> {
    let call = Call::post(&["auth", "refresh"]).header("refresh-token", refresh.expose()).repeatable();
    let answer: BearerOnly = value(&server.send(&call, None).await?)?;
    Ok(Token::received(answer.token, time.now()))
}

/// `POST auth/switch/{group}`
pub(crate) async fn switch(
    server: &Server,
    time: &dyn Time,
    refresh: &SecretText,
    group: &str,
) -> Result<LoggedIn, SessionError> {
    let call = Call::post(&["auth", "switch", group]).header("refresh-token", refresh.expose()).repeatable();
    LoggedIn::read(&server.send(&call, None).await?, time)
}

/// `POST auth/invalidate`
pub(super) async fn end(server: &Server, refresh: &SecretText) -> Result<(), SessionError> {
    let call = Call::post(&["auth", "invalidate"]).header("refresh-token", refresh.expose()).repeatable();
    let response = server.send(&call, None).await?;
    match response.status {
        // ended already
        401 => Ok(()),
        _ if response.is_success() => Ok(()),
        _ => Err(SessionError::Refused(Refusal::read(&response))),
    }
}

/// `GET user/matches`
pub(crate) async fn matches(server: &Server, bearer: &str) -> Result<Vec<GroupMatch>, SessionError> {
    value(&server.send(&Call::get(&["user", "matches"]), Some(bearer)).await?)
}

fn value<T: DeserializeOwned>(response: &Response) -> Result<T, SessionError> {
    if !response.is_success() {
        return Err(SessionError::Refused(Refusal::read(response)));
    }
    parse(response).map_err(|_| SessionError::Unreadable)
}
