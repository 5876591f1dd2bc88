//! SHA-2 and HMAC over several parts, without copying them together.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// SHA-256 of the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// SHA-512 of `bytes`.
pub(crate) fn sha512(bytes: &[u8]) -> [u8; 64] {
    Sha512::digest(bytes).into()
}

/// HMAC-SHA-256 that takes its message in pieces.
pub(crate) struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = [0_u8; 64];
        fill_block(&mut block, key, |key| sha256(&[key]).to_vec());
        let mac = Self(Hmac::new(&block.into()));
        block.zeroize();
        mac
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }
}

/// HMAC-SHA-256 of the concatenation of `parts`.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = HmacSha256::new(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finish()
}

/// HMAC-SHA-512 of `message`.
pub(crate) fn hmac_sha512(key: &[u8], message: &[u8]) -> [u8; 64] {
    let mut block = [0_u8; 128];
    fill_block(&mut block, key, |key| sha512(key).to_vec());
    let mut mac = Hmac::<Sha512>::new(&block.into());
    block.zeroize();
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// RFC 2104: a key longer than a block is hashed first, a shorter one padded with zeros.
fn fill_block(block: &mut [u8], key: &[u8], hash: impl Fn(&[u8]) -> Vec<u8>) {
    let hashed;
    let key = if key.len() > block.len() {
        hashed = hash(key);
        &hashed
    } else {
        key
    };
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
}

/// Equality whose time depends on the lengths only.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test cases 2 and 6
    #[test]
    fn hmac_of_the_rfc() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = [0xaa; 131];
        let message = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            hex::encode(hmac_sha256(&long, &[message])),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
        assert!(hex::encode(hmac_sha512(&long, message)).starts_with("80b24263c7c1a3ebb71493c1dd7be8b4"));
        assert!(hex::encode(hmac_sha512(b"Jefe", b"what do ya want for nothing?")).starts_with("164b7a7bfcf819e2"));
    }

    #[test]
    fn equality() {
        assert!(equal(b"", b"") && equal(b"ab", b"ab"));
        assert!(!equal(b"ab", b"ac") && !equal(b"ab", b"abc"));
    }
}
