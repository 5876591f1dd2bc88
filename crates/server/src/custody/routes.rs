//! What the administrators of a group see and set of its custodian.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, put};
use http::Method;
use keystead_model::error::FieldError;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::log;
use super::settings::{self, Format};
use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::groups::require_elevated;
use crate::http::{Json, Route, Shape, json_body};

const PATH: &str = "/rest/v2/wallet/custodian";

/// The endpoints about the custodian of the caller's group.
pub fn routes() -> Vec<Route> {
    let custodian = || Shape::Json("{url, format, detected}, or {} where the server is the custodian");
    vec![
        Route::new(Method::GET, PATH, "The custodian of the group", get(show)).gives(custodian()),
        Route::new(Method::PUT, PATH, "Give the group a custodian behind webhooks", put(set))
            .takes(Shape::Json("{url, secret, format?: auto or legacy or multi}"))
            .gives(custodian()),
        Route::new(Method::DELETE, PATH, "Make the server the custodian", delete(reset)).gives(custodian()),
        Route::new(Method::GET, format!("{PATH}/calls"), "The newest calls of the group's custodian", get(calls))
            .gives(Shape::Json("{calls: [{at, call, clientId, url, backupMethod?, status?, durationMs, outcome}]}")),
    ]
}

fn require_admin(session: &Session) -> ApiResult<&str> {
    match session.is_admin() {
        true => Ok(session.group()),
        false => Err(ApiError::forbidden("this is for administrators of the group")),
    }
}

async fn show(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let public = settings::public(&mut *app.store.read().await?, require_admin(&session)?).await?;
    match public {
        Some(public) => json_body(&public),
        None => json_body(&json!({})),
    }
}

async fn set(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let group = require_admin(&session)?;
    require_elevated(&mut *app.store.read().await?, &session).await?;
    let (url, secret) = settings::read_webhook(&app, "", &body)?;
    let format = match body.get("format") {
        None | Some(Value::Null) => Format::Auto,
        Some(format) => Format::deserialize(format).map_err(|_| FieldError::new("format", "auto, legacy or multi"))?,
    };
    settings::configure_as(&app, group, &url, &secret, format).await?;
    show(State(app), session).await
}

async fn reset(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let group = require_admin(&session)?;
    require_elevated(&mut *app.store.read().await?, &session).await?;
    settings::remove(&app, group).await?;
    show(State(app), session).await
}

async fn calls(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let calls = log::calls(&mut *app.store.read().await?, require_admin(&session)?).await?;
    json_body(&json!({ "calls": calls }))
}
