//! Fingerprints of the format: hints for look-ups, never an identity (crypto 1.2).

use std::fmt;

/// What every fingerprint of the first version ends with: the DER of exponent 65537.
const SUFFIX: &str = "0203010001";

/// The last eleven bytes of a modulus.
///
/// Whoever wants a second key with the same fingerprint has one within a second. So this says which
/// map entry *may* be for a key; whether it is, only decrypting tells, and whose key it is, only
/// [`super::KeyId`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 11]);

impl Fingerprint {
    pub(super) fn of_modulus(modulus: &[u8]) -> Self {
        Self(modulus.last_chunk().copied().unwrap_or_default())
    }

    /// Reads a map key where a fingerprint is expected: 22 characters (v2), 32 (v1), or the whole
    /// public key in hex, which clients of old wrote (crypto 1.2, 4.4).
    pub fn parse(text: &str) -> Option<Self> {
        let short = match text.len() {
            22 => text,
            32.. => text.strip_suffix(SUFFIX)?,
            _ => return None,
        };
        let start = short.len().checked_sub(22)?;
        let mut bytes = [0; 11];
        hex::decode_to_slice(short.get(start..)?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: [u8; 11]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 11] {
        &self.0
    }

    /// The 32 characters of v1: storage names, transfer keys, legacy exchange keys.
    pub fn v1(&self) -> String {
        self.v2() + SUFFIX
    }

    /// The 22 characters of v2: exchange data and their maps.
    pub fn v2(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.v2())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_versions_read_back(bytes: [u8; 11]) {
            let fingerprint = Fingerprint(bytes);
            prop_assert_eq!(Fingerprint::parse(&fingerprint.v1()), Some(fingerprint));
            prop_assert_eq!(Fingerprint::parse(&fingerprint.v2()), Some(fingerprint));
        }

        #[test]
        fn parsing_anything(text in ".{0,60}") {
            if let Some(read) = Fingerprint::parse(&text) {
                prop_assert!(text.to_lowercase().contains(&read.v2()));
            }
        }
    }

    #[test]
    fn the_header_of_every_key_is_not_a_fingerprint() {
        assert_eq!(Fingerprint::parse("30820122300d06092a864886f70d0101"), None);
    }
}
