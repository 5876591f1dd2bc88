//! `GET /gw/{spec}/challenge`: a proof of work to be done before a start (wire 2.2).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, Method, header};

use super::{kerberus, processes};
use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Access, Path, Route, Shape, json_body};

pub(super) fn route() -> Route {
    Route::new(Method::GET, "/gw/{spec}/challenge", "Ask for a proof of work to do before a start", get(handler))
        .access(Access::Public)
        .gives(Shape::Json("id, salts and difficultyFactor of a challenge"))
}

/// # Errors
/// There is no such spec (404).
async fn handler(State(app): State<Arc<App>>, Path(spec): Path<String>) -> ApiResult<Response> {
    processes::require_spec(&mut *app.store.read().await?, &spec, None).await?;
    let config = &app.config.captcha.kerberus;
    let challenge = kerberus::challenge(&app.keys, app.rng.as_ref(), config, &spec, app.now());
    let mut response = json_body(&challenge)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
