//! Scalars that nobody may see.

use zeroize::Zeroizing;

/// A secret scalar in the encoding of its curve: 32 bytes, big-endian on secp256k1, little-endian on
/// Ed25519. Zeroized on drop; compared in constant time; its `Debug` says nothing.
#[derive(Clone)]
pub struct SecretScalar(Zeroizing<[u8; 32]>);

impl SecretScalar {
    /// The one with these bytes.
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for those who know what to do with them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretScalar {
    fn eq(&self, other: &Self) -> bool {
        crate::hash::equal(self.expose(), other.expose())
    }
}

impl Eq for SecretScalar {}

impl core::fmt::Debug for SecretScalar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SecretScalar(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing() {
        let secret = SecretScalar::new([0xab; 32]);
        assert_eq!(format!("{secret:?}"), "SecretScalar(..)");
        assert_eq!(secret, SecretScalar::new([0xab; 32]));
        assert_ne!(secret, SecretScalar::new([0xac; 32]));
    }
}
