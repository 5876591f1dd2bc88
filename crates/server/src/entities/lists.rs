//! Lists that only one class has: documents by external id, calendar items by patient, delegation
//! key maps by delegation key (wire 5.3, 6.2).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::Method;
use keystead_model::class::Class;
use keystead_model::entity::{calendar_item, document, key_map};
use keystead_model::error::FieldError;
use keystead_model::query::{Query as Wanted, Selection};
use keystead_store::documents::{Document, Find};
use serde_json::{Value, json};

use super::by_ids::list_of_ids;
use super::stubs;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Json, Path, Route, Shape, json_text};

pub(super) fn routes() -> Vec<Route> {
    let route = |method, path, summary, handler| Route::new(method, path, summary, handler).access(Access::Keys);
    vec![
        route(
            Method::POST,
            "/rest/v2/securedelegationkeymap/bydelegationkeys",
            "Readable maps of delegation keys",
            post(key_maps),
        )
        .takes(Shape::Object("ListOfIds"))
        .gives(Shape::List("SecureDelegationKeyMap")),
        route(
            Method::POST,
            "/rest/v2/calendarItem/byHcPartySecretForeignKeys/delegations",
            "What is needed to share a patient's calendar items",
            post(calendar_items),
        )
        .query(&["hcPartyId"])
        .takes(Shape::Strings)
        .gives(Shape::List("IcureStub")),
        route(
            Method::GET,
            "/rest/v2/document/externaluuid/{uuid}",
            "The newest document with an external id",
            get(by_external_uuid),
        )
        .gives(Shape::Object("Document")),
        route(
            Method::GET,
            "/rest/v2/document/externaluuid/{uuid}/all",
            "Every document with an external id",
            get(all_by_external_uuid),
        )
        .gives(Shape::List("Document")),
    ]
}

async fn key_maps(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let found = list(&app, &session, &key_map::CLASS, key_map::of_delegation_keys(&list_of_ids(body)?)).await?;
    Ok(answer(&found))
}

async fn calendar_items(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    if !matches!(&body, Value::Array(keys) if keys.iter().all(Value::is_string)) {
        return Err(FieldError::new("", "an array of secret foreign keys").into());
    }
    let keys = list_of_ids(json!({"ids": body}))?;
    let found = list(&app, &session, &calendar_item::CLASS, calendar_item::of_patients(&keys)).await?;
    stubs::answer(&found)
}

async fn by_external_uuid(
    State(app): State<Arc<App>>,
    session: Session,
    Path(uuid): Path<String>,
) -> ApiResult<Response> {
    let found = list(&app, &session, &document::CLASS, document::with_external_uuid(&uuid)).await?;
    let mut newest: Option<(i64, &Document)> = None;
    for document in &found {
        let created = documents::parse(document)?.get("created").and_then(Value::as_i64).unwrap_or_default();
        if newest.is_none_or(|(latest, _)| created > latest) {
            newest = Some((created, document));
        }
    }
    let (_, document) = newest.ok_or_else(|| ApiError::not_found("document"))?;
    Ok(json_text(document.body.clone()))
}

async fn all_by_external_uuid(
    State(app): State<Arc<App>>,
    session: Session,
    Path(uuid): Path<String>,
) -> ApiResult<Response> {
    Ok(answer(&list(&app, &session, &document::CLASS, document::with_external_uuid(&uuid)).await?))
}

/// The readable entities of a class that answer `query`.
pub(super) async fn list(
    app: &App,
    session: &Session,
    class: &'static Class,
    query: Wanted,
) -> ApiResult<Vec<Document>> {
    let keys = session.caller().access_keys();
    let find = Find {
        group: session.group().to_owned(),
        class: class.name,
        selection: Selection::unordered(query),
        readable_by: Some(keys.clone()),
        parts: false,
        after: None,
        limit: None,
    };
    let mut tx = app.store.read().await?;
    let ids: Vec<String> = tx.find(&find).await?.into_iter().map(|hit| hit.id).collect();
    Ok(tx.documents(session.group(), class.name, &ids, Some(&keys)).await?)
}

/// Entities as a JSON array.
pub(super) fn answer(found: &[Document]) -> Response {
    json_text(documents::array(found.iter().map(|document| document.body.as_str())))
}
