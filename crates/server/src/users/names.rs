//! Login names: what a person types, brought to the one form that is stored and compared.

/// An e-mail address in its compared form: trimmed, lower case. `None` where it is none
/// (`.+@.+`, at most 254 characters, no white space or control characters).
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    (plain && !local.is_empty() && !domain.is_empty() && text.len() <= 254).then(|| text.to_lowercase())
}

/// A phone number in its compared form: digits with a leading `+` where it has one, without
/// spaces, dots, dashes, slashes and parentheses; a leading `00` is a `+`. `None` where it is none
/// (`\+?[0-9]{6,20}`).
pub fn phone(text: &str) -> Option<String> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '/' | '(' | ')' | '\u{a0}')).collect();
    let compact = match compact.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => compact,
    };
    let digits = compact.strip_prefix('+').unwrap_or(&compact);
    let valid = (6..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    valid.then_some(compact)
}

/// The forms under which a typed login name may be stored: as an e-mail address, as a phone
/// number, or as it is.
pub fn typed(text: &str) -> String {
    email(text).or_else(|| phone(text)).unwrap_or_else(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_for_what_people_type() {
        assert_eq!(email(" Dany@Example.ORG ").as_deref(), Some("dany@example.org"));
        assert_eq!(phone("0032 (470) 12.34-56").as_deref(), Some("+32470123456"));
        assert_eq!(phone("+32470123456").as_deref(), Some("+32470123456"));
        assert_eq!(typed("jorah"), "jorah");
        assert_eq!(typed("Jorah@Test"), "jorah@test");
    }

    #[test]
    fn what_is_neither() {
        for text in ["", "@", "a@", "@b", "a b@c", "12345", "+", "123456789012345678901", "12a456"] {
            assert_eq!((email(text), phone(text)), (None, None), "{text}");
        }
    }
}
