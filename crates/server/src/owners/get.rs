//! `GET dataowner/{id}`: a data owner with all its fields. Healthcare parties and devices are open to
//! everybody in the group; a patient's record follows its own access rules (wire 4.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::access::DataOwnerType;

use super::current::with_type;
use super::{ids, kind};
use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::http::Path;

pub(super) async fn get(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let (kind, document) =
        ids::find(&mut *tx, session.group(), &id).await?.ok_or_else(|| ApiError::not_found("data owner"))?;
    if kind == DataOwnerType::Patient {
        let keys = session.caller().access_keys();
        let reached = tx.reach(session.group(), kind::class(kind).name, &id, &keys).await?;
        if reached.is_none_or(|reached| reached.level.is_none()) {
            return Err(ApiError::forbidden("the caller has no access to the patient: only the stub is for everybody"));
        }
    }
    Ok(with_type(kind, &document.body))
}
