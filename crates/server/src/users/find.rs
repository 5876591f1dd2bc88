//! Finding users by filter and in lists. Who may not read users finds itself only.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::user::{CLASS, of_healthcare_party, of_patient};
use keystead_model::filter;
use keystead_model::query::{Query as Sought, Selection};

use super::rules;
use crate::app::App;
use crate::auth::Session;
use crate::entities::find::invalid;
use crate::entities::page::Parameters;
use crate::error::ApiResult;
use crate::groups::OwnGroup;
use crate::http::{Json, Path, Query, json_body, json_text};
use crate::owners::directory;

/// `POST user/match`
pub(super) async fn matching(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Json(body): Json,
) -> ApiResult<Response> {
    let selection = filter::compile(&CLASS, &body, &session.caller()).map_err(invalid)?;
    ids(&app, &session, selection).await
}

/// `POST user/filter`
pub(super) async fn filter(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Query(parameters): Query<Parameters>,
    Json(body): Json,
) -> ApiResult<Response> {
    let chain = filter::from_chain(&body).map_err(invalid)?;
    let selection =
        filter::compile(&CLASS, chain, &session.caller()).map_err(|error| invalid(error.under("filter")))?;
    page(&app, &session, selection, &parameters).await
}

/// `GET user`: all of them.
pub(super) async fn all(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Query(parameters): Query<Parameters>,
) -> ApiResult<Response> {
    page(&app, &session, Selection::unordered(Sought::All), &parameters).await
}

/// `GET user/byHealthcarePartyId/{id}`
pub(super) async fn by_healthcare_party(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    ids(&app, &session, Selection::unordered(of_healthcare_party(&id))).await
}

/// `GET user/byPatientId/{id}`
pub(super) async fn by_patient(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    ids(&app, &session, Selection::unordered(of_patient(&id))).await
}

async fn ids(app: &App, session: &Session, selection: Selection) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    json_body(&directory::ids(&mut *tx, session.group(), &CLASS, readable(session, selection)).await?)
}

async fn page(app: &App, session: &Session, selection: Selection, parameters: &Parameters) -> ApiResult<Response> {
    let selection = readable(session, selection);
    let mut tx = app.store.read().await?;
    let (found, next) = directory::page(&mut *tx, session.group(), &CLASS, selection, parameters).await?;
    Ok(json_text(directory::page_body(&found, next.as_ref())))
}

/// The same set, without whom the caller may not read.
fn readable(session: &Session, selection: Selection) -> Selection {
    if rules::reads_all(session) {
        return selection;
    }
    let own = Sought::Ids(vec![session.account.user.clone()]);
    Selection { query: Sought::Intersection(vec![selection.query, own]), order: selection.order }
}
