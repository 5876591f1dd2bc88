//! How an operator configured a process: whom it registers, how they are reached, what is sent.

use std::collections::BTreeMap;

use keystead_model::error::FieldError;
use serde::Serialize;
use serde_json::{Map, Value};

use super::captcha::CaptchaKind;
use super::template::{self, Template};
use crate::delivery::Channel;
use crate::users::register::RegistrantKind;

/// The settings of a process, as JSON in the store and on the command line.
///
/// ```json
/// {"kind": "patient", "channel": "email", "group": "…", "responsible": "…", "code_length": 6,
///  "code_minutes": 10, "captchas": ["kerberus"], "min_score": 0.7, "name": "Northwall clinic",
///  "templates": {"en": {"subject": "Your code", "body": "It is {{code}}."}}}
/// ```
///
/// Only `kind`, `channel` and `group` are needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessSettings {
    /// What the person becomes.
    pub kind: RegistrantKind,
    /// How the code is sent.
    pub channel: Channel,
    /// The group that the person joins.
    pub group: String,
    /// The healthcare party with whom new users share their future data, unless the request names
    /// another one. A patient process needs one of both (wire 2.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// Digits of a code: 4 to 12. A request may ask for more, never for fewer.
    pub code_length: u8,
    /// How long a code can be used, in minutes: 1 to 10.
    pub code_minutes: u8,
    /// The captchas accepted, as far as they are configured.
    pub captchas: Vec<CaptchaKind>,
    /// The lowest reCAPTCHA score accepted, 0 to 1; the configured one where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f64>,
    /// What `{{process}}` stands for in a template; the id of the process where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Texts by language; the built-in ones where there are none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, Template>,
}

const KEYS: [&str; 10] = [
    "kind",
    "channel",
    "group",
    "responsible",
    "code_length",
    "code_minutes",
    "captchas",
    "min_score",
    "name",
    "templates",
];

impl ProcessSettings {
    /// The settings with defaults for everything else.
    pub fn new(kind: RegistrantKind, channel: Channel, group: impl Into<String>) -> Self {
        Self {
            kind,
            channel,
            group: group.into(),
            responsible: None,
            code_length: 6,
            code_minutes: 10,
            captchas: CaptchaKind::ALL.to_vec(),
            min_score: None,
            name: None,
            templates: BTreeMap::new(),
        }
    }

    /// Reads and validates settings.
    ///
    /// # Errors
    /// The text is not JSON, or a field is unknown, missing or out of its bounds.
    pub fn parse(json: &str) -> Result<Self, FieldError> {
        let value: Value = serde_json::from_str(json).map_err(|_| FieldError::new("", "settings as JSON"))?;
        let Value::Object(fields) = &value else { return Err(FieldError::new("", "an object")) };
        if let Some(key) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(FieldError::new(key, format!("no such field; known are {}", KEYS.join(", "))));
        }
        let kind = match text(fields, "kind")?.as_deref() {
            Some("patient") => RegistrantKind::Patient,
            Some("hcp") => RegistrantKind::Hcp,
            _ => return Err(FieldError::new("kind", "one of patient, hcp")),
        };
        let channel = match text(fields, "channel")?.as_deref() {
            Some("email") => Channel::Email,
            Some("sms") => Channel::Sms,
            _ => return Err(FieldError::new("channel", "one of email, sms")),
        };
        let group = text(fields, "group")?.ok_or_else(|| FieldError::new("group", "the id of a group"))?;
        let mut settings = Self::new(kind, channel, group);
        settings.responsible = text(fields, "responsible")?;
        settings.name = text(fields, "name")?;
        settings.code_length = small(fields, "code_length", settings.code_length)?;
        settings.code_minutes = small(fields, "code_minutes", settings.code_minutes)?;
        if let Some(value) = present(fields, "captchas") {
            settings.captchas = captchas(value)?;
        }
        if let Some(value) = present(fields, "min_score") {
            settings.min_score = Some(value.as_f64().ok_or_else(|| FieldError::new("min_score", "a number"))?);
        }
        if let Some(value) = present(fields, "templates") {
            settings.templates = template::read(value).map_err(|error| error.under("templates"))?;
        }
        settings.validate()?;
        Ok(settings)
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn validate(&self) -> Result<(), FieldError> {
        let id = |text: &str| !text.trim().is_empty() && text.len() <= 255 && !text.chars().any(char::is_control);
        if !id(&self.group) {
            return Err(FieldError::new("group", "the id of a group"));
        }
        if self.responsible.as_deref().is_some_and(|text| !id(text)) {
            return Err(FieldError::new("responsible", "the id of a healthcare party"));
        }
        if self.name.as_deref().is_some_and(|text| !id(text)) {
            return Err(FieldError::new("name", "a text of at most 255 octets in one line"));
        }
        if !(4..=12).contains(&self.code_length) {
            return Err(FieldError::new("code_length", "4 to 12"));
        }
        if !(1..=10).contains(&self.code_minutes) {
            return Err(FieldError::new("code_minutes", "1 to 10"));
        }
        if self.captchas.is_empty() {
            return Err(FieldError::new("captchas", "at least one"));
        }
        if self.min_score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            return Err(FieldError::new("min_score", "0 to 1"));
        }
        for (language, template) in &self.templates {
            template.validate(self.channel).map_err(|error| error.under(language).under("templates"))?;
        }
        Ok(())
    }

    /// The settings as they are stored. [`Self::parse`] reads them back.
    pub fn to_json(&self) -> String {
        // a struct of text and numbers can always be written
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How long a code lives, in milliseconds.
    pub(super) fn code_lifetime(&self) -> i64 {
        i64::from(self.code_minutes) * 60_000
    }
}

