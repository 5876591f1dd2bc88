//! Where RSA happens: a trait, because a browser does RSA in WebCrypto, asynchronously, and a program
//! does it in a library.
//!
//! Everything symmetric is the same code everywhere and does not pass through here.

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::key::{KeySize, Oaep, PrivateKey, PublicKey};

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(not(target_family = "wasm"))]
mod native;

#[cfg(not(target_family = "wasm"))]
pub use native::{NativeProvider, SystemRandom};

/// `Send + Sync` where there are threads; nothing in a browser.
#[cfg(not(target_family = "wasm"))]
pub trait Platform: Send + Sync {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send + Sync + ?Sized> Platform for T {}

/// `Send + Sync` where there are threads; nothing in a browser.
#[cfg(target_family = "wasm")]
pub trait Platform {}
#[cfg(target_family = "wasm")]
impl<T: ?Sized> Platform for T {}

/// Why an RSA operation gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// The platform offers no RSA here: a browser offers it on `https` origins and `localhost` only.
    #[error("cryptography is not available here")]
    Unavailable,
    /// The platform does not accept the key: its numbers do not belong together, or it is too large.
    #[error("a key that cannot be used")]
    KeyRefused,
    /// The ciphertext was not made for this key and padding, or was changed.
    #[error("decryption failed")]
    Decryption,
    /// The plaintext is too long for the key, or the platform failed.
    #[error("encryption failed")]
    Encryption,
    /// The platform failed to make a key.
    #[error("key generation failed")]
    Generation,
    /// The platform failed to sign.
    #[error("signing failed")]
    Signing,
}

/// A private key, imported into the platform.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait RsaPrivateKey: Platform {
    /// The plaintext of an RSA-OAEP ciphertext (empty label, MGF1 with the hash of the padding).
    ///
    /// # Errors
    /// [`ProviderError::Decryption`], without saying why.
    async fn decrypt(&self, padding: Oaep, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError>;

    /// RSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    ///
    /// # Errors
    /// [`ProviderError::Signing`]: the platform failed.
    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ProviderError>;
}

/// RSA on this platform. The module `conformance` (feature `testing`) holds what every implementation
/// must pass.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait CryptoProvider: Platform {
    /// A new random key.
    ///
    /// # Errors
    /// [`ProviderError::Generation`]: the platform failed.
    async fn make_private_key(&self, size: KeySize) -> Result<PrivateKey, ProviderError>;

    /// Brings a key into the platform, which checks that its numbers belong together.
    ///
    /// # Errors
    /// [`ProviderError::KeyRefused`]: they do not.
    async fn import(&self, key: &PrivateKey) -> Result<Box<dyn RsaPrivateKey>, ProviderError>;

    /// Encrypts with RSA-OAEP (empty label, MGF1 with the hash of the padding).
    ///
    /// # Errors
    /// [`ProviderError::Encryption`]: the plaintext is too long for the key.
    async fn encrypt(&self, key: &PublicKey, padding: Oaep, plaintext: &[u8]) -> Result<Vec<u8>, ProviderError>;

    /// Whether `signature` is one of [`RsaPrivateKey::sign`] over `message`.
    ///
    /// # Errors
    /// The platform could not check it.
    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, ProviderError>;
}
