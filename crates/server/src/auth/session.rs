//! The extractor that every handler with an authenticated caller starts from.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header;
use http::request::Parts;
use keystead_model::access::{self, Caller, DataOwnerType};
use keystead_store::accounts::{Account, Session as StoredSession};

use super::grant::Grant;
use super::token::{Claims, TokenKind, decode};
use super::{ClientIp, basic};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::http::Older;
use crate::keys::Purpose;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user and group.
    pub account: Account,
    /// What the token says.
    pub claims: Arc<Claims>,
    /// Delegation keys of the access control keys presented with the request (wire 4.2).
    pub delegation_keys: Vec<String>,
}

impl Session {
    /// The group.
    pub fn group(&self) -> &str {
        &self.account.group
    }

    /// The caller's data owner id.
    pub fn data_owner(&self) -> Option<&str> {
        self.claims.data_owner.as_deref()
    }

    /// The caller's data owner id, or a refusal for users that are none.
    ///
    /// # Errors
    /// The user is no data owner.
    pub fn require_data_owner(&self) -> ApiResult<&str> {
        self.data_owner().ok_or_else(|| ApiError::forbidden("this is for data owners: the user is none"))
    }

    /// The type of the caller's data owner.
    pub fn owner_type(&self) -> Option<DataOwnerType> {
        self.claims.owner_type()
    }

    /// Whether the user administers the group.
    pub fn is_admin(&self) -> bool {
        self.claims.roles.iter().any(|role| role == "ADMIN")
    }

    /// Whether the user is a healthcare party.
    pub fn is_hcp(&self) -> bool {
        self.owner_type() == Some(DataOwnerType::Hcp)
    }

    /// Who asks, for the access rules.
    pub fn caller(&self) -> Caller {
        Caller {
            data_owner: self.claims.data_owner.clone(),
            parents: self.claims.parents.iter().rev().cloned().collect(),
            delegation_keys: self.delegation_keys.clone(),
        }
    }
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let authorization = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .ok_or_else(ApiError::unauthorized)?;
        let now = app.now();
        if authorization.starts_with("Basic ") && parts.extensions.get::<Older>().is_some() {
            let claims = by_name_and_secret(parts, app, now).await?;
            return of_claims(parts, app, claims, now);
        }
        let token = authorization.strip_prefix("Bearer ").ok_or_else(ApiError::unauthorized)?;
        let token = token.trim();
        let claims = match app.bearers.recall(token, now) {
            Some(claims) => claims,
            None => {
                let epoch = app.bearers.epoch();
                let claims = Arc::new(decode(app, token, TokenKind::Bearer)?);
                if !app.store.look().await?.session_lives(&claims.session, now).await? {
                    return Err(ApiError::unauthorized());
                }
                app.bearers.remember(epoch, token, &claims, now);
                claims
            }
        };
        of_claims(parts, app, claims, now)
    }
}

fn of_claims(parts: &Parts, app: &App, claims: Arc<Claims>, now: i64) -> ApiResult<Session> {
    let presented = parts.headers.get_all("icure-access-control-keys").iter();
    let values = presented.map(|value| value.to_str().unwrap_or("\u{fffd}"));
    let delegation_keys =
        access::access_control_keys(values).map_err(|error| ApiError::malformed(error.to_string()))?;
    app.events.remember_keys(&claims.session, &delegation_keys, now);
    let account = Account { group: claims.group.clone(), user: claims.user.clone() };
    Ok(Session { account, claims, delegation_keys })
}

/// Whoever sends name and secret with every call has a session as long as the call (wire 7.2). What was found right
/// is kept for a second, as with bearers, under a digest.
async fn by_name_and_secret(parts: &mut Parts, app: &Arc<App>, now: i64) -> ApiResult<Arc<Claims>> {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let sent = authorization.map(|value| value.as_bytes()).unwrap_or_default();
    let digest = hex::encode(app.keys.digest(Purpose::Token, &[b"basic", sent]));
    if let Some(claims) = app.bearers.recall(&digest, now) {
        return Ok(claims);
    }
    let epoch = app.bearers.epoch();
    let Ok(ip) = ClientIp::from_request_parts(&mut parts.clone(), app).await;
    let proven = basic::prove(app, authorization, ip).await?;
    let session = StoredSession {
        id: digest.clone(),
        accounts: vec![proven.account.clone()],
        class: proven.class.level(),
        created: now,
        expires: now,
    };
    let mut tx = app.store.read().await?;
    let claims = Arc::new(Grant::of(app, &mut *tx, &proven.account, &session, None).await?.into_claims());
    app.bearers.remember(epoch, &digest, &claims, now);
    Ok(claims)
}
