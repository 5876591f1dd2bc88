//! `PUT hcparty`, `PUT device`, `PUT device/bulk`.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::access;
use keystead_model::class::Class;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::documents::Document;
use serde_json::{Value, json};

use super::create::left_out;
use super::{parent, rules};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{json_body, json_text};

pub(super) async fn modify(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let object = documents::check(class.name, body)?;
    let mut tx = app.store.write().await?;
    let document = modify_one(&app, &mut *tx, &session, class, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Answers `{id, rev}` of those that were modified.
pub(super) async fn bulk(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let mut written = Vec::new();
    let objects = documents::check_list(class.name, body)?;
    let mut tx = app.store.write().await?;
    for object in objects {
        match modify_one(&app, &mut *tx, &session, class, object).await {
            Ok(document) => written.push(json!({"id": document.id, "rev": document.rev})),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    json_body(&written)
}

async fn modify_one(
    app: &App,
    tx: &mut (dyn Writing + '_),
    session: &Session,
    class: &'static Class,
    mut object: Object,
) -> ApiResult<Document> {
    if object.contains_key("deletionDate") {
        return Err(FieldError::new("deletionDate", "nothing: use the delete endpoint").into());
    }
    let (stored, before) = documents::load(tx, session.group(), class, documents::id(&object)?).await?;
    rules::require_change(session, &stored, &before)?;
    documents::check_rev(&stored, documents::text(&object, "rev"), true)?;
    parent::check(tx, session, class, Some(&before), &object).await?;
    access::put_key_fields(&before, &mut object, &session.caller())?;
    documents::update(app, tx, session.group(), class, &stored, object).await
}
