//! `GET /clients/token/validate?otp=`: a browser exchanges a web OTP for a session token in a cookie that no script reads.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::error::ApiError;
use crate::http::{Query, json_body};
use crate::portal::callers::COOKIE;
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::token::Kind;
use crate::portal::{clients, credential, otp};

/// How long the browser keeps the cookie, in seconds: as long as a session token lives at most.
const COOKIE_SECONDS: u32 = 7 * 86_400;

#[derive(Deserialize)]
pub(in crate::portal) struct Parameters {
    otp: String,
}

/// The cookie goes with calls of this API only, from pages of the same site only.
pub(in crate::portal) async fn validate(
    State(app): State<Arc<App>>,
    Query(Parameters { otp }): Query<Parameters>,
) -> PortalResult<Response> {
    let refusal = || Refusal::unauthorized("the web OTP is wrong, over, or was used before: ask for a new one");
    let mut tx = app.store.write().await?;
    let (group, client) = otp::redeem(&app, &mut *tx, &otp).await?.ok_or_else(refusal)?;
    let client = clients::find(&mut *tx, &group, &client).await?.ok_or_else(refusal)?;
    let token = credential::make(&app, &mut *tx, Kind::Session, &group, &client.id, None).await?;
    tx.commit().await?;
    let cookie = format!("{COOKIE}={token}; Path=/api/; Max-Age={COOKIE_SECONDS}; HttpOnly; Secure; SameSite=Strict");
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| ApiError::internal("a cookie"))?;
    let mut response = json_body(&json!({"id": client.id}))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
