//! Making clients: `POST /api/clients` and its aliases.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action};
use crate::http::json_body;
use crate::portal::body::Body;
use crate::portal::callers::Custodian;
use crate::portal::error::PortalResult;
use crate::portal::token::Kind;
use crate::portal::{clients, credential};

/// Versions before 3 answer 201.
pub(in crate::portal) async fn create(
    state: State<Arc<App>>,
    custodian: Custodian,
    body: Body,
) -> PortalResult<Response> {
    Ok((StatusCode::CREATED, create_v3(state, custodian, body).await?).into_response())
}

/// The keys are told here and never again: only digests of them are kept.
pub(in crate::portal) async fn create_v3(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    body: Body,
) -> PortalResult<Response> {
    let is_account_abstracted = body.flag("isAccountAbstracted")?.unwrap_or_default();
    let group = custodian.group();
    let mut tx = app.store.write().await?;
    let client = clients::create(&app, &mut *tx, group, is_account_abstracted).await?;
    let api_key = credential::make(&app, &mut *tx, Kind::Client, group, &client.id, None).await?;
    let session_token = credential::make(&app, &mut *tx, Kind::Session, group, &client.id, None).await?;
    audit::note(&app, &mut *tx, group, &custodian.actor(), Action::ClientMade, &client.id).await?;
    tx.commit().await?;
    Ok(json_body(&json!({
        "id": client.id,
        "clientApiKey": api_key,
        "clientSessionToken": session_token,
        "isAccountAbstracted": is_account_abstracted,
    }))?)
}
