//! A key that opens one backup, as a line of text.
//!
//! ```text
//! keystead-wallet-key-1 WALLET GENERATION ID KEY
//! ```
//! The wallet, the id and the key are hexadecimal digits, the generation is a number. The id stands in the backup, so
//! that its key is found among others.

use std::fmt;

use keystead_crypto::random::Random;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::secret::SecretText;

const HEAD: &str = "keystead-wallet-key-1";

/// Names a key.
pub type KeyId = [u8; 16];

/// A key that opens one backup of one wallet.
#[derive(Clone)]
pub struct BackupKey {
    wallet: [u8; 16],
    generation: u32,
    id: KeyId,
    key: Zeroizing<[u8; 32]>,
}

impl BackupKey {
    pub(super) fn make(wallet: [u8; 16], generation: u32, random: &dyn Random) -> Self {
        let (mut id, mut key) = ([0; 16], Zeroizing::new([0; 32]));
        random.fill(&mut id);
        random.fill(&mut *key);
        Self { wallet, generation, id, key }
    }

    /// The wallet.
    pub fn wallet(&self) -> [u8; 16] {
        self.wallet
    }

    /// The generation of the backup.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// What names it.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(in crate::wallet) fn expose(&self) -> &[u8; 32] {
        &self.key
    }

    /// A line without its end, for whoever keeps it.
    pub fn to_line(&self) -> SecretText {
        let key = Zeroizing::new(hex::encode(self.key.as_slice()));
        let (wallet, id) = (hex::encode(self.wallet), hex::encode(self.id));
        format!("{HEAD} {wallet} {} {id} {}", self.generation, *key).into()
    }

    /// Reads a line; `None` for what is no key.
    pub fn from_line(line: &str) -> Option<Self> {
        let mut words = line.trim().split(' ');
        let mut word = || words.next();
        if word()? != HEAD {
            return None;
        }
        let mut read = Self { wallet: [0; 16], generation: 0, id: [0; 16], key: Zeroizing::new([0; 32]) };
        hex::decode_to_slice(word()?, &mut read.wallet).ok()?;
        read.generation = word()?.parse().ok()?;
        hex::decode_to_slice(word()?, &mut read.id).ok()?;
        hex::decode_to_slice(word()?, &mut *read.key).ok()?;
        words.next().is_none().then_some(read)
    }
}

impl PartialEq for BackupKey {
    fn eq(&self, other: &Self) -> bool {
        (self.wallet, self.generation, self.id) == (other.wallet, other.generation, other.id)
            && bool::from(self.key.ct_eq(&*other.key))
    }
}

impl Eq for BackupKey {}

impl fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackupKey").field("generation", &self.generation).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use keystead_crypto::provider::SystemRandom;

    use super::*;

    #[test]
    fn lines_are_read_back_and_show_nothing() {
        let key = BackupKey::make([1; 16], 7, &SystemRandom::default());
        let line = key.to_line();
        assert_eq!(BackupKey::from_line(&format!("{}\n", line.expose())), Some(key.clone()));
        assert_eq!(format!("{key:?}"), "BackupKey { generation: 7, .. }");
        for length in 0..line.expose().len() {
            assert_eq!(BackupKey::from_line(&line.expose()[..length]), None, "{length}");
        }
        assert_eq!(BackupKey::from_line(&format!("{} 1", line.expose())), None);
        assert_ne!(key, BackupKey::make([1; 16], 7, &SystemRandom::default()));
    }
}
