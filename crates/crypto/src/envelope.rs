//! Sealing bytes for storage of our own: key files, exported keys, pins. Not a format of the protocol.
//!
//! AES-256-GCM under a key of the operating system's key store ([`seal_with_key`]) or under a
//! passphrase through Argon2id ([`seal_with_passphrase`]). A `purpose` is part of what is
//! authenticated: an envelope opens for nothing else.
//!
//! Version 1: `01`, kind (`01` passphrase, `02` key), then for a passphrase memory in KiB and passes
//! (four bytes each) and 16 bytes of salt; 12 bytes of nonce; the ciphertext with its tag.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::Zeroizing;

use crate::hazmat::transcript::Transcript;
use crate::random::{self, Random};
use crate::recovery::derive_argon2id;
use crate::secret::fixed_secret;

const VERSION: u8 = 1;
const PASSPHRASE: u8 = 1;
const KEY: u8 = 2;

/// Argon2id for files on a machine: 64 MiB, three passes (RFC 9106, second recommendation).
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

/// What an envelope may ask of whoever opens it.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;

fixed_secret! {
    /// Seals envelopes; kept by the operating system.
    EnvelopeKey, 32
}

/// Why an envelope does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not an envelope, or of a version or kind that is not expected here.
    #[error("unreadable envelope")]
    Unreadable,
    /// Another passphrase or key, another purpose, or changed bytes: nobody can tell which.
    #[error("the envelope does not open")]
    Refused,
    /// The passphrase could not be turned into a key: not enough memory.
    #[error("the key could not be derived")]
    Derivation,
}

/// Seals under a passphrase. Takes a tenth of a second and 64 MiB.
///
/// # Errors
/// [`EnvelopeError::Derivation`].
pub fn seal_with_passphrase(
    random: &dyn Random,
    purpose: &str,
    passphrase: &str,
    content: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let salt: [u8; 16] = random::bytes(random);
    let key = derive_argon2id(passphrase.as_bytes(), &salt, MEMORY_KIB, PASSES).ok_or(EnvelopeError::Derivation)?;
    let mut header = vec![VERSION, PASSPHRASE];
    header.extend_from_slice(&MEMORY_KIB.to_be_bytes());
    header.extend_from_slice(&PASSES.to_be_bytes());
    header.extend_from_slice(&salt);
    seal(random, header, purpose, &*key, content)
}

/// Opens [`seal_with_passphrase`].
///
/// # Errors
/// See [`EnvelopeError`].
pub fn open_with_passphrase(
    purpose: &str,
    passphrase: &str,
    envelope: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (header, sealed) = envelope.split_first_chunk::<26>().ok_or(EnvelopeError::Unreadable)?;
    let [VERSION, PASSPHRASE, m0, m1, m2, m3, p0, p1, p2, p3, salt @ ..] = header else {
        return Err(EnvelopeError::Unreadable);
    };
    let memory = u32::from_be_bytes([*m0, *m1, *m2, *m3]);
    let passes = u32::from_be_bytes([*p0, *p1, *p2, *p3]);
    if memory > MAX_MEMORY_KIB || passes > MAX_PASSES {
        return Err(EnvelopeError::Unreadable);
    }
    let key = derive_argon2id(passphrase.as_bytes(), salt, memory, passes).ok_or(EnvelopeError::Derivation)?;
    open(header, purpose, &*key, sealed)
}

/// Seals under a key.
///
/// # Errors
/// None that can happen to contents that fit into memory.
pub fn seal_with_key(
    random: &dyn Random,
    purpose: &str,
    key: &EnvelopeKey,
    content: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    seal(random, vec![VERSION, KEY], purpose, key.expose(), content)
}

/// Opens [`seal_with_key`].
///
/// # Errors
/// See [`EnvelopeError`].
pub fn open_with_key(purpose: &str, key: &EnvelopeKey, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (header, sealed) = envelope.split_first_chunk::<2>().ok_or(EnvelopeError::Unreadable)?;
    if *header != [VERSION, KEY] {
        return Err(EnvelopeError::Unreadable);
    }
    open(header, purpose, key.expose(), sealed)
}

fn binding(header: &[u8], purpose: &str) -> Vec<u8> {
    Transcript::new("keystead/envelope/v1").field(header).field(purpose.as_bytes()).finish()
}

fn seal(
    random: &dyn Random,
    header: Vec<u8>,
    purpose: &str,
    key: &[u8],
    content: &[u8],
) -> Result<Vec<u8>, EnvelopeError> {
    let nonce: [u8; 12] = random::bytes(random);
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| EnvelopeError::Refused)?;
    let payload = Payload { msg: content, aad: &binding(&header, purpose) };
    let sealed = cipher.encrypt(&nonce.into(), payload).map_err(|_| EnvelopeError::Refused)?;
    Ok([header.as_slice(), &nonce, &sealed].concat())
}

fn open(header: &[u8], purpose: &str, key: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<12>().ok_or(EnvelopeError::Unreadable)?;
    let cipher = Aes256Gcm::new_from_slice(key).map_err(|_| EnvelopeError::Refused)?;
    let payload = Payload { msg: ciphertext, aad: &binding(header, purpose) };
    cipher.decrypt(&(*nonce).into(), payload).map(Zeroizing::new).map_err(|_| EnvelopeError::Refused)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::testing::Counting;

    #[test]
    fn opens_for_its_passphrase_and_purpose_only() {
        let envelope = seal_with_passphrase(&Counting::default(), "keys", "passphrase", b"content").unwrap();
        assert_eq!(*open_with_passphrase("keys", "passphrase", &envelope).unwrap(), b"content");
        for (purpose, passphrase) in [("pins", "passphrase"), ("keys", "Passphrase")] {
            assert_eq!(open_with_passphrase(purpose, passphrase, &envelope).err(), Some(EnvelopeError::Refused));
        }
        let mut greedy = envelope;
        greedy[2] = 0x7f;
        assert_eq!(open_with_passphrase("keys", "passphrase", &greedy).err(), Some(EnvelopeError::Unreadable));
    }

    proptest! {
        #[test]
        fn changed_envelopes_do_not_open(content in proptest::collection::vec(any::<u8>(), 0..40), at: usize, bit in 0_u8..8) {
            let key = EnvelopeKey::from_bytes(&[9; 32]).unwrap();
            let mut envelope = seal_with_key(&Counting::default(), "keys", &key, &content).unwrap();
            prop_assert_eq!(&*open_with_key("keys", &key, &envelope).unwrap(), &content);
            let at = at % envelope.len();
            envelope[at] ^= 1 << bit;
            prop_assert!(open_with_key("keys", &key, &envelope).is_err());
            prop_assert!(open_with_key("keys", &key, &envelope[..at]).is_err());
        }

        #[test]
        fn opening_anything(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let key = EnvelopeKey::from_bytes(&[9; 32]).unwrap();
            prop_assert!(open_with_key("keys", &key, &bytes).is_err());
        }
    }
}
