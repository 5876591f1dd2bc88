//! What a refresh token is good for: `auth/refresh`, `auth/switch`, `auth/invalidate` (wire 3.1).

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use keystead_store::accounts::{Account, Session as StoredSession};
use serde::Deserialize;
use serde_json::json;

use super::grant::Grant;
use super::token::{Claims, TokenKind, decode};
use crate::app::App;
use crate::audit::{self, Action};
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, Query, json_body};

/// The session behind the header `Refresh-Token`.
pub(super) struct Renewal {
    claims: Claims,
    session: StoredSession,
}

impl FromRequestParts<Arc<App>> for Renewal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let header = parts.headers.get("refresh-token").and_then(|value| value.to_str().ok());
        let token = header.ok_or_else(ApiError::unauthorized)?;
        // older clients write the scheme in front
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        let claims = decode(app, token.trim(), TokenKind::Refresh)?;
        let session = app.store.read().await?.session(&claims.session, app.now()).await?;
        Ok(Self { claims, session: session.ok_or_else(ApiError::unauthorized)? })
    }
}

/// Query parameters of a renewal.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    /// Wanted life time of the bearer in seconds; never longer than configured.
    duration: Option<u32>,
}

/// `POST auth/refresh`: a new bearer.
///
/// # Errors
/// 401 where the session ended or was revoked, or the user may not log in any more.
pub(super) async fn refresh(
    State(app): State<Arc<App>>,
    renewal: Renewal,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    let account = Account { group: renewal.claims.group, user: renewal.claims.user };
    if !renewal.session.accounts.contains(&account) {
        return Err(ApiError::unauthorized());
    }
    let mut tx = app.store.read().await?;
    let grant = Grant::of(&app, &mut *tx, &account, &renewal.session, parameters.duration).await?;
    json_body(&json!({ "token": grant.bearer(&app)?, "successful": true }))
}

/// `POST auth/switch/{groupId}`: the tokens of another group in which the secret of the login was
/// valid too. The session stays the same, so ending it ends all of them.
///
/// # Errors
/// 401 where it was not.
pub(super) async fn switch(
    State(app): State<Arc<App>>,
    renewal: Renewal,
    Path(group): Path<String>,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    let account = renewal.session.accounts.iter().find(|account| account.group == group).cloned();
    let account = account.ok_or_else(ApiError::unauthorized)?;
    let mut tx = app.store.read().await?;
    let grant = Grant::of(&app, &mut *tx, &account, &renewal.session, parameters.duration).await?;
    json_body(&json!({
        "token": grant.bearer(&app)?,
        "refreshToken": grant.refresh(&app)?,
        "successful": true,
    }))
}

/// `POST auth/invalidate`: ends the session; its bearers end with it.
///
/// # Errors
/// 401 where there is none.
pub(super) async fn invalidate(State(app): State<Arc<App>>, renewal: Renewal) -> ApiResult<Response> {
    let first = renewal.session.accounts.first().cloned().ok_or_else(ApiError::unauthorized)?;
    end(&app, &renewal.session.id, &first.group, &first.user).await
}

/// `GET|POST auth/logout`: ends the caller's session.
///
/// # Errors
/// 401 where there is none.
pub(super) async fn logout(State(app): State<Arc<App>>, session: super::Session) -> ApiResult<Response> {
    let Account { group, user } = &session.account;
    end(&app, &session.claims.session, group, user).await
}

async fn end(app: &App, session: &str, group: &str, user: &str) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    if tx.revoke_session(session).await? {
        audit::note(app, &mut *tx, group, user, Action::LoggedOut, user).await?;
    }
    tx.commit().await?;
    app.bearers.forget();
    json_body(&json!({ "successful": true }))
}
