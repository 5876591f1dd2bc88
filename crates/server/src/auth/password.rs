//! Passwords, as Argon2id PHC strings (RFC 9106).

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Hashing takes 19 MiB and a core for some time: no more than two at once, the rest wait.
static HASHING: Semaphore = Semaphore::const_new(2);

/// A hash that no password has, verified when there is nothing else to verify, so that the time of
/// an answer does not tell whether a name is known.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$a2V5c3RlYWQtbm9ib2R5$\
                      Fh8UuU0y1iZ0v3Zq3r2mXQn6p9wCk8l1m4s7t0a5b2c";

/// The PHC string to store for `password`.
///
/// # Errors
/// The password cannot be hashed.
pub async fn hash(app: &App, password: &str) -> ApiResult<String> {
    let salt = app.rng.bytes::<16>();
    let password = zeroize::Zeroizing::new(password.to_owned());
    blocking(move || {
        Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|hash| hash.to_string())
            .map_err(|error| ApiError::internal(format!("argon2: {error}")))
    })
    .await?
}

/// Whether `password` is the one behind the PHC string `stored`; always false, after the same
/// time, where `stored` is `None`.
///
/// # Errors
/// The server is stopping.
pub async fn verify(password: &str, stored: Option<&[u8]>) -> ApiResult<bool> {
    let password = zeroize::Zeroizing::new(password.to_owned());
    let text = stored.and_then(|stored| std::str::from_utf8(stored).ok()).unwrap_or(NOBODY).to_owned();
    blocking(move || {
        PasswordHash::new(&text).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    let _permit = HASHING.acquire().await.map_err(|_| ApiError::internal("the hashing semaphore is closed"))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_hash_of_nobody_is_well_formed_and_matches_nothing() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify("", None).await.unwrap());
        assert!(!verify("password", None).await.unwrap());
    }
}
