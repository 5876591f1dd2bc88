//! One hash for everything that both parties must agree on: SHA-256 with a domain and lengths.

use sha2::{Digest, Sha256};

/// SHA-256 over a domain and parts, each behind its length, so that no two lists of parts collide.
pub(crate) fn tagged(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [b"keystead/mpc/v1".as_slice(), domain.as_bytes()].iter().chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The first half of [`tagged`].
pub(crate) fn tagged_short(domain: &str, parts: &[&[u8]]) -> [u8; 16] {
    *tagged(domain, parts).first_chunk().unwrap_or(&[0; 16])
}

/// Whether two strings of bytes are the same, in a time that tells only their lengths.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(left, right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_delimited() {
        assert_ne!(tagged("a", &[b"b", b"c"]), tagged("a", &[b"bc"]));
        assert_ne!(tagged("a", &[b"b"]), tagged("ab", &[]));
        assert_eq!(tagged("a", &[b"b"]), tagged("a", &[b"b"]));
    }
}
