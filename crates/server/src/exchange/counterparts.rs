//! `GET exchangedata/byParticipant/{id}/counterparts`: whom a data owner with a new key has to tell
//! (wire 5.1, 6.1).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::access::DataOwnerType;
use keystead_model::error::ErrorCode;
use keystead_model::query::{Query as Sought, Selection};
use serde::Deserialize;

use super::lists::{PAGE, page_of, require_self};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, Query, json_body};
use crate::owners::{directory, kind};

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    counterparts_types: Option<String>,
    ignore_on_entry_for_fingerprint: Option<String>,
}

/// Ids of the other sides that are data owners of the listed types. Exchange data that already has an
/// entry for the fingerprint does not count, nor does a data owner of another group (an id with `/`).
pub(super) async fn counterparts(
    State(app): State<Arc<App>>,
    session: Session,
    Path(data_owner): Path<String>,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    require_self(&session, &[&data_owner])?;
    let kinds = kinds(parameters.counterparts_types.as_deref())?;
    let fingerprint = parameters.ignore_on_entry_for_fingerprint.as_deref().filter(|text| !text.is_empty());

    let mut tx = app.store.read().await?;
    let mut others = BTreeSet::new();
    let mut last: Option<String> = None;
    loop {
        let page = page_of(&mut *tx, session.group(), &data_owner, last.as_deref(), PAGE).await?;
        for document in &page {
            let object = documents::parse(document)?;
            if !fingerprint.is_some_and(|fingerprint| has_entries(&object, fingerprint)) {
                let parties = ["delegator", "delegate"].into_iter().filter_map(|key| documents::text(&object, key));
                others.extend(parties.filter(|id| *id != data_owner && !id.contains('/')).map(str::to_owned));
            }
        }
        match page.into_iter().next_back() {
            Some(document) => last = Some(document.id),
            None => break,
        }
    }

    let mut counterparts = Vec::new();
    for kind in kinds {
        let sought = Selection::unordered(Sought::Ids(others.iter().cloned().collect()));
        counterparts.extend(directory::ids(&mut *tx, session.group(), kind::class(kind), sought).await?);
    }
    counterparts.sort_unstable();
    counterparts.dedup();
    json_body(&counterparts)
}

/// The types in a comma list, whatever their case; all of them where there is no list.
fn kinds(list: Option<&str>) -> ApiResult<Vec<DataOwnerType>> {
    let Some(list) = list.filter(|list| !list.trim().is_empty()) else { return Ok(kind::KINDS.to_vec()) };
    list.split(',')
        .map(|name| {
            kind::named(&name.trim().to_lowercase()).ok_or_else(|| {
                ApiError::new(ErrorCode::MalformedRequest, "counterpartsTypes: expected a list of hcp, patient, device")
            })
        })
        .collect()
}

/// Whether all three maps have an entry for the key.
fn has_entries(object: &Object, fingerprint: &str) -> bool {
    ["exchangeKey", "accessControlSecret", "sharedSignatureKey"]
        .into_iter()
        .all(|map| object.get(map).is_some_and(|entries| entries.get(fingerprint).is_some()))
}
