//! FriendlyCaptcha: `POST {base}/siteverify`, with the API key in the body (version 1) or in a header
//! (version 2).

use http::StatusCode;
use serde_json::{Value, json};

use super::provider::{ask, unavailable};
use super::rejected;
use crate::config::FriendlyCaptchaConfig;
use crate::error::ApiResult;

/// The error codes that are about the solution. Every other one is about this server's configuration.
const SOLUTION_ERRORS: [&str; 7] = [
    "solution_missing",
    "solution_invalid",
    "solution_timeout_or_duplicate",
    "response_missing",
    "response_invalid",
    "response_timeout",
    "response_duplicate",
];

pub(super) async fn verify(http: &reqwest::Client, config: &FriendlyCaptchaConfig, solution: &str) -> ApiResult<()> {
    let url = format!("{}/siteverify", config.base_url().trim_end_matches('/'));
    let secret = config.secret.expose();
    let mut body = if config.version == 1 {
        json!({"solution": solution, "secret": secret})
    } else {
        json!({"response": solution})
    };
    if let (Some(fields), false) = (body.as_object_mut(), config.site_key.is_empty()) {
        fields.insert("sitekey".into(), config.site_key.as_str().into());
    }
    let mut request = http.post(url).json(&body);
    if config.version != 1 {
        let mut key = http::HeaderValue::from_str(secret)
            .map_err(|_| unavailable("captcha.friendly_captcha.secret cannot stand in a header"))?;
        key.set_sensitive(true);
        request = request.header("x-api-key", key);
    }
    let (status, answer) = ask(request).await?;
    judge(status, &answer)
}

fn judge(status: StatusCode, answer: &Value) -> ApiResult<()> {
    match answer.get("success").and_then(Value::as_bool) {
        Some(true) if status.is_success() => Ok(()),
        Some(false) => {
            let first = answer.pointer("/errors/0").or_else(|| answer.pointer("/error/error_code"));
            match first.and_then(Value::as_str) {
                Some(code) if !SOLUTION_ERRORS.contains(&code) => {
                    Err(unavailable("FriendlyCaptcha refuses this server: check captcha.friendly_captcha"))
                }
                _ => Err(rejected()),
            }
        }
        _ => Err(unavailable(format!("FriendlyCaptcha answered {status} without a verdict"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_answer_passes() {
        let status = |code: u16, answer| {
            judge(StatusCode::from_u16(code).unwrap(), &answer).map_err(|error| error.code.status())
        };
        assert_eq!(status(200, json!({"success": true})), Ok(()));
        for (code, answer, expected) in [
            (200, json!({"success": false, "errors": ["solution_timeout_or_duplicate"]}), 403),
            (200, json!({"success": false, "error": {"error_code": "response_invalid"}}), 403),
            (200, json!({"success": false}), 403),
            (401, json!({"success": false, "errors": ["secret_invalid"]}), 503),
            (401, json!({"success": false, "error": {"error_code": "auth_invalid"}}), 503),
            (500, json!({"success": true}), 503),
            (200, json!({}), 503),
        ] {
            assert_eq!(status(code, answer.clone()), Err(expected), "{answer}");
        }
    }
}
