//! Elevated privileges: what a stolen long-lived token must not be enough for (wire 3.5, 6.4).

use keystead_model::entity::group;
use keystead_model::error::ErrorCode;
use keystead_store::Reading;

use crate::auth::{AuthClass, Session};
use crate::documents;
use crate::error::{ApiError, ApiResult};

/// Demands a login of at least the group's `minimumAuthenticationClassForElevatedPrivileges`.
///
/// # Errors
/// 401 with the level that is needed: the official client then logs in again and repeats the request.
pub(crate) async fn require_elevated(tx: &mut (dyn Reading + '_), session: &Session) -> ApiResult<()> {
    let (_, group) = documents::load(tx, session.group(), &group::CLASS, session.group()).await?;
    let minimum = documents::text(&group, "minimumAuthenticationClassForElevatedPrivileges");
    let needed = minimum.and_then(class).unwrap_or(AuthClass::Password).level();
    if session.claims.level >= needed {
        return Ok(());
    }
    let mut error = ApiError::new(ErrorCode::StrongerLoginRequired, "this needs a stronger login than the session's");
    error.minimum_level = Some(needed);
    Err(error)
}

/// The authentication class with this name (wire 3.3).
fn class(name: &str) -> Option<AuthClass> {
    match name {
        "DIGITAL_ID" => Some(AuthClass::DigitalId),
        "TWO_FACTOR_AUTHENTICATION" => Some(AuthClass::TwoFactor),
        "SHORT_LIVED_TOKEN" => Some(AuthClass::ShortLivedToken),
        "EXTERNAL_AUTHENTICATION" => Some(AuthClass::External),
        "PASSWORD" => Some(AuthClass::Password),
        "LONG_LIVED_TOKEN" => Some(AuthClass::LongLivedToken),
        _ => None,
    }
}
