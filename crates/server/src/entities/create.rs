//! `POST {class}`: creates an entity. The caller must have write access through one of the
//! delegations it sends (wire 4.4).

use std::sync::Arc;

use axum::response::Response;
use http::HeaderMap;
use keystead_model::Object;
use keystead_model::access;
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Writing;
use keystead_store::documents::Document;

use super::autofill;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, json_text};
use crate::owners;

pub(super) async fn create(
    app: Arc<App>,
    class: &'static Class,
    (session, headers, Json(body)): (Session, HeaderMap, Json),
) -> ApiResult<Response> {
    let object = prepare(&app, &session, &headers, class, documents::check(class.name, body)?)?;
    let document = if class.name == "Patient" {
        let mut tx = app.store.write().await?;
        let document = insert(&app, &mut *tx, &session, class, object).await?;
        tx.commit().await?;
        document
    } else {
        // nothing else has to be known or written
        documents::insert_alone(&app, session.group(), class, Some(&session.account.user), object).await?
    };
    Ok(json_text(document.body))
}

/// Checks everything about a new entity that does not need the store, and fills it in.
pub(super) fn prepare(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    class: &'static Class,
    mut object: Object,
) -> ApiResult<Object> {
    documents::refuse_fields_of_stored(&object)?;
    if class.name == "Document" && super::attachments::FIELDS.iter().any(|key| object.contains_key(*key)) {
        return Err(FieldError::new("", "no attachment fields: use the attachment endpoints").into());
    }
    access::check_metadata(&object).map_err(|error| ApiError::field(ErrorCode::InvalidSecurityMetadata, error))?;
    // whoever explains a delegation presents that delegation's key alone, which may be a reader's
    let explains = class.name == "SecureDelegationKeyMap"
        && access::level(&documents::grants(class, &object), &session.caller()).is_some();
    if !explains && !access::may_create(&object, &session.caller()) {
        return Err(ApiError::forbidden("the caller needs write access through a delegation of the new entity"));
    }
    autofill::fill(app, session, headers, class, &mut object);
    Ok(object)
}

/// Inserts a prepared entity.
pub(super) async fn insert(
    app: &App,
    tx: &mut dyn Writing,
    session: &Session,
    class: &'static Class,
    mut object: Object,
) -> ApiResult<Document> {
    if class.name == "Patient" {
        owners::check_new_id(tx, session.group(), documents::id(&object)?).await?;
    }
    if class.name == "Patient" && session.data_owner() != Some(documents::id(&object)?) {
        // only their owner publishes keys: a key put here by somebody else would open what others
        // share with the patient
        access::drop_key_fields(&mut object);
    }
    documents::insert(app, tx, session.group(), class, Some(&session.account.user), object).await
}
