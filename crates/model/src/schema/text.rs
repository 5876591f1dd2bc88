//! What a text must look like to be base64, hex, a key, a fingerprint or an id (wire 8, legend).

/// How every RSA public key with exponent 65537 ends: the DER of the exponent, in hex.
const EXPONENT: &str = "0203010001";
/// How a public key of 2048 bits starts: the DER up to the modulus, whose first bit is set.
const SPKI_2048: &str = "30820122300d06092a864886f70d01010105000382010f003082010a0282010100";
/// How a public key of 4096 bits starts.
const SPKI_4096: &str = "30820222300d06092a864886f70d01010105000382020f003082020a0282020100";
/// Longest id, in characters (wire 1.4).
const LONGEST_ID: usize = 255;

/// 1 to 255 characters, not blank, without control characters.
pub(super) fn is_id(text: &str) -> bool {
    let short_enough = text.len() <= LONGEST_ID || text.chars().count() <= LONGEST_ID;
    short_enough && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Base64 in the standard alphabet, padded, with nothing in the bits that padding leaves over.
pub(super) fn is_b64(text: &str) -> bool {
    if !text.len().is_multiple_of(4) {
        return false;
    }
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let unused_bits = match text.len() - digits.len() {
        0 => 0,
        1 => 0b11,
        _ => 0b1111,
    };
    let last = digits.bytes().next_back().and_then(digit64).unwrap_or(0);
    each(digits, |byte| byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/')) && last & unused_bits == 0
}

/// Whether each byte fits, without stopping at the first that does not: so the compiler can look at many
/// at once, and nearly all texts fit.
fn each(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & fits(byte))
}

fn digit64(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Whole bytes in hex, in either case; none at all is hex too.
pub(super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && each(text, |byte| byte.is_ascii_hexdigit())
}

fn is_lower_hex(text: &str, length: usize) -> bool {
    text.len() == length && each(text, |byte| byte.is_ascii_digit() | matches!(byte, b'a'..=b'f'))
}

/// 64 lower-case hex characters.
pub(crate) fn is_sha256_hex(text: &str) -> bool {
    is_lower_hex(text, 64)
}

/// 32 lower-case hex characters.
pub(super) fn is_hex32(text: &str) -> bool {
    is_lower_hex(text, 32)
}

/// The same two patterns as in the client, which refuses a whole data owner over any other key.
pub(super) fn is_spki(text: &str) -> bool {
    let modulus = |prefix| text.strip_prefix(prefix).and_then(|rest: &str| rest.strip_suffix(EXPONENT));
    modulus(SPKI_2048).is_some_and(|hex| is_lower_hex(hex, 512))
        || modulus(SPKI_4096).is_some_and(|hex| is_lower_hex(hex, 1024))
}

/// The end of a public key: 22 lower-case hex characters and the exponent.
pub(super) fn is_fp_v1(text: &str) -> bool {
    text.strip_suffix(EXPONENT).is_some_and(is_fp_v2)
}

/// 22 lower-case hex characters.
pub(super) fn is_fp_v2(text: &str) -> bool {
    is_lower_hex(text, 22)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_padded_and_canonical() {
        for good in ["", "AA==", "AAA=", "AAAA", "+/+/", "QUJD", "/w=="] {
            assert!(is_b64(good), "{good}");
        }
        for bad in ["A", "AA", "AAA", "AA=A", "=AAA", "====", "AAA-", "AA_A", "AAAA\n", "AB==", "AAB=", "A===", "ééAA"]
        {
            assert!(!is_b64(bad), "{bad}");
        }
    }

    #[test]
    fn base64_agrees_with_the_codec() {
        use base64::Engine as _;
        let codec = base64::engine::general_purpose::STANDARD;
        for text in ["AA==", "AB==", "AAA=", "AAB=", "AAAA", "A", "AA", "=", "==", "A=A=", "////", "a b=", "QQ"] {
            assert_eq!(is_b64(text), codec.decode(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn keys_have_one_of_two_sizes() {
        let key = |prefix: &str, digits: usize| format!("{prefix}{}{EXPONENT}", "8f".repeat(digits / 2));
        assert!(is_spki(&key(SPKI_2048, 512)));
        assert!(is_spki(&key(SPKI_4096, 1024)));
        assert!(!is_spki(&key(SPKI_2048, 1024)));
        assert!(!is_spki(&key(SPKI_2048, 510)));
        assert!(!is_spki(&key(SPKI_2048, 512).to_uppercase()));
        assert!(!is_spki(&key(SPKI_2048, 512).replace("0203010001", "0203010003")));
        assert!(!is_spki(""));
    }

    #[test]
    fn fingerprints_and_ids() {
        assert!(is_fp_v1("23b975941225fe58ee2c6d0203010001") && is_fp_v2("23b975941225fe58ee2c6d"));
        assert!(!is_fp_v1("23b975941225fe58ee2c6d") && !is_fp_v2("23b975941225fe58ee2c6d0203010001"));
        assert!(!is_fp_v1("23B975941225fe58ee2c6d0203010001") && !is_fp_v2("23b975941225fe58ee2c6"));
        assert!(is_id("a") && is_id("IC-TEST|TEST|1") && is_id(&"é".repeat(255)));
        assert!(!is_id("") && !is_id(" \u{a0}") && !is_id(&"a".repeat(256)) && !is_id("a\nb") && !is_id("a\0"));
    }
}
