//! Attachments of documents: octets that the client sealed, one main and any number of secondary
//! ones (wire 5.3).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{delete, get, put};
use http::{HeaderValue, Method, header};
use keystead_model::Object;
use keystead_model::access::Level;
use keystead_model::entity::document::CLASS;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::documents::{Attachment, Document};
use serde_json::{Value, json};

use super::reach;
use crate::app::App;
use crate::auth::Session;
use crate::blobs;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Path, Query, Route, Shape, json_text, read_body};

/// What only the attachment endpoints may set.
pub(super) const FIELDS: &[&str] =
    &["attachmentId", "objectStoreReference", "secondaryAttachments", "deletedAttachments"];

/// The key under which the store keeps the main attachment.
const MAIN: &str = "";

pub(super) fn routes() -> Vec<Route> {
    let main = "/rest/v2/document/{id}/attachment";
    let secondary = "/rest/v2/document/{id}/secondaryAttachments/{*key}";
    let document = Shape::Object("Document");
    let route =
        |method: Method, path: &str, summary, handler| Route::new(method, path, summary, handler).access(Access::Keys);
    vec![
        route(Method::PUT, main, "Set the main attachment", put(set_main))
            .query(&["rev", "utis", "encrypted"])
            .takes(Shape::Octets)
            .gives(document.clone()),
        route(Method::GET, main, "Get the main attachment", get(get_main)).gives(Shape::Octets),
        route(Method::DELETE, main, "Remove the main attachment", delete(remove_main))
            .query(&["rev"])
            .gives(document.clone()),
        route(Method::PUT, secondary, "Set a secondary attachment", put(set_secondary))
            .query(&["rev", "utis", "encrypted"])
            .takes(Shape::Octets)
            .gives(document.clone()),
        route(Method::GET, secondary, "Get a secondary attachment", get(get_secondary)).gives(Shape::Octets),
        route(Method::DELETE, secondary, "Remove a secondary attachment", delete(remove_secondary))
            .query(&["rev"])
            .gives(document),
    ]
}

