//! Texts with variables, in several languages.

use std::collections::BTreeMap;

use keystead_model::error::FieldError;
use serde::Serialize;
use serde_json::Value;

use super::names;
use crate::delivery::Channel;

/// The text of a message. `{{code}}`, `{{firstName}}`, `{{lastName}}`, `{{minutes}}` and
/// `{{process}}` stand for what their names say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Template {
    /// The subject of an e-mail; unused for an SMS.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The text, which must contain `{{code}}`.
    pub body: String,
}

/// What the variables stand for.
pub(super) struct Variables<'a> {
    pub(super) code: &'a str,
    pub(super) first_name: &'a str,
    pub(super) last_name: &'a str,
    pub(super) minutes: u8,
    pub(super) process: &'a str,
}

const NAMES: [&str; 5] = ["code", "firstName", "lastName", "minutes", "process"];
const MOST_LANGUAGES: usize = 50;
const SUBJECT_LIMIT: usize = 200;
const BODY_LIMIT: usize = 10_000;
const SMS_LIMIT: usize = 1_000;

impl Template {
    pub(super) fn validate(&self, channel: Channel) -> Result<(), FieldError> {
        if channel == Channel::Email && self.subject.trim().is_empty() {
            return Err(FieldError::new("subject", "a text, since the channel is email"));
        }
        if self.subject.chars().count() > SUBJECT_LIMIT || self.subject.chars().any(char::is_control) {
            return Err(FieldError::new("subject", format!("at most {SUBJECT_LIMIT} characters in one line")));
        }
        let limit = if channel == Channel::Sms { SMS_LIMIT } else { BODY_LIMIT };
        if self.body.chars().count() > limit {
            return Err(FieldError::new("body", format!("at most {limit} characters")));
        }
        for (field, text) in [("subject", &self.subject), ("body", &self.body)] {
            let known = pieces(text).all(|piece| !matches!(piece, Piece::Variable(name) if !NAMES.contains(&name)));
            if !known {
                let names = NAMES.map(|name| format!("{{{{{name}}}}}")).join(", ");
                return Err(FieldError::new(field, format!("no other variables than {names}")));
            }
        }
        if pieces(&self.body).any(|piece| piece == Piece::Variable("code")) {
            return Ok(());
        }
        Err(FieldError::new("body", "a text with {{code}}"))
    }

    /// The subject and the body. Names that could mislead a reader are left out ([`names`]).
    pub(super) fn render(&self, variables: &Variables<'_>) -> (String, String) {
        (fill(&self.subject, variables), fill(&self.body, variables))
    }
}

/// Reads templates by language.
pub(super) fn read(value: &Value) -> Result<BTreeMap<String, Template>, FieldError> {
    let languages = value.as_object().ok_or_else(|| FieldError::new("", "an object by language"))?;
    if languages.len() > MOST_LANGUAGES {
        return Err(FieldError::new("", format!("at most {MOST_LANGUAGES} languages")));
    }
    let mut templates = BTreeMap::new();
    for (language, value) in languages {
        let template = read_one(value).map_err(|error| error.under(language))?;
        let tag = language.to_ascii_lowercase();
        let valid =
            (2..=35).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !valid {
            return Err(FieldError::new("", "languages such as en or nl-BE"));
        }
        templates.insert(tag, template);
    }
    Ok(templates)
}

fn read_one(value: &Value) -> Result<Template, FieldError> {
    let fields = value.as_object().ok_or_else(|| FieldError::new("", "an object with subject and body"))?;
    if let Some(key) = fields.keys().find(|key| !matches!(key.as_str(), "subject" | "body")) {
        return Err(FieldError::new(key, "no such field; known are subject, body"));
    }
    let text = |key: &str| match fields.get(key) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(FieldError::new(key, "a text")),
    };
    Ok(Template { subject: text("subject")?, body: text("body")? })
}

/// The template for the first of `wanted` that there is one for, by the whole tag or by its language
/// alone; else the English one; else the first.
pub(super) fn choose(
    templates: &BTreeMap<String, Template>,
    channel: Channel,
    wanted: impl IntoIterator<Item = String>,
) -> Template {
    let own = |tag: &str| templates.get(tag).cloned();
    let built_in = |tag: &str| if templates.is_empty() { built_in(channel, tag) } else { None };
    let find = |tag: &str| own(tag).or_else(|| built_in(tag));
    wanted
        .into_iter()
        .find_map(|tag| find(&tag).or_else(|| find(tag.split('-').next()?)))
        .or_else(|| find("en"))
        .or_else(|| templates.values().next().cloned())
        .unwrap_or_else(|| Template { subject: String::new(), body: "{{code}}".into() })
}

