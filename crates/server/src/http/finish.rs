//! The outermost layer: a request id, the error body, one log line, no panic to the client.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::router::protect;
use crate::app::App;
use crate::error::ApiError;
use crate::portal::{self, ErrorId};

/// Gives the request an id, runs it, and renders an [`ApiError`] as the JSON body of wire 1.3, or of portal 2.
pub async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = hex::encode(app.rng.bytes::<8>());
    let method = request.method().clone();
    // the template, never the path itself: paths carry ids, addresses and codes
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.as_deref().unwrap_or("unmatched");
    let of_portal = portal::speaks(request.uri().path());

    let began = Instant::now();
    let outcome = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = outcome.unwrap_or_else(|_| ApiError::internal("a handler panicked").into_response());

    let mut code = None;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        code = Some(error.code);
        let status = response.status();
        let body = match of_portal {
            true => portal::error_body(&error, response.extensions().get::<ErrorId>(), &id),
            false => json!({
                "status": status.as_u16(),
                "error": status.canonical_reason().unwrap_or("Error"),
                "code": error.code.as_str(),
                "message": error.message,
                "field": error.field,
                "requestId": id,
            }),
        };
        *response.body_mut() = Body::from(body.to_string());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if status.is_server_error() {
            let internal = error.internal.as_deref().unwrap_or("");
            tracing::error!(request_id = id, %method, route, status = status.as_u16(), internal, "request failed");
        }
    }
    protect(&app, &mut response);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    app.metrics.answered(&method, route, response.status().as_u16(), code, began.elapsed());
    tracing::debug!(request_id = id, %method, route, status = response.status().as_u16(), "request");
    if response.status() == StatusCode::NOT_FOUND && route == "unmatched" {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
