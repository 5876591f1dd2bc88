//! The solution of a captcha, as a client sends it (wire 2.2).

use keystead_model::error::FieldError;
use serde_json::{Map, Value};

use super::captcha::CaptchaKind;

/// A solution. It has no `Debug`, since it is a bearer of trust until it is used.
pub(super) enum Solution {
    /// A token of reCAPTCHA v3.
    Recaptcha(String),
    /// A solution of FriendlyCaptcha.
    Friendly(String),
    /// Nonces for a challenge of this server.
    Kerberus {
        /// The challenge.
        id: String,
        /// One nonce for each salt, as decimal digits.
        nonces: Vec<String>,
    },
}

const RECAPTCHA: &str = "g-recaptcha-response";
const FRIENDLY: &str = "friendly-captcha-response";
const KERBERUS: &str = "kerberus-response";
const SOLUTION_LIMIT: usize = 16 << 10;
const ID_LIMIT: usize = 256;
const NONCE_LIMIT: usize = 20;
const MOST_NONCES: usize = 64;

impl Solution {
    pub(super) fn kind(&self) -> CaptchaKind {
        match self {
            Self::Recaptcha(_) => CaptchaKind::Recaptcha,
            Self::Friendly(_) => CaptchaKind::FriendlyCaptcha,
            Self::Kerberus { .. } => CaptchaKind::Kerberus,
        }
    }

    /// Reads the one solution in the body of a start.
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let given = |key: &'static str| fields.get(key).filter(|value| !value.is_null()).map(|value| (key, value));
        let mut solutions = [RECAPTCHA, FRIENDLY, KERBERUS].into_iter().filter_map(given);
        let (Some((key, value)), None) = (solutions.next(), solutions.next()) else {
            let expected = format!("exactly one of {RECAPTCHA}, {FRIENDLY}, {KERBERUS} in it");
            return Err(FieldError::new("", expected));
        };
        match key {
            RECAPTCHA => token(key, value).map(Self::Recaptcha),
            FRIENDLY => token(key, value).map(Self::Friendly),
            _ => kerberus(value).map_err(|error| error.under(key)),
        }
    }
}

fn token(key: &str, value: &Value) -> Result<String, FieldError> {
    let text = value.as_str().filter(|text| !text.trim().is_empty() && text.len() <= SOLUTION_LIMIT);
    text.map(str::to_owned).ok_or_else(|| FieldError::new(key, format!("a text of 1 to {SOLUTION_LIMIT} octets")))
}

fn kerberus(value: &Value) -> Result<Solution, FieldError> {
    let id = value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= ID_LIMIT);
    let id = id.ok_or_else(|| FieldError::new("id", "the id of a challenge"))?.to_owned();
    let wrong = || FieldError::new("nonces", "a list with the decimal digits of a nonce for each salt");
    let list = value.get("nonces").and_then(Value::as_array).filter(|list| list.len() <= MOST_NONCES);
    let mut nonces = Vec::new();
    for item in list.ok_or_else(wrong)? {
        let digits =
            |text: &&str| (1..=NONCE_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        nonces.push(item.as_str().filter(digits).ok_or_else(wrong)?.to_owned());
    }
    Ok(Solution::Kerberus { id, nonces })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<CaptchaKind, String> {
        Solution::read(value.as_object().unwrap()).map(|solution| solution.kind()).map_err(|error| error.path)
    }

    #[test]
    fn exactly_one_solution() {
        assert_eq!(read(&json!({RECAPTCHA: "t", FRIENDLY: null})), Ok(CaptchaKind::Recaptcha));
        assert_eq!(read(&json!({FRIENDLY: "t", "x": 1})), Ok(CaptchaKind::FriendlyCaptcha));
        assert_eq!(read(&json!({KERBERUS: {"id": "i", "nonces": ["1"]}})), Ok(CaptchaKind::Kerberus));
        assert_eq!(read(&json!({})), Err(String::new()));
        assert_eq!(read(&json!({RECAPTCHA: "t", FRIENDLY: "t"})), Err(String::new()));
    }

    #[test]
    fn a_mistake_is_named() {
        for (value, path) in [
            (json!({RECAPTCHA: ""}), RECAPTCHA),
            (json!({RECAPTCHA: 1}), RECAPTCHA),
            (json!({FRIENDLY: "x".repeat(SOLUTION_LIMIT + 1)}), FRIENDLY),
            (json!({KERBERUS: "x"}), "kerberus-response.id"),
            (json!({KERBERUS: {"id": "", "nonces": []}}), "kerberus-response.id"),
            (json!({KERBERUS: {"id": "i"}}), "kerberus-response.nonces"),
            (json!({KERBERUS: {"id": "i", "nonces": [1]}}), "kerberus-response.nonces"),
            (json!({KERBERUS: {"id": "i", "nonces": ["-1"]}}), "kerberus-response.nonces"),
            (json!({KERBERUS: {"id": "i", "nonces": ["123456789012345678901"]}}), "kerberus-response.nonces"),
            (json!({KERBERUS: {"id": "i", "nonces": vec!["1"; 65]}}), "kerberus-response.nonces"),
        ] {
            assert_eq!(read(&value), Err(path.to_owned()));
        }
    }
}
