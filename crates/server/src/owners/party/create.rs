//! `POST hcparty`, `POST device`, `POST device/bulk`.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::access;
use keystead_model::class::Class;
use keystead_model::entity::healthcare_party;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::documents::Document;
use serde_json::{Value, json};

use super::{parent, rules};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{json_body, json_text};
use crate::owners::check_new_id;

pub(super) async fn create(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let object = documents::check(class.name, body)?;
    let mut tx = app.store.write().await?;
    let document = create_one(&app, &mut *tx, &session, class, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Answers `{id, rev}` of those that were created; what exists already is left out (wire 1.4).
pub(super) async fn bulk(app: Arc<App>, class: &'static Class, session: Session, body: Value) -> ApiResult<Response> {
    let mut written = Vec::new();
    let objects = documents::check_list(class.name, body)?;
    let mut tx = app.store.write().await?;
    for object in objects {
        match create_one(&app, &mut *tx, &session, class, object).await {
            Ok(document) => written.push(json!({"id": document.id, "rev": document.rev})),
            Err(error) => left_out(error)?,
        }
    }
    tx.commit().await?;
    json_body(&written)
}

/// In bulk, conflicts, missing documents and refusals are left out; everything else ends the request.
pub(super) fn left_out(error: ApiError) -> ApiResult<()> {
    match error.code.status() {
        403 | 404 | 409 => Ok(()),
        _ => Err(error),
    }
}

async fn create_one(
    app: &App,
    tx: &mut (dyn Writing + '_),
    session: &Session,
    class: &'static Class,
    mut object: Object,
) -> ApiResult<Document> {
    rules::require_create(session)?;
    documents::check_new(&object)?;
    check_named(class, &object)?;
    check_new_id(tx, session.group(), documents::id(&object)?).await?;
    parent::check(tx, session, class, None, &object).await?;
    // who makes a data owner must not choose its keys
    access::drop_key_fields(&mut object);
    fill(app, session, class, &mut object);
    documents::insert(app, tx, session.group(), class, Some(&session.account.user), object).await
}

/// A healthcare party that nobody can tell from another is of no use (wire 6.4).
fn check_named(class: &Class, object: &Object) -> Result<(), FieldError> {
    let names = ["name", "lastName", "firstName", "companyName", "nihii", "ssin"];
    let named = names.iter().any(|key| documents::text(object, key).is_some_and(|text| !text.trim().is_empty()));
    match named || class.name != healthcare_party::CLASS.name {
        true => Ok(()),
        false => Err(FieldError::new("lastName", format!("a text, or another of {}", names.join(", ")))),
    }
}

/// What the server fills in where it is absent (wire 1.5).
fn fill(app: &App, session: &Session, class: &Class, object: &mut Object) {
    for key in ["created", "modified"] {
        object.entry(key).or_insert_with(|| Value::from(app.now()));
    }
    if class.name == "Device" && session.is_hcp() {
        object.entry("author").or_insert_with(|| Value::from(session.account.user.as_str()));
        if let Some(responsible) = session.data_owner() {
            object.entry("responsible").or_insert_with(|| Value::from(responsible));
        }
    }
}
