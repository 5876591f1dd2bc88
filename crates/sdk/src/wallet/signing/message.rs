//! Messages for people (EIP-191).

use serde_json::Value;

use super::InvalidInput;

/// What a provider is given to sign: bytes after `0x`, or else a text.
pub(super) fn read(value: &Value, field: &str) -> Result<Vec<u8>, InvalidInput> {
    let text = value.as_str().ok_or_else(|| InvalidInput::new(field, "a text, or bytes after 0x"))?;
    let bytes = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    Ok(bytes.unwrap_or_else(|| text.as_bytes().to_vec()))
}
