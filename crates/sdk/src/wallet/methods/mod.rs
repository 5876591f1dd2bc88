//! How the user opens a backup: by something they know, or by a key that is kept somewhere for them.
//!
//! Where a key is kept, every backup has one of its own, which is put beside those that are there and read again
//! before the backup is sealed with it. Older ones are deleted once the newer backup is in force: with one place for
//! the key, a crash between two writes would end the backup (`docs/protocol/wallet-lifecycle.md`).

mod drive;
mod error;
mod file;
mod key;
mod vault;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
pub use keystead_model::wallet::BackupMethod as MethodName;
use keystead_model::wallet::PairStatus;
use keystead_mpc::{BackupHalf, WalletHalves};

pub use self::drive::{AccessTokens, GoogleDrive};
pub use self::error::MethodError;
use self::file::KeyFile;
pub use self::key::{BackupKey, KeyId};
use self::vault::Vault;
use super::cipher_text::{self, Opener, Sealed};
use super::engine::Backup;
use super::{Wallet, WalletError};
use crate::api::Core;
use crate::secret::SecretText;
use crate::storage::KdfCost;

/// The fewest characters of a password.
const SHORTEST_PASSWORD: usize = 8;
/// The fewest characters of a PIN.
const SHORTEST_PIN: usize = 4;

/// What opens a backup.
#[non_exhaustive]
pub enum BackupMethod {
    /// A password, at least eight characters. It is kept nowhere: forgotten is lost.
    Password(SecretText),
    /// A PIN, at least four characters. Trying one costs four times as much as a password; whoever has the text of the
    /// backup can try all numbers of four digits in hours nevertheless, and then needs a login of the user.
    Pin(SecretText),
    /// A key in this file, for instance on a stick.
    File(PathBuf),
    /// A key in a folder of the user's Google Drive.
    GoogleDrive(GoogleDrive),
    /// A key among the user's own encrypted records. Whoever gives access back to the records brings the wallet back
    /// too. Those whom the user shares all data with can read the key; it opens nothing without the text.
    Vault,
    /// A key that the application keeps in its own way.
    Custom(Arc<dyn BackupKeys>),
}

/// Where keys of backups are kept. What is kept together is not lost together: adding one leaves the others alone.
#[async_trait]
pub trait BackupKeys: Send + Sync {
    /// All keys that are there, also those of other wallets.
    ///
    /// # Errors
    /// They cannot be read, which is different from there being none.
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError>;

    /// Puts a key beside the others; when this returns, it is durable.
    ///
    /// # Errors
    /// It may or may not be there; the others are.
    async fn append(&self, key: &BackupKey) -> Result<(), MethodError>;

    /// Deletes a key, if it is there.
    ///
    /// # Errors
    /// It may still be there.
    async fn remove(&self, key: &KeyId) -> Result<(), MethodError>;
}

impl BackupMethod {
    /// As the server knows it: a PIN is a password there.
    pub fn name(&self) -> MethodName {
        match self {
            Self::Password(_) | Self::Pin(_) => MethodName::Password,
            Self::File(_) => MethodName::File,
            Self::GoogleDrive(_) => MethodName::Gdrive,
            Self::Vault => MethodName::Vault,
            Self::Custom(_) => MethodName::Custom,
        }
    }

    /// What stands for it in a cipher text.
    fn code(&self) -> u8 {
        match self {
            Self::Password(_) => 1,
            Self::Pin(_) => 2,
            Self::File(_) => 3,
            Self::GoogleDrive(_) => 4,
            Self::Vault => 5,
            Self::Custom(_) => 6,
        }
    }

    /// What is typed, and how much trying it has to cost at least.
    fn typed(&self) -> Option<(&SecretText, KdfCost, usize)> {
        let cost = KdfCost::default();
        match self {
            Self::Password(text) => Some((text, cost, SHORTEST_PASSWORD)),
            Self::Pin(text) => Some((text, KdfCost { memory: 4 * cost.memory, ..cost }, SHORTEST_PIN)),
            _ => None,
        }
    }

