//! Before anybody is logged in: registration and login by a one-time code, sent by e-mail or SMS.
//!
//! `start` sends the code and gives an [`AuthenticationProcess`], which can be stored, so that an
//! application may be restarted while its user looks for the code. `complete` turns process and code into
//! an [`AuthenticationResult`] with a ready API. The first code ever sent to an address registers its user;
//! every later one logs the same user in.

mod builder;
mod complete;
mod process;
mod start;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keystead_crypto::key::PrivateKey;

pub use builder::AnonymousApiBuilder;
pub use complete::{AuthenticationResult, CompleteError};
pub use process::{AuthenticationProcess, Channel};
pub use start::{Start, StartError};

use crate::api::Parts;
use crate::call::Server;

struct Inner {
    parts: Arc<Parts>,
    server: Server,
    gateway: Server,
    spec: String,
    by_email: Option<String>,
    by_sms: Option<String>,
    key_pairs: Vec<PrivateKey>,
    token_validity: Duration,
}

/// The API of somebody who is not logged in.
#[derive(Clone)]
pub struct AnonymousApi {
    inner: Arc<Inner>,
}

impl AnonymousApi {
    /// Needed: `base_url`, `gateway_url`, `spec_id`, and a process by e-mail or SMS.
    pub fn builder() -> AnonymousApiBuilder {
        AnonymousApiBuilder::default()
    }

    /// Registration and login by a one-time code.
    pub fn authentication(&self) -> AnonymousAuthentication {
        AnonymousAuthentication { inner: self.inner.clone() }
    }
}

impl fmt::Debug for AnonymousApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnonymousApi").finish_non_exhaustive()
    }
}

/// Registration and login by a one-time code.
///
/// ```no_run
/// use keystead_sdk::{AnonymousApi, AuthenticationProcess, Captcha, Start};
/// # async fn example(anonymous: AnonymousApi, code: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let start = Start::by_sms("+32470123456", Captcha::Kerberus);
/// let process = anonymous.authentication().start(start).await?;
/// let stored = process.to_json(); // the application may end here
/// let process = AuthenticationProcess::from_json(&stored)?;
/// let result = anonymous.authentication().complete(&process, code).await?;
/// // save where only the user can read it: `result.token.expose()`
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AnonymousAuthentication {
    inner: Arc<Inner>,
}