/// Refuses a modification that touches attachments; what it leaves out stays.
pub(super) fn check_unchanged(before: &Object, after: &mut Object) -> ApiResult<()> {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    };
    for key in FIELDS.iter().chain(&["mainUti"]) {
        match (before.get(*key).filter(|value| !empty(value)), after.get(*key).filter(|value| !empty(value))) {
            (Some(stored), None) => {
                let stored = stored.clone();
                after.insert((*key).to_owned(), stored);
            }
            (stored, Some(given))
                if stored != Some(given) && (*key != "mainUti" || before.contains_key("attachmentId")) =>
            {
                return Err(FieldError::new(*key, "no change: use the attachment endpoints").into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// Query parameters as they come: `utis` may be repeated.
type Pairs = Vec<(String, String)>;

fn revision(pairs: &Pairs) -> Option<&str> {
    pairs.iter().find(|(key, value)| key == "rev" && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// The types of the content. The official client prints a list: `[a, b]`.
fn utis(pairs: &Pairs) -> Vec<String> {
    let values = pairs.iter().filter(|(key, _)| key == "utis").map(|(_, value)| value.as_str());
    let types = values.flat_map(|value| value.trim_start_matches('[').trim_end_matches(']').split(','));
    types.map(str::trim).filter(|uti| !uti.is_empty()).map(str::to_owned).collect()
}

async fn set_main(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Query(query): Query<Pairs>,
    request: Request,
) -> ApiResult<Response> {
    set(&app, &session, &id, MAIN, &query, request).await
}

async fn set_secondary(
    State(app): State<Arc<App>>,
    session: Session,
    Path((id, key)): Path<(String, String)>,
    Query(query): Query<Pairs>,
    request: Request,
) -> ApiResult<Response> {
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::malformed("the key of a secondary attachment: expected 1 to 255 bytes"));
    }
    set(&app, &session, &id, &key, &query, request).await
}

async fn set(
    app: &App,
    session: &Session,
    id: &str,
    key: &str,
    query: &Pairs,
    request: Request,
) -> ApiResult<Response> {
    let attachment_id = app.rng.uuid();
    let attachment = upload(app, session, (id, key), &attachment_id, query, request).await?;
    let mut tx = app.store.write().await?;
    let stored = reach(&mut *tx, session, &CLASS, id, Level::Write).await?;
    documents::check_rev(&stored, revision(query), false)?;
    let mut object = documents::parse(&stored)?;
    note_removed(app, &mut object, key);
    let mut utis = utis(query);
    if key == MAIN {
        object.insert("attachmentId".to_owned(), Value::from(attachment_id.as_str()));
        if !utis.is_empty() {
            object.insert("mainUti".to_owned(), Value::from(utis.remove(0)));
            object.insert("otherUtis".to_owned(), Value::from(utis));
        }
    } else {
        let entry = json!({"couchDbAttachmentId": attachment_id, "utis": utis});
        let all = object.entry("secondaryAttachments").or_insert_with(|| json!({}));
        if let Some(all) = all.as_object_mut() {
            all.insert(key.to_owned(), entry);
        }
    }
    let document = documents::update(app, &mut *tx, session.group(), &CLASS, &stored, object).await?;
    blobs::leave(app, &mut *tx, session.group(), id, key).await?;
    tx.set_attachment(session.group(), id, key, &attachment).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Takes the octets: into memory for the database, or in pieces to where they are kept. Nobody uploads for nothing:
/// that they may is checked before, and again with the transaction that refers to them.
async fn upload(
    app: &App,
    session: &Session,
    (id, key): (&str, &str),
    attachment_id: &str,
    query: &Pairs,
    request: Request,
) -> ApiResult<Attachment> {
    let limit = app.config.server.max_attachment_bytes;
    let Some(place) = app.blobs.place() else {
        let content = read_body(request, limit).await?.to_vec();
        return Ok(Attachment { id: attachment_id.to_owned(), content });
    };
    let stored = reach(&mut *app.store.look().await?, session, &CLASS, id, Level::Write).await?;
    documents::check_rev(&stored, revision(query), false)?;
    let name = format!("{}/{attachment_id}", hex::encode(session.group()));
    blobs::Unused::new(place, &name, (session.group(), id, key)).after_upload(app).await?;
    let reference = app.blobs.store(place, &name, request.into_body(), limit).await?;
    Ok(Attachment { id: reference.to_id(), content: Vec::new() })
}

/// Moves the mention of an attachment to the removed ones; whether there was one.
fn note_removed(app: &App, object: &mut Object, key: &str) -> bool {
    let removed = if key == MAIN {
        object.remove("mainUti");
        object.remove("otherUtis");
        object.remove("attachmentId")
    } else {
        let all = object.get_mut("secondaryAttachments").and_then(Value::as_object_mut);
        let entry = all.and_then(|all| all.remove(key));
        entry.and_then(|entry| entry.get("couchDbAttachmentId").cloned())
    };
    let Some(id) = removed else { return false };
    let mut note = json!({"couchDbAttachmentId": id, "deletionTime": app.now()});
    if let Some(note) = note.as_object_mut().filter(|_| key != MAIN) {
        note.insert("key".to_owned(), Value::from(key));
    }
    let notes = object.entry("deletedAttachments").or_insert_with(|| json!([]));
    if let Some(notes) = notes.as_array_mut() {
        notes.push(note);
    }
    true
}

async fn get_main(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    content(&app, &session, &id, MAIN).await
}

async fn get_secondary(
    State(app): State<Arc<App>>,
    session: Session,
    Path((id, key)): Path<(String, String)>,
) -> ApiResult<Response> {
    content(&app, &session, &id, &key).await
}

async fn content(app: &App, session: &Session, id: &str, key: &str) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    reach(&mut *tx, session, &CLASS, id, Level::Read).await?;
    let attachment = tx.attachment(session.group(), id, key).await?;
    let attachment = attachment.ok_or_else(|| ApiError::not_found("attachment"))?;
    drop(tx);
    let body = match blobs::Reference::of_id(&attachment.id) {
        Some(reference) => app.blobs.read(&reference).await?,
        None => Body::from(attachment.content),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // whatever was uploaded must never run in a browser under this origin
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Leaves the octets of every attachment of a document to be removed with it.
pub(super) async fn leave_all(app: &App, tx: &mut dyn Writing, group: &str, document: &Document) -> ApiResult<()> {
    let object = documents::parse(document)?;
    let secondary = object.get("secondaryAttachments").and_then(Value::as_object).into_iter().flatten();
    for key in secondary.map(|(key, _)| key.as_str()).chain([MAIN]) {
        blobs::leave(app, tx, group, &document.id, key).await?;
    }
    Ok(())
}

async fn remove_main(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Query(query): Query<Pairs>,
) -> ApiResult<Response> {
    remove(&app, &session, &id, MAIN, &query).await
}

async fn remove_secondary(
    State(app): State<Arc<App>>,
    session: Session,
    Path((id, key)): Path<(String, String)>,
    Query(query): Query<Pairs>,
) -> ApiResult<Response> {
    remove(&app, &session, &id, &key, &query).await
}

async fn remove(app: &App, session: &Session, id: &str, key: &str, query: &Pairs) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let stored = reach(&mut *tx, session, &CLASS, id, Level::Write).await?;
    documents::check_rev(&stored, revision(query), false)?;
    let mut object = documents::parse(&stored)?;
    if !note_removed(app, &mut object, key) {
        return Err(ApiError::not_found("attachment"));
    }
    let document = documents::update(app, &mut *tx, session.group(), &CLASS, &stored, object).await?;
    blobs::leave(app, &mut *tx, session.group(), id, key).await?;
    tx.remove_attachment(session.group(), id, key).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}
