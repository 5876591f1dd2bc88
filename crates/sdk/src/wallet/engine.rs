//! What the device does next: it asks the server how things are, and [`keystead_model::wallet::client`] says what
//! follows. Whatever broke off is taken up again this way.

use std::time::Duration;

use keystead_model::wallet::client::ClientEffect;
use keystead_model::wallet::{
    BackupMethod as Method, Fence, Generation, Millis, OperationId, OperationKind, PairIds, PairStatus, ServerView,
};
use keystead_mpc::{
    BackupHalf, SigningHalf, WalletHalves, back_up_wallet, create_wallet, recover_wallet, renew_wallet,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::device::{Device, Made, backup_pairs};
use super::methods;
use super::progress::Status as Telling;
use super::session::{Outcome, run};
use super::{Addresses, BackupMethod, Wallet, WalletError};
use crate::call::Call;
use crate::error::RequestError;

/// The most steps of one operation: more would mean that server and device do not understand each other.
const STEPS: usize = 24;
/// How often to ask whether the custodian has its half.
const ASKS: u32 = 12;
/// The wait before the second question; doubles up to two seconds.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// A backup as the server has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Backup {
    pub(super) generation: Generation,
    pub(super) method: Method,
    pub(super) status: PairStatus,
}

/// The wallet as the server has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) standing: String,
    pub(super) view: ServerView,
    pub(super) backups: Vec<Backup>,
    pub(super) addresses: Option<Addresses>,
    /// When the owner said to have the whole keys.
    #[serde(rename = "ejectedAt")]
    pub(super) ejected_at: Option<Millis>,
}

impl Status {
    /// Of somebody without a wallet.
    fn none() -> Self {
        let view =
            ServerView { latest: Generation::NONE, signing: None, operation: None, finished: None, frozen: false };
        Self { standing: "active".to_owned(), view, backups: Vec::new(), addresses: None, ejected_at: None }
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.backups.iter().any(|backup| backup.status == PairStatus::Active)
    }
}

/// What a protocol needs beside what the device keeps.
#[derive(Clone, Copy, Default)]
pub(super) struct Means<'a> {
    /// Seals the new halves of a backup.
    pub(super) method: Option<&'a BackupMethod>,
    /// The halves that a recovery starts from.
    pub(super) from: Option<&'a WalletHalves<BackupHalf>>,
}

/// Where [`Wallet::drive`] stopped.
pub(super) enum Reached {
    /// Nothing is under way.
    Idle,
    /// Another device's operation is.
    Other(Fence),
    /// Ours began, and its protocol needs means that are not there.
    Waits(OperationKind),
    /// The application has to store the text.
    Text(OperationKind),
    /// The custodian has to take its half.
    Custodian,
    /// Ours is over.
    Over(OperationKind, bool),
}

impl Wallet {
    /// How things are with the server.
    pub(super) async fn status(&self) -> Result<Status, WalletError> {
        match self.core.caller.read(Call::get(&["wallet"])).await {
            Ok(status) => Ok(status),
            Err(RequestError::NotFound(_)) => Ok(Status::none()),
            Err(error) => Err(error.into()),
        }
    }

    /// Begins an operation: its id is kept before anything is sent.
    pub(super) async fn begin(&self, device: &mut Device, kind: OperationKind) -> Result<(), WalletError> {
        let status = self.status().await?;
        let mut id = [0; 16];
        self.core.parts.random.fill(&mut id);
        let begun = device.state.begin(OperationId(id), kind, &status.view).ok_or(WalletError::InProgress)?;
        device.go_on(&self.core, begun).await
    }

