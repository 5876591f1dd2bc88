//! The sealed backup that an application keeps: the client's half of a backup pair for each curve, under a key that
//! only the user has (portal 4.7).
//!
//! ```text
//! "KSW" version=2 | algorithm=1 | kdf u8 | memory KiB u32 | passes u32 | lanes u32 | salt or id of the key 16 |
//! method u8 | wallet 16 | generation u32 | pair on secp256k1 16 | pair on Ed25519 16 | nonce 12 | sealed halves
//! ```
//! Numbers are big-endian; the whole is hexadecimal digits. What is sealed, with AES-256-GCM: the halves on secp256k1
//! and on Ed25519, each after its length as u16. Associated data: all before the nonce, then the id of the client. The
//! `kdf` is 1, Argon2id, for what a person types, or 0 for a random key, which the id names.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use keystead_crypto::random::Random;
use keystead_mpc::{BackupHalf, PairId, WalletHalves, WalletId};
use zeroize::Zeroizing;

use super::WalletError;
use super::methods::{BackupKey, KeyId};
use crate::secret::SecretText;
use crate::storage::KdfCost;

const MAGIC: &[u8; 4] = b"KSW\x02";
const AES_256_GCM: u8 = 1;
const RANDOM_KEY: u8 = 0;
const ARGON2ID: u8 = 1;
/// Of everything before the nonce.
const HEAD: usize = 4 + 1 + 1 + 12 + 16 + 1 + 16 + 4 + 32;
/// The longest text: halves are a few hundred bytes.
const LONGEST: usize = 8 * 1024;
/// No more than this is spent on opening a text that somebody else may have written.
const MOST: KdfCost = KdfCost { memory: 1 << 20, passes: 16, lanes: 16 };

type Key = Zeroizing<[u8; 32]>;

/// What seals and opens.
pub(super) enum Opener {
    /// What a person types, and what trying it costs. On opening: what it costs at least.
    Typed { text: SecretText, cost: KdfCost },
    /// A random key.
    Key(BackupKey),
}

/// Seals halves that were just made, for this client.
pub(super) async fn seal(
    halves: &WalletHalves<BackupHalf>,
    method: u8,
    opener: Opener,
    client: &str,
    random: &dyn Random,
) -> Result<String, WalletError> {
    let WalletHalves { secp256k1, ed25519 } = halves;
    let (kdf, cost, salt) = match &opener {
        Opener::Typed { cost, .. } => {
            let mut salt = [0; 16];
            random.fill(&mut salt);
            (ARGON2ID, *cost, salt)
        }
        Opener::Key(key) => (RANDOM_KEY, KdfCost { memory: 0, passes: 0, lanes: 0 }, *key.id()),
    };
    let commitments = secp256k1.commitments();
    let mut text = MAGIC.to_vec();
    text.extend([AES_256_GCM, kdf]);
    for number in [cost.memory, cost.passes, cost.lanes] {
        text.extend_from_slice(&number.to_be_bytes());
    }
    text.extend_from_slice(&salt);
    text.push(method);
    text.extend_from_slice(&commitments.wallet().0);
    text.extend_from_slice(&commitments.generation().to_be_bytes());
    text.extend_from_slice(&commitments.pair().0);
    text.extend_from_slice(&ed25519.commitments().pair().0);

    let mut plain = Zeroizing::new(Vec::with_capacity(1024));
    for half in [secp256k1, ed25519] {
        let bytes = half.to_bytes();
        let length = u16::try_from(bytes.len()).map_err(|_| WalletError::DamagedBackup)?;
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(&bytes);
    }
    let mut nonce = [0; 12];
    random.fill(&mut nonce);
    let key = key_of(opener, salt, cost).await?;
    let aad = [text.as_slice(), client.as_bytes()].concat();
    let sealed =
        Aes256Gcm::new((&*key).into()).encrypt(&Nonce::from(nonce), Payload { msg: plain.as_slice(), aad: &aad });
    // fails only for 64 GiB and more
    let sealed = sealed.map_err(|_| WalletError::DamagedBackup)?;
    text.extend_from_slice(&nonce);
    text.extend_from_slice(&sealed);
    Ok(hex::encode(text))
}

/// A sealed backup whose readable part was read.
pub(super) struct Sealed {
    head: Vec<u8>,
    cost: Option<KdfCost>,
    salt: [u8; 16],
    method: u8,
    wallet: WalletId,
    generation: u32,
    pairs: [PairId; 2],
    nonce: [u8; 12],
    sealed: Vec<u8>,
}

