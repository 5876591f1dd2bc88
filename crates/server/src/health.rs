//! Whether the server lives and can serve: `GET /health/live`, `GET /health/ready`.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use http::Method;

use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Access, Route, Shape, Text};

/// The health checks.
pub(crate) fn routes() -> Vec<Route> {
    let route = |path, summary, handler| {
        Route::new(Method::GET, path, summary, handler).access(Access::Public).gives(Shape::Text)
    };
    vec![
        route("/health/live", "Whether the process answers", get(live)),
        route("/health/ready", "Whether requests can be served", get(ready)),
    ]
}

async fn live() -> Text {
    Text("live".to_owned())
}

async fn ready(State(app): State<Arc<App>>) -> ApiResult<Text> {
    app.store.check().await?;
    Ok(Text("ready".to_owned()))
}
