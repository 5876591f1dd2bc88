//! What every [`CryptoProvider`] must do: one suite, which each implementation runs.

use super::{CryptoProvider, ProviderError};
use crate::key::{KeySize, Oaep, PrivateKey};

/// Runs the suite.
///
/// # Errors
/// Where the provider fails at what it must be able to do.
///
/// # Panics
/// Where it does something else than it must.
pub async fn check(provider: &dyn CryptoProvider) -> Result<(), ProviderError> {
    let key = provider.make_private_key(KeySize::Rsa2048).await?;
    let other = provider.make_private_key(KeySize::Rsa2048).await?;
    assert_eq!(key.public().bits(), 2048);
    assert!(key != other, "keys are random");
    check_encryption(provider, &key, &other).await?;
    check_signatures(provider, &key, &other).await?;
    check_import(provider, &key, &other).await;
    Ok(())
}

async fn check_encryption(
    provider: &dyn CryptoProvider,
    key: &PrivateKey,
    other: &PrivateKey,
) -> Result<(), ProviderError> {
    let (own, foreign) = (provider.import(key).await?, provider.import(other).await?);
    for padding in [Oaep::Sha1, Oaep::Sha256] {
        for plaintext in [&b""[..], b"a secret", &[7; 128]] {
            let ciphertext = provider.encrypt(key.public(), padding, plaintext).await?;
            assert_eq!(ciphertext.len(), 256, "encrypts");
            let opened = own.decrypt(padding, &ciphertext).await;
            assert!(opened.is_ok_and(|opened| *opened == plaintext), "opens what it sealed");
            let again = provider.encrypt(key.public(), padding, plaintext).await;
            assert!(again.is_ok_and(|again| again != ciphertext), "encryption is random");

            let refused = Some(ProviderError::Decryption);
            assert_eq!(foreign.decrypt(padding, &ciphertext).await.err(), refused, "not with another key");
            let wrong = if padding == Oaep::Sha1 { Oaep::Sha256 } else { Oaep::Sha1 };
            assert_eq!(own.decrypt(wrong, &ciphertext).await.err(), refused, "not with the other padding");
            let shorter = ciphertext.get(1..).unwrap_or_default();
            assert_eq!(own.decrypt(padding, shorter).await.err(), refused, "not what was cut");
        }
        assert_eq!(own.decrypt(padding, &[]).await.err(), Some(ProviderError::Decryption));
        let too_long = provider.encrypt(key.public(), padding, &[1; 256]).await;
        assert_eq!(too_long.err(), Some(ProviderError::Encryption), "no more than fits");
    }
    Ok(())
}

async fn check_signatures(
    provider: &dyn CryptoProvider,
    key: &PrivateKey,
    other: &PrivateKey,
) -> Result<(), ProviderError> {
    let own = provider.import(key).await?;
    let signature = own.sign(b"message").await?;
    assert_eq!(signature.len(), 256, "signs");
    assert_eq!(provider.verify(key.public(), b"message", &signature).await, Ok(true));
    assert_eq!(provider.verify(key.public(), b"another message", &signature).await, Ok(false));
    assert_eq!(provider.verify(other.public(), b"message", &signature).await, Ok(false));
    assert_eq!(provider.verify(key.public(), b"message", b"").await, Ok(false));
    Ok(())
}

/// A key whose public half is that of another key must not pass: everything that recovers keys relies on it.
async fn check_import(provider: &dyn CryptoProvider, key: &PrivateKey, other: &PrivateKey) {
    use crate::hazmat::der::{self, RsaNumbers};

    let (Ok(numbers), Ok(victim)) = (der::read_pkcs8(key.expose_pkcs8()), der::read_pkcs8(other.expose_pkcs8())) else {
        return; // a PrivateKey is canonical
    };
    let forged = RsaNumbers { modulus: victim.modulus, exponent: victim.exponent, secrets: numbers.secrets };
    if let Ok(forged) = PrivateKey::from_pkcs8(&der::write_pkcs8(&forged)) {
        assert_eq!(forged.public(), other.public());
        assert_eq!(provider.import(&forged).await.err(), Some(ProviderError::KeyRefused));
    }
}
