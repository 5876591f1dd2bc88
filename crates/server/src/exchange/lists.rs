//! Lists of exchange data: of one participant page by page, and from one data owner to another.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::exchange_data::{self, CLASS};
use keystead_model::query::{Query as Sought, Selection};
use keystead_store::Reading;
use keystead_store::documents::{Document, Find, Hit};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, Query, json_text};

/// Exchange data on a page, at most and where the request does not say how many.
pub(super) const PAGE: usize = 1000;

/// Query parameters of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    start_document_id: Option<String>,
    limit: Option<usize>,
}

/// `GET exchangedata/byParticipant/{dataOwnerId}`
///
/// The key of the next page is what the official client demands: `startKey` is the id of the data
/// owner as a string, and the next request brings back `startKeyDocId` alone (wire 1.6).
pub(super) async fn by_participant(
    State(app): State<Arc<App>>,
    session: Session,
    Path(data_owner): Path<String>,
    Query(page): Query<Page>,
) -> ApiResult<Response> {
    require_self(&session, &[&data_owner])?;
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let after = page.start_document_id.as_deref().filter(|id| !id.is_empty());
    let mut tx = app.store.read().await?;
    let mut found = page_of(&mut *tx, session.group(), &data_owner, after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let rows = documents::array(found.iter().map(|document| document.body.as_str()));
    Ok(json_text(match found.last().filter(|_| more) {
        Some(last) => {
            let next = json!({"startKey": data_owner, "startKeyDocId": last.id});
            format!(r#"{{"rows":{rows},"nextKeyPair":{next}}}"#)
        }
        None => format!(r#"{{"rows":{rows}}}"#),
    }))
}

/// `GET exchangedata/byDelegatorDelegate/{delegatorId}/{delegateId}`
pub(super) async fn by_delegator_delegate(
    State(app): State<Arc<App>>,
    session: Session,
    Path((delegator, delegate)): Path<(String, String)>,
) -> ApiResult<Response> {
    require_self(&session, &[&delegator, &delegate])?;
    let mut tx = app.store.read().await?;
    let query = exchange_data::between(&delegator, &delegate);
    let found = find(&mut *tx, session.group(), query, None, None).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}

/// Refuses callers who are none of `participants`, nor a child of one.
pub(super) fn require_self(session: &Session, participants: &[&str]) -> ApiResult<()> {
    let caller = session.caller();
    match participants.iter().any(|participant| caller.acts_as(participant)) {
        true => Ok(()),
        false => Err(ApiError::forbidden("exchange data is listed for its participants only")),
    }
}

/// Up to `limit` exchange data of a participant, by id, after the one with the id `after`.
pub(super) async fn page_of(
    tx: &mut (dyn Reading + '_),
    group: &str,
    participant: &str,
    after: Option<&str>,
    limit: usize,
) -> ApiResult<Vec<Document>> {
    find(tx, group, exchange_data::of_participant(participant), after, Some(limit)).await
}

async fn find(
    tx: &mut (dyn Reading + '_),
    group: &str,
    query: Sought,
    after: Option<&str>,
    limit: Option<usize>,
) -> ApiResult<Vec<Document>> {
    let find = Find {
        group: group.to_owned(),
        class: CLASS.name,
        selection: Selection::unordered(query),
        readable_by: None,
        parts: false,
        after: after.map(|id| Hit { id: id.to_owned(), part: String::new(), sort: None }),
        limit,
    };
    let ids: Vec<String> = tx.find(&find).await?.into_iter().map(|hit| hit.id).collect();
    Ok(tx.documents(group, CLASS.name, &ids, None).await?)
}
