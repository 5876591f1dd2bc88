//! Deleting, undeleting and purging healthcare parties and devices (wire 1.4).
//!
//! Who has published a key is never purged: others may have shared with the id, and purging it would
//! free it for somebody else.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::class::Class;
use keystead_store::documents::Document;
use keystead_store::{Reading, Writing};
use serde_json::{Value, json};

use super::create::left_out;
use super::rules;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::{ApiError, ApiResult};
use crate::http::{json_body, json_text};
use crate::owners::has_no_key;

pub(super) async fn delete(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    id: String,
    rev: Option<String>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let document = delete_one(&app, &mut *tx, &session, class, &id, rev.as_deref()).await?;
    tx.commit().await?;
    json_body(&identifier(&document))
}

/// `POST {class}/delete/batch`
pub(super) async fn batch(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let ids = list_of_ids(body)?.into_iter().map(|id| (id, None)).collect();
    delete_all(app, class, session, ids).await
}

/// `POST {class}/delete/batch/withrev`
pub(super) async fn batch_with_rev(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    body: Value,
) -> ApiResult<Response> {
    let body = documents::check("ListOfIdsAndRev", body)?;
    let entries = body.get("ids").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let text = |entry, key| documents::text(entry, key).map(str::to_owned);
    let ids = entries.filter_map(|entry| Some((text(entry, "id")?, text(entry, "rev")))).collect();
    delete_all(app, class, session, ids).await
}

async fn delete_all(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    ids: Vec<(String, Option<String>)>,
) -> ApiResult<Response> {
    let mut deleted = Vec::new();
    let mut tx = app.store.write().await?;
    for (id, rev) in ids {
        match delete_one(&app, &mut *tx, &session, class, &id, rev.as_deref()).await {
            Ok(document) => deleted.push(identifier(&document)),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    json_body(&deleted)
}

async fn delete_one(
    app: &App,
    tx: &mut (dyn Writing + '_),
    session: &Session,
    class: &'static Class,
    id: &str,
    rev: Option<&str>,
) -> ApiResult<Document> {
    let (stored, mut object) = changeable(tx, session, class, id, rev).await?;
    if stored.deleted {
        return Err(ApiError::not_found(class.name));
    }
    object.insert("deletionDate".to_owned(), Value::from(app.now()));
    documents::update(app, tx, session.group(), class, &stored, object).await
}

pub(super) async fn undelete(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    id: String,
    rev: Option<String>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let (stored, mut object) = changeable(&mut *tx, &session, class, &id, rev.as_deref()).await?;
    if object.shift_remove("deletionDate").is_none() {
        return Err(ApiError::malformed("it is not deleted"));
    }
    let document = documents::update(&app, &mut *tx, session.group(), class, &stored, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

pub(super) async fn purge(
    app: Arc<App>,
    class: &'static Class,
    session: Session,
    id: String,
    rev: Option<String>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let (stored, object) = changeable(&mut *tx, &session, class, &id, rev.as_deref()).await?;
    if !has_no_key(&object) {
        return Err(ApiError::forbidden("who has published a key is not purged, only deleted"));
    }
    documents::purge(&mut *tx, session.group(), class, &stored).await?;
    tx.commit().await?;
    json_body(&identifier(&stored))
}

/// The one with this id, deleted or not, if the caller may change it and the revision is current.
async fn changeable(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    class: &'static Class,
    id: &str,
    rev: Option<&str>,
) -> ApiResult<(Document, Object)> {
    let stored = tx.document(session.group(), class.name, id).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found(class.name))?;
    let object = documents::parse(&stored)?;
    rules::require_change(session, &stored, &object)?;
    documents::check_rev(&stored, rev, false)?;
    Ok((stored, object))
}

fn identifier(document: &Document) -> Value {
    json!({"id": document.id, "rev": document.rev})
}
