//! Texts that must not be seen: passwords, tokens, passphrases.

use zeroize::Zeroizing;

/// A secret text: wiped when dropped, without `Debug`, `Display` and `Serialize`, so that it does not end
/// up in a log by accident.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text itself, for whoever sends or stores it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A second copy, where two places have to keep it.
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}
