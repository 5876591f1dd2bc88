//! `POST user/byIds`: in the order asked for; whom the caller may not read is left out.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::user::CLASS;

use super::rules;
use crate::app::App;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::ApiResult;
use crate::groups::OwnGroup;
use crate::http::{Json, json_text};

pub(super) async fn by_ids(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Json(body): Json,
) -> ApiResult<Response> {
    let mut ids = list_of_ids(body)?;
    if !rules::reads_all(&session) {
        ids.retain(|id| *id == session.account.user);
    }
    let mut tx = app.store.read().await?;
    let found = tx.documents(session.group(), CLASS.name, &ids, None).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}
