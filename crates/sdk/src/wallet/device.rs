//! What this device keeps of a wallet: its halves of signing pairs in the key storage, and beside them what
//! [`keystead_model::wallet::client`] says of them. Everything is stored before the server hears of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::wallet::client::{ClientHalf, ClientState};
use keystead_model::wallet::{BackupMethod, Fence, Generation, PairId, PairIds, PerCurve};
use keystead_mpc::{BackupHalf, BanCounter, SigningHalf, WalletHalves};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::WalletError;
use crate::api::Core;
use crate::secret::SecretText;
use crate::storage::StorageError;

/// A text for the application to store, as long as its operation is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) generation: Generation,
    pub(super) text: String,
}

/// The index of what is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Device {
    /// The wallet, 32 hexadecimal digits.
    pub(super) wallet: String,
    pub(super) state: ClientState,
    sealed: Option<Sealed>,
    /// Whether the last text is in force, so that an application which did not hear of it may ask again.
    #[serde(default)]
    pub(super) in_force: bool,
    /// The operation by which the application was given the whole keys last.
    #[serde(default)]
    keys_given: Option<Fence>,
    /// Entries of halves that count no more: remembered before they are deleted, so that they are deleted later if the
    /// device dies in between.
    #[serde(default)]
    dead: Vec<String>,
    bans: [u8; 2],
}

/// What came of a protocol on this device.
pub(super) struct Made {
    pub(super) signing: Option<WalletHalves<SigningHalf>>,
    /// The method, the pairs, and the text for the application.
    pub(super) backup: Option<(BackupMethod, PairIds, String)>,
}

fn entry(core: &Core) -> String {
    format!("keystead.wallet.{}", core.owner.as_ref().map_or(core.user.as_str(), |(_, id)| id))
}

fn half_entry(wallet: &str, pair: PairId) -> String {
    format!("keystead.wallet.half.{wallet}.{pair}")
}

fn damaged() -> StorageError {
    StorageError::Corrupted("what is kept of the wallet")
}

/// The ids of the signing pairs of halves.
fn signing_pairs(halves: &WalletHalves<SigningHalf>) -> PairIds {
    let pair = |half: &SigningHalf| PairId(half.commitments().pair().0);
    PerCurve { secp256k1: pair(&halves.secp256k1), ed25519: pair(&halves.ed25519) }
}

/// The ids of the backup pairs of halves.
pub(super) fn backup_pairs(halves: &WalletHalves<BackupHalf>) -> PairIds {
    let pair = |half: &BackupHalf| PairId(half.commitments().pair().0);
    PerCurve { secp256k1: pair(&halves.secp256k1), ed25519: pair(&halves.ed25519) }
}

impl Device {
    pub(super) async fn load(core: &Core) -> Result<Self, WalletError> {
        let Some(text) = core.parts.storage.get(&entry(core)).await? else { return Ok(Self::default()) };
        let mut device: Self = serde_json::from_str(&text).map_err(|_| damaged())?;
        // what stays is deleted another time
        let _ = device.delete_dead(core).await;
        Ok(device)
    }