/// The texts of a process without templates. They name nobody: whoever asks for a code chooses the
/// names, and may have chosen somebody else's address.
fn built_in(channel: Channel, language: &str) -> Option<Template> {
    let (subject, body, sms) = match language {
        "en" => (
            "Your code: {{code}}",
            "Your code is {{code}}\n\nIt is valid for {{minutes}} minutes. Give it to nobody. If you did not ask for it, ignore this message: nothing happens without the code.\n",
            "Your code is {{code}}. It is valid for {{minutes}} minutes. Give it to nobody.",
        ),
        "fr" => (
            "Votre code : {{code}}",
            "Votre code est {{code}}\n\nIl est valable {{minutes}} minutes. Ne le donnez à personne. Si vous ne l'avez pas demandé, ignorez ce message : rien ne se passe sans le code.\n",
            "Votre code est {{code}}. Il est valable {{minutes}} minutes. Ne le donnez à personne.",
        ),
        "nl" => (
            "Uw code: {{code}}",
            "Uw code is {{code}}\n\nDeze is {{minutes}} minuten geldig. Geef hem aan niemand. Hebt u er niet om gevraagd, negeer dan dit bericht: zonder de code gebeurt er niets.\n",
            "Uw code is {{code}}. Deze is {{minutes}} minuten geldig. Geef hem aan niemand.",
        ),
        "de" => (
            "Ihr Code: {{code}}",
            "Ihr Code ist {{code}}\n\nEr gilt {{minutes}} Minuten. Geben Sie ihn niemandem. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht: Ohne den Code geschieht nichts.\n",
            "Ihr Code ist {{code}}. Er gilt {{minutes}} Minuten. Geben Sie ihn niemandem.",
        ),
        _ => return None,
    };
    Some(match channel {
        Channel::Email => Template { subject: subject.into(), body: body.into() },
        Channel::Sms => Template { subject: String::new(), body: sms.into() },
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// `text` cut at its `{{variables}}`. What is put in for one is never looked at again.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    let mut variable = None;
    std::iter::from_fn(move || {
        if let Some(name) = variable.take() {
            return Some(Piece::Variable(name));
        }
        if rest.is_empty() {
            return None;
        }
        let found = rest.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)));
        let Some((before, (name, after))) = found else {
            return Some(Piece::Text(std::mem::take(&mut rest)));
        };
        rest = after;
        variable = Some(name.trim());
        Some(Piece::Text(before))
    })
}

fn fill(text: &str, variables: &Variables<'_>) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable("code") => out.push_str(variables.code),
            Piece::Variable("firstName") => out.push_str(names::shown(variables.first_name)),
            Piece::Variable("lastName") => out.push_str(names::shown(variables.last_name)),
            Piece::Variable("minutes") => out.push_str(&variables.minutes.to_string()),
            Piece::Variable("process") => out.push_str(variables.process),
            Piece::Variable(_) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Variables<'static> {
        Variables { code: "123456", first_name: "{{code}}", last_name: "Targaryen", minutes: 10, process: "p" }
    }

    #[test]
    fn fills_in_each_variable_once() {
        let body = "{{firstName}} {{ lastName }}: {{code}} for {{minutes}} in {{process}} {{";
        let template = Template { subject: "{{code}}{{code}}".into(), body: body.into() };
        let (subject, text) = template.render(&variables());
        assert_eq!(subject, "123456123456");
        assert_eq!(text, "{{code}} Targaryen: 123456 for 10 in p {{");
    }

    #[test]
    fn the_built_in_texts_are_valid_and_name_nobody() {
        for channel in [Channel::Email, Channel::Sms] {
            for language in ["en", "fr", "nl", "de"] {
                let template = built_in(channel, language).unwrap();
                template.validate(channel).unwrap();
                assert!(!template.body.contains("Name}}"));
            }
        }
    }

    #[test]
    fn the_best_language_wins() {
        let of = |tags: &[&str]| -> BTreeMap<String, Template> {
            let text = |tag: &&str| ((*tag).to_owned(), Template { subject: (*tag).into(), body: String::new() });
            tags.iter().map(text).collect()
        };
        let pick = |templates: &BTreeMap<_, _>, wanted: &[&str]| {
            choose(templates, Channel::Email, wanted.iter().map(|tag| (*tag).to_owned())).subject
        };
        let own = of(&["nl", "nl-be", "pt"]);
        assert_eq!(pick(&own, &["nl-be"]), "nl-be");
        assert_eq!(pick(&own, &["nl-nl"]), "nl");
        assert_eq!(pick(&own, &["fr", "pt"]), "pt");
        assert_eq!(pick(&own, &["fr"]), "nl");
        assert_eq!(pick(&of(&["en", "de"]), &["fr"]), "en");
        assert!(pick(&of(&[]), &["fr-be"]).starts_with("Votre"));
        assert!(pick(&of(&[]), &["ja"]).starts_with("Your"));
    }
}
