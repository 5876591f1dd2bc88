//! Ways in for a client that a custodian asks for: session tokens and web OTPs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action};
use crate::http::{Path, json_body};
use crate::portal::callers::Custodian;
use crate::portal::clients::{self, Client};
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::token::Kind;
use crate::portal::{credential, otp};

/// A session token.
pub(in crate::portal) async fn session(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
) -> PortalResult<Response> {
    let group = custodian.group();
    let mut tx = app.store.write().await?;
    let client = clients::find(&mut *tx, group, &id).await?.ok_or_else(|| Refusal::not_found("client"))?;
    let token = credential::make(&app, &mut *tx, Kind::Session, group, &client.id, None).await?;
    audit::note(&app, &mut *tx, group, &custodian.actor(), Action::ClientSessionMade, &client.id).await?;
    tx.commit().await?;
    let Client { id, is_account_abstracted, .. } = client;
    Ok(json_body(&json!({"id": id, "clientSessionToken": token, "isAccountAbstracted": is_account_abstracted}))?)
}

/// A web OTP.
pub(in crate::portal) async fn web_otp(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
) -> PortalResult<Response> {
    let group = custodian.group();
    let client = clients::find(&mut *app.store.look().await?, group, &id).await?;
    let client = client.ok_or_else(|| Refusal::not_found("client"))?;
    let otp = otp::make(&app, group, &client.id)?;
    Ok(json_body(&json!({"id": client.id, "otp": otp}))?)
}
