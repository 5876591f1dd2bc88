//! What the gateway reads from a body: few texts, each with a limit. What it does not know it leaves
//! alone, since three generations of clients send different things (wire 7.2).

use axum::extract::Request;
use keystead_model::error::FieldError;
use serde_json::{Map, Value};

use super::solution::Solution;
use crate::delivery::Channel;
use crate::error::{ApiError, ApiResult};
use crate::http::{read_body, read_value};
use crate::users::names;
use crate::users::register::Address;

const BODY_LIMIT: usize = 64 << 10;
const NAME_LIMIT: usize = 200;
const ADDRESS_LIMIT: usize = 320;
const ID_LIMIT: usize = 255;
const LANGUAGE_LIMIT: usize = 35;

/// Reads a body that is an object.
pub(super) async fn object(request: Request) -> ApiResult<Map<String, Value>> {
    match read_value(&read_body(request, BODY_LIMIT).await?)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(FieldError::new("", "an object").into()),
    }
}

/// A text of at most `limit` characters without control characters, trimmed; empty where it is
/// absent.
pub(super) fn line(fields: &Map<String, Value>, key: &str, limit: usize) -> Result<String, FieldError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.chars().count() <= limit && !text.chars().any(char::is_control) => {
            Ok(text.trim().to_owned())
        }
        Some(_) => Err(FieldError::new(key, format!("a text of at most {limit} characters in one line"))),
    }
}

/// The body of a start (wire 2.2).
pub(super) struct StartBody {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) hcp: Option<String>,
    pub(super) language: Option<String>,
    pub(super) solution: Solution,
    email: String,
    mobile_phone: String,
    from: String,
}

impl StartBody {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            first_name: line(fields, "firstName", NAME_LIMIT)?,
            last_name: line(fields, "lastName", NAME_LIMIT)?,
            email: line(fields, "email", ADDRESS_LIMIT)?,
            mobile_phone: line(fields, "mobilePhone", ADDRESS_LIMIT)?,
            from: line(fields, "from", ADDRESS_LIMIT)?,
            hcp: given(line(fields, "hcpId", ID_LIMIT)?),
            language: given(line(fields, "language", LANGUAGE_LIMIT)?),
            solution: Solution::read(fields)?,
        })
    }

    /// The address that the code is sent to, by the channel of the process. Older clients repeat it
    /// in `from`.
    pub(super) fn address(&self, channel: Channel) -> ApiResult<Address> {
        let (field, typed) = match channel {
            Channel::Email => ("email", &self.email),
            Channel::Sms => ("mobilePhone", &self.mobile_phone),
        };
        let typed = if typed.is_empty() { &self.from } else { typed };
        address(channel, typed).ok_or_else(|| FieldError::new(field, expected(channel)).into())
    }
}

/// The compared form of an address; `None` where nothing can be sent to it.
pub(super) fn address(channel: Channel, typed: &str) -> Option<Address> {
    match channel {
        Channel::Email => {
            names::email(typed).filter(|email| email.parse::<lettre::Address>().is_ok()).map(Address::Email)
        }
        Channel::Sms => names::phone(typed).map(Address::Phone),
    }
}

/// What is expected of an address.
pub(super) fn expected(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "an e-mail address",
        Channel::Sms => "a phone number of 6 to 20 digits, with + and the country's code where it is abroad",
    }
}

/// The length of code that a query asks for; older clients ask for 6.
pub(super) fn code_length(typed: Option<&str>) -> ApiResult<u8> {
    match typed {
        None | Some("") => Ok(0),
        Some(text) => text
            .parse()
            .ok()
            .filter(|length| (4..=12).contains(length))
            .ok_or_else(|| ApiError::malformed("codeLength: expected 4 to 12")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<StartBody, FieldError> {
        StartBody::read(value.as_object().unwrap())
    }

    #[test]
    fn three_generations_of_clients() {
        let new = json!({"firstName": "D", "lastName": "T", "g-recaptcha-response": "t", "email": " D@X.org", "mobilePhone": ""});
        let body = read(new).unwrap();
        assert_eq!(body.address(Channel::Email).unwrap(), Address::Email("d@x.org".into()));
        assert_eq!(body.address(Channel::Sms).unwrap_err().field.as_deref(), Some("mobilePhone"));
        let old = json!({"g-recaptcha-response": "t", "from": "+32 470 12 34 56", "hcpId": "h", "x": {"y": []}});
        let body = read(old).unwrap();
        assert_eq!(body.hcp.as_deref(), Some("h"));
        assert_eq!(body.address(Channel::Sms).unwrap(), Address::Phone("+32470123456".into()));
        let nulls = json!({"g-recaptcha-response": "t", "email": "a@b.org", "firstName": null, "hcpId": ""});
        assert_eq!(read(nulls).unwrap().hcp, None);
    }

    #[test]
    fn a_mistake_is_named_and_not_repeated() {
        for (key, value) in [
            ("firstName", json!("x".repeat(201))),
            ("lastName", json!("a\r\nBcc: b")),
            ("email", json!(["a@b.org"])),
            ("hcpId", json!("x".repeat(256))),
            ("language", json!(1)),
        ] {
            let mut body = json!({"g-recaptcha-response": "t"});
            body[key] = value;
            let error = read(body).err().unwrap();
            assert_eq!(error.path, key);
            assert!(!error.to_string().contains("Bcc"));
        }
    }

    #[test]
    fn addresses_that_mail_cannot_reach() {
        for typed in ["", "dany", "a@b@c", "a b@c.org", "<a@b.org>", "a@b.org\u{a0}x", "a@-", "@b.org"] {
            assert_eq!(address(Channel::Email, typed), None, "{typed}");
        }
    }

    #[test]
    fn the_length_of_a_code() {
        assert_eq!(code_length(None).unwrap(), 0);
        assert_eq!(code_length(Some("6")).unwrap(), 6);
        for text in ["3", "13", "-1", "six", "6.0", "99999999999"] {
            assert!(code_length(Some(text)).is_err(), "{text}");
        }
    }
}
