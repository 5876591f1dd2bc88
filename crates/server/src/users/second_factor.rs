//! `POST|DELETE user/{userId}/2fa`: a user demands a second factor for its password.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use keystead_model::error::FieldError;
use keystead_store::accounts::Account;
use serde_json::Value;

use super::routes::Target;
use super::rules;
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::totp;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::{OwnGroup, require_elevated};
use crate::http::{Json, Path};

/// `POST user/{userId}/2fa`: the user itself, since whoever sets the second factor knows it.
pub(super) async fn enable(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
    Json(body): Json,
) -> ApiResult<StatusCode> {
    let request = documents::check("Enable2faRequest", body)?;
    if target.id != session.account.user {
        return Err(ApiError::forbidden("only the user itself sets its second factor"));
    }
    let digits = request.get("otpLength").and_then(Value::as_i64).and_then(|digits| u8::try_from(digits).ok());
    let digits = digits.ok_or_else(|| FieldError::new("otpLength", "6, 7 or 8"))?;
    let secret = documents::text(&request, "secret").unwrap_or_default();
    let mut tx = app.store.write().await?;
    require_elevated(&mut *tx, &session).await?;
    totp::enable(&app, &mut *tx, &session.account, secret, digits).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::SecondFactorSet, &session.account.user)
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE user/{userId}/2fa`: the user itself, or an administrator for who has lost it.
pub(super) async fn disable(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
) -> ApiResult<StatusCode> {
    if target.id != session.account.user && !session.is_admin() {
        return Err(ApiError::forbidden("only the user itself and administrators take a second factor away"));
    }
    let mut tx = app.store.write().await?;
    require_elevated(&mut *tx, &session).await?;
    rules::changeable(&mut *tx, &session, &target.id).await?;
    let account = Account { group: session.group().to_owned(), user: target.id };
    totp::disable(&mut *tx, &account).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::SecondFactorRemoved, &account.user)
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
