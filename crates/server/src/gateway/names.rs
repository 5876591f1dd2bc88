//! Names of people in messages. Anybody may ask for a code for any address, under any name, so a name
//! must not be able to carry an advertisement or a link.

/// The name as it may stand in a message: empty where it looks like anything but a name.
pub(super) fn shown(name: &str) -> &str {
    if looks_like_a_name(name) { name } else { "" }
}

fn looks_like_a_name(name: &str) -> bool {
    name.chars().count() <= 60
        && !name.contains(['/', ':', '@', '<', '>', '\\', '#', '?', '='])
        && !name.chars().any(char::is_control)
        && !name.split_whitespace().any(looks_like_a_host)
}

/// Whether mail programs would make a link of `word`: `example.org`, but not `J.R.R.` or `St.`
fn looks_like_a_host(word: &str) -> bool {
    let mut labels = word.split('.');
    let first = labels.next().unwrap_or_default();
    !first.is_empty() && labels.any(|label| label.chars().take_while(|c| c.is_alphanumeric()).count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay() {
        for name in
            ["", "Daenerys", "J.R.R. Tolkien", "St. John", "O'Neill-Ødegård", "Martin Jr.", "李 小龍", "D. Snow"]
        {
            assert_eq!(shown(name), name);
        }
    }

    #[test]
    fn what_is_no_name_goes() {
        for name in ["www.example.org", "buy at example.org now", "https://x", "a@b.org", "<b>won</b>", "one\ntwo"] {
            assert_eq!(shown(name), "", "{name}");
        }
        assert_eq!(shown(&"a".repeat(61)), "");
    }
}