    /// Where its keys are kept; nowhere, if something is typed.
    fn keys<'m>(&'m self, core: &'m Arc<Core>) -> Result<Option<Box<dyn BackupKeys + 'm>>, MethodError> {
        Ok(Some(match self {
            Self::Password(_) | Self::Pin(_) => return Ok(None),
            Self::File(path) => Box::new(KeyFile { path, random: &*core.parts.random }),
            Self::GoogleDrive(drive) => Box::new(drive.folder(core)?),
            Self::Vault => Box::new(Vault { core }),
            Self::Custom(keys) => Box::new(Arc::clone(keys)),
        }))
    }

    /// Refuses what is guessed too easily.
    pub(super) fn check(&self) -> Result<(), MethodError> {
        match self.typed() {
            Some((text, _, least)) if text.expose().chars().count() < least => Err(MethodError::TooShort(least)),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl BackupKeys for Arc<dyn BackupKeys> {
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError> {
        (**self).all().await
    }

    async fn append(&self, key: &BackupKey) -> Result<(), MethodError> {
        (**self).append(key).await
    }

    async fn remove(&self, key: &KeyId) -> Result<(), MethodError> {
        (**self).remove(key).await
    }
}

/// Whom a backup is for: it opens for nobody else.
fn client(core: &Core) -> &str {
    core.owner.as_ref().map_or(core.user.as_str(), |(_, id)| id)
}

/// Seals halves that were just made. Where the method keeps keys, a new one is there when this returns.
pub(super) async fn seal(
    core: &Arc<Core>,
    method: &BackupMethod,
    halves: &WalletHalves<BackupHalf>,
) -> Result<String, WalletError> {
    let random = &*core.parts.random;
    let opener = match (method.typed(), method.keys(core)?) {
        (Some((text, cost, _)), _) => Opener::Typed { text: text.duplicate(), cost },
        (None, Some(keys)) => {
            let commitments = halves.secp256k1.commitments();
            let key = BackupKey::make(commitments.wallet().0, commitments.generation(), random);
            keys.append(&key).await?;
            if !keys.all().await?.contains(&key) {
                return Err(MethodError::NotKept.into());
            }
            Opener::Key(key)
        }
        (None, None) => return Err(MethodError::NotKept.into()),
    };
    cipher_text::seal(halves, method.code(), opener, client(core), random).await
}

/// Opens a backup.
pub(super) async fn open(
    core: &Arc<Core>,
    method: &BackupMethod,
    text: &str,
) -> Result<WalletHalves<BackupHalf>, WalletError> {
    let sealed = Sealed::read(text)?;
    if sealed.method() != method.code() {
        return Err(MethodError::OtherMethod.into());
    }
    let opener = match (method.typed(), method.keys(core)?) {
        (Some((text, cost, _)), _) => Opener::Typed { text: text.duplicate(), cost },
        (None, Some(keys)) => {
            let key = keys.all().await?.into_iter().find(|key| *key.id() == sealed.key());
            Opener::Key(key.ok_or(MethodError::NoKey)?)
        }
        (None, None) => return Err(MethodError::NoKey.into()),
    };
    sealed.open(opener, client(core)).await
}

impl Wallet {
    /// The methods by which the wallet would come back.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn available_methods(&self) -> Result<Vec<MethodName>, WalletError> {
        let backups = self.status().await?.backups;
        Ok(backups.iter().filter(|backup| backup.status == PairStatus::Active).map(|backup| backup.method).collect())
    }

    /// Deletes the keys of this method that open backups older than the one in force. To be called after
    /// [`Wallet::stored_backup`], which does so itself for the vault; until then both keys are needed.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn delete_older_keys(&self, method: &BackupMethod) -> Result<(), WalletError> {
        let status = self.status().await?;
        let of_method = |backup: &&Backup| backup.status == PairStatus::Active && backup.method == method.name();
        let Some(in_force) = status.backups.iter().find(of_method) else { return Ok(()) };
        let wallet = self.device().await?.wallet;
        let Some(keys) = method.keys(&self.core)? else { return Ok(()) };
        for key in keys.all().await? {
            if hex::encode(key.wallet()) == wallet && key.generation() < in_force.generation.0 {
                keys.remove(key.id()).await?;
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for BackupMethod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Pin(_) => "Pin",
            Self::File(_) => "File",
            Self::GoogleDrive(_) => "GoogleDrive",
            Self::Vault => "Vault",
            Self::Custom(_) => "Custom",
        })
    }
}
