//! `POST {class}/delegations`: what a client needs of many entities to share them (wire 5.3).

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::class::Class;
use keystead_store::documents::Document;

use super::by_ids::list_of_ids;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Json, json_body};

/// The fields of an `IcureStub`.
const FIELDS: &[&str] = &[
    "id",
    "rev",
    "created",
    "modified",
    "author",
    "responsible",
    "medicalLocationId",
    "tags",
    "codes",
    "endOfLife",
    "secretForeignKeys",
    "cryptedForeignKeys",
    "delegations",
    "encryptionKeys",
    "securityMetadata",
];

pub(super) async fn stubs(
    app: Arc<App>,
    class: &'static Class,
    (session, Json(body)): (Session, Json),
) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let keys = session.caller().access_keys();
    let found = app.store.read().await?.documents(session.group(), class.name, &ids, Some(&keys)).await?;
    answer(&found)
}

/// The stubs of entities as a JSON array.
pub(super) fn answer(found: &[Document]) -> ApiResult<Response> {
    let stubs = found.iter().map(|document| {
        let object = documents::parse(document)?;
        Ok(object.into_iter().filter(|(key, _)| FIELDS.contains(&key.as_str())).collect::<Object>())
    });
    json_body(&stubs.collect::<ApiResult<Vec<_>>>()?)
}
