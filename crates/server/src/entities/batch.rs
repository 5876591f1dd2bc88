//! `POST|PUT {class}/batch`: many at once. Conflicts and refusals are left out of the answer
//! (wire 1.4); a body that is not what it should be is refused whole.

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use keystead_model::class::Class;
use keystead_store::documents::Document;
use serde_json::json;

use super::{create, modify};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, json_body, json_text};

pub(super) async fn create(
    app: Arc<App>,
    class: &'static Class,
    (session, headers, Json(body)): (Session, HeaderMap, Json),
) -> ApiResult<Response> {
    let mut prepared = Vec::new();
    for object in documents::check_list(class.name, body)? {
        match create::prepare(&app, &session, &headers, class, object) {
            Ok(object) => prepared.push(object),
            Err(error) => left_out(error)?,
        }
    }
    let mut written = Vec::new();
    let mut tx = app.store.write().await?;
    for object in prepared {
        match create::insert(&app, &mut *tx, &session, class, object).await {
            Ok(document) => written.push(document),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    answer(class, &written)
}

pub(super) async fn modify(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let objects = documents::check_list(class.name, body)?;
    let mut written = Vec::new();
    let mut tx = app.store.write().await?;
    for object in objects {
        match modify::apply(&app, &mut *tx, &session, class, object).await {
            Ok(document) => written.push(document),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    answer(class, &written)
}

/// Conflicts, missing entities and refusals are left out; everything else ends the request.
pub(super) fn left_out(error: ApiError) -> ApiResult<()> {
    match error.code.status() {
        403 | 404 | 409 => Ok(()),
        _ => Err(error),
    }
}

fn answer(class: &Class, written: &[Document]) -> ApiResult<Response> {
    if class.name == "Patient" {
        let ids: Vec<_> = written.iter().map(|document| json!({"id": document.id, "rev": document.rev})).collect();
        return json_body(&ids);
    }
    Ok(json_text(documents::array(written.iter().map(|document| document.body.as_str()))))
}
