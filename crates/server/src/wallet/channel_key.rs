//! `GET wallet/channel-key`: what clients pin. It is no secret, and needs no login.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::app::App;
use crate::error::ApiResult;
use crate::http::json_body;

pub(super) async fn get(State(app): State<Arc<App>>) -> ApiResult<Response> {
    json_body(&json!({ "key": app.keys.channel().public().to_string() }))
}
