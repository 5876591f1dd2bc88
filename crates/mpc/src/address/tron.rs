//! Tron: the account of EVM chains, in base58 with a checksum.

use sha2::{Digest, Sha256};

use super::{AddressError, account};

/// The address, which begins with `T`.
///
/// # Errors
/// [`AddressError`]: not a key on secp256k1.
pub fn tron(public_key: &[u8]) -> Result<String, AddressError> {
    let versioned = [[0x41].as_slice(), &account(public_key)?].concat();
    let hash: [u8; 32] = Sha256::digest(Sha256::digest(&versioned)).into();
    let checksum = hash.first_chunk::<4>().ok_or(AddressError)?;
    Ok(bs58::encode([versioned.as_slice(), checksum].concat()).into_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::GENERATOR;
    use super::*;

    #[test]
    fn of_a_known_key() {
        let key = hex::decode(GENERATOR).unwrap();
        assert_eq!(tron(&key).unwrap(), "TMVQGm1qAQYVdetCeGRRkTWYYrLXuHK2HC");
    }
}
