//! Opening a socket: who it is, and whether they may have another.

use std::sync::Arc;

use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{FromRequestParts as _, State};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use keystead_model::error::ErrorCode;
use serde::Deserialize;

use super::socket;
use crate::app::App;
use crate::auth::{Session, TokenKind, decode, issue};
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, Query, Text};

/// The largest message of a client: a subscription with a long filter.
const MAX_MESSAGE: usize = 256 * 1024;

/// How much of a socket is read at once: subscriptions are shorter than that.
const BUFFER: usize = 4 * 1024;

/// The subprotocol of clients that want an acknowledgement, and to know what happened.
const ENVELOPES: &str = "keystead.events.v1";

/// How long a token for one socket can be used, in seconds.
const ONE_TIME_SECONDS: i64 = 30;

#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    jwt: Option<String>,
}

/// `GET /ws/v2/notification/subscribe`
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    Path(last): Path<String>,
    Query(parameters): Query<Parameters>,
    mut parts: Parts,
) -> ApiResult<Response> {
    // what older browsers' clients append is a token, no parameter (wire 7.2)
    let token = match last.split_once(';') {
        None if last == "subscribe" => None,
        Some(("subscribe", rest)) => {
            let token = rest.strip_prefix("tokenid=").ok_or_else(ApiError::unauthorized)?;
            Some(redeem(&app, token).await?)
        }
        _ => return Err(ApiError::not_found("endpoint")),
    };
    if let Some(token) = token.or(parameters.jwt) {
        let value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| ApiError::unauthorized())?;
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    let session = Session::from_request_parts(&mut parts, &app).await?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(refused)?;
    if app.events.is_stopping() {
        return Err(ApiError::new(ErrorCode::Unavailable, "the server restarts: come back in a moment"));
    }
    let most = app.config.events.sockets_per_user;
    let place = app.events.enter(&session.account, most);
    let place = place.ok_or_else(|| ApiError::too_many("the user has too many sockets open: close some", 60_000))?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).protocols([ENVELOPES]);
    // what lies ready for each of many thousand sockets: a quarter of a megabyte unless one asks for less
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(0);
    let envelopes = upgrade.selected_protocol().is_some();
    Ok(upgrade.on_upgrade(move |socket| socket::serve(app, session, envelopes, place, socket)))
}

/// `GET /rest/v2/auth/token/{method}/{path}`
pub(super) async fn one_time_token(
    State(app): State<Arc<App>>,
    session: Session,
    Path((method, path)): Path<(String, String)>,
) -> ApiResult<Response> {
    if method != "GET" || !path.trim_start_matches('/').starts_with("ws/") {
        return Err(ApiError::malformed("expected GET and the path of a web socket: auth/token/GET/ws/…"));
    }
    let mut claims = (*session.claims).clone();
    claims.kind = TokenKind::Socket;
    claims.once = Some(hex::encode(app.rng.bytes::<16>()));
    claims.exp = app.now() / 1000 + ONE_TIME_SECONDS;
    Ok(Text(issue(&app, &claims)?).into_response())
}

/// The bearer that stands for a one-time token, which is used up.
async fn redeem(app: &App, token: &str) -> ApiResult<String> {
    let mut claims = decode(app, token, TokenKind::Socket)?;
    let end = claims.exp.saturating_add(i64::from(app.config.sessions.leeway_seconds)).saturating_mul(1000);
    let once = claims.once.take().ok_or_else(ApiError::unauthorized)?;
    let mut tx = app.store.write().await?;
    if !tx.use_challenge(&format!("socket:{once}"), end).await? {
        return Err(ApiError::unauthorized());
    }
    tx.commit().await?;
    claims.kind = TokenKind::Bearer;
    issue(app, &claims)
}

/// A request for the socket's address that cannot become a socket.
fn refused(rejection: WebSocketUpgradeRejection) -> ApiError {
    let response = rejection.into_response();
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => ApiError::new(ErrorCode::MethodNotAllowed, "expected GET"),
        _ => ApiError::malformed("expected a web socket handshake (RFC 6455): Connection, Upgrade, Sec-WebSocket-Key"),
    }
}
