//! Sealed entries in files, for everything that has a disk.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use keystead_crypto::provider::SystemRandom;
use keystead_crypto::random::Random;
use parking_lot::RwLock;
use zeroize::Zeroizing;

use super::seal::{Head, KdfCost, Key, Keys, Opener};
use super::{KeyStorage, Storage, StorageError};
use crate::secret::SecretText;

const HEAD: &str = "storage.head";
const LOCK: &str = "storage.lock";

/// What opens sealed files.
pub enum Unlock {
    /// A passphrase, which a person types.
    Passphrase(SecretText),
    /// A file with a random key, readable by its owner only; made when the storage is. Protects copies of
    /// the storage that are made without the key file, not against who reads both.
    KeyFile(PathBuf),
}

/// A directory with one encrypted file per entry.
///
/// Each write is complete or did not happen, also when the power is cut; two processes can share one
/// directory. See the module `seal` for the format.
pub struct SealedFiles {
    directory: PathBuf,
    keys: RwLock<Keys>,
    random: Arc<dyn Random>,
}

/// Where programs keep a user's data: `$XDG_DATA_HOME` or `~/.local/share`, `~/Library/Application Support`,
/// `%APPDATA%`, each with `application` below.
///
/// # Errors
/// [`StorageError::NoDirectory`]: the environment names none.
pub fn user_data_directory(application: &str) -> Result<PathBuf, StorageError> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(target_os = "windows") {
        variable("APPDATA")
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")))
    };
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-_".contains(letter) { letter } else { '-' };
    let folder: String = application.chars().map(plain).collect();
    base.map(|base| base.join("keystead").join(folder)).ok_or(StorageError::NoDirectory)
}

impl SealedFiles {
    /// Opens the storage in `directory`, or makes one there. With a passphrase this takes a quarter of a
    /// second, on purpose.
    ///
    /// # Errors
    /// See [`StorageError`]. A wrong passphrase and damage are told apart.
    pub fn open(directory: impl Into<PathBuf>, unlock: &Unlock) -> Result<Self, StorageError> {
        Self::open_with(directory, unlock, KdfCost::default(), Arc::new(SystemRandom::default()))
    }

    /// The same, with another cost for a new passphrase and another source of randomness.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        directory: impl Into<PathBuf>,
        unlock: &Unlock,
        cost: KdfCost,
        random: Arc<dyn Random>,
    ) -> Result<Self, StorageError> {
        let directory = directory.into();
        make_directory(&directory)?;
        let _lock = lock(&directory)?;
        let data = match read(&directory.join(HEAD))? {
            Some(bytes) => open_head(&bytes, unlock)?,
            None => {
                let mut data: Key = Zeroizing::new([0; 32]);
                random.fill(&mut *data);
                write_head(&directory, unlock, cost, &data, &*random)?;
                data
            }
        };
        Ok(Self { directory, keys: RwLock::new(Keys::of(data)), random })
    }

    /// From now on the storage is opened by `unlock`. Entries need not be written again.
    ///
    /// # Errors
    /// It is still opened as before.
    pub fn change_unlock(&self, unlock: &Unlock, cost: KdfCost) -> Result<(), StorageError> {
        let _lock = lock(&self.directory)?;
        write_head(&self.directory, unlock, cost, self.keys.read().data(), &*self.random)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(self.keys.read().file_name(name))
    }

    fn read_entry(&self, name: &str) -> Result<Option<Zeroizing<String>>, StorageError> {
        let bytes = read(&self.path(name))?;
        bytes.map(|bytes| self.keys.read().open(name, &bytes)).transpose()
    }

    fn write_entry(&self, name: &str, value: &str) -> Result<(), StorageError> {
        let sealed = self.keys.read().seal(name, value, &*self.random)?;
        replace(&self.path(name), &sealed, &*self.random)
    }

    fn remove_entry(&self, name: &str) -> Result<(), StorageError> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failure(&error)),
            Ok(()) => sync_directory(&self.directory),
        }
    }
}

impl std::fmt::Debug for SealedFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedFiles").finish_non_exhaustive()
    }
}

