//! Solana: the key itself, in base58.

use super::{AddressError, ed25519};

/// The address.
///
/// # Errors
/// [`AddressError`]: not a key on Ed25519.
pub fn solana(public_key: &[u8]) -> Result<String, AddressError> {
    Ok(bs58::encode(ed25519(public_key)?).into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first key of RFC 8032, section 7.1.
    #[test]
    fn of_a_known_key() {
        let key = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
        assert_eq!(solana(&key).unwrap(), "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z");
    }
}
