//! `POST {class}/match`, `POST {class}/filter` and the lists by patient (wire 5.3, 5.6).

use std::sync::Arc;

use axum::response::Response;
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::filter;
use keystead_model::query::Selection;
use keystead_store::documents::Find;
use serde::Deserialize;

use super::by_ids::list_of_ids;
use super::page;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Query, json_body, json_text};

pub(super) async fn matching(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let selection = filter::compile(class, &body, &session.caller()).map_err(invalid)?;
    ids(&app, &session, class, selection, filter::limit(&body)).await
}

pub(super) async fn filter(
    app: Arc<App>,
    class: &'static Class,
    (session, Query(parameters), Json(body)): (Session, Query<page::Parameters>, Json),
) -> ApiResult<Response> {
    let chain = filter::from_chain(&body).map_err(invalid)?;
    let selection = filter::compile(class, chain, &session.caller()).map_err(|error| invalid(error.under("filter")))?;
    let keys = session.caller().access_keys();
    let whole = filter::limit(chain);
    let limit = parameters.limit().min(whole.unwrap_or(usize::MAX));
    let find = Find {
        after: parameters.after()?,
        limit: Some(limit + 1),
        ..question(&session, class, selection, keys.clone())
    };
    let mut tx = app.store.read().await?;
    let mut hits = tx.find(&find).await?;
    let more = hits.len() > limit && whole.is_none();
    hits.truncate(limit);
    let next = hits.last().filter(|_| more).map(page::next);
    let ids: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
    let found = tx.documents(session.group(), class.name, &ids, Some(&keys)).await?;
    let bodies = documents::array(found.iter().map(|document| document.body.as_str()));
    Ok(json_text(page::body(&bodies, next.as_ref())))
}

/// Query parameters of a list by patient.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ByPatient {
    data_owner_id: Option<String>,
    start_date: Option<i64>,
    end_date: Option<i64>,
    descending: Option<bool>,
}

pub(super) async fn by_patient(
    app: Arc<App>,
    class: &'static Class,
    (session, Query(parameters), Json(body)): (Session, Query<ByPatient>, Json),
) -> ApiResult<Response> {
    let keys = list_of_ids(body)?;
    let selection = filter::by_patient(
        class,
        parameters.data_owner_id.as_deref(),
        &keys,
        parameters.start_date,
        parameters.end_date,
        parameters.descending.unwrap_or(false),
        &session.caller(),
    )
    .map_err(invalid)?;
    ids(&app, &session, class, selection, None).await
}

async fn ids(
    app: &App,
    session: &Session,
    class: &'static Class,
    selection: Selection,
    limit: Option<usize>,
) -> ApiResult<Response> {
    let keys = session.caller().access_keys();
    let find = Find { limit, ..question(session, class, selection, keys) };
    let hits = app.store.read().await?.find(&find).await?;
    json_body(&hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>())
}

fn question(session: &Session, class: &'static Class, selection: Selection, keys: Vec<String>) -> Find {
    Find {
        group: session.group().to_owned(),
        class: class.name,
        selection,
        readable_by: Some(keys),
        parts: false,
        after: None,
        limit: None,
    }
}

/// A filter that cannot be understood.
pub(crate) fn invalid(error: FieldError) -> ApiError {
    ApiError::field(ErrorCode::InvalidFilter, error)
}
