//! Who asks for a wallet, and whether they proved a moment ago who they are.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::groups::require_elevated;

/// How long a login counts as proof that somebody is there, in milliseconds.
const FRESH_MS: i64 = 15 * 60_000;

/// Who asks for a wallet. Every endpoint of wallets starts from this, however the caller proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The group.
    pub group: String,
    /// Whose wallet it is.
    pub owner: String,
    /// The user, for limits on what one may have open.
    pub account: String,
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let session = Session::from_request_parts(parts, app).await?;
        let owner = session.require_data_owner()?.to_owned();
        let account = session.account;
        Ok(Self { group: account.group, owner, account: account.user })
    }
}

/// Whether the caller proved a moment ago who they are, with more than a token that lives for long (`spec/wallet.md`
/// 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepUp(pub(super) bool);

impl FromRequestParts<Arc<App>> for StepUp {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let Ok(session) = Session::from_request_parts(parts, app).await else { return Ok(Self(false)) };
        let mut tx = app.store.read().await?;
        let stored = tx.session(&session.claims.session, app.now()).await?;
        let fresh = stored.is_some_and(|stored| app.now().saturating_sub(stored.created) <= FRESH_MS);
        Ok(Self(fresh && require_elevated(&mut *tx, &session).await.is_ok()))
    }
}
