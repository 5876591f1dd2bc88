//! Recovery keys: what a person keeps on paper (crypto 4.5).

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::hazmat::base32;
use crate::hazmat::hash::sha256;
use crate::hazmat::transcript::Transcript;
use crate::secret::symmetric_key;

/// The least number of characters of a passphrase.
pub const MIN_PASSPHRASE: usize = 12;

/// Argon2id (RFC 9106): 64 MiB, three passes, one lane, since browsers have one thread.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;

symmetric_key! {
    /// Opens recovery data. 32 bytes; 16 in short ones of old.
    RecoveryKey
}

/// Why a text gives no recovery key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryKeyError {
    /// Not 26 or 52 letters of base32, and not 32 or 64 of hex.
    #[error("not a recovery key")]
    Unreadable,
    /// The passphrase has less than [`MIN_PASSPHRASE`] characters.
    #[error("a passphrase that is too short")]
    PassphraseTooShort,
    /// There is not enough memory to derive a key.
    #[error("the key could not be derived")]
    Derivation,
}

impl RecoveryKey {
    /// The key behind a passphrase that a person keeps in mind. Takes a tenth of a second and 64 MiB.
    ///
    /// The server can try passphrases against the id of the recovery data, so a random key is better.
    /// The text counts byte by byte: the same letters composed differently give another key.
    ///
    /// # Errors
    /// [`RecoveryKeyError::PassphraseTooShort`], [`RecoveryKeyError::Derivation`].
    pub fn derive_from_passphrase(passphrase: &str, owner: &str) -> Result<Self, RecoveryKeyError> {
        if passphrase.chars().count() < MIN_PASSPHRASE {
            return Err(RecoveryKeyError::PassphraseTooShort);
        }
        let salt = sha256(&[&Transcript::new("keystead/recovery-passphrase/v1").field(owner.as_bytes()).finish()]);
        let bytes = derive_argon2id(passphrase.as_bytes(), &salt, MEMORY_KIB, PASSES);
        let bytes = bytes.ok_or(RecoveryKeyError::Derivation)?;
        Self::from_bytes(&*bytes).map_err(|_| RecoveryKeyError::Derivation)
    }

    /// The id of the recovery data that this key opens.
    pub fn id(&self) -> String {
        hex::encode(sha256(&[self.expose()]))
    }

    /// The letters that official clients show and read, without hyphens.
    pub fn expose_base32(&self) -> Zeroizing<String> {
        base32::encode(self.expose())
    }

    /// The letters for paper: groups of four with hyphens. Also what a QR code holds.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let letters = self.expose_base32();
        let mut text = Zeroizing::new(String::with_capacity(letters.len() * 5 / 4 + 1));
        for (position, letter) in letters.chars().enumerate() {
            if position > 0 && position % 4 == 0 {
                text.push('-');
            }
            text.push(letter);
        }
        text
    }

    /// Reads what a person typed: base32 or hex, in any case, with hyphens and spaces anywhere.
    ///
    /// # Errors
    /// [`RecoveryKeyError::Unreadable`].
    pub fn parse(text: &str) -> Result<Self, RecoveryKeyError> {
        let mut letters = Zeroizing::new(String::with_capacity(text.len()));
        letters.extend(text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-'));
        letters.make_ascii_uppercase();
        let bytes = match letters.len() {
            26 | 52 => base32::decode(&letters),
            32 | 64 => hex::decode(letters.as_bytes()).ok().map(Zeroizing::new),
            _ => None,
        };
        Self::from_bytes(&bytes.ok_or(RecoveryKeyError::Unreadable)?).map_err(|_| RecoveryKeyError::Unreadable)
    }
}

/// Argon2id with one lane; `None` if the parameters or the memory do not allow it.
pub(crate) fn derive_argon2id(
    password: &[u8],
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(memory_kib, passes, 1, Some(32)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(password, salt, &mut *key).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_form_reads_back(bytes: [u8; 32], short: bool) {
            let key = RecoveryKey::from_bytes(&bytes[..if short { 16 } else { 32 }]).unwrap();
            for text in [key.expose_text(), key.expose_base32(), Zeroizing::new(hex::encode(key.expose()))] {
                prop_assert!(RecoveryKey::parse(&text).is_ok_and(|read| read == key));
                let typed = format!(" {} ", text.to_lowercase());
                prop_assert!(RecoveryKey::parse(&typed).is_ok_and(|read| read == key));
            }
        }

        #[test]
        fn parsing_anything(text in ".{0,70}") {
            let _ = RecoveryKey::parse(&text);
        }
    }

    #[test]
    fn passphrases_are_bound_to_their_owner() {
        let derive = |owner| RecoveryKey::derive_from_passphrase("correct horse battery", owner).ok().unwrap();
        assert!(derive("a") == derive("a"));
        assert!(derive("a") != derive("b"));
        let short = RecoveryKey::derive_from_passphrase("short", "a");
        assert_eq!(short.err(), Some(RecoveryKeyError::PassphraseTooShort));
    }
}
