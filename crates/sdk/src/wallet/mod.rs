//! The user's wallet: a key on secp256k1 and one on Ed25519, of which this device has one half and the server the
//! other. Nobody ever has a whole key.
//!
//! A signature takes both. A backup is another pair of halves of the same keys: the client's is sealed with something
//! that only the user has and given to the application, which stores the text wherever it wishes. When the device is
//! lost, that text brings the wallet back on another one, under the same addresses, with new pairs; the old ones are
//! worthless from then on.
//!
//! ```no_run
//! use keystead_sdk::wallet::BackupMethod;
//!
//! # async fn example(api: keystead_sdk::Api, new_api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
//! # async fn store(_: &str) -> bool { true }
//! let addresses = api.wallet().create().await?;
//! println!("{}", addresses.evm);
//! let password = || BackupMethod::Password("four words are a password".into());
//! let text = api.wallet().back_up(&password()).await?;
//! api.wallet().stored_backup(store(&text).await).await?;
//!
//! // on another device, with the text and the password
//! let text = new_api.wallet().recover(&text, &password()).await?;
//! new_api.wallet().stored_backup(store(&text).await).await?;
//! let signature = new_api.wallet().sign_message(b"hello").await?;
//! # Ok(())
//! # }
//! ```

mod builder;
mod cipher_text;
mod device;
mod drill;
mod eject;
mod engine;
mod error;
mod identity;
mod link;
pub mod methods;
mod passcode;
mod progress;
mod session;
mod sign;
mod signer;
pub mod signing;
mod sweep;

use std::sync::Arc;

use keystead_model::wallet::OperationKind;
use keystead_mpc::SignRequest;
use keystead_mpc::address::{self, AddressError, Network};
pub use keystead_mpc::{Curve, EjectedKey, ScalarKey, Signature};
use serde::Deserialize;
use sha3::{Digest as _, Keccak256};

pub use self::builder::WalletBuilder;
use self::device::{Device, backup_pairs};
pub use self::drill::DrillReport;
pub use self::eject::Ejected;
use self::engine::{Means, Reached, keys};
pub use self::error::WalletError;
pub use self::methods::BackupMethod;
use self::progress::{Progress, Status};
pub use self::progress::{Status as ProgressStatus, WalletProgress};
pub(crate) use self::signer::Kept as KeptSigner;
pub use self::sweep::{Sweep, scalar_key};
use crate::api::Core;
use crate::error::RequestError;

/// How often something is begun anew when others come between.
const TRIES: usize = 6;

/// Where others send to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Addresses {
    /// EVM chains, with checksum (EIP-55).
    pub evm: String,
    /// Bitcoin (BIP-173, P2WPKH).
    pub bitcoin: String,
    /// The same on its test network.
    pub bitcoin_testnet: String,
    /// Tron.
    pub tron: String,
    /// Solana.
    pub solana: String,
    /// Stellar.
    pub stellar: String,
}

impl Addresses {
    fn of(secp256k1: &[u8], ed25519: &[u8]) -> Result<Self, AddressError> {
        Ok(Self {
            evm: address::evm(secp256k1)?,
            bitcoin: address::bitcoin(secp256k1, Network::Main)?,
            bitcoin_testnet: address::bitcoin(secp256k1, Network::Test)?,
            tron: address::tron(secp256k1)?,
            solana: address::solana(ed25519)?,
            stellar: address::stellar(ed25519)?,
        })
    }
}

/// The user's wallet.
#[derive(Clone)]
pub struct Wallet {
    core: Arc<Core>,
    progress: Progress,
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wallet").finish_non_exhaustive()
    }
}

