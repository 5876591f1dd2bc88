//! Deleting, undeleting and purging (wire 1.4). A deleted entity vanishes from every answer until
//! it is undeleted; a purged one is gone.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::access::Level;
use keystead_model::class::Class;
use keystead_store::Writing;
use keystead_store::documents::Document;
use serde::Deserialize;
use serde_json::{Value, json};

use super::attachments;
use super::batch::left_out;
use super::by_ids::list_of_ids;
use super::{reach, reach_any};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Path, Query, json_body, json_text};
use crate::owners;

#[derive(Debug, Deserialize)]
pub(super) struct Revision {
    rev: Option<String>,
}

pub(super) async fn delete(
    app: Arc<App>,
    class: &'static Class,
    (session, Path(id), Query(revision)): (Session, Path<String>, Query<Revision>),
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let document = delete_one(&app, &mut *tx, &session, class, &id, revision.rev.as_deref()).await?;
    tx.commit().await?;
    json_body(&identifier(&document))
}

pub(super) async fn delete_many(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let ids = list_of_ids(body)?.into_iter().map(|id| (id, None)).collect();
    delete_all(&app, &session, class, ids).await
}

pub(super) async fn delete_many_with_rev(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let object = documents::check("ListOfIdsAndRev", body)?;
    let entries = object.get("ids").and_then(Value::as_array).cloned().unwrap_or_default();
    let ids = entries.iter().filter_map(Value::as_object).filter_map(|entry| {
        let text = |key| documents::text(entry, key).map(str::to_owned);
        text("id").map(|id| (id, text("rev")))
    });
    delete_all(&app, &session, class, ids.collect()).await
}

async fn delete_all(
    app: &App,
    session: &Session,
    class: &'static Class,
    ids: Vec<(String, Option<String>)>,
) -> ApiResult<Response> {
    let mut deleted = Vec::new();
    let mut tx = app.store.write().await?;
    for (id, rev) in ids {
        match delete_one(app, &mut *tx, session, class, &id, rev.as_deref()).await {
            Ok(document) => deleted.push(identifier(&document)),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    json_body(&deleted)
}

async fn delete_one(
    app: &App,
    tx: &mut dyn Writing,
    session: &Session,
    class: &'static Class,
    id: &str,
    rev: Option<&str>,
) -> ApiResult<Document> {
    let stored = reach(tx, session, class, id, Level::Write).await?;
    documents::check_rev(&stored, rev, false)?;
    let mut object = documents::parse(&stored)?;
    object.insert("deletionDate".to_owned(), Value::from(app.now()));
    documents::update(app, tx, session.group(), class, &stored, object).await
}

pub(super) async fn undelete(
    app: Arc<App>,
    class: &'static Class,
    (session, Path(id), Query(revision)): (Session, Path<String>, Query<Revision>),
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let stored = reach_any(&mut *tx, &session, class, &id, Level::Write).await?;
    documents::check_rev(&stored, revision.rev.as_deref(), false)?;
    if !stored.deleted {
        return Err(ApiError::malformed("the entity is not deleted"));
    }
    let mut object = documents::parse(&stored)?;
    object.remove("deletionDate");
    let document = documents::update(&app, &mut *tx, session.group(), class, &stored, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

pub(super) async fn purge(
    app: Arc<App>,
    class: &'static Class,
    (session, Path(id), Query(revision)): (Session, Path<String>, Query<Revision>),
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let stored = reach_any(&mut *tx, &session, class, &id, Level::Write).await?;
    documents::check_rev(&stored, revision.rev.as_deref(), false)?;
    if class.name == "Patient" && !owners::has_no_key(&documents::parse(&stored)?) {
        // others may have shared with the id, and purging would free it for somebody else
        return Err(ApiError::forbidden("a patient who has published a key is not purged, only deleted"));
    }
    if class.name == "Document" {
        attachments::leave_all(&app, &mut *tx, session.group(), &stored).await?;
    }
    documents::purge(&mut *tx, session.group(), class, &stored).await?;
    tx.commit().await?;
    json_body(&identifier(&stored))
}

fn identifier(document: &Document) -> Value {
    json!({"id": document.id, "rev": document.rev})
}
