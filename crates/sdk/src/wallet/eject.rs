//! Taking the whole keys out.

use keystead_model::wallet::{Fence, OperationKind};
use keystead_mpc::{BackupHalf, EjectedKey, WalletHalves};
use serde_json::json;

use super::device::backup_pairs;
use super::engine::{Means, Reached};
use super::link::{Link, Told, unreadable};
use super::session::wallet_id;
use super::{BackupMethod, TRIES, Wallet, WalletError, methods};

/// The whole keys of a wallet. From here on whoever has them needs nobody else.
///
/// The one on Ed25519 is a scalar and no seed: most programs take seeds only. Send what it holds to a new address
/// instead. See [`EjectedKey`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Ejected {
    /// For EVM chains, Bitcoin and Tron.
    pub secp256k1: EjectedKey,
    /// For Solana and Stellar.
    pub ed25519: EjectedKey,
}

impl Wallet {
    /// Takes the whole keys out, of the text of a backup and the custodian's halves: the way out of this server. An
    /// administrator has to allow it first, for some minutes, and the login has to be fresh. The wallet goes on as it
    /// was.
    ///
    /// It counts once [`Self::stored_ejected`] said that the application stored the keys. Until then they are given again
    /// to whoever asks on this device, as long as the administrator allows it and the login is fresh: nothing is lost by a
    /// crash in between. Nothing but signatures is done with the wallet meanwhile; what is never confirmed is given up
    /// after a day, or by a recovery.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::EjectNotAllowed`], [`WalletError::StepUpRequired`]: keys that were given before
    /// can still be confirmed. [`WalletError::WrongPassword`] before anything was sent.
    pub async fn eject(&self, text: &str, method: &BackupMethod) -> Result<Ejected, WalletError> {
        method.check()?;
        let halves = methods::open(&self.core, method, text).await?;
        let from = backup_pairs(&halves);
        let wanted = OperationKind::Eject { from };
        let mut device = self.device().await?;
        for _ in 0..TRIES {
            let reached = self.drive(&mut device, Means::default()).await?;
            let ours = device.state.operation().copied();
            match (reached, ours) {
                (Reached::Idle, _) => self.begin(&mut device, wanted).await?,
                (Reached::Waits(_), Some(ours)) if ours.kind == wanted => {
                    let keys = match self.released(ours.fence, &halves).await {
                        Ok(keys) => keys,
                        Err(error) if error.retryable() => return Err(error),
                        Err(error) => {
                            self.give_up(&mut device).await?;
                            return Err(error);
                        }
                    };
                    device.give_keys(&self.core, ours.fence).await?;
                    return Ok(keys);
                }
                // the halves were given before: the application may have the keys, and say so later
                (Reached::Custodian, Some(ours)) if ours.kind == wanted => {
                    let keys = self.released(ours.fence, &halves).await?;
                    device.give_keys(&self.core, ours.fence).await?;
                    return Ok(keys);
                }
                // something else, or the keys by another text
                (Reached::Waits(_), _) => self.give_up(&mut device).await?,
                (Reached::Custodian, Some(ours)) if matches!(ours.kind, OperationKind::Eject { .. }) => {
                    self.give_up(&mut device).await?;
                }
                (Reached::Over(..), _) => {}
                _ => return Err(WalletError::InProgress),
            }
        }
        Err(WalletError::InProgress)
    }

    /// Says that the application stored the keys that [`Self::eject`] gave: from here on the server counts the wallet as
    /// ejected. Takes neither a fresh login nor that the administrator still allows it, since the keys are out. May be said
    /// again when the answer was lost.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::NotEjected`]: no keys were given, or the operation was given up since; what the
    /// application has of them is good all the same.
    pub async fn stored_ejected(&self) -> Result<(), WalletError> {
        let mut device = self.device().await?;
        if let Some(fence) = device.given_keys() {
            let body = json!({ "operation": fence.operation, "generation": fence.generation });
            self.post(&["wallet", "eject", "done"], &body).await?;
            self.drive(&mut device, Means::default()).await?;
        }
        // what was said before, or by another device, counts as well
        self.status().await?.ejected_at.map(drop).ok_or(WalletError::NotEjected)
    }

    async fn released(&self, fence: Fence, ours: &WalletHalves<BackupHalf>) -> Result<Ejected, WalletError> {
        self.core.signer.close().await;
        let mut link = Link::open(&self.core, "eject").await?;
        let keys = self.take_out(&mut link, fence, ours).await;
        link.close().await;
        keys.map_err(|error| match error {
            WalletError::ShareMismatch(_) => WalletError::BackupRetired,
            error => error,
        })
    }

    async fn take_out(
        &self,
        link: &mut Link,
        fence: Fence,
        ours: &WalletHalves<BackupHalf>,
    ) -> Result<Ejected, WalletError> {
        let after = fence.generation.0.saturating_sub(1);
        let wish = json!({ "operation": fence.operation, "after": after, "pairs": backup_pairs(ours) });
        link.wish(&wish).await?;
        let Told::Begun { wallet, .. } = link.text().await? else { return Err(unreadable()) };
        let wallet = wallet_id(&wallet)?;
        let [secp256k1, ed25519] = [link.message().await?, link.message().await?];
        let whole = |own: &BackupHalf, theirs: &[u8]| -> Result<EjectedKey, WalletError> {
            let theirs = BackupHalf::from_bytes(theirs).map_err(|_| unreadable())?;
            Ok(keystead_mpc::eject(wallet, own, &theirs)?)
        };
        let keys = Ejected { secp256k1: whole(&ours.secp256k1, &secp256k1)?, ed25519: whole(&ours.ed25519, &ed25519)? };
        link.done(fence.generation).await?;
        Ok(keys)
    }
}