impl Wallet {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core, progress: Progress::default() }
    }

    /// Makes the wallet. The addresses are told once both halves are stored; one that was begun and broke off is
    /// finished, or made anew.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::Exists`]: there is one; recover it if it is not on this device.
    pub async fn create(&self) -> Result<Addresses, WalletError> {
        self.require_passcode().await?;
        let mut device = self.device().await?;
        for _ in 0..TRIES {
            match self.drive(&mut device, Means::default()).await? {
                Reached::Over(OperationKind::Create, true) => {
                    self.tell(Status::Done);
                    return self.addresses().await?.ok_or(WalletError::NoWallet);
                }
                Reached::Idle if self.status().await?.view.signing.is_none() => {
                    self.begin(&mut device, OperationKind::Create).await?;
                }
                // nobody was told an address of what another device began
                Reached::Other(fence) if self.status().await?.view.signing.is_none() => {
                    self.abandon(fence).await?;
                }
                Reached::Over(_, false) => {}
                _ => return Err(WalletError::Exists),
            }
        }
        Err(WalletError::InProgress)
    }

    /// Whether this device has the half that signs with the server's.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_on_device(&self) -> Result<bool, WalletError> {
        let device = self.device().await?;
        let status = self.status().await?;
        let Some(half) = device.state.fitting(&status.view) else { return Ok(false) };
        match device.halves(&self.core, half.pairs).await {
            Err(WalletError::NotOnDevice) => Ok(false),
            halves => halves.map(|_| true),
        }
    }

    /// Whether there is a backup that was stored.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_backed_up(&self) -> Result<bool, WalletError> {
        Ok(self.status().await?.is_backed_up())
    }

    /// Whether the wallet would come back with the backup.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_recoverable(&self) -> Result<bool, WalletError> {
        let status = self.status().await?;
        Ok(status.is_backed_up() && status.standing != "locked")
    }

    /// Where others send to, if there is a wallet. From this device's own half where it has one, since a server could
    /// tell the addresses of somebody else.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn addresses(&self) -> Result<Option<Addresses>, WalletError> {
        let device = self.device().await?;
        let Some(half) = device.state.active() else { return Ok(self.status().await?.addresses) };
        let halves = device.halves(&self.core, half.pairs).await?;
        let (secp256k1, ed25519) = keys(&halves);
        Addresses::of(secp256k1, ed25519).map(Some).map_err(|_| RequestError::Unreadable.into())
    }

    /// Makes a backup: a text for the application to store where the device is not. It counts once
    /// [`Self::stored_backup`] said that it is stored; until then an earlier one does. A backup that was made and never
    /// confirmed is given again, if the method opens it.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn back_up(&self, method: &BackupMethod) -> Result<String, WalletError> {
        method.check()?;
        let mut device = self.device().await?;
        let means = Means { method: Some(method), from: None };
        for _ in 0..TRIES {
            match self.drive(&mut device, means).await? {
                Reached::Text(OperationKind::Backup { .. }) => match device.text() {
                    Some(text) if methods::open(&self.core, method, text).await.is_ok() => {
                        self.tell(Status::Done);
                        return Ok(text.to_owned());
                    }
                    _ => self.give_up(&mut device).await?,
                },
                Reached::Waits(OperationKind::Backup { .. }) => self.give_up(&mut device).await?,
                Reached::Idle => {
                    device.bans().check()?;
                    let from = device.state.active().ok_or(WalletError::NotOnDevice)?.pairs;
                    self.begin(&mut device, OperationKind::Backup { method: method.name(), from }).await?;
                }
                Reached::Over(..) => {}
                _ => return Err(WalletError::InProgress),
            }
        }
        Err(WalletError::InProgress)
    }

    /// Says whether the application stored the text that [`Self::back_up`] or [`Self::recover`] gave. With `true` it
    /// is in force, and so is what was recovered; all that was before is worthless. With `false` everything stays as
    /// it was, and the text can still be stored. May be said again when the answer was lost.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::NothingPending`]: keep the text that was stored before.
    /// [`WalletError::CustodianWaits`]: the text is stored, and the custodian is not ready; say it again later.
    pub async fn stored_backup(&self, stored: bool) -> Result<(), WalletError> {
        let core = &*self.core;
        let mut device = self.device().await?;
        let Some(operation) = device.state.operation().copied() else {
            // said before, and the application did not hear the answer
            return if stored && device.in_force { Ok(()) } else { Err(WalletError::NothingPending) };
        };
        let Some(pairs) = device.text_pairs() else { return Err(WalletError::NothingPending) };
        if !stored {
            return self.say(operation.fence, "backup", pairs, false).await.map(drop);
        }
        device.go_on(core, device.state.cipher_text_stored(operation.fence.generation)).await?;
        match self.drive_to_end(&mut device).await? {
            Reached::Over(_, true) => Ok(()),
            _ => Err(WalletError::NothingPending),
        }
    }

    /// Brings the wallet to this device with the text of a backup: new pairs, the same addresses. Gives a new text,
    /// which replaces the other once [`Self::stored_backup`] said so; until then the old device signs, the old text
    /// recovers, and this can be done again. What another device began is given up.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::WrongPassword`] before anything was sent.
    pub async fn recover(&self, text: &str, method: &BackupMethod) -> Result<String, WalletError> {
        let device = self.recover_with(text, method, true).await?;
        device.text().map(str::to_owned).ok_or(WalletError::NothingPending)
    }

    /// Brings the wallet to this device with the text of a backup, and leaves the backup as it is. The old device's
    /// half is worthless as soon as this returns.
    ///
    /// # Errors
    /// As [`Self::recover`].
    pub async fn recover_signing(&self, text: &str, method: &BackupMethod) -> Result<(), WalletError> {
        self.recover_with(text, method, false).await.map(drop)
    }

    async fn recover_with(
        &self,
        text: &str,
        method: &BackupMethod,
        rotate_backup: bool,
    ) -> Result<Device, WalletError> {
        method.check()?;
        self.require_passcode().await?;
        self.tell(Status::Reading);
        self.tell(Status::Decrypting);
        let halves = methods::open(&self.core, method, text).await?;
        self.tell(Status::Parsing);
        let from = backup_pairs(&halves);
        let wanted = OperationKind::Recover { from, rotate_backup };
        let means = Means { method: Some(method), from: Some(&halves) };
        let mut device = self.device().await?;
        for _ in 0..TRIES {
            // what is another operation, or one of other means, is given up
            let ours = device.state.operation().map(|operation| operation.kind);
            if ours.is_some_and(|ours| ours != wanted && device.text_pairs() != Some(from)) {
                self.give_up(&mut device).await?;
            }
            let reached = self.drive(&mut device, means).await.map_err(|error| match error {
                WalletError::ShareMismatch("DKG_REFRESH_MISMATCH") => WalletError::BackupRetired,
                error => error,
            })?;
            match reached {
                Reached::Over(kind, true) if kind == wanted && !rotate_backup => {
                    self.tell(Status::Done);
                    return Ok(device);
                }
                Reached::Text(kind) if kind == wanted || device.text_pairs() == Some(from) => {
                    match device.text() {
                        // its password may be another one
                        Some(text) if methods::open(&self.core, method, text).await.is_ok() => {
                            self.tell(Status::Done);
                            return Ok(device);
                        }
                        _ => self.give_up(&mut device).await?,
                    }
                }
                Reached::Text(_) | Reached::Waits(_) => self.give_up(&mut device).await?,
                Reached::Idle => self.begin(&mut device, wanted).await?,
                Reached::Other(fence) => drop(self.abandon(fence).await?),
                Reached::Over(..) => {}
                Reached::Custodian => return Err(WalletError::CustodianWaits),
            }
        }
        Err(WalletError::InProgress)
    }

    /// Signs a digest of 32 bytes with the key on secp256k1. Whoever calls this decides what is signed: make the
    /// digest from the transaction that the user saw. A policy that looks into transactions refuses it: see
    /// [`Self::sign_payload`].
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_digest(&self, digest: [u8; 32]) -> Result<Signature, WalletError> {
        self.sign(&SignRequest::digest(digest), None).await
    }

    /// Signs what hashes (Keccak-256) to a digest with the key on secp256k1: an unsigned transaction as it is encoded for
    /// signing, the envelope of a message or of typed data. The server sees what it is, which it has to where a policy
    /// looks into transactions.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::Denied`]: the policy does not allow it.
    pub async fn sign_payload(&self, payload: &[u8]) -> Result<Signature, WalletError> {
        let digest = Keccak256::digest(payload).into();
        self.sign(&SignRequest::digest(digest), Some(payload)).await
    }

    /// Signs a message as `personal_sign` does (EIP-191): `0x` and 65 bytes, `r`, `s` and 27 or 28.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_message(&self, message: &[u8]) -> Result<String, WalletError> {
        let signature = self.sign_payload(&personal_payload(message)).await?;
        let v = signature.recovery_id.saturating_add(27);
        Ok(format!("0x{}{}", hex::encode(signature.bytes), hex::encode([v])))
    }

    /// Signs bytes with the key on Ed25519: the message of a Solana transaction, at most 64 KiB.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_solana(&self, message: &[u8]) -> Result<[u8; 64], WalletError> {
        Ok(self.sign(&SignRequest::message(message), None).await?.bytes)
    }
}

/// What `personal_sign` signs (EIP-191, version 0x45).
fn personal_payload(message: &[u8]) -> Vec<u8> {
    [format!("\u{19}Ethereum Signed Message:\n{}", message.len()).as_bytes(), message].concat()
}

#[cfg(test)]
mod tests {
    use sha3::{Digest as _, Keccak256};

    use super::personal_payload;

    /// From the documentation of ethers: `hashMessage("Hello World")`.
    #[test]
    fn digests_as_personal_sign_does() {
        let digest = hex::encode(Keccak256::digest(personal_payload(b"Hello World")));
        assert_eq!(digest, "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2");
    }
}
