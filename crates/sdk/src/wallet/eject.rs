//! Taking the whole keys out.

use keystead_model::wallet::{Fence, OperationKind};
use keystead_mpc::{BackupHalf, EjectedKey, WalletHalves};
use serde_json::{Value, json};

use super::device::backup_pairs;
use super::engine::{Means, Reached};
use super::link::{Link, Told, unreadable};
use super::session::wallet_id;
use super::{BackupMethod, TRIES, Wallet, WalletError, methods};
use crate::call::Call;

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
    /// # Errors
    /// See [`WalletError`]. [`WalletError::EjectNotAllowed`], [`WalletError::StepUpRequired`];
    /// [`WalletError::WrongPassword`] before anything was sent.
    pub async fn eject(&self, text: &str, method: &BackupMethod) -> Result<Ejected, WalletError> {
        method.check()?;
        let ours = methods::open(&self.core, method, text).await?;
        let from = backup_pairs(&ours);
        let wanted = OperationKind::Eject { from };
        let mut device = self.device().await?;
        for _ in 0..TRIES {
            match self.drive(&mut device, Means::default()).await? {
                Reached::Idle => self.begin(&mut device, wanted).await?,
                Reached::Waits(kind) if kind != wanted => self.give_up(&mut device).await?,
                // it began, or its halves were given and the answer was lost
                Reached::Waits(_) | Reached::Custodian => {
                    let Some(operation) = device.state.operation().filter(|ours| ours.kind == wanted) else {
                        return Err(WalletError::InProgress);
                    };
                    let fence = operation.fence;
                    return match self.released(fence, &ours).await {
                        Ok(keys) => {
                            self.say_ejected(fence).await?;
                            self.drive(&mut device, Means::default()).await?;
                            Ok(keys)
                        }
                        Err(error) if error.retryable() => Err(error),
                        Err(error) => {
                            self.give_up(&mut device).await?;
                            Err(error)
                        }
                    };
                }
                Reached::Over(..) => {}
                Reached::Text(_) | Reached::Other(_) => return Err(WalletError::InProgress),
            }
        }
        Err(WalletError::InProgress)
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

    async fn say_ejected(&self, fence: Fence) -> Result<(), WalletError> {
        let body = json!({ "operation": fence.operation, "generation": fence.generation });
        let call = Call::post(&["wallet", "eject", "done"]).json(&body).repeatable();
        let _: Value = self.core.caller.write(call).await?;
        Ok(())
    }
}
