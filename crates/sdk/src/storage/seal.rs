//! The format of sealed storage, version 1: bytes in, bytes out.
//!
//! A **head** holds a random data key, sealed with a key that comes from a passphrase (Argon2id) or from a
//! key file. Each **entry** is sealed by itself with AES-256-GCM under a key derived from the data key, and
//! bound to its name, so that neither can a damaged entry take others with it nor one pass for another.
//!
//! ```text
//! head   "KSV" version=1 opener u8 | memory KiB u32 | passes u32 | lanes u32 | salt 16 |
//!        nonce 12 | sealed data key 32+16 | first 8 bytes of the SHA-256 of all before
//! entry  "KSE" version=1 | nonce 12 | sealed value, with magic, version and name as associated data
//! ```
//! Numbers are big-endian. The checksum tells a damaged head from a wrong passphrase.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use hmac::{Hmac, Mac};
use keystead_crypto::random::Random;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::StorageError;

const HEAD: &[u8; 4] = b"KSV\x01";
const ENTRY: &[u8; 4] = b"KSE\x01";
const CHECKSUM: usize = 8;

pub(super) type Key = Zeroizing<[u8; 32]>;

/// How much work a passphrase costs, for us and for who guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for KdfCost {
    /// 64 MiB, three passes, one lane: a quarter of a second on a laptop.
    fn default() -> Self {
        Self { memory: 64 << 10, passes: 3, lanes: 1 }
    }
}

impl KdfCost {
    /// Bounds on what a head may ask for: beyond them it was not written by us.
    pub(crate) fn is_acceptable(self) -> bool {
        (8..=4 << 20).contains(&self.memory) && (1..=64).contains(&self.passes) && (1..=64).contains(&self.lanes)
    }
}

/// What a head is opened by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    Passphrase,
    KeyFile,
}

/// The readable part of a head.
pub(super) struct Head {
    pub(super) opener: Opener,
    cost: KdfCost,
    salt: [u8; 16],
}

fn random<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

impl Head {
    pub(super) fn make(opener: Opener, cost: KdfCost, source: &dyn Random) -> Self {
        Self { opener, cost, salt: random(source) }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        bytes.push(match self.opener {
            Opener::Passphrase => 1,
            Opener::KeyFile => 2,
        });
        for number in [self.cost.memory, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.salt);
        bytes
    }

    /// Seals `data_key` with the key that the opener gives.
    pub(super) fn seal(&self, key: &Key, data_key: &Key, source: &dyn Random) -> Result<Vec<u8>, StorageError> {
        let mut bytes = self.bytes();
        let nonce = random(source);
        let sealed = seal(key, &nonce, &bytes, &**data_key)?;
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        let checksum = checksum(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// Reads a head: its readable part, nonce and sealed data key.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, [u8; 12], &[u8]), StorageError> {
        let damaged = || StorageError::Corrupted("the head of the storage");
        let start: &[u8; 4] = bytes.first_chunk().ok_or_else(damaged)?;
        if start != HEAD {
            let newer = start.starts_with(b"KSV") && start.last().is_some_and(|version| *version > 1);
            return Err(if newer { StorageError::NewerVersion } else { damaged() });
        }
        let (content, sum) = bytes.split_last_chunk::<CHECKSUM>().ok_or_else(damaged)?;
        if checksum(content) != *sum {
            return Err(damaged());
        }
        let mut rest = content.get(HEAD.len()..).ok_or_else(damaged)?;
        let opener = match take::<1>(&mut rest).ok_or_else(damaged)? {
            [1] => Opener::Passphrase,
            [2] => Opener::KeyFile,
            _ => return Err(damaged()),
        };
        let mut number = || take(&mut rest).map(u32::from_be_bytes).ok_or_else(damaged);
        let cost = KdfCost { memory: number()?, passes: number()?, lanes: number()? };
        let salt = take(&mut rest).ok_or_else(damaged)?;
        let nonce = take(&mut rest).ok_or_else(damaged)?;
        if !cost.is_acceptable() || rest.len() != 48 {
            return Err(damaged());
        }
        Ok((Self { opener, cost, salt }, nonce, rest))
    }

    /// Opens the data key; `None` where `key` is not the right one.
    pub(super) fn open(&self, key: &Key, nonce: &[u8; 12], sealed: &[u8]) -> Option<Key> {
        let opened = open(key, nonce, &self.bytes(), sealed)?;
        Some(Zeroizing::new(*opened.first_chunk()?))
    }

    /// The key of a passphrase for this head. Takes as long as its cost says.
    pub(super) fn derive(&self, passphrase: &str) -> Result<Key, StorageError> {
        let impossible = |_| StorageError::Corrupted("the head of the storage");
        let params = Params::new(self.cost.memory, self.cost.passes, self.cost.lanes, None).map_err(impossible)?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), &self.salt, &mut *key)
            .map_err(impossible)?;
        Ok(key)
    }
}

