//! `PUT {class}/bulkSharedMetadataUpdate`: shares many entities, each by itself (wire 5.5). The rules
//! are in [`keystead_model::share`]; here they meet the store.

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::share::{self, EntityRequest, Rejections};
use keystead_store::Writing;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::exchange;
use crate::http::{Json, json_body};

pub(super) async fn share(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    carry_out(&app, class, &session, body, true).await
}

pub(super) async fn share_minimal(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    carry_out(&app, class, &session, body, false).await
}

async fn carry_out(
    app: &App,
    class: &'static Class,
    session: &Session,
    body: Value,
    with_entities: bool,
) -> ApiResult<Response> {
    let Value::Object(mut body) = body else { return Err(FieldError::new("", "an object").into()) };
    let requests = share::parse(&mut body)?;
    let mut results = Vec::with_capacity(requests.len());
    let mut tx = app.store.write().await?;
    for request in &requests {
        let shared = share_one(app, &mut *tx, class, session, request).await?;
        let mut result = json!({"entityId": request.entity_id});
        if let Some(result) = result.as_object_mut() {
            if let Some(rev) = shared.rev_before {
                result.insert("entityRev".to_owned(), Value::from(rev));
            }
            if let Some(entity) = shared.updated.filter(|_| with_entities) {
                result.insert("updatedEntity".to_owned(), Value::Object(entity));
            }
            if !shared.rejected.is_empty() {
                let rejected = serde_json::to_value(&shared.rejected);
                let rejected = rejected.map_err(|error| ApiError::internal(error.to_string()))?;
                result.insert("rejectedRequests".to_owned(), rejected);
            }
        }
        results.push(result);
    }
    tx.commit().await?;
    json_body(&results)
}

/// What became of one entity.
#[derive(Default)]
struct Shared {
    /// Absent where there is no such entity for the caller.
    rev_before: Option<String>,
    /// Absent where nothing was saved.
    updated: Option<Object>,
    rejected: Rejections,
}

async fn share_one(
    app: &App,
    tx: &mut dyn Writing,
    class: &'static Class,
    session: &Session,
    request: &EntityRequest,
) -> ApiResult<Shared> {
    let id = request.entity_id.as_str();
    let missing = || Shared { rejected: share::not_found(request), ..Shared::default() };
    let Some(stored) = tx.document(session.group(), class.name, id).await?.filter(|stored| !stored.deleted) else {
        return Ok(missing());
    };
    let mut object = documents::parse(&stored)?;
    let grants = documents::grants(class, &object);
    let caller = session.caller();
    if keystead_model::access::level(&grants, &caller).is_none() {
        return Ok(missing());
    }
    let own_record = class.name == "Patient" && caller.data_owner.as_deref() == Some(id);
    let outcome = share::apply(&mut object, own_record, request, &caller, &grants);
    let rev_before = Some(stored.rev.clone());
    if !outcome.changed {
        return Ok(Shared { rev_before, updated: None, rejected: outcome.rejected });
    }
    let saved = match documents::update(app, tx, session.group(), class, &stored, object).await {
        Ok(saved) => saved,
        Err(error) if error.code == ErrorCode::RevisionConflict => {
            return Ok(Shared { rev_before, updated: None, rejected: outcome.conflict() });
        }
        Err(error) => return Err(error),
    };
    for (key, entries) in &outcome.exchange_data_maps {
        exchange::merge_map(app, tx, session.group(), key, entries).await?;
    }
    Ok(Shared { rev_before, updated: Some(documents::parse(&saved)?), rejected: outcome.rejected })
}
