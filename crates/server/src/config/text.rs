//! Text in the configuration that must arrive as it was written: secrets and numbers of telephones.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A secret of the configuration. It is never printed and never written: a configuration that is
/// serialised has the empty text in its place.
#[derive(Clone, Default)]
pub struct SecretText(SecretString);

impl SecretText {
    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        !self.expose().is_empty()
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_set() { "set" } else { "not set" })
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        exact(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// Reads text, and refuses a number without repeating it. An environment variable that looks like a
/// number would arrive without its leading zeros or its `+`.
pub(super) fn exact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Exact)
}

struct Exact;

impl Exact {
    fn refuse<E: Error>() -> Result<String, E> {
        Err(E::custom("expected text: write it inside double quotes, also in an environment variable ('\"0123\"')"))
    }
}

impl Visitor<'_> for Exact {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text inside double quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<String, E> {
        Self::refuse()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
        Self::refuse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_neither_printed_nor_written() {
        let secret = SecretText::from("hunter2");
        assert_eq!(format!("{secret:?}"), "set");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"\"");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_number_is_refused_without_repeating_it() {
        for json in ["4711", "-4711", "47.11"] {
            let error = serde_json::from_str::<SecretText>(json).unwrap_err().to_string();
            assert!(error.contains("double quotes") && !error.contains("47"), "{error}");
        }
    }
}
