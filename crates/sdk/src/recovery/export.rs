//! The user's keys in a file, sealed by a passphrase: an envelope of the crypto crate.

use base64ct::{Base64, Encoding};
use keystead_crypto::envelope::{open_with_passphrase, seal_with_passphrase};
use keystead_crypto::key::PrivateKey;
use keystead_crypto::recovery::MIN_PASSPHRASE;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Recovery, RecoveryError};
use crate::api::Caller;
use crate::call::Call;
use crate::data_owners::DataOwner;
use crate::keys::{KeysReport, start};
use crate::secret::SecretText;

/// Nothing that was sealed for something else passes for exported keys.
const PURPOSE: &str = "keystead/exported-keys";

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Content {
    version: u8,
    owner: String,
    /// PKCS#8 in base64.
    keys: Vec<String>,
}

/// The private keys in what [`Recovery::export_keys`] made: for [`crate::ApiBuilder::key_pair`] or
/// [`crate::keys::KeyDecision::UseKeys`] on another device.
///
/// # Errors
/// [`RecoveryError::WrongPassphrase`], [`RecoveryError::NotAnExport`], [`RecoveryError::Derivation`].
pub fn open_exported_keys(sealed: &[u8], passphrase: &SecretText) -> Result<Vec<PrivateKey>, RecoveryError> {
    open(sealed, passphrase).map(|(_, keys)| keys)
}

/// The owner, and the keys.
fn open(sealed: &[u8], passphrase: &SecretText) -> Result<(String, Vec<PrivateKey>), RecoveryError> {
    let content = open_with_passphrase(PURPOSE, passphrase.expose(), sealed)?;
    let content: Content = serde_json::from_slice(&content).map_err(|_| RecoveryError::NotAnExport)?;
    if content.version != 1 {
        return Err(RecoveryError::NotAnExport);
    }
    let keys = content.keys.iter().map(|key| {
        let pkcs8 = Base64::decode_vec(key).map(Zeroizing::new).map_err(|_| RecoveryError::NotAnExport)?;
        PrivateKey::from_pkcs8(&pkcs8).map_err(|_| RecoveryError::NotAnExport)
    });
    Ok((content.owner.clone(), keys.collect::<Result<_, _>>()?))
}

impl Recovery {
    /// The user's usable private keys, sealed by a passphrase of at least
    /// [`keystead_crypto::recovery::MIN_PASSPHRASE`] characters. Whoever has the file can try passphrases, a
    /// tenth of a second each.
    ///
    /// # Errors
    /// [`RecoveryError::PassphraseTooShort`]; [`RecoveryError::Nothing`]: there is no usable key;
    /// [`RecoveryError::Derivation`].
    pub fn export_keys(&self, passphrase: &SecretText) -> Result<Vec<u8>, RecoveryError> {
        if passphrase.expose().chars().count() < MIN_PASSPHRASE {
            return Err(RecoveryError::PassphraseTooShort);
        }
        let owner = self.owner()?;
        let ring = self.core.keys.ring();
        let usable = ring.of(owner).filter(|own| own.is_usable());
        let keys: Vec<String> = usable.map(|own| Base64::encode_string(own.private().expose_pkcs8())).collect();
        if keys.is_empty() {
            return Err(RecoveryError::Nothing);
        }
        // large enough from the start, so that growing leaves no copy behind
        let size = keys.iter().map(|key| key.len() + 8).sum::<usize>() + 256 + owner.len() * 6;
        let mut json = Zeroizing::new(Vec::with_capacity(size));
        let content = Content { version: 1, owner: owner.to_owned(), keys };
        serde_json::to_writer(&mut *json, &content).map_err(|_| RecoveryError::Nothing)?;
        Ok(seal_with_passphrase(&*self.core.parts.random, PURPOSE, passphrase.expose(), &json)?)
    }

    /// Takes over the keys that [`Self::export_keys`] sealed on another device. They are kept on this one.
    ///
    /// # Errors
    /// As [`open_exported_keys`]; [`RecoveryError::ForSomebodyElse`];
    /// [`crate::keys::KeysError::Foreign`]: the server does not list one of them.
    pub async fn import_keys(&self, sealed: &[u8], passphrase: &SecretText) -> Result<KeysReport, RecoveryError> {
        let core = &*self.core;
        let (owner, keys) = open(sealed, passphrase)?;
        if owner != self.owner()? {
            return Err(RecoveryError::ForSomebodyElse);
        }
        let current = current(&core.caller).await?;
        let found = start::start(&core.parts, &core.caller, &current, keys).await?;
        core.keys.replace(found);
        core.exchange.forget();
        core.memo.forget();
        Ok(core.keys.report())
    }
}

/// The user's data owner, whole.
pub(super) async fn current(caller: &Caller) -> Result<DataOwner, RecoveryError> {
    Ok(caller.read(Call::get(&["dataowner", "current"])).await?)
}
