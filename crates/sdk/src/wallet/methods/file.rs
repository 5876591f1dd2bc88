//! Keys in a file, one a line. A key is appended; a line that a crash cut is passed over.

use std::io::Write as _;
use std::path::Path;

use async_trait::async_trait;
use keystead_crypto::random::Random;
use zeroize::Zeroizing;

use super::{BackupKey, BackupKeys, KeyId, MethodError};
use crate::storage::{StorageError, private_file, replace_file};

/// The most bytes of a file that are read: more than a thousand keys.
const LARGEST: u64 = 256 * 1024;

pub(super) struct KeyFile<'m> {
    pub(super) path: &'m Path,
    pub(super) random: &'m dyn Random,
}

impl KeyFile<'_> {
    fn read(&self) -> Result<Zeroizing<String>, MethodError> {
        let failure = |error: std::io::Error| StorageError::Files(error.kind());
        match std::fs::metadata(self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Zeroizing::default()),
            found => {
                if found.map_err(failure)?.len() > LARGEST {
                    return Err(StorageError::Corrupted("the file with keys").into());
                }
            }
        }
        let bytes = Zeroizing::new(std::fs::read(self.path).map_err(failure)?);
        Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

#[async_trait]
impl BackupKeys for KeyFile<'_> {
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError> {
        Ok(self.read()?.lines().filter_map(BackupKey::from_line).collect())
    }

    async fn append(&self, key: &BackupKey) -> Result<(), MethodError> {
        let write = || {
            let mut file = private_file().create(true).append(true).open(self.path)?;
            // an empty line first: what a crash cut before ends there
            let line = Zeroizing::new(format!("\n{}\n", key.to_line().expose()));
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error: std::io::Error| StorageError::Files(error.kind()).into())
    }

    async fn remove(&self, id: &KeyId) -> Result<(), MethodError> {
        let text = self.read()?;
        let stays = |line: &&str| !line.is_empty() && BackupKey::from_line(line).is_none_or(|key| key.id() != id);
        let mut kept = Zeroizing::new(String::with_capacity(text.len()));
        for line in text.lines().filter(stays) {
            kept.push_str(line);
            kept.push('\n');
        }
        Ok(replace_file(self.path, kept.as_bytes(), self.random)?)
    }
}

#[cfg(test)]
mod tests {
    use keystead_crypto::provider::SystemRandom;

    use super::*;

    #[tokio::test]
    async fn keys_stand_beside_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let (path, random) = (directory.path().join("key"), SystemRandom::default());
        let file = KeyFile { path: &path, random: &random };
        assert_eq!(file.all().await.unwrap(), []);
        let [one, two, three] = [1, 2, 3].map(|generation| BackupKey::make([1; 16], generation, &random));
        file.append(&one).await.unwrap();
        // a crash in the middle of writing
        let cut = format!("{}\n{}", std::fs::read_to_string(&path).unwrap(), &two.to_line().expose()[..40]);
        std::fs::write(&path, cut).unwrap();
        file.append(&three).await.unwrap();
        assert_eq!(file.all().await.unwrap(), [one.clone(), three.clone()]);
        file.remove(one.id()).await.unwrap();
        file.remove(two.id()).await.unwrap();
        assert_eq!(file.all().await.unwrap(), [three]);
        assert!(
            std::fs::read_to_string(&path).unwrap().starts_with("keystead-wallet-key-1 0101"),
            "the cut line stays"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, vec![b' '; 300_000]).unwrap();
        assert!(matches!(file.all().await, Err(MethodError::File(StorageError::Corrupted(_)))));
        let nowhere = KeyFile { path: &directory.path().join("no/key"), random: &random };
        assert!(nowhere.append(&one).await.is_err());
    }
}
