//! A transfer of lamports by the system program of Solana, made here from the first byte to the last.

use keystead_mpc::{ScalarKey, address};

use super::InvalidInput;
use super::solana::{SolanaTransaction, Unsigned};

/// The instruction `Transfer` of the system program: its number, then the amount, both little-endian.
const TRANSFER: [u8; 4] = 2u32.to_le_bytes();
/// The address of the system program.
const SYSTEM: [u8; 32] = [0; 32];

/// A signed transfer of all of `lamports`, whose sender pays the fee beside.
pub(in crate::wallet) fn signed(
    key: &ScalarKey,
    to: &str,
    recent_blockhash: &str,
    lamports: u64,
) -> Result<SolanaTransaction, InvalidInput> {
    let to = receiver(to).filter(|to| to != key.public_key());
    let to = to.ok_or_else(|| InvalidInput::new("to", "the address of another wallet on Solana"))?;
    let blockhash = base58(recent_blockhash);
    let blockhash = blockhash.ok_or_else(|| InvalidInput::new("recentBlockhash", "32 bytes in base58"))?;
    let message = message(key.public_key(), &to, &blockhash, lamports);
    // read by the same code that reads transactions of others
    let unsigned = Unsigned::of_message(&message)?;
    let from = address::solana(key.public_key());
    let from = from.map_err(|_| InvalidInput::new("key", "a key on Ed25519"))?;
    let place = unsigned.place_of(&from)?;
    let signature = key.sign(&message).ok_or_else(|| InvalidInput::new("key", "one whose signature verifies"))?;
    Ok(unsigned.signed(place, signature))
}

/// One signer; the system program is only read.
fn message(from: &[u8; 32], to: &[u8; 32], blockhash: &[u8; 32], lamports: u64) -> Vec<u8> {
    let mut message = vec![1, 0, 1, 3];
    for part in [from, to, &SYSTEM, blockhash] {
        message.extend_from_slice(part);
    }
    // one instruction: the program, its two accounts, twelve bytes
    message.extend_from_slice(&[1, 2, 2, 0, 1, 12]);
    message.extend_from_slice(&TRANSFER);
    message.extend_from_slice(&lamports.to_le_bytes());
    message
}

fn base58(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let length = bs58::decode(text).onto(&mut bytes).ok()?;
    (length == bytes.len()).then_some(bytes)
}

/// A key of somebody, and not the address of a program.
fn receiver(text: &str) -> Option<[u8; 32]> {
    base58(text).filter(|key| address::solana(key).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKHASH: &str = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
    /// The first key of RFC 8032, section 7.1.
    const TO: &str = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";

    fn key() -> ScalarKey {
        ScalarKey::from_scalar(&[5; 32]).unwrap()
    }

    #[test]
    fn the_transfer_is_signed_by_the_sender() {
        use ed25519_dalek::{Signature, VerifyingKey};
        let SolanaTransaction { bytes, signature, .. } = signed(&key(), TO, BLOCKHASH, 7).unwrap();
        let (signatures, message) = bytes.split_at(65);
        assert_eq!((signatures[0], &signatures[1..]), (1, signature.as_slice()));
        let public = VerifyingKey::from_bytes(key().public_key()).unwrap();
        public.verify_strict(message, &Signature::from_bytes(&signature)).unwrap();
        let read: Vec<_> = message[4..132].chunks(32).map(|key| bs58::encode(key).into_string()).collect();
        let from = address::solana(key().public_key()).unwrap();
        assert_eq!(read, [from.as_str(), TO, &"1".repeat(32), BLOCKHASH]);
        assert_eq!(message[132..], [1, 2, 2, 0, 1, 12, 2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn wrong_addresses_are_refused() {
        let own = address::solana(key().public_key()).unwrap();
        let program = bs58::encode([0; 32]).into_string();
        for to in ["", "1", "0OIl", &own, &program, &TO[1..], &format!("{TO}{TO}")] {
            assert_eq!(signed(&key(), to, BLOCKHASH, 7).unwrap_err().field(), "to", "{to}");
        }
        for blockhash in ["", "not base58", &BLOCKHASH[4..]] {
            assert_eq!(signed(&key(), TO, blockhash, 7).unwrap_err().field(), "recentBlockhash", "{blockhash}");
        }
    }
}