fn open_head(bytes: &[u8], unlock: &Unlock) -> Result<Key, StorageError> {
    let (head, nonce, sealed) = Head::read(bytes)?;
    match (head.opener, unlock) {
        (Opener::Passphrase, Unlock::Passphrase(passphrase)) => {
            let key = head.derive(passphrase.expose())?;
            head.open(&key, &nonce, sealed).ok_or(StorageError::WrongPassphrase)
        }
        (Opener::KeyFile, Unlock::KeyFile(path)) => {
            let key = read_key_file(path)?.ok_or(StorageError::KeyFileMissing)?;
            head.open(&key, &nonce, sealed).ok_or(StorageError::WrongKeyFile)
        }
        (Opener::Passphrase, Unlock::KeyFile(_)) => Err(StorageError::OpenedBy("a passphrase")),
        (Opener::KeyFile, Unlock::Passphrase(_)) => Err(StorageError::OpenedBy("a key file")),
    }
}

fn write_head(
    directory: &Path,
    unlock: &Unlock,
    cost: KdfCost,
    data: &Key,
    random: &dyn Random,
) -> Result<(), StorageError> {
    let (head, key) = match unlock {
        Unlock::Passphrase(passphrase) => {
            let head = Head::make(Opener::Passphrase, cost, random);
            let key = head.derive(passphrase.expose())?;
            (head, key)
        }
        Unlock::KeyFile(path) => {
            let key = match read_key_file(path)? {
                Some(key) => key,
                None => make_key_file(path, random)?,
            };
            (Head::make(Opener::KeyFile, cost, random), key)
        }
    };
    replace(&directory.join(HEAD), &head.seal(&key, data, random)?, random)
}

fn read_key_file(path: &Path) -> Result<Option<Key>, StorageError> {
    let Some(text) = read(path)?.map(Zeroizing::new) else { return Ok(None) };
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim_ascii(), &mut *key).map_err(|_| StorageError::Corrupted("the key file"))?;
    Ok(Some(key))
}

fn make_key_file(path: &Path, random: &dyn Random) -> Result<Key, StorageError> {
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    let mut key = Zeroizing::new([0; 32]);
    random.fill(&mut *key);
    let text = Zeroizing::new(hex::encode(key.as_slice()));
    replace(path, text.as_bytes(), random)?;
    Ok(key)
}

fn make_directory(path: &Path) -> Result<(), StorageError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| failure(&error))
}

/// Keeps other processes from making the head at the same time, until it is dropped.
fn lock(directory: &Path) -> Result<File, StorageError> {
    let file = private().create(true).truncate(false).open(directory.join(LOCK)).map_err(|error| failure(&error))?;
    file.lock().map_err(|error| failure(&error))?;
    Ok(file)
}

/// How a file is opened that nobody else may read.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure(&error)),
    }
}

/// Writes a file beside `path`, makes it durable, and puts it in the place of `path`.
pub(crate) fn replace(path: &Path, bytes: &[u8], random: &dyn Random) -> Result<(), StorageError> {
    let directory = path.parent().ok_or(StorageError::NoDirectory)?;
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let temporary = directory.join(format!("new-{}", hex::encode(suffix)));
    let written = (|| {
        let mut file = private().create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    })();
    if let Err(error) = written {
        // what is left of a failed write is of no use
        let _ = fs::remove_file(&temporary);
        return Err(failure(&error));
    }
    sync_directory(directory)
}

/// Makes a rename durable. Windows has no such thing and needs none.
fn sync_directory(directory: &Path) -> Result<(), StorageError> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| failure(&error))
}

fn failure(error: &std::io::Error) -> StorageError {
    StorageError::Files(error.kind())
}

#[async_trait]
impl Storage for SealedFiles {
    async fn get(&self, name: &str) -> Result<Option<String>, StorageError> {
        Ok(self.read_entry(name)?.map(|value| (*value).clone()))
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), StorageError> {
        self.write_entry(name, value)
    }

    async fn remove(&self, name: &str) -> Result<(), StorageError> {
        self.remove_entry(name)
    }
}

#[async_trait]
impl KeyStorage for SealedFiles {
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError> {
        Ok(self.read_entry(name)?.map(|value| SecretText::from(value.as_str())))
    }

    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError> {
        self.write_entry(name, value.expose())
    }

    async fn remove_key(&self, name: &str) -> Result<(), StorageError> {
        self.remove_entry(name)
    }
}
