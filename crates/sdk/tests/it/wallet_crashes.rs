//! The application dies at every write of its storage, and is started again: always the same addresses, one device that
//! signs, and a text that brings the wallet back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::{KeyStorage, MemoryStorage, Storage, StorageError};
use keystead_sdk::wallet::{Addresses, BackupMethod, WalletError};
use keystead_sdk::{Api, AuthenticationResult};
use serde_json::Value;

use crate::support::{DAENERYS, TestServer};

const DIGEST: [u8; 32] = [7; 32];

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// A storage whose application dies at a write, before it or after it.
#[derive(Clone)]
struct Dying {
    inner: MemoryStorage,
    left: Arc<AtomicI64>,
    after: bool,
}

impl Dying {
    fn over(inner: &MemoryStorage, after: bool) -> Self {
        Self { inner: inner.clone(), left: Arc::new(AtomicI64::new(i64::MAX)), after }
    }

    fn dies_at(&self, write: i64) {
        self.left.store(write, Ordering::SeqCst);
    }

    fn dead() -> StorageError {
        StorageError::Files(std::io::ErrorKind::BrokenPipe)
    }

    fn alive(&self) -> Result<(), StorageError> {
        if self.left.load(Ordering::SeqCst) < 0 { Err(Self::dead()) } else { Ok(()) }
    }

    /// Whether the write is done, and whether anybody is there to see it.
    fn write(&self) -> (bool, Result<(), StorageError>) {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            0 => (self.after, Err(Self::dead())),
            left if left < 0 => (false, Err(Self::dead())),
            _ => (true, Ok(())),
        }
    }
}

#[async_trait]
impl Storage for Dying {
    async fn get(&self, name: &str) -> Result<Option<String>, StorageError> {
        self.alive()?;
        self.inner.get(name).await
    }

    async fn set(&self, name: &str, value: &str) -> Result<(), StorageError> {
        let (done, seen) = self.write();
        if done {
            self.inner.set(name, value).await?;
        }
        seen
    }

    async fn remove(&self, name: &str) -> Result<(), StorageError> {
        let (done, seen) = self.write();
        if done {
            self.inner.remove(name).await?;
        }
        seen
    }
}

#[async_trait]
impl KeyStorage for Dying {
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError> {
        self.alive()?;
        self.inner.get_key(name).await
    }

    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError> {
        let (done, seen) = self.write();
        if done {
            self.inner.set_key(name, value).await?;
        }
        seen
    }

    async fn remove_key(&self, name: &str) -> Result<(), StorageError> {
        let (done, seen) = self.write();
        if done {
            self.inner.remove_key(name).await?;
        }
        seen
    }
}

/// The application, started on this device.
async fn started(server: &TestServer, entered: &AuthenticationResult, device: &Dying) -> Api {
    let builder = server.api(&device.inner).storage(device.clone()).key_storage(device.clone());
    let builder = builder.user_name(DAENERYS).token(entered.token.duplicate()).new_key_when_lost();
    builder.build().await.unwrap()
}

async fn one_pair_signs(server: &TestServer, api: &Api) {
    api.wallet().sign_digest(DIGEST).await.unwrap();
    let mut tx = server.app.store.read().await.unwrap();
    let owner = api.data_owner().unwrap().1;
    let document = tx.document(&server.group, "Wallet", owner).await.unwrap().unwrap();
    let record: Value = serde_json::from_str(&document.body).unwrap();
    let of = |kind: &str| record["state"][kind].as_array().unwrap().iter();
    assert_eq!(of("signing").filter(|set| set["status"] == "ACTIVE").count(), 1);
    assert!(of("backups").filter(|set| set["status"] == "ACTIVE").count() <= 1);
    assert!(record["state"]["operation"].is_null());
}

#[tokio::test]
async fn a_creation_goes_on_wherever_it_broke_off() {
    let server = TestServer::new().await;
    let memory = MemoryStorage::new();
    let entered = server.by_code(&memory).await;
    let mut deaths = 0;
    let addresses: Addresses = loop {
        let device = Dying::over(&memory, deaths % 2 == 1);
        let api = started(&server, &entered, &device).await;
        device.dies_at(deaths);
        match api.wallet().create().await {
            Ok(addresses) => break addresses,
            Err(WalletError::Storage(_)) => deaths += 1,
            Err(error) => panic!("{error} after {deaths}"),
        }
    };
    assert!(deaths >= 4, "{deaths}");
    let api = started(&server, &entered, &Dying::over(&memory, false)).await;
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    one_pair_signs(&server, &api).await;
}