fn present<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    fields.get(key).filter(|value| !value.is_null())
}

fn text(fields: &Map<String, Value>, key: &str) -> Result<Option<String>, FieldError> {
    match present(fields, key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(FieldError::new(key, "a text")),
    }
}

fn small(fields: &Map<String, Value>, key: &str, default: u8) -> Result<u8, FieldError> {
    let Some(value) = present(fields, key) else { return Ok(default) };
    value.as_u64().and_then(|number| u8::try_from(number).ok()).ok_or_else(|| FieldError::new(key, "a small integer"))
}

fn captchas(value: &Value) -> Result<Vec<CaptchaKind>, FieldError> {
    let wrong = || FieldError::new("captchas", format!("a list of {}", CaptchaKind::names(&CaptchaKind::ALL)));
    let list = value.as_array().ok_or_else(wrong)?;
    let mut kinds = Vec::with_capacity(list.len());
    for item in list {
        let kind = item.as_str().and_then(CaptchaKind::from_name).ok_or_else(wrong)?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"kind":"patient","channel":"email","group":"g"}"#;

    #[test]
    fn what_is_written_is_read_back() {
        let least = ProcessSettings::parse(LEAST).unwrap();
        assert_eq!(least, ProcessSettings::new(RegistrantKind::Patient, Channel::Email, "g"));
        let mut all = least;
        all.responsible = Some("h".into());
        all.name = Some("Northwall".into());
        all.min_score = Some(0.7);
        all.captchas = vec![CaptchaKind::Kerberus];
        all.templates.insert("en".into(), Template { subject: "s".into(), body: "{{code}}".into() });
        assert_eq!(ProcessSettings::parse(&all.to_json()).unwrap(), all);
    }

    #[test]
    fn a_mistake_is_named() {
        for (path, value) in [
            ("kind", "\"nurse\""),
            ("channel", "1"),
            ("group", "\"\""),
            ("group", "null"),
            ("responsible", "\" \""),
            ("code_length", "3"),
            ("code_length", "13"),
            ("code_length", "6.5"),
            ("code_minutes", "11"),
            ("code_minutes", "0"),
            ("captchas", "[]"),
            ("captchas", "[\"turnstile\"]"),
            ("min_score", "1.5"),
            ("templates", "[]"),
            ("templates.en.body", r#"{"en":{"subject":"s","body":"no code"}}"#),
            ("templates.en.body", r#"{"en":{"subject":"s","body":"{{code}} {{password}}"}}"#),
            ("templates.en.subject", r#"{"en":{"body":"{{code}}"}}"#),
            ("templates.en.subject", r#"{"en":{"subject":"a\nb","body":"{{code}}"}}"#),
            ("codeLength", "6"),
        ] {
            let mut fields: Map<String, Value> = serde_json::from_str(LEAST).unwrap();
            fields.insert(path.split('.').next().unwrap().into(), serde_json::from_str(value).unwrap());
            let error = ProcessSettings::parse(&Value::Object(fields).to_string()).unwrap_err();
            assert_eq!(error.path, path, "{value}");
        }
        assert_eq!(ProcessSettings::parse("[").unwrap_err().path, "");
        assert_eq!(ProcessSettings::parse("[]").unwrap_err().path, "");
    }
}
