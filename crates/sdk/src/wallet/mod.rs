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

mod cipher_text;
mod device;
mod error;
pub mod methods;
mod session;
pub mod signing;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::address::{self, AddressError, Network};
pub use keystead_mpc::{Curve, Signature};
use keystead_mpc::{
    NewWallet, SignRequest, SigningHalf, WalletHalves, back_up_wallet, create_wallet, recover_wallet, sign,
};
use serde::Deserialize;
use serde_json::json;
use sha3::{Digest as _, Keccak256};

use self::device::{Device, Pairs};
pub use self::error::WalletError;
pub use self::methods::BackupMethod;
use self::session::{Outcome, run};
use crate::api::Core;
use crate::call::Call;
use crate::error::RequestError;

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

/// The wallet as the server sees it.
#[derive(Deserialize)]
struct State {
    standing: String,
    signing: Option<Pairs>,
    backup: Option<Pairs>,
    pending: Vec<Waiting>,
    addresses: Option<Addresses>,
}

#[derive(Deserialize)]
struct Waiting {
    generation: u32,
}

/// The user's wallet.
#[derive(Clone)]
pub struct Wallet {
    core: Arc<Core>,
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wallet").finish_non_exhaustive()
    }
}

impl Wallet {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes the wallet. The addresses are told once both halves are stored; one that was begun and broke off is
    /// finished, or made anew.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::Exists`]: there is one; recover it if it is not on this device.
    pub async fn create(&self) -> Result<Addresses, WalletError> {
        let core = &*self.core;
        let is_creation = |device: &Device| {
            device.pending.as_ref().is_some_and(|pending| pending.signing.is_some() && !pending.backup)
        };
        let began = is_creation(&Device::load(core).await?);
        let mut device = self.reconcile().await?;
        let waits = is_creation(&device);
        // begun before, confirmed, and the answer was lost
        let is_done = began && !waits && device.signing.is_some();
        if !waits && !is_done {
            let Outcome { value, wallet, generation } = run(core, "create", &json!({}), create_wallet).await?;
            let signing = signing_halves(value);
            device.keep(core, &wallet, generation, Some(&signing), false).await?;
        }
        if let Some(pending) = device.pending.clone().filter(|_| is_creation(&device)) {
            self.confirm(pending.generation, "signing", true).await?;
            device.promote(core).await?;
        }
        self.addresses().await?.ok_or(WalletError::NoWallet)
    }

