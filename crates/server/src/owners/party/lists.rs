//! Lists of healthcare parties that older clients use: all, by name, by number, children, public key.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::healthcare_party::{self, CLASS};
use keystead_model::query::{Order, Query as Sought, Selection};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::entities::page::Parameters;
use crate::error::ApiResult;
use crate::http::{Path, Query, json_body, json_text};
use crate::owners::directory;

/// Query parameters besides those of a page.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    name: Option<String>,
    desc: Option<bool>,
}

/// `GET hcparty` and `GET hcparty/byName?name`
pub(super) async fn by_name(
    State(app): State<Arc<App>>,
    session: Session,
    Query(listing): Query<Listing>,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    let sought = healthcare_party::named(listing.name.as_deref().unwrap_or_default());
    page(&app, &session, sought, &listing, &parameters).await
}

/// `GET hcparty/byNihiiOrSsin/{searchValue}`
pub(super) async fn by_number(
    State(app): State<Arc<App>>,
    session: Session,
    Path(start): Path<String>,
    Query(listing): Query<Listing>,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    page(&app, &session, healthcare_party::with_national_number(&start), &listing, &parameters).await
}

/// `GET hcparty/{parentId}/children`
pub(super) async fn children(
    State(app): State<Arc<App>>,
    session: Session,
    Path(parent): Path<String>,
) -> ApiResult<Response> {
    let sought = Selection::unordered(healthcare_party::children(&parent));
    let mut tx = app.store.read().await?;
    let ids = directory::ids(&mut *tx, session.group(), &CLASS, sought).await?;
    let found = tx.documents(session.group(), CLASS.name, &ids, None).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}

/// `GET hcparty/{id}/publicKey`: the legacy one.
pub(super) async fn public_key(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let (_, party) = documents::load(&mut *tx, session.group(), &CLASS, &id).await?;
    json_body(&json!({"hcPartyId": id, "hexString": documents::text(&party, "publicKey")}))
}

async fn page(
    app: &App,
    session: &Session,
    query: Sought,
    listing: &Listing,
    parameters: &Parameters,
) -> ApiResult<Response> {
    let order = if listing.desc.unwrap_or(false) { Order::Descending } else { Order::Ascending };
    let selection = Selection { query, order };
    let mut tx = app.store.read().await?;
    let (found, next) = directory::page(&mut *tx, session.group(), &CLASS, selection, parameters).await?;
    Ok(json_text(directory::page_body(&found, next.as_ref())))
}
