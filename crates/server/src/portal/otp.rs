//! Web OTP (portal 1.5): a text that a browser exchanges, once, for a session token in a cookie. It is not kept: it says
//! itself for whom and until when it is, under the server's secret; only that it was used is remembered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keystead_store::Writing;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::keys::Purpose;

/// How long one can be used, in milliseconds.
const LIFE: i64 = 300_000;
/// The longest text that is taken for one.
const MAX_OTP: usize = 2_048;

/// For whom it is.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    #[serde(rename = "g")]
    group: String,
    #[serde(rename = "c")]
    client: String,
    #[serde(rename = "u")]
    until: i64,
    #[serde(rename = "n")]
    once: String,
}

/// A new one for a client.
pub(super) fn make(app: &App, group: &str, client: &str) -> ApiResult<String> {
    let until = app.now().saturating_add(LIFE);
    let once = hex::encode(app.rng.bytes::<16>());
    let said = Said { group: group.to_owned(), client: client.to_owned(), until, once };
    let said = serde_json::to_vec(&said).map_err(|_| ApiError::internal("a web OTP as JSON"))?;
    let mac = app.keys.digest(Purpose::Code, &[b"web otp", &said]);
    Ok(format!("{}.{}", URL_SAFE_NO_PAD.encode(said), URL_SAFE_NO_PAD.encode(mac)))
}

/// Uses one up: the group and the client it is for. `None` for what is none, is over, or was used.
pub(super) async fn redeem(app: &App, tx: &mut dyn Writing, otp: &str) -> ApiResult<Option<(String, String)>> {
    let Some(said) = read(app, otp) else { return Ok(None) };
    if app.now() >= said.until || !tx.use_challenge(&format!("web otp {}", said.once), said.until).await? {
        return Ok(None);
    }
    Ok(Some((said.group, said.client)))
}

fn read(app: &App, otp: &str) -> Option<Said> {
    if otp.len() > MAX_OTP {
        return None;
    }
    let (said, mac) = otp.split_once('.')?;
    let (said, mac) = (URL_SAFE_NO_PAD.decode(said).ok()?, URL_SAFE_NO_PAD.decode(mac).ok()?);
    app.keys.verify(Purpose::Code, &[b"web otp", &said], &mac).then(|| serde_json::from_slice(&said).ok())?
}
