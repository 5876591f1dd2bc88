//! Revisions: an opaque string with a leading counter, new with every write (wire 1.4).

use std::fmt;

/// A revision `N-<32 hex>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rev {
    counter: u64,
    text: String,
}

impl Rev {
    /// The first revision of a document, made from 16 random bytes.
    pub fn make_first(entropy: [u8; 16]) -> Self {
        Self::with(1, entropy)
    }

    /// The revision after this one, made from 16 random bytes.
    pub fn make_next(&self, entropy: [u8; 16]) -> Self {
        Self::with(self.counter.saturating_add(1), entropy)
    }

    /// Reads a revision; `None` where the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (counter, tail) = text.split_once('-')?;
        let well_formed = tail.len() == 32 && tail.bytes().all(|b| b.is_ascii_hexdigit());
        let counter = counter.parse().ok().filter(|_| well_formed)?;
        Some(Self { counter, text: text.to_owned() })
    }

    /// The text sent to clients.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn with(counter: u64, entropy: [u8; 16]) -> Self {
        Self { counter, text: format!("{counter}-{}", hex::encode(entropy)) }
    }
}

impl fmt::Display for Rev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_up_and_parses_back() {
        let first = Rev::make_first([7; 16]);
        let second = first.make_next([8; 16]);
        assert_eq!(first.as_str(), "1-07070707070707070707070707070707");
        assert!(second.as_str().starts_with("2-"));
        assert_eq!(Rev::parse(second.as_str()), Some(second));
    }

    #[test]
    fn refuses_what_is_not_a_revision() {
        for text in ["", "1", "1-", "x-07070707070707070707070707070707", "1-0707070707070707070707070707070z"] {
            assert_eq!(Rev::parse(text), None, "{text}");
        }
    }
}
