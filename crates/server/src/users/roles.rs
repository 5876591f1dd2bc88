//! `POST user/{userId}/roles/set` and `…/reset`: for administrators. The user's sessions end, so that
//! what its tokens say is true.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::user::CLASS;
use keystead_store::accounts::Account;
use serde_json::json;

use super::read;
use super::routes::Target;
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::{ApiError, ApiResult};
use crate::groups::{OwnGroup, check_roles, require_elevated};
use crate::http::{Json, Path};

/// `POST user/{userId}/roles/set`
pub(super) async fn set(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
    Json(body): Json,
) -> ApiResult<Response> {
    give(&app, &session, target.id, list_of_ids(body)?).await
}

/// `POST user/{userId}/roles/reset`: none but those by default.
pub(super) async fn reset(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
) -> ApiResult<Response> {
    give(&app, &session, target.id, Vec::new()).await
}

async fn give(app: &App, session: &Session, id: String, roles: Vec<String>) -> ApiResult<Response> {
    if !session.is_admin() {
        return Err(ApiError::forbidden("only an administrator gives roles"));
    }
    check_roles("ids", roles.iter().map(String::as_str))?;
    let mut tx = app.store.write().await?;
    require_elevated(&mut *tx, session).await?;
    let (stored, mut user) = documents::load(&mut *tx, session.group(), &CLASS, &id).await?;
    user.insert("roles".to_owned(), json!(roles));
    let document = documents::update(app, &mut *tx, session.group(), &CLASS, &stored, user).await?;
    tx.revoke_sessions(&Account { group: session.group().to_owned(), user: id }).await?;
    let answer = read::answer(app, &mut *tx, session, document).await?;
    audit::note(app, &mut *tx, session.group(), &session.account.user, Action::RightsChanged, &stored.id).await?;
    tx.commit().await?;
    app.bearers.forget();
    Ok(answer)
}
