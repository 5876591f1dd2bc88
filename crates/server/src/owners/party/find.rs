//! Finding healthcare parties and devices by filter (wire 5.6).

use std::sync::Arc;

use axum::response::Response;
use keystead_model::class::Class;
use keystead_model::filter;
use serde_json::Value;

use crate::app::App;
use crate::auth::Session;
use crate::entities::find::invalid;
use crate::entities::page::Parameters;
use crate::error::ApiResult;
use crate::http::{json_body, json_text};
use crate::owners::directory;

/// `POST {class}/match`
pub(super) async fn matching(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    body: Value,
) -> ApiResult<Response> {
    let selection = filter::compile(class, &body, &session.caller()).map_err(invalid)?;
    let mut tx = app.store.read().await?;
    json_body(&directory::ids(&mut *tx, session.group(), class, selection).await?)
}

/// `POST {class}/filter`
pub(super) async fn filter(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    parameters: Parameters,
    body: Value,
) -> ApiResult<Response> {
    let chain = filter::from_chain(&body).map_err(invalid)?;
    let selection = filter::compile(class, chain, &session.caller()).map_err(|error| invalid(error.under("filter")))?;
    let mut tx = app.store.read().await?;
    let (found, next) = directory::page(&mut *tx, session.group(), class, selection, &parameters).await?;
    Ok(json_text(directory::page_body(&found, next.as_ref())))
}
