//! Services: what contacts hold. They are written with their contact and read by themselves, in
//! their latest version among the contacts that the caller can read (wire 5.3).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use http::Method;
use keystead_model::Object;
use keystead_model::entity::contact::CLASS;
use keystead_model::entity::service;
use keystead_model::filter;
use keystead_model::query::{Query as Wanted, Selection};
use keystead_store::Reading;
use keystead_store::documents::Find;
use serde::Deserialize;
use serde_json::Value;

use super::by_ids::list_of_ids;
use super::find::invalid;
use super::page;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Json, Path, Query, Route, Shape, json_body, json_text};

pub(super) fn routes() -> Vec<Route> {
    let at = |rest: &str| format!("/rest/v2/contact/service{rest}");
    let route = |method, path, summary, handler| {
        Route::new(method, path, summary, handler).access(Access::Keys).gives(Shape::List("Service"))
    };
    vec![
        route(Method::GET, at("/{id}"), "Get a service", get(one)).gives(Shape::Object("Service")),
        route(Method::POST, at(""), "Get the readable ones of many services", post(by_ids))
            .takes(Shape::Object("ListOfIds")),
        route(Method::POST, at("/match"), "Ids of the readable services that match a filter", post(matching))
            .takes(Shape::Filter)
            .gives(Shape::Strings),
        route(Method::POST, at("/filter"), "A page of the readable services that match a filter", post(filtered))
            .query(&["startDocumentId", "limit"])
            .takes(Shape::Json("FilterChain"))
            .gives(Shape::Page("Service")),
        route(Method::POST, at("/linkedTo"), "Services linked to others", post(linked_to))
            .query(&["linkType"])
            .takes(Shape::Object("ListOfIds")),
        route(Method::GET, at("/associationId"), "Services of an association", get(by_association))
            .query(&["associationId"]),
        route(Method::GET, at("/healthElementId/{id}"), "Services of a health element", get(by_health_element))
            .query(&["hcPartyId"]),
    ]
}

async fn one(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let found = load(&mut *tx, &session, &[id]).await?;
    found.first().ok_or_else(|| ApiError::not_found("service")).and_then(json_body)
}

async fn by_ids(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let mut tx = app.store.read().await?;
    json_body(&load(&mut *tx, &session, &ids).await?)
}

async fn matching(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let selection = filter::compile_service(&body, &session.caller()).map_err(invalid)?;
    let hits = app.store.read().await?.find(&question(&session, selection)).await?;
    json_body(&hits.iter().map(|hit| hit.part.as_str()).collect::<Vec<_>>())
}

async fn filtered(
    State(app): State<Arc<App>>,
    session: Session,
    Query(parameters): Query<page::Parameters>,
    Json(body): Json,
) -> ApiResult<Response> {
    let chain = filter::from_chain(&body).map_err(invalid)?;
    let selection =
        filter::compile_service(chain, &session.caller()).map_err(|error| invalid(error.under("filter")))?;
    let limit = parameters.limit();
    let find = Find { after: parameters.after()?, limit: Some(limit + 1), ..question(&session, selection) };
    let mut tx = app.store.read().await?;
    let mut hits = tx.find(&find).await?;
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next = hits.last().filter(|_| more).map(page::next);
    let ids: Vec<String> = hits.into_iter().map(|hit| hit.part).collect();
    let rows = load(&mut *tx, &session, &ids).await?;
    let rows = serde_json::to_string(&rows).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(json_text(page::body(&rows, next.as_ref())))
}

/// Query parameters of the lists.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lists {
    link_type: Option<String>,
    association_id: Option<String>,
}

async fn linked_to(
    State(app): State<Arc<App>>,
    session: Session,
    Query(lists): Query<Lists>,
    Json(body): Json,
) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    list(&app, &session, service::linked_to(&ids, lists.link_type.as_deref())).await
}

async fn by_association(
    State(app): State<Arc<App>>,
    session: Session,
    Query(lists): Query<Lists>,
) -> ApiResult<Response> {
    let id = lists.association_id.ok_or_else(|| ApiError::malformed("associationId: expected a parameter"))?;
    list(&app, &session, service::with_association(&id)).await
}

async fn by_health_element(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    list(&app, &session, service::about_health_elements(&[id])).await
}

async fn list(app: &App, session: &Session, query: Wanted) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let hits = tx.find(&question(session, Selection::unordered(query))).await?;
    let ids: Vec<String> = hits.into_iter().map(|hit| hit.part).collect();
    json_body(&load(&mut *tx, session, &ids).await?)
}

fn question(session: &Session, selection: Selection) -> Find {
    Find {
        group: session.group().to_owned(),
        class: CLASS.name,
        selection,
        readable_by: Some(session.caller().access_keys()),
        parts: true,
        after: None,
        limit: None,
    }
}

/// The services among `ids` that the caller can read, in their latest readable version.
async fn load(tx: &mut (dyn Reading + '_), session: &Session, ids: &[String]) -> ApiResult<Vec<Object>> {
    let keys = session.caller().access_keys();
    let latest = tx.latest_services(session.group(), ids, &keys).await?;
    let mut contacts: Vec<String> = latest.iter().map(|(_, contact)| contact.clone()).collect();
    contacts.sort_unstable();
    contacts.dedup();
    let found = tx.documents(session.group(), CLASS.name, &contacts, Some(&keys)).await?;
    let mut parsed = HashMap::new();
    for document in &found {
        parsed.insert(document.id.as_str(), documents::parse(document)?);
    }
    let services = latest.iter().filter_map(|(service, contact)| embedded(parsed.get(contact.as_str())?, service));
    Ok(services.collect())
}

/// The service `id` of `contact`, with what it takes from the contact.
pub(crate) fn embedded(contact: &Object, id: &str) -> Option<Object> {
    let services = contact.get("services")?.as_array()?.iter().filter_map(Value::as_object);
    let mut service = services.into_iter().find(|service| documents::text(service, "id") == Some(id))?.clone();
    service.insert("contactId".to_owned(), contact.get("id")?.clone());
    let copied = ["secretForeignKeys", "cryptedForeignKeys", "delegations", "encryptionKeys", "securityMetadata"];
    for key in copied {
        match contact.get(key) {
            Some(value) => service.insert(key.to_owned(), value.clone()),
            None => service.remove(key),
        };
    }
    for key in ["author", "responsible"] {
        if let Some(value) = contact.get(key).filter(|_| !service.contains_key(key)) {
            service.insert(key.to_owned(), value.clone());
        }
    }
    let listing: Vec<&Object> = sub_contacts(contact, id).collect();
    for (from, to) in [
        ("id", "subContactIds"),
        ("healthElementId", "healthElementsIds"),
        ("planOfActionId", "plansOfActionIds"),
        ("formId", "formIds"),
    ] {
        let mut values: Vec<&str> = listing.iter().filter_map(|sub| documents::text(sub, from)).collect();
        values.dedup();
        if !values.is_empty() {
            service.insert(to.to_owned(), Value::from(values));
        }
    }
    Some(service)
}

/// The sub-contacts that list the service `id`.
fn sub_contacts<'a>(contact: &'a Object, id: &'a str) -> impl Iterator<Item = &'a Object> {
    let all = contact.get("subContacts").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    all.filter(move |sub| {
        let links = sub.get("services").and_then(Value::as_array).into_iter().flatten();
        links.filter_map(|link| link.get("serviceId")?.as_str()).any(|linked| linked == id)
    })
}
