//! What both kinds of invitation have in common: who may invite whom, how often (wire 2.4).

use http::{HeaderMap, header};
use keystead_model::error::ErrorCode;
use keystead_store::Writing;
use keystead_store::accounts::Account;
use serde_json::Value;

use super::limits::{self, Counted};
use super::{body, pending, processes};
use crate::app::App;
use crate::auth::{ClientIp, basic};
use crate::delivery::{self, Channel};
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::ADMIN;
use crate::users::names;
use crate::users::register::Address;

/// How long an invitation that cannot be delivered is tried again.
pub(super) const LIFETIME_MS: i64 = 24 * 3_600_000;

/// Somebody who may invite.
pub(super) struct Inviter {
    account: Account,
    email: Option<String>,
}

impl Inviter {
    /// The caller, if they are a healthcare party or administer their group.
    ///
    /// # Errors
    /// Name and secret are missing or wrong (401), or the caller may not invite (403).
    pub(super) async fn authenticate(app: &App, headers: &HeaderMap, ip: ClientIp) -> ApiResult<Self> {
        let account = basic::authenticate(app, headers.get(header::AUTHORIZATION), ip).await?;
        let user = app.store.read().await?.document(&account.group, "User", &account.user).await?;
        let user = documents::parse(&user.ok_or_else(ApiError::unauthorized)?)?;
        let is_hcp = documents::text(&user, "healthcarePartyId").is_some();
        let roles = user.get("roles").and_then(Value::as_array);
        let is_admin = roles.is_some_and(|roles| roles.iter().any(|role| role == ADMIN));
        if !is_hcp && !is_admin {
            return Err(ApiError::forbidden("only healthcare parties and administrators invite"));
        }
        let email = documents::text(&user, "email").and_then(names::email);
        Ok(Self { account, email })
    }

    /// `typed`, if it is the inviter's own e-mail address.
    pub(super) fn own_address(&self, typed: &str) -> Option<String> {
        self.email.clone().filter(|own| names::email(typed).as_ref() == Some(own))
    }

    /// Takes from the limits of the inviter and of the address. The spec must be one of the inviter's
    /// group.
    ///
    /// # Errors
    /// There is no such spec (404), or a limit is reached (429).
    pub(super) async fn take(&self, app: &App, tx: &mut dyn Writing, spec: &str, to: &Address) -> ApiResult<()> {
        processes::require_spec(tx, spec, Some(&self.account.group)).await?;
        let digest = pending::address_digest(app, to);
        let inviter = Counted::Inviter(&self.account.group, &self.account.user);
        limits::take(app, tx, &[inviter, Counted::Invited(&digest)]).await
    }
}

/// The address in the path of an invitation.
///
/// # Errors
/// Nothing can be sent to it.
pub(super) fn address(app: &App, channel: Channel, typed: &str) -> ApiResult<Address> {
    delivery::require(app, channel)?;
    let expected = body::expected(channel);
    body::address(channel, typed).ok_or_else(|| {
        ApiError::new(ErrorCode::MalformedRequest, format!("the address in the path: expected {expected}"))
    })
}
