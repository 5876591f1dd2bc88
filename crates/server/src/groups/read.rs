//! `GET group…`: the caller's own group. Groups do not lie inside each other yet, so the hierarchy is
//! the group alone.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::group;

use super::OwnGroup;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{json_body, json_text};

/// `GET group/{groupId}`
pub(super) async fn one(State(app): State<Arc<App>>, OwnGroup(session): OwnGroup) -> ApiResult<Response> {
    own(&app, &session).await.map(json_text)
}

/// `GET group`
pub(super) async fn all(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    own(&app, &session).await.map(|group| json_text(format!("[{group}]")))
}

/// `GET group/{groupId}/hierarchy`: ids, topmost first.
pub(super) async fn hierarchy(OwnGroup(session): OwnGroup) -> ApiResult<Response> {
    json_body(&[session.group()])
}

/// `GET group/{groupId}/children`
pub(super) async fn children(OwnGroup(_): OwnGroup) -> Response {
    json_text(r#"{"rows":[]}"#)
}

async fn own(app: &App, session: &Session) -> ApiResult<String> {
    let mut tx = app.store.read().await?;
    let (document, _) = documents::load(&mut *tx, session.group(), &group::CLASS, session.group()).await?;
    Ok(document.body)
}
