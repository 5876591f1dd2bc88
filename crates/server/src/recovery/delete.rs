//! `DELETE recoverydata/{id}`: for good; the client does so after use.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::recovery_data::CLASS;
use keystead_store::documents::Written;
use serde_json::json;

use super::reach;
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, json_body};

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let document = reach(&app, &mut *tx, &session, &id).await?;
    if tx.purge(session.group(), CLASS.name, &id, &document.rev).await? != Written::Done {
        return Err(ApiError::stale());
    }
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::RecoveryRemoved, &document.id).await?;
    tx.commit().await?;
    json_body(&json!({"id": document.id, "rev": document.rev}))
}