/// The keys of an open storage.
pub(super) struct Keys {
    data: Key,
    entries: Key,
    names: Key,
}

impl Keys {
    pub(super) fn of(data: Key) -> Self {
        let derive = |label: &str| Zeroizing::new(mac(&data, label.as_bytes()));
        let (entries, names) = (derive("keystead/storage/entries/v1"), derive("keystead/storage/names/v1"));
        Self { data, entries, names }
    }

    pub(super) fn data(&self) -> &Key {
        &self.data
    }

    /// Under which name an entry is filed, so that a directory listing tells no ids.
    pub(super) fn file_name(&self, name: &str) -> String {
        let hash = mac(&self.names, name.as_bytes());
        hex::encode(hash.first_chunk::<16>().copied().unwrap_or_default())
    }

    pub(super) fn seal(&self, name: &str, value: &str, source: &dyn Random) -> Result<Vec<u8>, StorageError> {
        let nonce = random(source);
        let sealed = seal(&self.entries, &nonce, &bound_to(name), value.as_bytes())?;
        Ok([ENTRY.as_slice(), nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, name: &str, bytes: &[u8]) -> Result<Zeroizing<String>, StorageError> {
        let damaged = || StorageError::Corrupted("an entry of the storage");
        let (start, mut rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
        if start != ENTRY {
            let newer = start.starts_with(b"KSE") && start.last().is_some_and(|version| *version > 1);
            return Err(if newer { StorageError::NewerVersion } else { damaged() });
        }
        let nonce = take(&mut rest).ok_or_else(damaged)?;
        let opened = open(&self.entries, &nonce, &bound_to(name), rest).ok_or_else(damaged)?;
        let text = std::str::from_utf8(&opened).map_err(|_| damaged())?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

fn bound_to(name: &str) -> Vec<u8> {
    [ENTRY.as_slice(), name.as_bytes()].concat()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*first)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    Sha256::digest(bytes).first_chunk().copied().unwrap_or_default()
}

fn mac(key: &Key, message: &[u8]) -> [u8; 32] {
    // HMAC takes a key of any length
    Hmac::<Sha256>::new_from_slice(&**key)
        .map(|mac| mac.chain_update(message).finalize().into_bytes().into())
        .unwrap_or_default()
}

fn seal(key: &Key, nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Result<Vec<u8>, StorageError> {
    let cipher = Aes256Gcm::new((&**key).into());
    // fails only for 64 GiB and more
    let sealed = cipher.encrypt(&Nonce::from(*nonce), Payload { msg, aad });
    sealed.map_err(|_| StorageError::Files(std::io::ErrorKind::FileTooLarge))
}

fn open(key: &Key, nonce: &[u8; 12], aad: &[u8], msg: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = Aes256Gcm::new((&**key).into());
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg, aad }).ok().map(Zeroizing::new)
}
