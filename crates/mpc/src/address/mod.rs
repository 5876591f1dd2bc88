//! Addresses of public keys, as chains write them.
//!
//! ```
//! use keystead_mpc::address::{Network, bitcoin, evm};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // the key whose private key is 1
//! let key = hex::decode("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")?;
//! assert_eq!(evm(&key)?, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
//! assert_eq!(bitcoin(&key, Network::Main)?, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
//! # Ok(()) }
//! ```

mod bitcoin;
mod evm;
mod solana;
mod stellar;
mod tron;

pub use bitcoin::{Network, bitcoin};
pub use evm::evm;
pub use solana::solana;
pub use stellar::stellar;
pub use tron::tron;

/// These bytes are no public key of the curve of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of this chain's curve")]
pub struct AddressError;

/// The point without compression, 64 bytes.
fn uncompressed(public_key: &[u8]) -> Result<[u8; 64], AddressError> {
    use k256::elliptic_curve::sec1::ToSec1Point;
    let key = k256::PublicKey::from_sec1_bytes(public_key).map_err(|_| AddressError)?;
    let point = key.to_sec1_point(false);
    point.as_bytes().last_chunk().copied().ok_or(AddressError)
}

/// The last 20 bytes of Keccak-256 of the point: what EVM chains and Tron call an account.
fn account(public_key: &[u8]) -> Result<[u8; 20], AddressError> {
    use sha3::{Digest, Keccak256};
    let hash: [u8; 32] = Keccak256::digest(uncompressed(public_key)?).into();
    hash.last_chunk().copied().ok_or(AddressError)
}

/// An Ed25519 key, which must be a point of prime order.
fn ed25519(public_key: &[u8]) -> Result<[u8; 32], AddressError> {
    frost_ed25519::VerifyingKey::deserialize(public_key).map_err(|_| AddressError)?;
    public_key.as_array().copied().ok_or(AddressError)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key whose private key is 1.
    pub(super) const GENERATOR: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn what_is_no_key_has_no_address() {
        let garbage: [Vec<u8>; 5] = [vec![], vec![0; 32], vec![0; 33], vec![2; 32], vec![0xff; 33]];
        for bytes in garbage {
            assert_eq!(evm(&bytes), Err(AddressError));
            assert_eq!(tron(&bytes), Err(AddressError));
            assert_eq!(bitcoin(&bytes, Network::Main), Err(AddressError));
        }
        // the identity, a point of small order, a wrong length
        let mut identity = [0; 32];
        identity[0] = 1;
        for bytes in [identity.as_slice(), &[0; 32], &[0; 31], &hex::decode(GENERATOR).unwrap()] {
            assert_eq!(solana(bytes), Err(AddressError));
            assert_eq!(stellar(bytes), Err(AddressError));
        }
    }

    #[test]
    fn another_implementation_agrees() {
        for seed in 1..50_u64 {
            let secret =
                k256::SecretKey::from_slice(&[[0; 24].as_slice(), &seed.pow(9).to_be_bytes()].concat()).unwrap();
            let point = *secret.public_key().as_affine();
            let key = secret.public_key().to_sec1_bytes();
            assert_eq!(evm(&key).unwrap(), dkls23_secp256k1::compute_eth_address(&point));
            assert_eq!(tron(&key).unwrap(), dkls23_secp256k1::compute_tron_address(&point));
            assert_eq!(bitcoin(&key, Network::Main).unwrap(), dkls23_secp256k1::compute_btc_address(&point));
            let test = dkls23_secp256k1::try_compute_btc_address_with_hrp(&point, "tb").unwrap();
            assert_eq!(bitcoin(&key, Network::Test).unwrap(), test);
        }
    }
}
