//! `GET recoverydata/{id}`. What has expired is removed when somebody asks for it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::recovery_data::CLASS;

use super::{has_expired, reach};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Path, json_text};

pub(super) async fn get(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let (document, object) = documents::load(&mut *tx, session.group(), &CLASS, &id).await?;
    let found = reach(&app, &mut *tx, &session, &id).await;
    drop(tx);
    if has_expired(&app, &object) {
        let mut tx = app.store.write().await?;
        // another request may have been faster: gone is gone
        tx.purge(session.group(), CLASS.name, &id, &document.rev).await?;
        tx.commit().await?;
    }
    Ok(json_text(found?.body))
}
