//! Who calls: a custodian with its key, or a client with its key, its session token, the cookie of its browser, or the
//! session of a data owner, who is a client of its own.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use keystead_model::error::ErrorCode;

use super::clients::{self, Client};
use super::credential::{self, Proven};
use super::environment::{Environment, find_environment};
use super::error::{PortalResult, Refusal};
use super::token::{Kind, Token};
use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};

/// The cookie of a browser that came with a web OTP.
pub(super) const COOKIE: &str = "keystead_client";

const NO_CUSTODIAN: &str = "a custodian API key is needed: Authorization: Bearer kc_…";
const NO_CLIENT: &str = "a client API key or a session token that has not ended is needed: Authorization: Bearer …";

/// A custodian, for one of its environments.
#[derive(Debug)]
pub(super) struct Custodian {
    pub(super) environment: Environment,
    key: String,
}

impl Custodian {
    pub(super) fn group(&self) -> &str {
        &self.environment.id
    }

    /// As the audit log names it.
    pub(super) fn actor(&self) -> String {
        format!("custodian key {}", self.key)
    }
}

impl FromRequestParts<Arc<App>> for Custodian {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> PortalResult<Self> {
        let refusal = || Refusal::unauthorized(NO_CUSTODIAN);
        let token = bearer(parts).and_then(Token::parse).filter(|token| token.kind == Kind::Custodian);
        let Proven { group, id, .. } =
            credential::verify(app, &token.ok_or_else(refusal)?).await?.ok_or_else(refusal)?;
        let environment = find_environment(&mut *app.store.look().await?, &group).await?.ok_or_else(refusal)?;
        let most = app.config.portal.custodian_calls_per_minute;
        app.portal_limits.take(format!("custodian:{group}"), most, app.now())?;
        Ok(Self { environment, key: id })
    }
}

/// A client.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) group: String,
    /// The client's id; of a data owner, its own.
    pub(super) id: String,
    /// What is kept of it; nothing of a data owner.
    pub(super) client: Option<Client>,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> PortalResult<Self> {
        let cookie = cookie(parts).filter(|_| !parts.headers.contains_key(header::AUTHORIZATION));
        let caller = match bearer(parts).filter(|text| Token::is_one(text)).or(cookie) {
            Some(text) => {
                let (proven, client) = by_token(app, text).await?;
                Self { group: proven.group, id: client.id.clone(), client: Some(client) }
            }
            None => of_data_owner(parts, app).await?,
        };
        let most = app.config.portal.client_calls_per_minute;
        app.portal_limits.take(format!("client:{}:{}", caller.group, caller.id), most, app.now())?;
        Ok(caller)
    }
}

/// Who presented the key or session token of a client.
pub(crate) struct KeyHolder {
    /// The environment.
    pub(crate) group: String,
    /// The id of the client.
    pub(crate) client: String,
    /// When the session token was made, if it is one.
    pub(crate) session_since: Option<i64>,
}

/// The client whose key the bearer is; `None` where the bearer is no key of this API.
pub(crate) async fn key_holder(app: &App, parts: &Parts) -> ApiResult<Option<KeyHolder>> {
    let Some(text) = bearer(parts).filter(|text| Token::is_one(text)) else { return Ok(None) };
    let (Proven { group, session_since, .. }, client) = by_token(app, text).await?;
    Ok(Some(KeyHolder { group, client: client.id, session_since }))
}

async fn by_token(app: &App, text: &str) -> PortalResult<(Proven, Client)> {
    let refusal = || Refusal::unauthorized(NO_CLIENT);
    let token = Token::parse(text).filter(|token| token.kind != Kind::Custodian).ok_or_else(refusal)?;
    let proven = credential::verify(app, &token).await?.ok_or_else(refusal)?;
    let client = clients::find(&mut *app.store.look().await?, &proven.group, &proven.owner).await?;
    Ok((proven, client.ok_or_else(refusal)?))
}

/// A data owner by the session it has anyway.
async fn of_data_owner(parts: &mut Parts, app: &Arc<App>) -> PortalResult<Caller> {
    let session = Session::from_request_parts(parts, app).await.map_err(|error| match error.code {
        ErrorCode::Unauthorized => Refusal::unauthorized(NO_CLIENT),
        _ => error.into(),
    })?;
    let (group, id) = (session.group(), session.require_data_owner()?);
    refuse_names_of_clients(app, group, id).await?;
    Ok(Caller { group: group.to_owned(), id: id.to_owned(), client: None })
}

/// Refuses a data owner that was given the id of a stand-alone client: the wallet is the client's.
pub(crate) async fn refuse_names_of_clients(app: &App, group: &str, owner: &str) -> ApiResult<()> {
    match clients::find(&mut *app.store.look().await?, group, owner).await? {
        Some(_) => Err(ApiError::forbidden("a client of this id has a wallet of its own: use its key")),
        None => Ok(()),
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    Some(parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?.trim())
}

fn cookie(parts: &Parts) -> Option<&str> {
    let lines = parts.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}
