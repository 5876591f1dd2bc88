//! The API of somebody who is logged in: sub-clients by noun.
//!
//! A sub-client is one file: a struct that holds the `Core` and builds calls. To add one, write that file,
//! declare it in `lib.rs` and give it an accessor here. What it finds in the core: `caller.read` and
//! `caller.write` for calls with the session, `keys.ring()` for the private keys, `parts` for the crypto provider,
//! randomness, time, both storages and the application's decisions.

mod builder;
mod caller;
mod login;
mod parts;

use std::fmt;
use std::sync::Arc;

use keystead_crypto::key::PrivateKey;
use keystead_crypto::random::make_uuid;

pub use builder::ApiBuilder;
pub(crate) use caller::Caller;
pub use login::LoginError;
pub(crate) use login::Opening;
pub use parts::ConfigurationError;
pub(crate) use parts::{Parts, PartsBuilder, check_url, with_parts, with_platform};

use crate::authentication::Authentication;
use crate::data_owners::{DataOwnerType, DataOwners};
use crate::data_samples::DataSamples;
use crate::devices::Devices;
use crate::documents::Documents;
use crate::entities::{Memo, Seen};
use crate::exchange::Exchange;
use crate::healthcare_elements::HealthcareElements;
use crate::healthcare_professionals::HealthcareProfessionals;
use crate::keys::own::{self, OwnKeys};
use crate::keys::{KeysError, KeysReport, start};
use crate::notifications::Notifications;
use crate::patients::Patients;
use crate::recovery::Recovery;
use crate::trust::Trust;
use crate::users::Users;
#[cfg(not(target_family = "wasm"))]
use crate::wallet::Wallet;

/// What every sub-client holds.
pub(crate) struct Core {
    /// Calls with the session of the user.
    pub(crate) caller: Caller,
    /// The private keys of the user.
    pub(crate) keys: OwnKeys,
    /// What the platform and the application provide.
    pub(crate) parts: Arc<Parts>,
    /// The user.
    pub(crate) user: String,
    /// The data owner that the user is, if any.
    pub(crate) owner: Option<(DataOwnerType, String)>,
    /// Exchange data of this session.
    pub(crate) exchange: Exchange,
    /// What this device remembers of other people's keys.
    pub(crate) trust: Trust,
    /// What every new record needs.
    pub(crate) memo: Memo,
    /// Which revisions of records were seen.
    pub(crate) seen: Seen,
    /// The socket that the wallet signs over.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) signer: crate::wallet::KeptSigner,
}

impl Core {
    /// The core of somebody without keys for records.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn without_keys(caller: Caller, parts: Arc<Parts>, user: String) -> Self {
        let trust = Trust::new(parts.clone(), &user);
        let (keys, exchange) = (OwnKeys::new(own::Found::default()), Exchange::default());
        let (memo, seen) = (Memo::default(), Seen::default());
        let signer = crate::wallet::KeptSigner::default();
        Self { caller, keys, parts, user, owner: None, exchange, trust, memo, seen, signer }
    }

    /// A new random id.
    pub(crate) fn uuid(&self) -> String {
        make_uuid(&*self.parts.random)
    }
}

/// A user who is logged in. Clones share the session.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let api = keystead_sdk::Api::builder()
///     .base_url("https://records.example.org")
///     .user_name("jorah@example.org")
///     .token("the token that was saved after the registration")
///     .build()
///     .await?;
/// println!("in the group {:?}", api.users().current().await?.group_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Api {
    core: Arc<Core>,
}

impl Api {
    /// Brings a returning user back: by name and token, or name and password.
    pub fn builder() -> ApiBuilder {
        ApiBuilder::default()
    }

    pub(crate) fn new(core: Core) -> Self {
        Self { core: Arc::new(core) }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The user.
    pub fn user_id(&self) -> &str {
        &self.core.user
    }

    /// The group, which is the database that the user's data is in.
    pub fn group_id(&self) -> &str {
        self.core.caller.session().group()
    }

    /// The data owner that the user is, if any.
    pub fn data_owner(&self) -> Option<(DataOwnerType, &str)> {
        self.core.owner.as_ref().map(|(owner_type, id)| (*owner_type, id.as_str()))
    }

    /// What was found and done about the user's keys when they were loaded.
    pub fn keys_report(&self) -> KeysReport {
        self.core.keys.report()
    }

    /// Loads the user's keys again, as at the start: after somebody gave access back, or another device handed
    /// a key over.
    ///
    /// # Errors
    /// See [`KeysError`]. The keys stay as they were.
    pub async fn reload_keys(&self) -> Result<KeysReport, KeysError> {
        let core = &*self.core;
        let owner = match &core.owner {
            Some(_) => self.data_owners().current().await?,
            None => return Ok(core.keys.report()),
        };
        let found = start::start(&core.parts, &core.caller, &owner, Vec::new()).await?;
        core.keys.replace(found);
        core.exchange.forget();
        core.memo.forget();
        Ok(core.keys.report())
    }

    /// Copies of the user's private keys, to be saved where only the user can read them.
    pub fn key_pairs(&self) -> Vec<PrivateKey> {
        self.core.keys.ring().keys().filter_map(|key| own::copy(key.private())).collect()
    }

    /// The session: log out, another group, tokens for other devices.
    pub fn authentication(&self) -> Authentication {
        Authentication::new(self.core.clone())
    }

    /// The user's account, and whom future data is shared with.
    pub fn users(&self) -> Users {
        Users::new(self.core.clone())
    }

    /// Data owners of every kind, and their public keys.
    pub fn data_owners(&self) -> DataOwners {
        DataOwners::new(self.core.clone())
    }

    /// Healthcare professionals.
    pub fn healthcare_professionals(&self) -> HealthcareProfessionals {
        HealthcareProfessionals::new(self.core.clone())
    }

    /// Patients.
    pub fn patients(&self) -> Patients {
        Patients::new(self.core.clone())
    }

    /// Data samples of patients.
    pub fn data_samples(&self) -> DataSamples {
        DataSamples::new(self.core.clone())
    }

    /// Documents of patients.
    pub fn documents(&self) -> Documents {
        Documents::new(self.core.clone())
    }

    /// Notifications.
    pub fn notifications(&self) -> Notifications {
        Notifications::new(self.core.clone())
    }

    /// Healthcare elements of patients.
    pub fn healthcare_elements(&self) -> HealthcareElements {
        HealthcareElements::new(self.core.clone())
    }

    /// Recovery keys, sealed copies of keys, and what would come back without this device.
    pub fn recovery(&self) -> Recovery {
        Recovery::new(self.core.clone())
    }

    /// The wallet: a key on each of two curves, of which this device and the server have one half each.
    #[cfg(not(target_family = "wasm"))]
    pub fn wallet(&self) -> Wallet {
        Wallet::new(self.core.clone())
    }

    /// Devices.
    pub fn devices(&self) -> Devices {
        Devices::new(self.core.clone())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}
