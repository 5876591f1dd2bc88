//! Reading healthcare parties and devices: everybody in the group may, to find whom to share with.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::class::Class;
use serde_json::Value;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::{ApiError, ApiResult};
use crate::http::json_text;

/// `GET {class}/{id}`
pub(super) async fn one(app: Arc<App>, class: &'static Class, session: Session, id: String) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let found = tx.document(session.group(), class.name, &id).await?.filter(|document| !document.deleted);
    let document = found.ok_or_else(|| ApiError::not_found(class.name))?;
    Ok(json_text(document.body))
}

/// `GET hcparty/current`: the healthcare party that the caller is.
pub(super) async fn current(app: Arc<App>, class: &'static Class, session: Session) -> ApiResult<Response> {
    let own = session.data_owner().filter(|_| session.is_hcp()).map(str::to_owned);
    let own = own.ok_or_else(|| ApiError::not_found("healthcare party: the user is none"))?;
    one(app, class, session, own).await
}

/// `POST {class}/byIds`: in the order asked for; what does not exist is left out.
pub(super) async fn by_ids(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let mut tx = app.store.read().await?;
    let found = tx.documents(session.group(), class.name, &ids, None).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}
