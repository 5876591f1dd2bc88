//! An application that has a wallet: it keeps one text for its user, and does the same again after a crash.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keystead_model::wallet::client::ClientState;
use keystead_model::wallet::{Place, Step};
use keystead_sdk::Api;
use keystead_sdk::storage::{SealedFiles, Storage as _, Unlock};
use keystead_sdk::wallet::{Addresses, BackupMethod, Wallet, WalletError};
use serde::{Deserialize, Serialize};

use super::disk::{Home, replace};
use super::watch::{Keys, Watch, Watched, state_of};
use super::{When, Wish};

/// What the application is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) base: String,
    pub(super) user: String,
    pub(super) token: String,
    pub(super) home: PathBuf,
    /// Which device.
    pub(super) device: String,
    pub(super) wish: Wish,
    /// Whether it was started with this before, and died.
    pub(super) again: bool,
    /// Where to stop.
    pub(super) stop: Option<(Place, Step, When)>,
}

/// The one text that the application keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) text: String,
    /// Whether the SDK was told, and said that it is well.
    pub(super) confirmed: bool,
}

impl Slot {
    pub(super) fn of(home: &Home) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(home.slot()).ok()?).unwrap()
    }

    fn keep(&self, home: &Home) {
        replace(&home.slot(), &serde_json::to_string(self).unwrap());
    }
}

/// The files of a device.
pub(super) fn files(home: &Home, device: &str) -> SealedFiles {
    let directory = home.device(device);
    SealedFiles::open(directory.join("storage"), &Unlock::KeyFile(directory.join("storage.key"))).unwrap()
}

pub(super) struct Application {
    pub(super) wallet: Wallet,
    pub(super) method: BackupMethod,
    home: Home,
    watch: Arc<Watch>,
    device: Watched,
    owner: String,
}

impl Application {
    pub(super) async fn start(order: &Order) -> Self {
        let home = Home(order.home.clone());
        let watch = Watch::new(order.wish, order.stop);
        let device = Watched { files: Arc::new(files(&home, &order.device)), watch: watch.clone() };
        let builder = Api::builder().base_url(&order.base).user_name(&order.user).token(order.token.as_str());
        let api = builder.storage(device.clone()).key_storage(device.clone()).build().await.unwrap();
        let method = BackupMethod::Custom(Arc::new(Keys { file: home.keys(), watch: watch.clone() }));
        let owner = api.data_owner().unwrap().1.to_owned();
        Self { wallet: api.wallet(), method, home, watch, device, owner }
    }

    /// What the device keeps of the wallet.
    pub(super) async fn state(&self) -> ClientState {
        let entry = self.device.files.get(&format!("keystead.wallet.{}", self.owner)).await.unwrap();
        state_of(entry.as_deref())
    }

    /// Does what it was started for.
    pub(super) async fn carry_out(&self, order: &Order) -> Result<Addresses, WalletError> {
        match order.wish {
            Wish::Create => match self.wallet.create().await {
                // said before, and nobody heard it
                Err(WalletError::Exists) if self.wallet.is_on_device().await? => {}
                made => drop(made?),
            },
            Wish::BackUp => {
                if !self.finished_before().await? {
                    let text = self.wallet.back_up(&self.method).await?;
                    self.store(text).await?;
                }
            }
            Wish::Recover => {
                if !self.finished_before().await? {
                    let text = self.wallet.recover(&Slot::of(&self.home).unwrap().text, &self.method).await?;
                    self.store(text).await?;
                }
            }
            Wish::RecoverSigning => {
                if !(order.again && self.wallet.is_on_device().await?) {
                    self.wallet.recover_signing(&Slot::of(&self.home).unwrap().text, &self.method).await?;
                }
            }
        }
        Ok(self.wallet.addresses().await?.unwrap())
    }

    /// Whether there was a text that the SDK was still to be told of.
    async fn finished_before(&self) -> Result<bool, WalletError> {
        match Slot::of(&self.home) {
            Some(slot) if !slot.confirmed => match self.confirm(slot).await {
                Ok(()) => Ok(true),
                Err(WalletError::NothingPending) => Ok(false),
                Err(error) => Err(error),
            },
            _ => Ok(false),
        }
    }

    async fn store(&self, text: String) -> Result<(), WalletError> {
        let slot = Slot { text, confirmed: false };
        self.watch.around(Place::App, false, When::Before).await;
        slot.keep(&self.home);
        self.watch.around(Place::App, false, When::After).await;
        self.confirm(slot).await
    }

    async fn confirm(&self, mut slot: Slot) -> Result<(), WalletError> {
        while let Err(error) = self.wallet.stored_backup(true).await {
            match error {
                WalletError::CustodianWaits => tokio::time::sleep(Duration::from_millis(200)).await,
                error => return Err(error),
            }
        }
        self.wallet.delete_older_keys(&self.method).await?;
        slot.confirmed = true;
        slot.keep(&self.home);
        Ok(())
    }
}