    /// Deletes halves that count no more. That they are deleted is stored with whatever is stored next: whoever only opens
    /// the device stores nothing over what another one stores meanwhile.
    async fn delete_dead(&mut self, core: &Core) -> Result<(), WalletError> {
        for entry in &self.dead {
            core.parts.key_storage.remove_key(entry).await?;
        }
        self.dead.clear();
        Ok(())
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

    /// The text that the application has to store, if the operation under way made one.
    pub(super) fn text(&self) -> Option<&str> {
        let generation = self.state.operation()?.fence.generation;
        self.sealed.as_ref().filter(|sealed| sealed.generation == generation).map(|sealed| sealed.text.as_str())
    }

    /// The pairs of that text.
    pub(super) fn text_pairs(&self) -> Option<PairIds> {
        let generation = self.state.operation()?.fence.generation;
        self.state.backups().iter().find(|backup| backup.generation == generation).map(|backup| backup.pairs)
    }

    /// Keeps what a protocol made, beside what was.
    pub(super) async fn keep(
        &mut self,
        core: &Core,
        wallet: &str,
        fence: Fence,
        made: Made,
    ) -> Result<(), WalletError> {
        if let Some(halves) = &made.signing {
            for half in [&halves.secp256k1, &halves.ed25519] {
                let pair = PairId(half.commitments().pair().0);
                let text = SecretText::from(STANDARD.encode(&*half.to_bytes()));
                core.parts.key_storage.set_key(&half_entry(wallet, pair), &text).await?;
            }
        }
        let signing = made.signing.as_ref().map(signing_pairs);
        let backup = made.backup.as_ref().map(|(method, pairs, _)| (*method, *pairs));
        let old = std::mem::replace(&mut self.wallet, wallet.to_owned());
        if old != wallet {
            // of a wallet that never came to be, or of another server: nothing of it counts here
            self.bans = BanCounter::default().to_bytes();
        }
        if let Some((_, _, text)) = made.backup {
            self.in_force = false;
            self.sealed = Some(Sealed { generation: fence.generation, text });
        }
        self.state = self.state.protocol_finished(fence, signing, backup);
        self.save(core).await
    }

    /// The operation under way, if the application was given the whole keys by it and may say that it stored them.
    pub(super) fn given_keys(&self) -> Option<Fence> {
        let operation = self.state.operation().filter(|operation| !operation.giving_up)?;
        self.keys_given.filter(|given| *given == operation.fence)
    }

    /// Remembers that the application is given the whole keys, before it is.
    pub(super) async fn give_keys(&mut self, core: &Core, fence: Fence) -> Result<(), WalletError> {
        if self.keys_given.replace(fence) == Some(fence) {
            return Ok(());
        }
        self.save(core).await
    }

    /// Goes on to `next`; halves that it does not have any more are deleted.
    pub(super) async fn go_on(&mut self, core: &Core, next: ClientState) -> Result<(), WalletError> {
        if next == self.state {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.state, next);
        let of = |half: Option<&ClientHalf>| half.map(|half| half.generation);
        match (of(before.active()), of(self.state.active())) {
            (None, Some(_)) => self.set_bans(BanCounter::default()),
            // new pairs: what a cheater learned is of no use any more
            (Some(old), Some(new)) if old != new => {
                let mut bans = self.bans();
                if bans.unfreeze().is_ok() {
                    self.set_bans(bans);
                }
            }
            _ => {}
        }
        let current = self.state.operation().map(|operation| operation.fence.generation);
        self.sealed = self.sealed.take().filter(|sealed| Some(sealed.generation) == current);
        for half in before.halves() {
            if self.state.halves().iter().all(|kept| kept.pairs != half.pairs) {
                self.dead.extend(half.pairs.iter().map(|(_, pair)| half_entry(&self.wallet, *pair)));
            }
        }
        self.save(core).await?;
        // only now, since until here the others were all that there was; what stays is deleted another time
        match self.dead.is_empty() || self.delete_dead(core).await.is_err() {
            true => Ok(()),
            false => self.save(core).await,
        }
    }

    /// Deletes everything that is kept, the halves first.
    pub(super) async fn erase(&mut self, core: &Core) -> Result<(), WalletError> {
        self.delete_dead(core).await?;
        for half in self.state.halves() {
            for pair in [half.pairs.secp256k1, half.pairs.ed25519] {
                core.parts.key_storage.remove_key(&half_entry(&self.wallet, pair)).await?;
            }
        }
        *self = Self::default();
        Ok(core.parts.storage.remove(&entry(core)).await?)
    }

    /// The half of a signing pair.
    pub(super) async fn half(&self, core: &Core, pair: PairId) -> Result<SigningHalf, WalletError> {
        let text = core.parts.key_storage.get_key(&half_entry(&self.wallet, pair)).await?;
        let text = text.ok_or(WalletError::NotOnDevice)?;
        let bytes = Zeroizing::new(STANDARD.decode(text.expose()).map_err(|_| damaged())?);
        let half = SigningHalf::from_bytes(&bytes).map_err(|_| damaged())?;
        match half.commitments().pair().0 == pair.0 {
            true => Ok(half),
            false => Err(damaged().into()),
        }
    }

    /// Both halves of the signing pairs.
    pub(super) async fn halves(&self, core: &Core, pairs: PairIds) -> Result<WalletHalves<SigningHalf>, WalletError> {
        Ok(WalletHalves {
            secp256k1: self.half(core, pairs.secp256k1).await?,
            ed25519: self.half(core, pairs.ed25519).await?,
        })
    }
}