    /// Carries the operation under way as far as it goes.
    pub(super) async fn drive(&self, device: &mut Device, means: Means<'_>) -> Result<Reached, WalletError> {
        let core = &*self.core;
        let mut told = None;
        for _ in 0..STEPS {
            let status = match told.take() {
                Some(status) => status,
                None => self.status().await?,
            };
            let ours = device.state.operation().copied();
            let (next, effects) = device.state.view(&status.view);
            let committed =
                effects.iter().any(|effect| matches!(effect, ClientEffect::Finished { committed: true, .. }));
            if committed && ours.is_some_and(|ours| ours.kind.makes_backup()) {
                device.in_force = true;
            }
            device.go_on(core, next).await?;
            if effects
                .iter()
                .any(|effect| matches!(effect, ClientEffect::DeleteKeysBefore { method: Method::Vault, .. }))
            {
                // what stays is deleted another time: only the newer one is needed any more
                let _ = Box::pin(self.delete_older_keys(&BackupMethod::Vault)).await;
            }
            // the other methods are the application's: `delete_older_keys`
            let mut effects =
                effects.into_iter().filter(|effect| !matches!(effect, ClientEffect::DeleteKeysBefore { .. }));
            let (effect, kind) = match (effects.next(), ours) {
                (Some(ClientEffect::OfferAbandon { fence }), _) => return Ok(Reached::Other(fence)),
                (Some(effect), Some(ours)) => (effect, ours.kind),
                _ => return Ok(Reached::Idle),
            };
            match effect {
                ClientEffect::SendBegin { fence, .. } if ours.is_some_and(|ours| ours.giving_up) => {
                    device.go_on(core, device.state.not_begun(fence)).await?;
                    return Ok(Reached::Over(kind, false));
                }
                ClientEffect::SendBegin { fence, .. } | ClientEffect::RunProtocol { fence } => {
                    if !self.has_means(&kind, &means) {
                        return Ok(Reached::Waits(kind));
                    }
                    self.protocol(device, fence, kind, &means).await?;
                }
                ClientEffect::ConfirmSigningHalf { fence, pairs } => {
                    told = self.say(fence, "signing", pairs, true).await?;
                }
                ClientEffect::StoreKey { generation } => {
                    // it was before anything was sealed with it; what is typed is with the user
                    device.go_on(core, device.state.key_stored(generation)).await?;
                    told = Some(status);
                }
                ClientEffect::StoreCipherText { .. } => return Ok(Reached::Text(kind)),
                ClientEffect::ConfirmCipherText { fence, pairs } => {
                    told = self.say(fence, "backup", pairs, true).await?;
                }
                ClientEffect::SendAbandon { fence } => told = self.abandon(fence).await?,
                ClientEffect::Wait => return Ok(Reached::Custodian),
                ClientEffect::Finished { committed, .. } => return Ok(Reached::Over(kind, committed)),
                ClientEffect::OfferAbandon { .. } | ClientEffect::DeleteKeysBefore { .. } => {}
            }
        }
        Err(RequestError::Unreadable.into())
    }

    /// The same, until the custodian has its half or takes too long.
    pub(super) async fn drive_to_end(&self, device: &mut Device) -> Result<Reached, WalletError> {
        let mut wait = FIRST_WAIT;
        for _ in 0..ASKS {
            match self.drive(device, Means::default()).await? {
                Reached::Custodian => {}
                reached => return Ok(reached),
            }
            self.core.parts.time.sleep(wait).await;
            wait = wait.saturating_mul(2).min(Duration::from_secs(2));
        }
        Err(WalletError::CustodianWaits)
    }

    /// Gives our own operation up.
    pub(super) async fn give_up(&self, device: &mut Device) -> Result<(), WalletError> {
        device.go_on(&self.core, device.state.give_up()).await?;
        self.drive(device, Means::default()).await.map(drop)
    }

    /// Tells the server about pairs. What it says then of the wallet; nothing where the operation is over, which the
    /// next question shows.
    pub(super) async fn say(
        &self,
        fence: Fence,
        what: &str,
        pairs: PairIds,
        stored: bool,
    ) -> Result<Option<Status>, WalletError> {
        let body = json!({
            "operation": fence.operation,
            "generation": fence.generation,
            "what": what,
            "pairs": pairs.to_set(),
            "stored": stored,
        });
        self.post(&["wallet", "confirm"], &body).await
    }

    /// Gives an operation up, our own or another device's.
    pub(super) async fn abandon(&self, fence: Fence) -> Result<Option<Status>, WalletError> {
        let body = json!({ "operation": fence.operation, "generation": fence.generation });
        self.post(&["wallet", "abandon"], &body).await
    }

