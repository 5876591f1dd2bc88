//! Reading one user. Passwords and tokens are never in the answer; the user itself and administrators
//! see which tokens there are.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::user::{CLASS, with_email, with_phone};
use keystead_model::query::{Query as Sought, Selection};
use keystead_store::Reading;
use keystead_store::accounts::{Account, SecretKind};
use keystead_store::documents::Document;
use serde_json::{Value, json};

use super::rules;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, json_body, json_text};
use crate::owners::directory;

/// `GET user/current`
pub(super) async fn current(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let id = session.account.user.clone();
    one(&app, &session, &id).await
}

/// `GET user/{userId}`
pub(super) async fn by_id(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    one(&app, &session, &id).await
}

async fn one(app: &App, session: &Session, id: &str) -> ApiResult<Response> {
    rules::require_read(session, id)?;
    let mut tx = app.store.read().await?;
    let found = tx.document(session.group(), CLASS.name, id).await?.filter(|document| !document.deleted);
    let document = found.ok_or_else(|| ApiError::not_found("user"))?;
    answer(app, &mut *tx, session, document).await
}

/// `GET user/byEmail/{email}`
pub(super) async fn by_email(
    State(app): State<Arc<App>>,
    session: Session,
    Path(email): Path<String>,
) -> ApiResult<Response> {
    first(&app, &session, with_email(&email)).await
}

/// `GET user/byPhoneNumber/{phoneNumber}`
pub(super) async fn by_phone(
    State(app): State<Arc<App>>,
    session: Session,
    Path(number): Path<String>,
) -> ApiResult<Response> {
    first(&app, &session, with_phone(&number)).await
}

async fn first(app: &App, session: &Session, sought: Sought) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let ids = directory::ids(&mut *tx, session.group(), &CLASS, Selection::unordered(sought)).await?;
    // who may not read users learns the same for every address but its own
    let id = ids.first().map(String::as_str).unwrap_or_default();
    rules::require_read(session, id)?;
    let found = tx.document(session.group(), CLASS.name, id).await?;
    let document = found.ok_or_else(|| ApiError::not_found("user"))?;
    answer(app, &mut *tx, session, document).await
}

/// The answer about a user, with the names of its tokens where the caller is shown them.
pub(super) async fn answer(
    app: &App,
    tx: &mut (dyn Reading + '_),
    session: &Session,
    document: Document,
) -> ApiResult<Response> {
    if !rules::sees_tokens(session, &document.id) {
        return Ok(json_text(document.body));
    }
    let account = Account { group: session.group().to_owned(), user: document.id.clone() };
    let tokens: Object = tx
        .secrets(&account, app.now())
        .await?
        .into_iter()
        .filter(|secret| secret.kind == SecretKind::Token)
        .map(|secret| {
            let validity = secret.expires.map_or(i64::MAX, |end| end.saturating_sub(secret.created)) / 1000;
            (secret.name, json!({"creationTime": secret.created, "validity": validity}))
        })
        .collect();
    if tokens.is_empty() {
        return Ok(json_text(document.body));
    }
    let mut user = documents::parse(&document)?;
    user.insert("authenticationTokens".to_owned(), Value::Object(tokens));
    json_body(&user)
}