impl Sealed {
    pub(super) fn read(text: &str) -> Result<Self, WalletError> {
        if text.len() > LONGEST {
            return Err(WalletError::DamagedBackup);
        }
        let bytes = hex::decode(text.trim()).map_err(|_| WalletError::DamagedBackup)?;
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(WalletError::DamagedBackup)?;
        let (nonce, sealed) = rest.split_first_chunk::<12>().ok_or(WalletError::DamagedBackup)?;
        let mut fields = head;
        let [algorithm, kdf] = match take::<4>(&mut fields)? == *MAGIC {
            true => take(&mut fields)?,
            false => return Err(WalletError::DamagedBackup),
        };
        let mut number = || take(&mut fields).map(u32::from_be_bytes);
        let cost = KdfCost { memory: number()?, passes: number()?, lanes: number()? };
        let cost = match (algorithm, kdf) {
            (AES_256_GCM, ARGON2ID) => Some(cost),
            (AES_256_GCM, RANDOM_KEY) => None,
            _ => return Err(WalletError::DamagedBackup),
        };
        let salt = take(&mut fields)?;
        let [method] = take(&mut fields)?;
        let wallet = WalletId(take(&mut fields)?);
        let generation = u32::from_be_bytes(take(&mut fields)?);
        let pairs = [PairId(take(&mut fields)?), PairId(take(&mut fields)?)];
        let (nonce, head, sealed) = (*nonce, head.to_vec(), sealed.to_vec());
        Ok(Self { head, cost, salt, method, wallet, generation, pairs, nonce, sealed })
    }

    /// What stands for the method.
    pub(super) fn method(&self) -> u8 {
        self.method
    }

    /// The id of the key, where it is a random one.
    pub(super) fn key(&self) -> KeyId {
        self.salt
    }

    /// Opens it. Something wrong that was typed and damage of what is sealed look the same.
    pub(super) async fn open(&self, opener: Opener, client: &str) -> Result<WalletHalves<BackupHalf>, WalletError> {
        let (cost, wrong) = match (self.cost, &opener) {
            (Some(cost), Opener::Typed { cost: least, .. }) if is_between(*least, cost) => {
                (cost, WalletError::WrongPassword)
            }
            (None, Opener::Key(_)) => (MOST, WalletError::DamagedBackup),
            _ => return Err(WalletError::DamagedBackup),
        };
        let key = key_of(opener, self.salt, cost).await?;
        let aad = [self.head.as_slice(), client.as_bytes()].concat();
        let payload = Payload { msg: self.sealed.as_slice(), aad: &aad };
        let plain = Aes256Gcm::new((&*key).into()).decrypt(&Nonce::from(self.nonce), payload);
        let plain = Zeroizing::new(plain.map_err(|_| wrong)?);
        let mut rest = plain.as_slice();
        let [secp256k1, ed25519] = self.pairs.map(|pair| {
            let length = usize::from(u16::from_be_bytes(take(&mut rest)?));
            let (bytes, after) = rest.split_at_checked(length).ok_or(WalletError::DamagedBackup)?;
            rest = after;
            let half = BackupHalf::from_bytes(bytes).map_err(|_| WalletError::DamagedBackup)?;
            let of = half.commitments();
            match (of.wallet(), of.generation(), of.pair()) == (self.wallet, self.generation, pair) {
                true => Ok(half),
                false => Err(WalletError::DamagedBackup),
            }
        });
        let halves = WalletHalves { secp256k1: secp256k1?, ed25519: ed25519? };
        if rest.is_empty() { Ok(halves) } else { Err(WalletError::DamagedBackup) }
    }
}

