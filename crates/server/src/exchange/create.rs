//! `POST exchangedata`: the first step of sharing with somebody. The delegator is the caller.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::exchange_data::CLASS;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, json_text};

pub(super) async fn create(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let object = documents::check(CLASS.name, body)?;
    documents::check_new(&object)?;
    session.require_data_owner()?;
    if !documents::text(&object, "delegator").is_some_and(|delegator| session.caller().acts_as(delegator)) {
        return Err(ApiError::forbidden("the delegator has to be the caller"));
    }
    let mut tx = app.store.write().await?;
    let created_by = Some(session.account.user.as_str());
    let document = documents::insert(&app, &mut *tx, session.group(), &CLASS, created_by, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}
