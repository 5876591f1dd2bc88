//! Reads fields of JSON, and says which one is wrong.

use serde_json::{Map, Value};

use super::{InvalidInput, keccak};

/// Bytes in hexadecimal digits after `0x`.
pub(super) fn bytes(value: &Value, field: &str) -> Result<Vec<u8>, InvalidInput> {
    let text = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let read = text.and_then(|digits| hex::decode(digits).ok());
    read.ok_or_else(|| InvalidInput::new(field, "bytes: pairs of hexadecimal digits after 0x"))
}

/// The address of an EVM account. Where it has capitals, they have to be right (EIP-55).
pub(super) fn address(value: &Value, field: &str) -> Result<[u8; 20], InvalidInput> {
    let wrong = || InvalidInput::new(field, "an address: 0x and 40 hexadecimal digits");
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).ok_or_else(wrong)?;
    let mut bytes = [0; 20];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| wrong())?;
    let mixed = digits.contains(|digit: char| digit.is_ascii_uppercase())
        && digits.contains(|digit: char| digit.is_ascii_lowercase());
    match mixed && !has_checksum(digits) {
        true => Err(InvalidInput::new(field, "an address whose capitals fit its digits (EIP-55)")),
        false => Ok(bytes),
    }
}

fn has_checksum(digits: &str) -> bool {
    let hash = hex::encode(keccak(digits.to_ascii_lowercase().as_bytes()));
    digits.chars().zip(hash.chars()).all(|(digit, hash)| match digit.is_ascii_digit() {
        true => true,
        false => digit.is_ascii_uppercase() == (hash >= '8'),
    })
}

/// What an object has under a name; `null` is nothing.
pub(super) fn optional<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// What an object must have.
pub(super) fn required<'v>(
    object: &'v Map<String, Value>,
    name: &str,
    expected: &'static str,
) -> Result<&'v Value, InvalidInput> {
    optional(object, name).ok_or_else(|| InvalidInput::new(name, expected))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_with_wrong_capitals_are_refused() {
        for right in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED",
        ] {
            assert!(address(&json!(right), "to").is_ok(), "{right}");
        }
        for wrong in
            ["0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", "0x5a", ""]
        {
            assert!(address(&json!(wrong), "to").is_err(), "{wrong}");
        }
    }
}
