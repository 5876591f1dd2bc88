//! Randomness, as a parameter.

use crate::provider::Platform;

/// Fills buffers with random bytes that nobody can guess.
pub trait Random: Platform {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]);
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

/// A random UUID (RFC 9562, version 4) as text: ids and secret ids are these.
pub fn make_uuid(random: &dyn Random) -> String {
    let mut bytes: [u8; 16] = bytes(random);
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x40;
    *variant = *variant & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&hex::encode([*byte]));
    }
    text
}

/// Deterministic bytes for tests: the same every run, different on every call.
#[cfg(test)]
pub(crate) mod testing {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Random;
    use crate::hazmat::hash::sha256;

    /// SHA-256 of a counter.
    #[derive(Default)]
    pub(crate) struct Counting(AtomicU64);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for chunk in buffer.chunks_mut(32) {
                let count = self.0.fetch_add(1, Ordering::Relaxed);
                chunk.copy_from_slice(&sha256(&[b"test", &count.to_be_bytes()])[..chunk.len()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        let random = testing::Counting::default();
        let uuid = make_uuid(&random);
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        assert_ne!(uuid, make_uuid(&random));
    }
}
