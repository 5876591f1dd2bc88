//! `GET dataowner/current`: who the caller is. Called three to five times by every client that starts
//! (wire 2.2), so it reads one document and does not parse it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::access::DataOwnerType;

use super::kind;
use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::http::json_text;

pub(super) async fn current(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let (Some(id), Some(kind)) = (session.data_owner(), session.owner_type()) else {
        return Err(ApiError::not_found("data owner: the user is none"));
    };
    let mut tx = app.store.read().await?;
    let found = tx.document(session.group(), kind::class(kind).name, id).await?;
    let document = found.filter(|document| !document.deleted).ok_or_else(|| ApiError::not_found("data owner"))?;
    Ok(with_type(kind, &document.body))
}

/// The answer `{"type", "dataOwner"}` around the text of a data owner.
pub(super) fn with_type(kind: DataOwnerType, owner: &str) -> Response {
    json_text(format!(r#"{{"type":"{}","dataOwner":{owner}}}"#, kind::name(kind)))
}
