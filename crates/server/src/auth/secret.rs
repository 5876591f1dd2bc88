//! Secrets that a user logs in with: passwords, tokens and validated one-time codes.

use keystead_store::Writing;
use keystead_store::accounts::{Account, Secret, SecretKind};

use crate::app::App;
use crate::error::ApiResult;
use crate::keys::Purpose;

/// How long a validated one-time code is accepted as a password (wire 2.3).
pub const CODE_LIFETIME_MS: i64 = 600_000;

/// The digest under which a token or code of an account is stored.
pub fn token_digest(app: &App, account: &Account, token: &str) -> Vec<u8> {
    app.keys.digest(Purpose::Token, &[account.group.as_bytes(), account.user.as_bytes(), token.as_bytes()])
}

/// Accepts a validated one-time code as a short-lived token of the account. Several can live at
/// the same time.
///
/// # Errors
/// The store fails.
pub async fn accept_code(app: &App, tx: &mut dyn Writing, account: &Account, code: &str) -> ApiResult<()> {
    let digest = token_digest(app, account, code);
    let now = app.now();
    let secret = Secret {
        kind: SecretKind::Code,
        name: hex::encode(app.rng.bytes::<8>()),
        digest,
        created: now,
        expires: Some(now + CODE_LIFETIME_MS),
    };
    Ok(tx.set_secret(account, &secret).await?)
}
