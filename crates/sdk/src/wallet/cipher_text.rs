//! The sealed backup that an application keeps: the client's half of a backup pair for each curve, under a key that
//! only the user has.
//!
//! ```text
//! "KSW" version=1 | method u8 | memory KiB u32 | passes u32 | lanes u32 | salt 16 | wallet 16 | generation u32 |
//! nonce 12 | sealed halves, with all before the nonce as associated data
//! ```
//! Numbers are big-endian; the whole is base64url without padding. What is sealed: the halves on secp256k1 and on
//! Ed25519, each after its length as u16. AES-256-GCM; a password becomes a key by Argon2id.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keystead_crypto::random::Random;
use keystead_mpc::{BackupHalf, WalletHalves, WalletId};
use zeroize::Zeroizing;

use super::{BackupMethod, WalletError};
use crate::storage::KdfCost;

const MAGIC: &[u8; 4] = b"KSW\x01";
const PASSWORD: u8 = 1;
/// Of magic, method, cost, salt, wallet and generation.
const HEAD: usize = 4 + 1 + 12 + 16 + 16 + 4;
/// The longest text: halves are a few hundred bytes.
const LONGEST: usize = 8 * 1024;

/// Seals halves that were just made.
pub(super) fn seal(
    halves: &WalletHalves<BackupHalf>,
    method: &BackupMethod,
    cost: KdfCost,
    random: &dyn Random,
) -> Result<String, WalletError> {
    let BackupMethod::Password(password) = method;
    let commitments = halves.secp256k1.commitments();
    let (mut salt, mut nonce) = ([0; 16], [0; 12]);
    random.fill(&mut salt);
    random.fill(&mut nonce);
    let mut text = MAGIC.to_vec();
    text.push(PASSWORD);
    for number in [cost.memory, cost.passes, cost.lanes] {
        text.extend_from_slice(&number.to_be_bytes());
    }
    text.extend_from_slice(&salt);
    text.extend_from_slice(&commitments.wallet().0);
    text.extend_from_slice(&commitments.generation().to_be_bytes());
    let mut plain = Zeroizing::new(Vec::with_capacity(1024));
    for half in [&halves.secp256k1, &halves.ed25519] {
        let bytes = half.to_bytes();
        let length = u16::try_from(bytes.len()).map_err(|_| WalletError::DamagedBackup)?;
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&bytes);
    }
    let key = derive(password.expose(), &salt, cost)?;
    let cipher = Aes256Gcm::new((&*key).into());
    let sealed = cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain.as_slice(), aad: text.as_slice() });
    // fails only for 64 GiB and more
    let sealed = sealed.map_err(|_| WalletError::DamagedBackup)?;
    text.extend_from_slice(&nonce);
    text.extend_from_slice(&sealed);
    Ok(URL_SAFE_NO_PAD.encode(text))
}

/// Opens a sealed backup. A wrong password and damage of what is sealed look the same.
pub(super) fn open(text: &str, method: &BackupMethod) -> Result<WalletHalves<BackupHalf>, WalletError> {
    let BackupMethod::Password(password) = method;
    if text.len() > LONGEST {
        return Err(WalletError::DamagedBackup);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| WalletError::DamagedBackup)?;
    let (head, rest) = bytes.split_at_checked(HEAD).ok_or(WalletError::DamagedBackup)?;
    let (nonce, sealed) = rest.split_first_chunk::<12>().ok_or(WalletError::DamagedBackup)?;
    let mut fields = head;
    if take::<4>(&mut fields)? != *MAGIC || take::<1>(&mut fields)? != [PASSWORD] {
        return Err(WalletError::DamagedBackup);
    }
    let mut number = || take(&mut fields).map(u32::from_be_bytes);
    let cost = KdfCost { memory: number()?, passes: number()?, lanes: number()? };
    let salt = take(&mut fields)?;
    let wallet = WalletId(take(&mut fields)?);
    let generation = u32::from_be_bytes(take(&mut fields)?);
    if !cost.is_acceptable() {
        return Err(WalletError::DamagedBackup);
    }
    let key = derive(password.expose(), &salt, cost)?;
    let cipher = Aes256Gcm::new((&*key).into());
    let plain = cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: head });
    let plain = Zeroizing::new(plain.map_err(|_| WalletError::WrongPassword)?);
    let mut rest = plain.as_slice();
    let mut half = || -> Result<BackupHalf, WalletError> {
        let length = usize::from(u16::from_be_bytes(take(&mut rest)?));
        let (bytes, after) = rest.split_at_checked(length).ok_or(WalletError::DamagedBackup)?;
        rest = after;
        let half = BackupHalf::from_bytes(bytes).map_err(|_| WalletError::DamagedBackup)?;
        let of = half.commitments();
        match of.wallet() == wallet && of.generation() == generation {
            true => Ok(half),
            false => Err(WalletError::DamagedBackup),
        }
    };
    let halves = WalletHalves { secp256k1: half()?, ed25519: half()? };
    if rest.is_empty() { Ok(halves) } else { Err(WalletError::DamagedBackup) }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WalletError> {
    let (first, after) = rest.split_first_chunk().ok_or(WalletError::DamagedBackup)?;
    *rest = after;
    Ok(*first)
}

fn derive(password: &str, salt: &[u8; 16], cost: KdfCost) -> Result<Zeroizing<[u8; 32]>, WalletError> {
    let impossible = |_| WalletError::DamagedBackup;
    let params = Params::new(cost.memory, cost.passes, cost.lanes, None).map_err(impossible)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut *key)
        .map_err(impossible)?;
    Ok(key)
}
