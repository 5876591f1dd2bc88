//! EVM chains: hexadecimal, with a checksum in its capitals (EIP-55).

use sha3::{Digest, Keccak256};

use super::{AddressError, account};

/// The address on every EVM chain.
///
/// # Errors
/// [`AddressError`]: not a key on secp256k1.
pub fn evm(public_key: &[u8]) -> Result<String, AddressError> {
    Ok(with_checksum(&account(public_key)?))
}

fn with_checksum(account: &[u8; 20]) -> String {
    let digits = hex::encode(account);
    let hash = hex::encode(Keccak256::digest(digits.as_bytes()));
    let checked = digits.chars().zip(hash.chars()).map(|(digit, hash)| match hash {
        '8'..='f' => digit.to_ascii_uppercase(),
        _ => digit,
    });
    "0x".chars().chain(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::GENERATOR;
    use super::*;

    #[test]
    fn of_a_known_key() {
        let key = hex::decode(GENERATOR).unwrap();
        assert_eq!(evm(&key).unwrap(), "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
    }

    /// From EIP-55.
    #[test]
    fn capitals_are_a_checksum() {
        for address in [
            "0x52908400098527886E0F7030069857D2E4169EE7",
            "0xde709f2102306220921060314715629080e2fb77",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
            "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ] {
            let bytes = hex::decode(&address[2..]).unwrap();
            assert_eq!(with_checksum(bytes.as_slice().try_into().unwrap()), address);
        }
    }
}
