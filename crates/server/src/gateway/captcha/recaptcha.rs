//! reCAPTCHA v3: `POST {base}/siteverify` with `secret` and `response`.

use serde_json::Value;

use super::provider::{ask, unavailable};
use super::rejected;
use crate::config::RecaptchaConfig;
use crate::error::ApiResult;

/// The error codes that are about the token. Every other one is about this server's configuration.
const TOKEN_ERRORS: [&str; 3] = ["missing-input-response", "invalid-input-response", "timeout-or-duplicate"];

pub(super) async fn verify(http: &reqwest::Client, config: &RecaptchaConfig, least: f64, token: &str) -> ApiResult<()> {
    let url = format!("{}/siteverify", config.base_url.trim_end_matches('/'));
    // the address of the person is not sent: Google needs no more than the token
    let form = [("secret", config.secret.expose()), ("response", token)];
    let (status, answer) = ask(http.post(url).form(&form)).await?;
    if !status.is_success() {
        return Err(unavailable(format!("reCAPTCHA answered {status}")));
    }
    judge(&answer, config, least)
}

fn judge(answer: &Value, config: &RecaptchaConfig, least: f64) -> ApiResult<()> {
    match answer.get("success").and_then(Value::as_bool) {
        Some(true) => {}
        Some(false) => {
            let errors = answer.get("error-codes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let ours = |error: &Value| !error.as_str().is_some_and(|code| TOKEN_ERRORS.contains(&code));
            if errors.iter().any(ours) {
                return Err(unavailable("reCAPTCHA refuses this server: check captcha.recaptcha.secret"));
            }
            return Err(rejected());
        }
        None => return Err(unavailable("reCAPTCHA did not say whether the solution is right")),
    }
    let Some(score) = answer.get("score").and_then(Value::as_f64) else {
        return Err(unavailable("reCAPTCHA gave no score: captcha.recaptcha.secret must be of a v3 site"));
    };
    let action = answer.get("action").and_then(Value::as_str).unwrap_or_default();
    if score < least || (!config.action.is_empty() && action != config.action) {
        return Err(rejected());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_good_answer_passes() {
        let mut config = RecaptchaConfig { action: "start".into(), ..RecaptchaConfig::default() };
        let status =
            |config: &RecaptchaConfig, answer| judge(&answer, config, 0.5).map_err(|error| error.code.status());
        let good = json!({"success": true, "score": 0.5, "action": "start"});
        assert_eq!(status(&config, good.clone()), Ok(()));
        for (answer, expected) in [
            (json!({"success": true, "score": 0.49, "action": "start"}), 403),
            (json!({"success": true, "score": 0.9, "action": "other"}), 403),
            (json!({"success": true, "score": 0.9}), 403),
            (json!({"success": true, "action": "start"}), 503),
            (json!({"success": "true", "score": 0.9, "action": "start"}), 503),
            (json!({"success": false}), 403),
            (json!({"success": false, "error-codes": ["timeout-or-duplicate"]}), 403),
            (json!({"success": false, "error-codes": ["invalid-input-response", "invalid-input-secret"]}), 503),
            (json!([]), 503),
        ] {
            assert_eq!(status(&config, answer.clone()), Err(expected), "{answer}");
        }
        config.action.clear();
        assert_eq!(status(&config, json!({"success": true, "score": 0.9, "action": "other"})), Ok(()));
    }
}
