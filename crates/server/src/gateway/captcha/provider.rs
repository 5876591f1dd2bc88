//! Asking a provider of captchas.

use std::time::Duration;

use http::StatusCode;
use keystead_model::error::ErrorCode;
use serde_json::Value;

use crate::error::{ApiError, ApiResult};

const TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_LIMIT: usize = 64 << 10;

/// Sends `request` and reads the JSON of the answer, whatever its status.
///
/// # Errors
/// There is no such answer in time.
pub(super) async fn ask(request: reqwest::RequestBuilder) -> ApiResult<(StatusCode, Value)> {
    let mut response = request
        .timeout(TIMEOUT)
        .send()
        .await
        .map_err(|_| unavailable("the provider of a captcha cannot be reached"))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|_| unavailable("the answer of a captcha's provider broke off"))?
    {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err(unavailable("the answer of a captcha's provider is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    let answer = serde_json::from_slice(&body)
        .map_err(|_| unavailable(format!("a captcha's provider answered {status} without JSON")))?;
    Ok((status, answer))
}

/// The captcha cannot be verified, through no fault of the client.
pub(super) fn unavailable(internal: impl Into<String>) -> ApiError {
    let mut error =
        ApiError::new(ErrorCode::Unavailable, "the captcha cannot be verified at the moment: try again later");
    error.internal = Some(internal.into());
    error
}
