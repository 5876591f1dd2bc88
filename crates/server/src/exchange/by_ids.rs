//! `POST exchangedata/byIds`: those of which the caller is delegator or delegate.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::exchange_data::CLASS;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::ApiResult;
use crate::http::{Json, json_text};

pub(super) async fn by_ids(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let caller = session.caller();
    let parties: Vec<String> = caller.data_owner.iter().chain(&caller.parents).cloned().collect();
    let mut tx = app.store.read().await?;
    let found = tx.documents(session.group(), CLASS.name, &ids, Some(&parties)).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}
