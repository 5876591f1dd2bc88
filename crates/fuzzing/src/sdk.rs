//! `crates/sdk`: what lies on a device.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use keystead_crypto::key::import::StorageKey;
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage, SealedFiles, Storage as _, StorageError, Unlock, import};
use keystead_sdk::wallet::methods::BackupKey;
use keystead_sdk::wallet::signing::{Transaction, TypedData, is_solana_transaction};
use pollster::block_on as now;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::input::{line, parts};

/// Entries of an official client: parts with a name in the first line and a value behind it.
pub fn sdk_import(data: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut entries = BTreeMap::new();
    for part in parts(data) {
        let (name, value) = line(part);
        entries.insert(text(name), SecretText::from(text(value)));
    }
    for sealed_with in [None, Some(StorageKey::from_bytes(&[7; 32]).unwrap())] {
        let storage = MemoryStorage::new();
        let imported = now(import::import(&entries, sealed_with.as_ref(), &storage, &storage)).unwrap();
        assert!(imported.keys.is_empty() || !storage.names().is_empty());
    }
}

/// A storage that is opened by a key file: its directory, the name of its entry, the honest head.
struct Sealed {
    directory: TempDir,
    unlock: Unlock,
    entry: String,
    head: Vec<u8>,
    content: Vec<u8>,
}

static SEALED: LazyLock<Sealed> = LazyLock::new(|| {
    let directory = TempDir::new().unwrap();
    let unlock = Unlock::KeyFile(directory.path().join("key"));
    let path = directory.path().join("storage");
    let storage = SealedFiles::open(&path, &unlock).unwrap();
    now(storage.set("entry", "value")).unwrap();
    let names = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let entry = names.into_iter().find(|name| !name.starts_with("storage.")).unwrap();
    let head = std::fs::read(path.join("storage.head")).unwrap();
    let content = std::fs::read(path.join(&entry)).unwrap();
    Sealed { directory, unlock, entry, head, content }
});

/// First octet: what of a sealed storage is replaced, or changed by exclusive or, or given a right checksum.
pub fn sdk_sealed(data: &[u8]) {
    let Some((mode, patch)) = data.split_first() else { return };
    // every run at a time has its files for itself
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let sealed = &*SEALED;
    let path = sealed.directory.path().join("storage");
    let mixed = |honest: &[u8]| {
        let mut bytes = honest.to_vec();
        bytes.iter_mut().zip(patch).for_each(|(byte, mask)| *byte ^= mask);
        bytes
    };
    let with_checksum = |mut bytes: Vec<u8>| {
        bytes.truncate(bytes.len().saturating_sub(8));
        let sum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&sum[..8]);
        bytes
    };
    let (head, content) = match mode % 6 {
        0 => (patch.to_vec(), sealed.content.clone()),
        1 => (mixed(&sealed.head), sealed.content.clone()),
        2 => (with_checksum(mixed(&sealed.head)), sealed.content.clone()),
        3 => (with_checksum([patch, &[0; 8]].concat()), sealed.content.clone()),
        4 => (sealed.head.clone(), patch.to_vec()),
        _ => (sealed.head.clone(), mixed(&sealed.content)),
    };
    let honest = (head == sealed.head, content == sealed.content);
    std::fs::write(path.join("storage.head"), head).unwrap();
    std::fs::write(path.join(&sealed.entry), content).unwrap();
    match SealedFiles::open(&path, &sealed.unlock) {
        Err(StorageError::Files(kind)) => panic!("what is damaged counts as files that cannot be read: {kind}"),
        Err(_) => assert!(!honest.0),
        Ok(storage) => {
            let entry = now(storage.get("entry"));
            let key = now(storage.get_key("entry"));
            assert_eq!(entry.is_ok(), honest == (true, true), "an entry that was changed opens");
            assert_eq!(key.is_ok(), entry.is_ok());
        }
    }
}

/// What a wallet is asked to sign, in whichever form it is, and keys of backups.
pub fn sdk_wallet(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(key) = BackupKey::from_line(&text) {
        assert_eq!(BackupKey::from_line(key.to_line().expose()), Some(key));
    }
    if let Ok(value) = serde_json::from_slice(data) {
        if let Err(error) = Transaction::from_json(&value) {
            assert!(!error.expected().is_empty());
        }
        if value.is_object() {
            // as an object and as its text, it is the same that is signed
            let as_text = TypedData::from_json(&serde_json::Value::String(value.to_string()));
            assert_eq!(TypedData::from_json(&value).ok(), as_text.ok());
        }
    }
    if is_solana_transaction(data) {
        // a message may be the beginning of a transaction by chance, but nothing goes on after both
        let longer = [&[0][..], &[0, 0]].map(|rest| is_solana_transaction(&[data, rest].concat()));
        assert_ne!(longer, [true, true], "what is left over belongs to nothing");
    }
}
