//! The header `Icure-Access-Control-Keys`, with which a data owner whose id stands nowhere in clear
//! proves what it may access (wire 4.2).

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Bytes of an access control key.
const KEY_LENGTH: usize = 16;

/// Most access control keys that one request may present. RC.7 presents one for each exchange data of
/// the caller.
pub const MAX_CONTROL_KEYS: usize = 20_000;

/// Why the access control keys of a request cannot be read. All are answered 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlKeysError {
    /// A value is not base64 with padding.
    #[error("access control keys: expected padded base64")]
    NotBase64,
    /// A value does not hold whole keys.
    #[error("access control keys: expected a multiple of 16 bytes in each value")]
    NotWholeKeys,
    /// There are more than [`MAX_CONTROL_KEYS`].
    #[error("access control keys: expected at most {MAX_CONTROL_KEYS}")]
    TooMany,
}

/// The delegation keys that the values of the header stand for, each once, in their first order.
///
/// Values may be repeated, or joined with commas as RC.7 does with more than 360 keys. No value means
/// no keys.
///
/// # Errors
/// A value is not base64, not made of whole keys, or there are too many.
pub fn access_control_keys<'a>(values: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>, ControlKeysError> {
    let mut seen = HashSet::new();
    let mut delegation_keys = Vec::new();
    let mut left = MAX_CONTROL_KEYS;
    for part in values.into_iter().flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty()) {
        // Four characters make three bytes: known before anything is decoded.
        if part.len() / 4 * 3 > (left + 1) * KEY_LENGTH {
            return Err(ControlKeysError::TooMany);
        }
        let bytes = STANDARD.decode(part).map_err(|_| ControlKeysError::NotBase64)?;
        let (keys, []) = bytes.as_chunks::<KEY_LENGTH>() else { return Err(ControlKeysError::NotWholeKeys) };
        left = left.checked_sub(keys.len()).ok_or(ControlKeysError::TooMany)?;
        for key in keys {
            if seen.insert(*key) {
                delegation_keys.push(delegation_key(key));
            }
        }
    }
    Ok(delegation_keys)
}

/// The delegation key of an access control key: its SHA-256, in lower-case hex (wire 4.1).
pub fn delegation_key(access_control_key: &[u8; KEY_LENGTH]) -> String {
    hex::encode(Sha256::digest(access_control_key))
}

/// As [`delegation_key`], for a key in hex; `None` if it is not 16 bytes.
pub fn delegation_key_of_hex(access_control_key: &str) -> Option<String> {
    let mut bytes = [0; KEY_LENGTH];
    hex::decode_to_slice(access_control_key, &mut bytes).ok()?;
    Some(delegation_key(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> [u8; 16] {
        let mut key = [7; 16];
        key[..4].copy_from_slice(&number.to_be_bytes());
        key
    }

    fn value(keys: impl IntoIterator<Item = u32>) -> String {
        STANDARD.encode(keys.into_iter().flat_map(key).collect::<Vec<_>>())
    }

    fn expected(keys: impl IntoIterator<Item = u32>) -> Vec<String> {
        keys.into_iter().map(|number| delegation_key(&key(number))).collect()
    }

    #[test]
    fn agrees_with_official_keys() {
        // From the vectors of the cryptography page: keys that an official build made.
        for (access_control_key, expected) in [
            ("cec15639381b98fb3af1488450a4a1c9", "49f9dfd7fe282cc388204acb755b617adad372cdcee741c494d1671b90a12997"),
            ("8a9f5048f94536cced81fd47dcf8ac0e", "44ac9685ceac7e1dc5a324dd0570fa81845fddd810b821adf6d042aab6761585"),
        ] {
            assert_eq!(delegation_key_of_hex(access_control_key).as_deref(), Some(expected));
        }
        assert_eq!(delegation_key_of_hex("8a9f"), None);
    }

    #[test]
    fn accepts_repeated_and_joined_values() {
        let joined = format!("{},{}", value([1, 2]), value([3]));
        let values = [joined.as_str(), "", " , ", &value([2, 4]), &value([])];
        assert_eq!(access_control_keys(values), Ok(expected([1, 2, 3, 4])));
        assert_eq!(access_control_keys([]), Ok(Vec::new()));
    }

    #[test]
    fn accepts_what_rc7_sends_for_many_keys() {
        let values: Vec<_> = [0..360, 360..720, 720..1000].into_iter().map(value).collect();
        assert_eq!(values[0].len(), 7680);
        assert_eq!(access_control_keys([values.join(",").as_str()]), Ok(expected(0..1000)));
    }

    #[test]
    fn refuses_the_rest() {
        let whole = value([1]);
        for (bad, error) in [
            ("not base64!", ControlKeysError::NotBase64),
            (whole.trim_end_matches('='), ControlKeysError::NotBase64),
            ("AAAA", ControlKeysError::NotWholeKeys),
            (&STANDARD.encode([0; 17]), ControlKeysError::NotWholeKeys),
        ] {
            assert_eq!(access_control_keys([whole.as_str(), bad]), Err(error), "{bad}");
        }
    }

    #[test]
    fn bounds_the_number() {
        let most = MAX_CONTROL_KEYS as u32;
        assert_eq!(access_control_keys([value(0..most).as_str()]).map(|keys| keys.len()), Ok(MAX_CONTROL_KEYS));
        assert_eq!(access_control_keys([value(0..most + 1).as_str()]), Err(ControlKeysError::TooMany));
        assert_eq!(access_control_keys([value(0..most * 3).as_str()]), Err(ControlKeysError::TooMany));
        let repeated = value([1]);
        let many = std::iter::repeat_n(repeated.as_str(), MAX_CONTROL_KEYS + 1);
        assert_eq!(access_control_keys(many), Err(ControlKeysError::TooMany));
    }
}
