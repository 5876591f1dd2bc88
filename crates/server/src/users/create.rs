//! `POST user`: an invitation, or a colleague, or a device. `POST user/admin`: an administrator.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::accounts::Account;
use serde_json::{Value, json};

use super::{document, owner, password, read};
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::{self, Session};
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::{ADMIN, OwnGroup, check_roles};
use crate::http::Json;

/// `POST user`
pub(super) async fn create(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Json(body): Json,
) -> ApiResult<Response> {
    if !session.is_admin() && !session.is_hcp() {
        return Err(ApiError::forbidden("users are made by healthcare parties and administrators"));
    }
    store(&app, &session, documents::check(CLASS.name, body)?).await
}

/// `POST user/admin`
pub(super) async fn create_admin(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Json(body): Json,
) -> ApiResult<Response> {
    if !session.is_admin() {
        return Err(ApiError::forbidden("administrators are made by administrators"));
    }
    let mut user = documents::check(CLASS.name, body)?;
    user.insert("roles".to_owned(), json!([ADMIN]));
    store(&app, &session, user).await
}

async fn store(app: &App, session: &Session, mut user: Object) -> ApiResult<Response> {
    documents::check_new(&user)?;
    check_privileges(session, &user)?;
    let password = password::take(&mut user)?;
    let account = Account { group: session.group().to_owned(), user: documents::id(&user)?.to_owned() };
    let mut user = document::finish(&account, user)?;
    user.entry("created").or_insert_with(|| Value::from(app.now()));

    let hash = match &password {
        Some(password) => {
            // hashing is expensive: not for who may not
            owner::check(&mut *app.store.read().await?, session, &account, &user).await?;
            password::mark(&mut user);
            Some(auth::password::hash(app, password).await?)
        }
        None => None,
    };
    let mut tx = app.store.write().await?;
    owner::check(&mut *tx, session, &account, &user).await?;
    let document = document::insert(app, &mut *tx, &account, Some(&session.account.user), user).await?;
    if let Some(hash) = hash {
        password::keep(app, &mut *tx, &account, &hash).await?;
    }
    let answer = read::answer(app, &mut *tx, session, document).await?;
    audit::note(app, &mut *tx, session.group(), &session.account.user, Action::UserCreated, &account.user).await?;
    tx.commit().await?;
    Ok(answer)
}

/// Only administrators give roles and permissions.
fn check_privileges(session: &Session, user: &Object) -> ApiResult<()> {
    let given = |key: &&str| user.get(*key).and_then(Value::as_array).is_some_and(|given| !given.is_empty());
    if let Some(field) = ["roles", "permissions"].iter().find(|key| given(key)).filter(|_| !session.is_admin()) {
        let error = FieldError::new(*field, "nothing, except from an administrator");
        return Err(ApiError::field(ErrorCode::Forbidden, error));
    }
    let roles = user.get("roles").and_then(Value::as_array).into_iter().flatten();
    check_roles("roles", roles.filter_map(Value::as_str))
}
