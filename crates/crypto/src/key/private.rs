//! Private keys.

use zeroize::Zeroizing;

use super::{KeyError, PublicKey};
use crate::hazmat::der;
use crate::hazmat::hash::{equal, sha512};

/// An RSA private key, as PKCS#8.
///
/// Its exact bytes matter: the signatures by which a data owner recognises its own exchange data are
/// keyed with a hash of them (crypto 2.4). Therefore only the canonical encoding is read.
pub struct PrivateKey {
    pkcs8: Zeroizing<Box<[u8]>>,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads a PKCS#8 `PrivateKeyInfo` in DER; the bytes are copied.
    ///
    /// Whether the numbers belong together is checked when a provider imports the key.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let numbers = der::read_pkcs8(pkcs8).map_err(|_| KeyError::Structure)?;
        let public = PublicKey::from_numbers(numbers.modulus, numbers.exponent)?;
        if numbers.secrets.iter().any(|number| number.is_empty()) {
            return Err(KeyError::Structure);
        }
        Ok(Self { pkcs8: Zeroizing::new(pkcs8.into()), public })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The PKCS#8 bytes, for those who seal them.
    pub fn expose_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key of the signatures by which a delegator recognises its exchange data (crypto 2.4).
    pub(crate) fn derive_delegator_mac_key(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(sha512(&self.pkcs8))
    }
}

impl PartialEq for PrivateKey {
    fn eq(&self, other: &Self) -> bool {
        equal(&self.pkcs8, &other.pkcs8)
    }
}

impl Eq for PrivateKey {}
