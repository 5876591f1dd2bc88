//! Bitcoin: pay to the hash of a key, native segregated witness (BIP-141, BIP-173).

use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

use super::AddressError;

/// Which Bitcoin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// `bc1q…`
    Main,
    /// `tb1q…`
    Test,
}

/// The P2WPKH address.
///
/// # Errors
/// [`AddressError`]: not a compressed key on secp256k1.
pub fn bitcoin(public_key: &[u8], network: Network) -> Result<String, AddressError> {
    let compressed = public_key.len() == 33 && k256::PublicKey::from_sec1_bytes(public_key).is_ok();
    if !compressed {
        return Err(AddressError);
    }
    let hash = <Ripemd160 as ripemd::Digest>::digest(Sha256::digest(public_key));
    let prefix = match network {
        Network::Main => bech32::hrp::BC,
        Network::Test => bech32::hrp::TB,
    };
    bech32::segwit::encode_v0(prefix, &hash).map_err(|_| AddressError)
}

#[cfg(test)]
mod tests {
    use super::super::tests::GENERATOR;
    use super::*;

    /// From BIP-173.
    #[test]
    fn of_a_known_key() {
        let key = hex::decode(GENERATOR).unwrap();
        assert_eq!(bitcoin(&key, Network::Main).unwrap(), "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
        assert_eq!(bitcoin(&key, Network::Test).unwrap(), "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx");
    }
}
