//! HTTP Basic authentication, for the gateway's invitations and for older clients (wire 2.4, 7.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use keystead_store::accounts::Account;
use zeroize::Zeroizing;

use super::{ClientIp, login};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The account whose name and password or token stand in the header `Authorization: Basic …`.
///
/// # Errors
/// 401 where the header is missing or the secret wrong or ambiguous, 429 after too many wrong ones.
pub async fn authenticate(app: &App, authorization: Option<&HeaderValue>, ip: ClientIp) -> ApiResult<Account> {
    Ok(prove(app, authorization, ip).await?.account)
}

/// The account, and how well it was proven.
///
/// # Errors
/// As [`authenticate`].
pub(super) async fn prove(app: &App, authorization: Option<&HeaderValue>, ip: ClientIp) -> ApiResult<login::Proven> {
    let encoded = authorization
        .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
        .filter(|encoded| encoded.len() <= 4096)
        .ok_or_else(ApiError::unauthorized)?;
    let bytes = STANDARD.decode(encoded.trim()).map(Zeroizing::new).map_err(|_| ApiError::unauthorized())?;
    let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::unauthorized())?;
    let (name, secret) = text.split_once(':').ok_or_else(ApiError::unauthorized)?;
    // `group/user` is a login name too, so a name never contains the separator
    let (tx, proven) = login::prove(app, ip, name, secret, None).await?;
    tx.commit().await?;
    match <[login::Proven; 1]>::try_from(proven) {
        Ok([proven]) => Ok(proven),
        Err(_) => Err(ApiError::unauthorized()),
    }
}