    /// Whether this device has the half that signs with the server's.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_on_device(&self) -> Result<bool, WalletError> {
        let device = self.reconcile().await?;
        let Some(pairs) = &device.signing else { return Ok(false) };
        let state = self.state().await?;
        if state.and_then(|state| state.signing).as_ref() != Some(pairs) {
            return Ok(false);
        }
        for pair in [&pairs.secp256k1, &pairs.ed25519] {
            match device.half(&self.core, pair).await {
                Err(WalletError::NotOnDevice) => return Ok(false),
                half => half?,
            };
        }
        Ok(true)
    }

    /// Whether there is a backup that was stored.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_backed_up(&self) -> Result<bool, WalletError> {
        Ok(self.state().await?.is_some_and(|state| state.backup.is_some()))
    }

    /// Whether the wallet would come back with the backup.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn is_recoverable(&self) -> Result<bool, WalletError> {
        Ok(self.state().await?.is_some_and(|state| state.backup.is_some() && state.standing != "locked"))
    }

    /// Where others send to, if there is a wallet. From this device's own half where it has one, since a server could
    /// tell the addresses of somebody else.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn addresses(&self) -> Result<Option<Addresses>, WalletError> {
        let device = Device::load(&self.core).await?;
        let Some(pairs) = &device.signing else {
            return Ok(self.state().await?.and_then(|state| state.addresses));
        };
        let secp256k1 = device.half(&self.core, &pairs.secp256k1).await?;
        let ed25519 = device.half(&self.core, &pairs.ed25519).await?;
        let keys = (secp256k1.commitments().public_key(), ed25519.commitments().public_key());
        let addresses = Addresses::of(keys.0, keys.1);
        addresses.map(Some).map_err(|_| RequestError::Unreadable.into())
    }

    /// Makes a backup: a text for the application to store where the device is not. It counts once
    /// [`Self::stored_backup`] said that it is stored; until then an earlier one does.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn back_up(&self, method: &BackupMethod) -> Result<String, WalletError> {
        let core = &*self.core;
        method.check()?;
        let mut device = self.reconcile().await?;
        device.bans().check()?;
        let pairs = device.signing.clone().ok_or(WalletError::NotOnDevice)?;
        let secp256k1 = device.half(core, &pairs.secp256k1).await?;
        let ed25519 = device.half(core, &pairs.ed25519).await?;
        let wish = json!({ "pairs": { "secp256k1": pairs.secp256k1, "ed25519": pairs.ed25519 } });
        let Outcome { value, wallet, generation } = run(core, "backup", &wish, |params| {
            back_up_wallet(params, WalletHalves { secp256k1: &secp256k1, ed25519: &ed25519 })
        })
        .await?;
        if wallet != device.wallet {
            return Err(RequestError::Unreadable.into());
        }
        let text = methods::seal(&self.core, method, &value).await?;
        device.keep(core, &wallet, generation, None, true).await?;
        Ok(text)
    }

    /// Says whether the application stored the text that [`Self::back_up`] or [`Self::recover`] gave. With `true` it
    /// is in force, and so is what was recovered; all that was before is worthless. With `false` everything stays as
    /// it was. May be said again when the answer was lost.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::NothingPending`]: keep the text that was stored before.
    pub async fn stored_backup(&self, stored: bool) -> Result<(), WalletError> {
        let core = &*self.core;
        let mut device = Device::load(core).await?;
        let pending = device.pending.clone().filter(|pending| pending.backup).ok_or(WalletError::NothingPending)?;
        let mut confirmed = Ok(());
        if stored && pending.signing.is_some() {
            // this device's half is stored since the recovery
            confirmed = self.confirm(pending.generation, "signing", true).await;
        }
        if confirmed.is_ok() {
            confirmed = self.confirm(pending.generation, "backup", stored).await;
        }
        match confirmed {
            Ok(()) if stored => device.promote(core).await,
            Ok(()) => device.discard(core).await,
            Err(WalletError::NothingPending) => {
                self.reconcile().await?;
                // rejecting what is rejected already is no error
                if stored { Err(WalletError::NothingPending) } else { Ok(()) }
            }
            Err(error) => Err(error),
        }
    }

    /// Brings the wallet to this device with the text of a backup: new pairs, the same addresses. Gives a new text,
    /// which replaces the other once [`Self::stored_backup`] said so; until then the old device signs, the old text
    /// recovers, and this can be done again.
    ///
    /// # Errors
    /// See [`WalletError`]. [`WalletError::WrongPassword`] before anything was sent.
    pub async fn recover(&self, text: &str, method: &BackupMethod) -> Result<String, WalletError> {
        let core = &*self.core;
        method.check()?;
        let halves = methods::open(&self.core, method, text).await?;
        let mut device = self.reconcile().await?;
        let WalletHalves { secp256k1, ed25519 } = &halves;
        let wish = json!({ "pairs": {
            "secp256k1": hex::encode(secp256k1.commitments().pair().0),
            "ed25519": hex::encode(ed25519.commitments().pair().0),
        } });
        let Outcome { value, wallet, generation } =
            run(core, "recover", &wish, |params| recover_wallet(params, WalletHalves { secp256k1, ed25519 })).await?;
        let WalletHalves { secp256k1, ed25519 } = value;
        let signing = WalletHalves { secp256k1: secp256k1.signing, ed25519: ed25519.signing };
        let backup = WalletHalves { secp256k1: secp256k1.backup, ed25519: ed25519.backup };
        let text = methods::seal(&self.core, method, &backup).await?;
        device.keep(core, &wallet, generation, Some(&signing), true).await?;
        self.confirm(generation, "signing", true).await?;
        Ok(text)
    }

    /// Signs a digest of 32 bytes with the key on secp256k1. Whoever calls this decides what is signed: make the
    /// digest from the transaction that the user saw.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_digest(&self, digest: [u8; 32]) -> Result<Signature, WalletError> {
        self.sign(&SignRequest::digest(digest)).await
    }

    /// Signs a message as `personal_sign` does (EIP-191): `0x` and 65 bytes, `r`, `s` and 27 or 28.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_message(&self, message: &[u8]) -> Result<String, WalletError> {
        let signature = self.sign_digest(personal_digest(message)).await?;
        let v = signature.recovery_id.saturating_add(27);
        Ok(format!("0x{}{}", hex::encode(signature.bytes), hex::encode([v])))
    }

    /// Signs bytes with the key on Ed25519: the message of a Solana transaction, at most 64 KiB.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn sign_solana(&self, message: &[u8]) -> Result<[u8; 64], WalletError> {
        Ok(self.sign(&SignRequest::message(message)).await?.bytes)
    }

    async fn sign(&self, request: &SignRequest) -> Result<Signature, WalletError> {
        let device = Device::load(&self.core).await?;
        match self.sign_with(device, request).await {
            // what waited may be in force: the answer that said so was lost
            Err(WalletError::ShareMismatch(_) | WalletError::NotOnDevice) => {
                let device = self.reconcile().await?;
                self.sign_with(device, request).await
            }
            signed => signed,
        }
    }

    async fn sign_with(&self, mut device: Device, request: &SignRequest) -> Result<Signature, WalletError> {
        let core = &*self.core;
        device.bans().check()?;
        let pairs = device.signing.clone().ok_or(WalletError::NotOnDevice)?;
        let (pair, curve) = match request.curve() {
            Curve::Secp256k1 => (&pairs.secp256k1, "SECP256K1"),
            Curve::Ed25519 => (&pairs.ed25519, "ED25519"),
        };
        let half = device.half(core, pair).await?;
        let wish = json!({
            "curve": curve,
            "content": STANDARD.encode(request.content()),
            "pairs": { "secp256k1": pairs.secp256k1, "ed25519": pairs.ed25519 },
        });
        match run(core, "sign", &wish, |params| sign(params, &half, request)).await {
            Ok(Outcome { value, .. }) => value.signature.ok_or_else(|| RequestError::Unreadable.into()),
            Err(WalletError::Protocol(error)) => {
                // stored before anything else happens (`spec/wallet.md` 5.4)
                let mut bans = device.bans();
                if bans.record(&error) {
                    device.set_bans(bans);
                    device.save(core).await?;
                }
                Err(WalletError::Protocol(error))
            }
            Err(error) => Err(error),
        }
    }

    async fn state(&self) -> Result<Option<State>, WalletError> {
        match self.core.caller.read(Call::get(&["wallet"])).await {
            Ok(state) => Ok(Some(state)),
            Err(RequestError::NotFound(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn confirm(&self, generation: u32, what: &str, stored: bool) -> Result<(), WalletError> {
        let body = json!({ "generation": generation, "what": what, "stored": stored });
        // saying the same again changes nothing
        let call = Call::post(&["wallet", "confirm"]).json(&body).repeatable();
        let _: State = self.core.caller.write(call).await?;
        Ok(())
    }

    /// What this device keeps, after asking what became of what waits.
    async fn reconcile(&self) -> Result<Device, WalletError> {
        let core = &*self.core;
        let mut device = Device::load(core).await?;
        let Some(pending) = &device.pending else { return Ok(device) };
        let state = self.state().await?;
        let in_force = match (&pending.signing, &state) {
            (_, None) => false,
            (Some(pairs), Some(state)) => state.signing.as_ref() == Some(pairs),
            (None, Some(state)) => state.backup.as_ref().is_some_and(|backup| backup.generation == pending.generation),
        };
        let waits =
            state.is_some_and(|state| state.pending.iter().any(|waiting| waiting.generation == pending.generation));
        if in_force {
            device.promote(core).await?;
        } else if !waits {
            device.discard(core).await?;
        }
        Ok(device)
    }
}

fn signing_halves(made: NewWallet) -> WalletHalves<SigningHalf> {
    WalletHalves { secp256k1: made.secp256k1.signing, ed25519: made.ed25519.signing }
}

/// The digest that `personal_sign` signs (EIP-191, version 0x45).
fn personal_digest(message: &[u8]) -> [u8; 32] {
    let prefix = format!("\u{19}Ethereum Signed Message:\n{}", message.len());
    Keccak256::new().chain_update(prefix).chain_update(message).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::personal_digest;

    /// From the documentation of ethers: `hashMessage("Hello World")`.
    #[test]
    fn digests_as_personal_sign_does() {
        let digest = hex::encode(personal_digest(b"Hello World"));
        assert_eq!(digest, "a1de988600a42c4b4ab089b619297c17d53cffae5d5120d82d8a92d0bb3b78f2");
    }
}
