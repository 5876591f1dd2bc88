//! The second factor: time-based one-time passwords (RFC 6238), SHA-1, 30 seconds.

use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::accounts::{Account, Secret, SecretKind};
use totp_rs::{Algorithm, Builder, Totp};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

const STEP_SECONDS: u64 = 30;

fn context(account: &Account) -> String {
    format!("totp:{}:{}", account.group, account.user)
}

fn decode_secret(text: &str) -> Option<Vec<u8>> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace() && *c != '=').collect();
    totp_rs::Secret::try_from_base32(compact.to_uppercase()).ok().map(|secret| secret.as_bytes().to_vec())
}

fn generator(secret: &[u8], digits: u8) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(digits)
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret.to_vec())
        .build()
        .ok()
}

/// Demands a second factor from now on, made from `secret` (base32, at least 16 bytes).
///
/// # Errors
/// The secret or the number of digits is not what it should be.
pub async fn enable(app: &App, tx: &mut dyn Writing, account: &Account, secret: &str, digits: u8) -> ApiResult<()> {
    if !(6..=8).contains(&digits) {
        return Err(FieldError::new("otpLength", "6, 7 or 8").into());
    }
    let bytes = decode_secret(secret).filter(|bytes| (10..=128).contains(&bytes.len()));
    let bytes = bytes.ok_or_else(|| FieldError::new("secret", "a base32 secret of 10 to 128 bytes"))?;
    let mut plain = vec![digits];
    plain.extend_from_slice(&bytes);
    let stored = Secret {
        kind: SecretKind::Totp,
        name: String::new(),
        digest: app.keys.seal(&*app.rng, &context(account), &plain),
        created: app.now(),
        expires: None,
    };
    Ok(tx.set_secret(account, &stored).await?)
}

/// Demands no second factor any more.
///
/// # Errors
/// The store fails.
pub async fn disable(tx: &mut dyn Writing, account: &Account) -> ApiResult<()> {
    Ok(tx.remove_secret(account, SecretKind::Totp, "").await?)
}

/// Whether `code` is right at this moment, one step early or late, and was not used before.
///
/// # Errors
/// The store fails.
pub async fn verify(
    app: &App,
    tx: &mut dyn Writing,
    account: &Account,
    stored: &Secret,
    code: &str,
) -> ApiResult<bool> {
    let plain = app.keys.open(&context(account), &stored.digest);
    let plain = plain.ok_or_else(|| ApiError::internal("a stored second factor cannot be opened"))?;
    let Some((digits, secret)) = plain.split_first() else { return Ok(false) };
    let Some(totp) = generator(secret, *digits) else { return Ok(false) };
    let now = u64::try_from(app.now() / 1000).unwrap_or_default() / STEP_SECONDS;
    for step in now.saturating_sub(1)..=now + 1 {
        let expected = totp.generate(step * STEP_SECONDS).to_string();
        if aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok() {
            let once = format!("{}:{step}", context(account));
            return Ok(tx.use_challenge(&once, app.now() + 5 * 60_000).await?);
        }
    }
    Ok(false)
}
