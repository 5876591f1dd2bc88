//! Taking the whole keys out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::wallet::{Fence, OperationKind, PerCurve};
use keystead_mpc::{BackupHalf, EjectedKey, WalletHalves, WalletId};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::device::backup_pairs;
use super::engine::{Means, Reached};
use super::{BackupMethod, TRIES, Wallet, WalletError, methods};
use crate::call::Call;
use crate::error::{RequestError, WriteError};

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

/// The custodian's halves.
#[derive(Deserialize)]
struct Released {
    wallet: String,
    halves: PerCurve<String>,
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
        let after = fence.generation.0.saturating_sub(1);
        let body = json!({ "operation": fence.operation, "after": after, "pairs": backup_pairs(ours) });
        let call = Call::post(&["wallet", "eject"]).json(&body).repeatable();
        let Released { wallet, halves } = self.core.caller.write(call).await.map_err(refused)?;
        let mut id = [0; 16];
        hex::decode_to_slice(wallet, &mut id).map_err(|_| RequestError::Unreadable)?;
        let whole = |own: &BackupHalf, theirs: String| -> Result<EjectedKey, WalletError> {
            let bytes = STANDARD.decode(Zeroizing::new(theirs).as_bytes()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| RequestError::Unreadable)?;
            let theirs = BackupHalf::from_bytes(&bytes).map_err(|_| RequestError::Unreadable)?;
            Ok(keystead_mpc::eject(WalletId(id), own, &theirs)?)
        };
        Ok(Ejected {
            secp256k1: whole(&ours.secp256k1, halves.secp256k1)?,
            ed25519: whole(&ours.ed25519, halves.ed25519)?,
        })
    }

    async fn say_ejected(&self, fence: Fence) -> Result<(), WalletError> {
        let body = json!({ "operation": fence.operation, "generation": fence.generation });
        let call = Call::post(&["wallet", "eject", "done"]).json(&body).repeatable();
        let _: Value = self.core.caller.write(call).await?;
        Ok(())
    }
}

fn refused(error: WriteError) -> WalletError {
    let WriteError::Request(error) = error else { return error.into() };
    let field = error.refusal().and_then(|refusal| refusal.field().map(str::to_owned));
    match (&error, field.as_deref()) {
        (RequestError::Forbidden(_), Some("ejectableUntil")) => WalletError::EjectNotAllowed,
        (RequestError::Forbidden(_), _) => WalletError::StepUpRequired,
        (RequestError::Invalid(_), Some("pairs")) => WalletError::BackupRetired,
        (RequestError::Failed(refusal), _) if refusal.status() == 503 => WalletError::CustodianFailed,
        _ => error.into(),
    }
}
