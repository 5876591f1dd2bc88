//! What brings keys back, and what would be lost without it (crypto 4).
//!
//! | what is left | what to do on the new device |
//! |---|---|
//! | a recovery key on paper | [`crate::keys::KeyDecision::RecoveryKey`] |
//! | a sealed file of the keys | [`open_exported_keys`], then [`crate::ApiBuilder::key_pair`] |
//! | another own key, or enough notaries | nothing: it happens at the start |
//! | somebody one shared with, and a safe way to be told a recovery key | [`Recovery::use_exchange_recovery`] |
//!
//! Whoever was given access back to a new key calls [`Recovery::find_again`].
//!
//! [`Recovery::report`] says beforehand what would come back, and through whom.

mod error;
mod exchange;
mod export;
mod keys;
mod kit;
mod known;
mod maps;
mod report;

use std::sync::Arc;

pub use error::{RecoveryError, RecoveryKeyError};
pub use exchange::RestoredExchange;
pub use export::open_exported_keys;
pub(crate) use keys::open_keys;
pub use kit::RecoveryKit;
pub use known::KnownRecoveryKey;
pub use report::{ClassReport, CounterpartReport, KitReport, OtherKeyReport, Reach, RecordClass, RecoverabilityReport};

use crate::api::Core;

/// Recovery keys, sealed copies of keys, and what would come back without this device.
///
/// ```no_run
/// use std::time::Duration;
/// use keystead_sdk::progress::Monitor;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let report = api.recovery().report(&Monitor::new()).await?;
/// if report.at_risk() > 0 {
///     // to be printed; whoever has it, and can log in as the user, has the user's keys
///     let kit = api.recovery().make_recovery_key(None).await?;
///     println!("{}\n{}", kit.text().expose(), kit.qr_terminal()?.expose());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Recovery {
    pub(crate) core: Arc<Core>,
}

impl Recovery {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The data owner that the user is.
    fn owner(&self) -> Result<&str, RecoveryError> {
        self.core.owner.as_ref().map(|(_, id)| id.as_str()).ok_or(RecoveryError::NotADataOwner)
    }
}
