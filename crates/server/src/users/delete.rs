//! Deleting, undeleting and purging users (wire 1.4). A deleted user cannot log in: its login names,
//! password, tokens and sessions are gone at once. Undeleting gives back the names only.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::user::CLASS;
use keystead_store::accounts::Account;
use serde::Deserialize;
use serde_json::{Value, json};

use super::routes::Target;
use super::rules::{self, changeable};
use super::{document, owner, password, read};
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::{OwnGroup, require_elevated};
use crate::http::{Path, Query, json_body};

/// The revision to act on; without one, whichever is current.
#[derive(Debug, Deserialize)]
pub(super) struct Revision {
    rev: Option<String>,
}

/// `DELETE user/{userId}`
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
    Query(revision): Query<Revision>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let (stored, mut user, _) = changeable(&mut *tx, &session, &target.id).await?;
    documents::check_rev(&stored, revision.rev.as_deref(), false)?;
    user.insert("deletionDate".to_owned(), Value::from(app.now()));
    password::unmark(&mut user);
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, user).await?;
    tx.remove_account(&account(&session, target.id)).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::UserDeleted, &stored.id).await?;
    tx.commit().await?;
    app.bearers.forget();
    json_body(&json!({"id": document.id, "rev": document.rev}))
}

/// `POST user/undelete/{userId}`
pub(super) async fn undelete(
    State(app): State<Arc<App>>,
    session: Session,
    Path(target): Path<Target>,
    Query(revision): Query<Revision>,
) -> ApiResult<Response> {
    let mut tx = app.store.write().await?;
    let stored = tx.document(session.group(), CLASS.name, &target.id).await?;
    let stored =
        stored.ok_or_else(|| rules::require_read(&session, "").err().unwrap_or(ApiError::not_found("user")))?;
    let mut user = documents::parse(&stored)?;
    let standing = rules::standing(&mut *tx, &session, &stored, &user).await?;
    standing.require_change(&mut *tx, &session).await?;
    documents::check_rev(&stored, revision.rev.as_deref(), false)?;
    if user.shift_remove("deletionDate").is_none() {
        return Err(ApiError::malformed("the user is not deleted"));
    }
    let account = account(&session, target.id);
    // somebody else may have become the data owner meanwhile
    owner::check(&mut *tx, &session, &account, &user).await?;
    document::claim_names(&mut *tx, &account, &user).await?;
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, user).await?;
    let answer = read::answer(&app, &mut *tx, &session, document).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::UserUndeleted, &stored.id).await?;
    tx.commit().await?;
    Ok(answer)
}

/// `DELETE user/purge/{userId}`: frees the id, so only an administrator does it.
pub(super) async fn purge(
    State(app): State<Arc<App>>,
    session: Session,
    Path(target): Path<Target>,
    Query(revision): Query<Revision>,
) -> ApiResult<Response> {
    if !session.is_admin() {
        return Err(ApiError::forbidden("only an administrator removes a user for good"));
    }
    let mut tx = app.store.write().await?;
    require_elevated(&mut *tx, &session).await?;
    let stored = tx.document(session.group(), CLASS.name, &target.id).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("user"))?;
    documents::check_rev(&stored, revision.rev.as_deref(), false)?;
    documents::purge(&mut *tx, session.group(), &CLASS, &stored).await?;
    tx.remove_account(&account(&session, target.id)).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::UserDeleted, &stored.id).await?;
    tx.commit().await?;
    app.bearers.forget();
    json_body(&json!({"id": stored.id, "rev": stored.rev}))
}

fn account(session: &Session, user: String) -> Account {
    Account { group: session.group().to_owned(), user }
}
