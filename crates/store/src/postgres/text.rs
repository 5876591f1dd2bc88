//! Texts as PostgreSQL can keep them in keys: it knows no NUL, and no key of more than a third of a page.
//!
//! Both forms keep texts apart that differ, and in their order as far as the first hundreds of octets tell.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

/// Longest text that is kept whole in a key.
pub(super) const WHOLE: usize = 800;
/// What stands between the beginning of a longer one and its digest; no text that is kept whole has it there.
const CUT: &str = "\u{10ffff}#";

/// The text without NUL: U+0000 becomes U+0001 U+0001, and U+0001 becomes U+0001 U+0002, which keeps the order.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte <= 1) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len() + 8), |mut escaped, character| {
        match character {
            '\0' => escaped.push_str("\u{1}\u{1}"),
            '\u{1}' => escaped.push_str("\u{1}\u{2}"),
            other => escaped.push(other),
        }
        escaped
    }))
}

/// The text that was escaped.
pub(super) fn unescape(text: String) -> String {
    if !text.contains('\u{1}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1}' => plain.push(if characters.next() == Some('\u{1}') { '\0' } else { '\u{1}' }),
            other => plain.push(other),
        }
    }
    plain
}

/// A text that is looked up and never read back: escaped and bounded.
pub(super) fn term(text: &str) -> Cow<'_, str> {
    if text.len() <= WHOLE {
        return escape(text);
    }
    let beginning = text.get(..text.floor_char_boundary(WHOLE)).unwrap_or_default();
    let mut bounded = escape(beginning).into_owned();
    bounded.push_str(CUT);
    for octet in Sha256::digest(text.as_bytes()) {
        bounded.push_str(&format!("{octet:02x}"));
    }
    Cow::Owned(bounded)
}

/// Many terms, as one parameter.
pub(super) fn terms<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(|text| term(text.as_ref()).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_keep_their_order() {
        let mut texts =
            ["", "\0", "\0\0", "\0a", "\u{1}", "\u{1}\0", "\u{1}\u{1}", "\u{2}", "a", "a\0", "a\u{1}b", "é"];
        texts.sort_unstable();
        for (one, next) in texts.iter().zip(texts.iter().skip(1)) {
            assert!(escape(one) < escape(next), "{one:?} {next:?}");
            assert_eq!(unescape(escape(one).into_owned()), *one);
            assert!(!escape(one).contains('\0'));
        }
    }

    #[test]
    fn long_texts_are_bounded_and_kept_apart() {
        let (one, other) = (format!("{}a", "é".repeat(5_000)), format!("{}b", "é".repeat(5_000)));
        assert!(term(&one).len() < 1_000);
        assert_ne!(term(&one), term(&other));
        assert_eq!(term("short"), "short");
    }
}
