//! `GET exchangedata/{id}`: an HCP on its way to an entity that was shared with it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::exchange_data::CLASS;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, json_text};

pub(super) async fn get(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let (document, object) = documents::load(&mut *tx, session.group(), &CLASS, &id).await?;
    require_participant(&session, &object)?;
    Ok(json_text(document.body))
}

/// Refuses callers who are neither delegator nor delegate, nor a child of one.
pub(super) fn require_participant(session: &Session, object: &Object) -> ApiResult<()> {
    let caller = session.caller();
    let participants = ["delegator", "delegate"].into_iter().filter_map(|key| documents::text(object, key));
    match participants.into_iter().any(|participant| caller.acts_as(participant)) {
        true => Ok(()),
        false => Err(ApiError::forbidden("exchange data is for its delegator and its delegate")),
    }
}
