//! A key on Ed25519 without a seed. RFC 8032 derives the scalar from a seed; what two parties make, and an eject puts
//! together, is a scalar that no seed leads to. It signs all the same, and every verifier takes the signatures.

use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Signature, VerifyingKey};
use zeroize::Zeroizing;

use crate::frost::public_of;
use crate::hash::tagged;
use crate::secret::SecretScalar;

/// A private key on Ed25519: a scalar. Zeroized on drop; its `Debug` says nothing of it.
#[derive(Clone)]
pub struct ScalarKey {
    secret: SecretScalar,
    public: VerifyingKey,
}

impl ScalarKey {
    /// The key that is this scalar, little-endian; `None` unless it is canonical and not zero.
    pub fn from_scalar(scalar: &[u8; 32]) -> Option<Self> {
        let secret = SecretScalar::new(*scalar);
        let public = public_of(&secret)?;
        let public = VerifyingKey::from_bytes(public.as_array()?).ok()?;
        Some(Self { secret, public })
    }

    /// The public key.
    pub fn public_key(&self) -> &[u8; 32] {
        self.public.as_bytes()
    }

    /// The scalar and a prefix for nonces derived from it: an expanded key, **not clamped**.
    pub fn expanded(&self) -> Zeroizing<[u8; 64]> {
        let mut expanded = Zeroizing::new([0; 64]);
        let (scalar, prefix) = expanded.split_at_mut(32);
        scalar.copy_from_slice(self.secret.expose());
        prefix.copy_from_slice(Zeroizing::new(tagged("expanded key", &[self.secret.expose()])).as_slice());
        expanded
    }

    /// Signs a message as RFC 8032 does, with a nonce of the prefix and the message. `None` if the signature does not
    /// verify, which only a broken machine makes.
    pub fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        let expanded = self.expanded();
        let (scalar, prefix) = expanded.split_first_chunk::<32>()?;
        let key = ExpandedSecretKey {
            scalar: Option::from(curve25519_dalek::Scalar::from_canonical_bytes(*scalar))?,
            hash_prefix: prefix.try_into().ok()?,
        };
        let signature: Signature = raw_sign::<sha2::Sha512>(&key, message, &self.public);
        self.public.verify_strict(message, &signature).ok()?;
        Some(signature.to_bytes())
    }
}

impl core::fmt::Debug for ScalarKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ScalarKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_key_is_one() {
        // zero, the order of the group, and more than that
        let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let order: [u8; 32] = hex::decode(order).unwrap().try_into().unwrap();
        for scalar in [[0; 32], order, [0xff; 32]] {
            assert!(ScalarKey::from_scalar(&scalar).is_none());
        }
        let mut one = [0; 32];
        one[0] = 1;
        let base = ScalarKey::from_scalar(&one).unwrap();
        assert_eq!(hex::encode(base.public_key()), format!("58{}", "66".repeat(31)));
    }

    /// With the scalar and the prefix of a seed it would be the signature of RFC 8032; the prefix is ours, so that what
    /// is the same is the key.
    #[test]
    fn a_scalar_of_a_seed_is_the_key_of_the_seed() {
        let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let key = ScalarKey::from_scalar(&signer.to_scalar().to_bytes()).unwrap();
        assert_eq!(key.public_key(), signer.verifying_key().as_bytes());
        for message in [b"".as_slice(), b"hello", &[0; 2_000]] {
            let signature = Signature::from_bytes(&key.sign(message).unwrap());
            signer.verifying_key().verify_strict(message, &signature).unwrap();
        }
        assert_ne!(key.sign(b"a"), key.sign(b"b"));
        assert_eq!(key.sign(b"a"), key.sign(b"a"));
        assert_eq!(format!("{key:?}"), "ScalarKey { .. }");
    }
}
