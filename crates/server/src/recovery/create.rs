//! `POST recoverydata`: for oneself (a key pair), or for somebody one shares with (exchange keys).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::recovery_data::CLASS;

use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Json, json_text};

pub(super) async fn create(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let object = documents::check(CLASS.name, body)?;
    documents::check_new(&object)?;
    session.require_data_owner()?;
    let created_by = Some(session.account.user.as_str());
    let mut tx = app.store.write().await?;
    let document = documents::insert(&app, &mut *tx, session.group(), &CLASS, created_by, object).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::RecoveryLeft, &document.id).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}
