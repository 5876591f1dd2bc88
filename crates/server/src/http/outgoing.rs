//! The one client for outgoing HTTP, with its limits.

use std::time::Duration;

/// A client that follows no redirect and gives up after ten seconds.
///
/// # Errors
/// The TLS backend cannot be set up.
pub fn outgoing() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .pool_max_idle_per_host(4)
        .user_agent(concat!("keystead/", env!("CARGO_PKG_VERSION")))
        .build()
}
