//! `PUT {class}`: modifies an entity under optimistic concurrency (wire 4.4).

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::access::{self, Level};
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Writing;
use keystead_store::documents::Document;
use serde_json::Value;

use super::{attachments, reach};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, json_text};

pub(super) async fn modify(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let object = documents::check(class.name, body)?;
    let mut tx = app.store.write().await?;
    let document = apply(&app, &mut *tx, &session, class, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Replaces the stored entity by `object`, as far as the caller may.
pub(super) async fn apply(
    app: &App,
    tx: &mut dyn Writing,
    session: &Session,
    class: &'static Class,
    mut object: Object,
) -> ApiResult<Document> {
    let stored = reach(tx, session, class, documents::id(&object)?, Level::Write).await?;
    documents::check_rev(&stored, documents::text(&object, "rev"), true)?;
    let before = documents::parse(&stored)?;
    if object.contains_key("deletionDate") {
        return Err(FieldError::new("deletionDate", "nothing: use the delete endpoint").into());
    }
    check_access_unchanged(&before, &object)?;
    if class.name == "Patient" {
        access::put_key_fields(&before, &mut object, &session.caller())?;
    }
    if class.name == "Topic" && before.get("activeParticipants") != object.get("activeParticipants") {
        return Err(FieldError::new("activeParticipants", "no change: use addParticipant, removeParticipant").into());
    }
    if class.name == "Document" {
        attachments::check_unchanged(&before, &mut object)?;
    }
    documents::update(app, tx, session.group(), class, &stored, object).await
}

/// Access changes through the share endpoints only. What has no security metadata yet may be given
/// its first; what has legacy delegations may be given more, but none can be taken away.
fn check_access_unchanged(before: &Object, after: &Object) -> ApiResult<()> {
    let metadata = |object: &Object| object.get("securityMetadata").is_some_and(|value| !value.is_null());
    if metadata(before) {
        if !access::metadata_unchanged(before, after) {
            let error = FieldError::new("securityMetadata", "no change: use bulkSharedMetadataUpdate");
            return Err(ApiError::field(ErrorCode::InvalidSecurityMetadata, error));
        }
    } else if metadata(after) {
        access::check_metadata(after).map_err(|error| ApiError::field(ErrorCode::InvalidSecurityMetadata, error))?;
    }
    let empty = Object::new();
    let delegations = |object: &Object| object.get("delegations").and_then(Value::as_object).cloned();
    let after = delegations(after).unwrap_or_default();
    match delegations(before).unwrap_or(empty).keys().find(|key| !after.contains_key(*key)) {
        Some(_) => Err(FieldError::new("delegations", "every delegate that is there already").into()),
        None => Ok(()),
    }
}
