//! RSA in aws-lc-rs, for everything that is not a browser.

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::rsa::{
    KeySize as NativeSize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

use super::{CryptoProvider, ProviderError, RsaPrivateKey};
use crate::key::{KeySize, Oaep, PrivateKey, PublicKey};
use crate::random::Random;

/// The operating system's random numbers.
#[derive(Debug, Default, Clone)]
pub struct SystemRandom(aws_lc_rs::rand::SystemRandom);

impl Random for SystemRandom {
    #[expect(clippy::panic, reason = "without randomness nothing may go on")]
    fn fill(&self, buffer: &mut [u8]) {
        if self.0.fill(buffer).is_err() {
            panic!("the system's random number generator failed");
        }
    }
}

/// RSA by aws-lc-rs. Every operation is done when its future is first polled; none waits.
#[derive(Debug, Default, Clone, Copy)]
pub struct NativeProvider;

struct NativeKey {
    decrypting: OaepPrivateDecryptingKey,
    signing: RsaKeyPair,
}

fn algorithm(padding: Oaep) -> &'static OaepAlgorithm {
    match padding {
        Oaep::Sha1 => &OAEP_SHA1_MGF1SHA1,
        Oaep::Sha256 => &OAEP_SHA256_MGF1SHA256,
    }
}

#[async_trait]
impl RsaPrivateKey for NativeKey {
    async fn decrypt(&self, padding: Oaep, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let mut plaintext = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let opened = self.decrypting.decrypt(algorithm(padding), ciphertext, &mut plaintext, None);
        let length = opened.map_err(|_| ProviderError::Decryption)?.len();
        plaintext.truncate(length);
        Ok(plaintext)
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let mut signature = vec![0; self.signing.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        let signed = self.signing.sign(&RSA_PSS_SHA256, &random, message, &mut signature);
        signed.map(|()| signature).map_err(|_| ProviderError::Signing)
    }
}

#[async_trait]
impl CryptoProvider for NativeProvider {
    async fn make_private_key(&self, size: KeySize) -> Result<PrivateKey, ProviderError> {
        let size = match size {
            KeySize::Rsa2048 => NativeSize::Rsa2048,
            KeySize::Rsa4096 => NativeSize::Rsa4096,
        };
        let key = PrivateDecryptingKey::generate(size).map_err(|_| ProviderError::Generation)?;
        let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(|_| ProviderError::Generation)?;
        PrivateKey::from_pkcs8(pkcs8.as_ref()).map_err(|_| ProviderError::Generation)
    }

    async fn import(&self, key: &PrivateKey) -> Result<Box<dyn RsaPrivateKey>, ProviderError> {
        let decrypting = PrivateDecryptingKey::from_pkcs8(key.expose_pkcs8()).map_err(|_| ProviderError::KeyRefused)?;
        let decrypting = OaepPrivateDecryptingKey::new(decrypting).map_err(|_| ProviderError::KeyRefused)?;
        let signing = RsaKeyPair::from_pkcs8(key.expose_pkcs8()).map_err(|_| ProviderError::KeyRefused)?;
        Ok(Box::new(NativeKey { decrypting, signing }))
    }

    async fn encrypt(&self, key: &PublicKey, padding: Oaep, plaintext: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let key = PublicEncryptingKey::from_der(key.spki()).map_err(|_| ProviderError::KeyRefused)?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| ProviderError::KeyRefused)?;
        let mut ciphertext = vec![0; key.ciphertext_size()];
        let length = key
            .encrypt(algorithm(padding), plaintext, &mut ciphertext, None)
            .map_err(|_| ProviderError::Encryption)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }

    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, ProviderError> {
        let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key.spki());
        Ok(key.verify(message, signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::NativeProvider;
    use crate::provider::conformance;

    #[test]
    fn conforms() {
        assert_eq!(pollster::block_on(conformance::check(&NativeProvider)), Ok(()));
    }
}