    /// Tells the server something that changes nothing when it is said again; as [`Self::say`].
    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Option<Status>, WalletError> {
        let call = Call::post(path).json(body).repeatable();
        match self.core.caller.write(call).await.map_err(WalletError::from) {
            Ok(status) => Ok(Some(status)),
            Err(WalletError::NothingPending) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn has_means(&self, kind: &OperationKind, means: &Means<'_>) -> bool {
        match kind {
            OperationKind::Create => true,
            OperationKind::Backup { method, .. } => means.method.is_some_and(|given| given.name() == *method),
            OperationKind::Recover { from, .. } => {
                means.method.is_some() && means.from.is_some_and(|halves| backup_pairs(halves) == *from)
            }
            OperationKind::Eject { .. } => false,
        }
    }

    /// Runs the protocol, and keeps what it makes. What the server does not begin is forgotten.
    async fn protocol(
        &self,
        device: &mut Device,
        fence: Fence,
        kind: OperationKind,
        means: &Means<'_>,
    ) -> Result<(), WalletError> {
        match self.made(device, fence, kind, means).await {
            Ok((wallet, made)) => {
                self.tell(Telling::Storing);
                device.keep(&self.core, &wallet, fence, made).await
            }
            // how far the operation is will be asked
            Err(WalletError::Overtaken) => Ok(()),
            Err(error) if error.retryable() => Err(error),
            Err(error) => {
                // it is not worth another try: what it began is given up, or ends by itself after a while
                device.go_on(&self.core, device.state.give_up()).await?;
                let _ = Box::pin(self.drive(device, Means::default())).await;
                Err(error)
            }
        }
    }

    async fn made(
        &self,
        device: &Device,
        fence: Fence,
        kind: OperationKind,
        means: &Means<'_>,
    ) -> Result<(String, Made), WalletError> {
        let core = &*self.core;
        let after = fence.generation.0.saturating_sub(1);
        let mut wish = json!({ "operation": fence.operation, "after": after });
        let mut wishes = |name: &str, value: Value| {
            if let Some(wish) = wish.as_object_mut() {
                wish.insert(name.to_owned(), value);
            }
        };
        let (wallet, generation, made) = match kind {
            OperationKind::Create => {
                self.tell(Telling::Generating);
                let Outcome { value, wallet, generation } = run(core, "create", &wish, create_wallet).await?;
                self.tell(Telling::Parsing);
                let WalletHalves { secp256k1, ed25519 } = value;
                let signing = WalletHalves { secp256k1: secp256k1.signing, ed25519: ed25519.signing };
                (wallet, generation, Made { signing: Some(signing), backup: None })
            }
            OperationKind::Backup { method, from } => {
                wishes("pairs", json!(from));
                wishes("method", json!(method));
                self.tell(Telling::Reading);
                let halves = device.halves(core, from).await?;
                let WalletHalves { secp256k1, ed25519 } = &halves;
                self.tell(Telling::Generating);
                let outcome =
                    run(core, "backup", &wish, |params| back_up_wallet(params, WalletHalves { secp256k1, ed25519 }));
                let Outcome { value, wallet, generation } = outcome.await?;
                self.tell(Telling::Parsing);
                let backup = Some(self.seal(&value, means).await?);
                (wallet, generation, Made { signing: None, backup })
            }
            OperationKind::Recover { from, rotate_backup } => {
                wishes("pairs", json!(from));
                wishes("rotateBackup", json!(rotate_backup));
                let WalletHalves { secp256k1, ed25519 } = means.from.ok_or(WalletError::NotOnDevice)?;
                self.tell(Telling::RecoveringSigning);
                self.tell(Telling::Generating);
                if rotate_backup {
                    let outcome = run(core, "recover", &wish, |params| {
                        recover_wallet(params, WalletHalves { secp256k1, ed25519 })
                    });
                    let Outcome { value, wallet, generation } = outcome.await?;
                    self.tell_both_made();
                    let WalletHalves { secp256k1, ed25519 } = value;
                    let backup = WalletHalves { secp256k1: secp256k1.backup, ed25519: ed25519.backup };
                    let signing = WalletHalves { secp256k1: secp256k1.signing, ed25519: ed25519.signing };
                    let backup = Some(self.seal(&backup, means).await?);
                    (wallet, generation, Made { signing: Some(signing), backup })
                } else {
                    let outcome =
                        run(core, "recover", &wish, |params| renew_wallet(params, WalletHalves { secp256k1, ed25519 }));
                    let Outcome { value, wallet, generation } = outcome.await?;
                    self.tell(Telling::Parsing);
                    (wallet, generation, Made { signing: Some(value), backup: None })
                }
            }
            OperationKind::Eject { .. } => return Err(WalletError::Refused("EJECT".to_owned())),
        };
        let known = device.wallet.is_empty() || device.state.active().is_none() || wallet == device.wallet;
        if generation != fence.generation || !known {
            return Err(RequestError::Unreadable.into());
        }
        Ok((wallet, made))
    }

    async fn seal(
        &self,
        halves: &WalletHalves<BackupHalf>,
        means: &Means<'_>,
    ) -> Result<(Method, PairIds, String), WalletError> {
        let method = means.method.ok_or(WalletError::NothingPending)?;
        self.tell(Telling::Encrypting);
        let text = methods::seal(&self.core, method, halves).await?;
        Ok((method.name(), backup_pairs(halves), text))
    }
}

/// The public keys of halves, secp256k1 first.
pub(super) fn keys(halves: &WalletHalves<SigningHalf>) -> (&[u8], &[u8]) {
    (halves.secp256k1.commitments().public_key(), halves.ed25519.commitments().public_key())
}
