//! `PUT permissions/{userId}`: replaces the explicit permissions of a user. They are kept for clients
//! to show; what a user may do follows from its role and its data owner.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::user;
use serde_json::{Value, json};

use super::require_elevated;
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Path, json_body};

pub(super) async fn put(
    State(app): State<Arc<App>>,
    session: Session,
    Path(user_id): Path<String>,
    Json(body): Json,
) -> ApiResult<Response> {
    if !session.is_admin() {
        return Err(ApiError::forbidden("only an administrator of the group sets permissions"));
    }
    let permission = documents::check("Permission", body)?;
    let permissions = json!([Value::Object(permission)]);
    let mut tx = app.store.write().await?;
    require_elevated(&mut *tx, &session).await?;
    let (stored, mut user) = documents::load(&mut *tx, session.group(), &user::CLASS, &user_id).await?;
    user.insert("permissions".to_owned(), permissions.clone());
    documents::update(&app, &mut *tx, session.group(), &user::CLASS, &stored, user).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::RightsChanged, &stored.id).await?;
    tx.commit().await?;
    json_body(&permissions)
}
