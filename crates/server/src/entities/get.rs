//! `GET {class}/{id}`

use std::sync::Arc;

use axum::response::Response;
use keystead_model::access::Level;
use keystead_model::class::Class;

use super::reach;
use crate::app::App;
use crate::auth::Session;
use crate::error::ApiResult;
use crate::http::{Path, json_text};

pub(super) async fn get(
    app: Arc<App>,
    class: &'static Class,
    (session, Path(id)): (Session, Path<String>),
) -> ApiResult<Response> {
    let mut tx = app.store.look().await?;
    let document = reach(&mut *tx, &session, class, &id, Level::Read).await?;
    Ok(json_text(document.body))
}
