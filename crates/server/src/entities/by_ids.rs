//! `POST {class}/byIds`: the readable ones, in the order asked for; the others are left out.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::class::Class;
use serde_json::Value;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Json, json_text};

pub(super) async fn by_ids(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let keys = session.caller().access_keys();
    let mut tx = app.store.read().await?;
    let found = tx.documents(session.group(), class.name, &ids, Some(&keys)).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}

/// The ids of a `ListOfIds`; a missing list is empty, since clients leave out defaults (wire 1.1).
pub(crate) fn list_of_ids(body: Value) -> ApiResult<Vec<String>> {
    let body = if body.is_null() { Value::Object(Default::default()) } else { body };
    let mut object = documents::check("ListOfIds", body)?;
    let ids = object.remove("ids").and_then(|ids| match ids {
        Value::Array(ids) => Some(ids),
        _ => None,
    });
    let texts = ids.into_iter().flatten().filter_map(|id| match id {
        Value::String(id) => Some(id),
        _ => None,
    });
    Ok(texts.collect())
}
