//! What this device keeps of a wallet: its halves of signing pairs in the key storage, and which of them count.
//!
//! A new half is kept beside the old one until the server said that it is in force.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::{BanCounter, SigningHalf, WalletHalves};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::WalletError;
use crate::api::Core;
use crate::secret::SecretText;
use crate::storage::StorageError;

/// The pairs of one generation, one for each curve: 32 hexadecimal digits each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pairs {
    pub(super) generation: u32,
    pub(super) secp256k1: String,
    pub(super) ed25519: String,
}

impl Pairs {
    pub(super) fn of(halves: &WalletHalves<SigningHalf>) -> Self {
        let id = |half: &SigningHalf| hex::encode(half.commitments().pair().0);
        Self {
            generation: halves.secp256k1.commitments().generation(),
            secp256k1: id(&halves.secp256k1),
            ed25519: id(&halves.ed25519),
        }
    }
}

/// What was made and is not in force as far as this device knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) generation: u32,
    /// The signing pairs, where some were made.
    pub(super) signing: Option<Pairs>,
    /// Whether the application was given a sealed backup to store.
    pub(super) backup: bool,
}

/// The index of what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Device {
    /// The wallet, 32 hexadecimal digits.
    pub(super) wallet: String,
    pub(super) signing: Option<Pairs>,
    pub(super) pending: Option<Pending>,
    bans: [u8; 2],
}

fn entry(core: &Core) -> String {
    format!("keystead.wallet.{}", core.owner.as_ref().map_or(core.user.as_str(), |(_, id)| id))
}

fn half_entry(wallet: &str, pair: &str) -> String {
    format!("keystead.wallet.half.{wallet}.{pair}")
}

fn damaged() -> StorageError {
    StorageError::Corrupted("what is kept of the wallet")
}

impl Device {
    pub(super) async fn load(core: &Core) -> Result<Self, WalletError> {
        match core.parts.storage.get(&entry(core)).await? {
            Some(text) => Ok(serde_json::from_str(&text).map_err(|_| damaged())?),
            None => Ok(Self::default()),
        }
    }

    pub(super) async fn save(&self, core: &Core) -> Result<(), WalletError> {
        let text = serde_json::to_string(self).map_err(|_| damaged())?;
        Ok(core.parts.storage.set(&entry(core), &text).await?)
    }

    pub(super) fn bans(&self) -> BanCounter {
        BanCounter::from_bytes(self.bans)
    }

    pub(super) fn set_bans(&mut self, bans: BanCounter) {
        self.bans = bans.to_bytes();
    }

    /// Keeps new halves, and what else waits with them, beside the old.
    pub(super) async fn keep(
        &mut self,
        core: &Core,
        wallet: &str,
        generation: u32,
        halves: Option<&WalletHalves<SigningHalf>>,
        backup: bool,
    ) -> Result<(), WalletError> {
        if let Some(halves) = halves {
            for half in [&halves.secp256k1, &halves.ed25519] {
                let pair = hex::encode(half.commitments().pair().0);
                let text = SecretText::from(STANDARD.encode(&*half.to_bytes()));
                core.parts.key_storage.set_key(&half_entry(wallet, &pair), &text).await?;
            }
        }
        let (old, old_wallet) = (self.pending.take(), std::mem::replace(&mut self.wallet, wallet.to_owned()));
        self.pending = Some(Pending { generation, signing: halves.map(Pairs::of), backup });
        self.save(core).await?;
        // only now, since until here the older one was all that there was
        if let Some(pairs) = old.and_then(|old| old.signing) {
            forget(core, &old_wallet, &pairs).await?;
        }
        Ok(())
    }

    /// What waits is in force: it replaces what was.
    pub(super) async fn promote(&mut self, core: &Core) -> Result<(), WalletError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let mut old = None;
        if let Some(pairs) = pending.signing {
            old = self.signing.replace(pairs);
            if old.is_some() {
                let mut bans = self.bans();
                if bans.unfreeze().is_ok() {
                    self.set_bans(bans);
                }
            } else {
                self.set_bans(BanCounter::default());
            }
        }
        self.save(core).await?;
        match old {
            Some(pairs) => forget(core, &self.wallet, &pairs).await,
            None => Ok(()),
        }
    }

    /// What waits will not be in force.
    pub(super) async fn discard(&mut self, core: &Core) -> Result<(), WalletError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        self.save(core).await?;
        match pending.signing {
            Some(pairs) => forget(core, &self.wallet, &pairs).await,
            None => Ok(()),
        }
    }

    /// The half of a signing pair.
    pub(super) async fn half(&self, core: &Core, pair: &str) -> Result<SigningHalf, WalletError> {
        let text = core.parts.key_storage.get_key(&half_entry(&self.wallet, pair)).await?;
        let text = text.ok_or(WalletError::NotOnDevice)?;
        let bytes = Zeroizing::new(STANDARD.decode(text.expose()).map_err(|_| damaged())?);
        let half = SigningHalf::from_bytes(&bytes).map_err(|_| damaged())?;
        match hex::encode(half.commitments().pair().0) == pair {
            true => Ok(half),
            false => Err(damaged().into()),
        }
    }
}

async fn forget(core: &Core, wallet: &str, pairs: &Pairs) -> Result<(), WalletError> {
    for pair in [&pairs.secp256k1, &pairs.ed25519] {
        core.parts.key_storage.remove_key(&half_entry(wallet, pair)).await?;
    }
    Ok(())
}