/// Whether guessing costs at least what we ask for, so that nobody has weakened it, and not more than we spend.
fn is_between(least: KdfCost, cost: KdfCost) -> bool {
    (least.memory..=MOST.memory).contains(&cost.memory)
        && (least.passes..=MOST.passes).contains(&cost.passes)
        && (1..=MOST.lanes).contains(&cost.lanes)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WalletError> {
    let (first, after) = rest.split_first_chunk().ok_or(WalletError::DamagedBackup)?;
    *rest = after;
    Ok(*first)
}

/// The key itself. What costs a second does not hold up other tasks.
async fn key_of(opener: Opener, salt: [u8; 16], cost: KdfCost) -> Result<Key, WalletError> {
    let text = match opener {
        Opener::Key(key) => return Ok(Zeroizing::new(*key.expose())),
        Opener::Typed { text, .. } => text,
    };
    let derive = move || {
        let params = Params::new(cost.memory, cost.passes, cost.lanes, None).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(text.expose().as_bytes(), &salt, &mut *key).ok()?;
        Some(key)
    };
    let derived = tokio::task::spawn_blocking(derive).await;
    derived.ok().flatten().ok_or(WalletError::DamagedBackup)
}

#[cfg(test)]
mod tests {
    use keystead_crypto::provider::SystemRandom;
    use keystead_mpc::{MpcError, Party, Session, SessionParams, back_up_wallet, create_wallet};

    use super::*;

    /// Carries messages between two sessions; what the client gets.
    fn run<T: Send + 'static>(
        make: impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
        theirs: impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
        nonce: u8,
    ) -> [T; 2] {
        let params = |party| SessionParams {
            party,
            wallet: WalletId([7; 16]),
            target_generation: u32::from(nonce),
            client_nonce: [nonce; 32],
            server_nonce: [200; 32],
        };
        let (mut client, mut server) = (make(&params(Party::Client)).unwrap(), theirs(&params(Party::Server)).unwrap());
        let (mut ours, mut others, mut message) = (None, None, client.start().unwrap());
        while let Some(up) = message.take() {
            let step = server.handle(&up).unwrap();
            others = step.outcome.or(others);
            if let Some(down) = step.message {
                let step = client.handle(&down).unwrap();
                ours = step.outcome.or(ours);
                message = step.message;
            }
        }
        [ours.unwrap(), others.unwrap()]
    }

    fn halves() -> WalletHalves<BackupHalf> {
        let made = run(create_wallet, create_wallet, 1);
        let [ours, theirs] =
            made.map(|made| WalletHalves { secp256k1: made.secp256k1.signing, ed25519: made.ed25519.signing });
        let back_up = |halves: &WalletHalves<_>, params: &_| {
            back_up_wallet(params, WalletHalves { secp256k1: &halves.secp256k1, ed25519: &halves.ed25519 })
        };
        let [backup, _] = run(|params| back_up(&ours, params), |params| back_up(&theirs, params), 2);
        backup
    }

    fn typed(text: &str, cost: KdfCost) -> Opener {
        Opener::Typed { text: text.into(), cost }
    }

    fn same(opened: &WalletHalves<BackupHalf>, halves: &WalletHalves<BackupHalf>) -> bool {
        opened.secp256k1.matches(halves.secp256k1.commitments()) && opened.ed25519.matches(halves.ed25519.commitments())
    }

    #[tokio::test]
    async fn what_is_sealed_opens_and_nothing_else_does() {
        let (halves, random) = (halves(), SystemRandom::default());
        let key = BackupKey::from_line(&format!(
            "keystead-wallet-key-1 {} 2 {} {}",
            "07".repeat(16),
            "01".repeat(16),
            "02".repeat(32)
        ));
        let key = key.unwrap();
        let text = seal(&halves, 3, Opener::Key(key.clone()), "me", &random).await.unwrap();
        let sealed = Sealed::read(&text).unwrap();
        assert_eq!((sealed.method(), &sealed.key()), (3, key.id()));
        assert!(same(&sealed.open(Opener::Key(key.clone()), "me").await.unwrap(), &halves));
        assert!(matches!(sealed.open(Opener::Key(key.clone()), "you").await, Err(WalletError::DamagedBackup)));
        let short = typed("1234", KdfCost { memory: 8, passes: 1, lanes: 1 });
        assert!(matches!(sealed.open(short, "me").await, Err(WalletError::DamagedBackup)));
        // whichever byte is changed
        for position in 0..text.len() / 2 {
            let mut bytes = hex::decode(&text).unwrap();
            bytes[position] ^= 1;
            let opened = match Sealed::read(&hex::encode(bytes)) {
                Ok(sealed) => sealed.open(Opener::Key(key.clone()), "me").await,
                Err(error) => Err(error),
            };
            assert!(opened.is_err(), "{position}");
        }
        for length in 0..text.len() {
            assert!(
                !matches!(Sealed::read(&text[..length]), Ok(sealed) if sealed.open(Opener::Key(key.clone()), "me").await.is_ok())
            );
        }
    }

    #[tokio::test]
    async fn what_is_typed_costs_what_it_has_to() {
        let (halves, random) = (halves(), SystemRandom::default());
        let cost = |memory, passes| KdfCost { memory, passes, lanes: 1 };
        let text = seal(&halves, 1, typed("valar morghulis", cost(64, 2)), "me", &random).await.unwrap();
        let sealed = Sealed::read(&text).unwrap();
        assert!(same(&sealed.open(typed("valar morghulis", cost(64, 2)), "me").await.unwrap(), &halves));
        assert!(matches!(
            sealed.open(typed("valar dohaeris", cost(64, 2)), "me").await,
            Err(WalletError::WrongPassword)
        ));
        for least in [cost(65, 2), cost(64, 3)] {
            assert!(matches!(
                sealed.open(typed("valar morghulis", least), "me").await,
                Err(WalletError::DamagedBackup)
            ));
        }
        // a text that would have us spend gigabytes
        for most in [cost(1 << 31, 2), cost(64, 1 << 20)] {
            assert!(!is_between(cost(64, 2), most));
        }
    }
}
