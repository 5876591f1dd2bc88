//! Stellar: the key with a version and a checksum, in base32 (SEP-23).

use super::{AddressError, ed25519};

/// What makes an account id begin with `G`.
const ACCOUNT: u8 = 6 << 3;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The address, which begins with `G`.
///
/// # Errors
/// [`AddressError`]: not a key on Ed25519.
pub fn stellar(public_key: &[u8]) -> Result<String, AddressError> {
    Ok(strkey(&ed25519(public_key)?))
}

fn strkey(key: &[u8; 32]) -> String {
    let versioned = [[ACCOUNT].as_slice(), key].concat();
    base32(&[versioned.as_slice(), &checksum(&versioned).to_le_bytes()].concat())
}

/// CRC-16/XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

/// RFC 4648 without padding, of a whole number of groups of five bytes.
fn base32(bytes: &[u8]) -> String {
    let groups = bytes.as_chunks::<5>().0.iter();
    groups
        .flat_map(|[a, b, c, d, e]| {
            let group = u64::from_be_bytes([0, 0, 0, *a, *b, *c, *d, *e]);
            (0..8).rev().map(move |place| (group >> (5 * place)) as usize & 31)
        })
        .filter_map(|digit| ALPHABET.get(digit).map(|letter| char::from(*letter)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From SEP-23.
    #[test]
    fn of_a_known_key() {
        let key = hex::decode("3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a").unwrap();
        assert_eq!(stellar(&key).unwrap(), "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ");
        assert_eq!(strkey(&[0; 32]), "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF");
    }

    #[test]
    fn the_checksum_is_the_known_one() {
        assert_eq!(checksum(b"123456789"), 0x31c3);
    }
}