#[tokio::test]
async fn a_backup_goes_on_wherever_it_broke_off() {
    let server = TestServer::new().await;
    let memory = MemoryStorage::new();
    let entered = server.by_code(&memory).await;
    entered.api.wallet().create().await.unwrap();
    for after in [false, true] {
        let mut deaths = 0;
        loop {
            let device = Dying::over(&memory, after);
            let api = started(&server, &entered, &device).await;
            device.dies_at(deaths);
            let mut text = api.wallet().back_up(&password()).await;
            let mut stored = Ok(());
            if text.is_ok() {
                stored = api.wallet().stored_backup(true).await;
            }
            let died = text.is_err() || stored.is_err();
            let api = started(&server, &entered, &Dying::over(&memory, after)).await;
            if text.is_ok() && stored.is_err() {
                // the application has the text
                api.wallet().stored_backup(true).await.unwrap();
            } else if text.is_err() {
                text = api.wallet().back_up(&password()).await;
                assert!(text.is_ok());
                api.wallet().stored_backup(true).await.unwrap();
            }
            assert!(api.wallet().is_backed_up().await.unwrap());
            one_pair_signs(&server, &api).await;
            if !died {
                break;
            }
            deaths += 1;
        }
        assert!(deaths >= 4, "{deaths}");
    }
}

async fn recoveries(after: bool) {
    let server = TestServer::new().await;
    let memory = MemoryStorage::new();
    let entered = server.by_code(&memory).await;
    let addresses = entered.api.wallet().create().await.unwrap();
    // what the application keeps
    let mut text = entered.api.wallet().back_up(&password()).await.unwrap();
    entered.api.wallet().stored_backup(true).await.unwrap();
    let mut old = entered.api.clone();
    let mut deaths = 0;
    loop {
        let memory = MemoryStorage::new();
        let device = Dying::over(&memory, after);
        let api = started(&server, &entered, &device).await;
        device.dies_at(deaths);
        let recovered = api.wallet().recover(&text, &password()).await;
        let mut stored = Ok(());
        let died = match recovered {
            Ok(new) => {
                text = new;
                stored = api.wallet().stored_backup(true).await;
                stored.is_err()
            }
            Err(error) => {
                assert!(matches!(error, WalletError::Storage(_)), "{error} after {deaths}");
                true
            }
        };
        let api = started(&server, &entered, &Dying::over(&memory, after)).await;
        if died && stored.is_ok() {
            // before the application had a new text, what was in force is
            old.wallet().sign_digest(DIGEST).await.unwrap();
            text = api.wallet().recover(&text, &password()).await.unwrap();
            stored = api.wallet().stored_backup(true).await;
        } else if died {
            stored = api.wallet().stored_backup(true).await;
        }
        stored.unwrap();
        assert_eq!(api.wallet().addresses().await.unwrap().as_ref(), Some(&addresses));
        one_pair_signs(&server, &api).await;
        let refused = old.wallet().sign_digest(DIGEST).await.unwrap_err();
        assert!(matches!(refused, WalletError::ShareMismatch("SIGN_SHARE_MISMATCH")), "{refused}");
        old = api;
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths >= 6, "{deaths}");
}

#[tokio::test]
async fn a_recovery_goes_on_wherever_it_broke_off_before_a_write() {
    recoveries(false).await;
}

#[tokio::test]
async fn a_recovery_goes_on_wherever_it_broke_off_after_a_write() {
    recoveries(true).await;
}

#[tokio::test]
async fn halves_that_count_no_more_are_deleted_wherever_a_recovery_broke_off_at_its_end() {
    let server = TestServer::new().await;
    let memory = MemoryStorage::new();
    let entered = server.by_code(&memory).await;
    entered.api.wallet().create().await.unwrap();
    let mut text = entered.api.wallet().back_up(&password()).await.unwrap();
    entered.api.wallet().stored_backup(true).await.unwrap();
    let halves = || memory.names().into_iter().filter(|name| name.starts_with("keystead.wallet.half.")).count();
    assert_eq!(halves(), 2);
    let mut deaths = 0;
    loop {
        let device = Dying::over(&memory, false);
        let api = started(&server, &entered, &device).await;
        text = api.wallet().recover(&text, &password()).await.unwrap();
        assert_eq!(halves(), 4);
        device.dies_at(deaths);
        let _ = api.wallet().stored_backup(true).await;
        let died = device.alive().is_err();
        let api = started(&server, &entered, &Dying::over(&memory, false)).await;
        api.wallet().stored_backup(true).await.unwrap();
        assert_eq!(halves(), 2, "after {deaths}");
        one_pair_signs(&server, &api).await;
        if !died {
            break;
        }
        deaths += 1;
    }
    assert!(deaths >= 5, "{deaths}");
}
