//! What Portal's SDKs tell without being asked: usage and timings. Nothing of it is kept.

use axum::response::Response;

use crate::http::json_text;
use crate::portal::body::Body;
use crate::portal::callers::Caller;

/// `POST /api/v1/analytics/…`
pub(in crate::portal) async fn analytics(_: Caller, _: Body) -> Response {
    json_text(r#"{"success":true}"#)
}

/// `POST …/sdk/metrics`
pub(in crate::portal) async fn metrics(_: Caller, _: Body) -> Response {
    json_text(r#"{"status":"ok"}"#)
}
