//! Getting keys back (crypto 4).
//!
//! | what is left | what brings the keys back |
//! |---|---|
//! | a recovery key on paper, or a passphrase | [`open_key_pairs`], [`open_exchange_secrets`] |
//! | another own key | [`open_transfer_keys`] |
//! | enough notaries | [`combine_shares`], [`legacy_shares`] for what official clients split |
//! | somebody one shared with | [`crate::give_back`] |

mod data;
mod exchange_secrets;
mod key;
mod key_pairs;
pub mod legacy_shares;
mod shares;
mod transfer;
mod transfer_plan;

pub use data::{RecoveryData, RecoveryDataType};
pub use exchange_secrets::{ExchangeSecrets, open_exchange_secrets, restore_exchange_data, seal_exchange_secrets};
pub(crate) use key::derive_argon2id;
pub use key::{MIN_PASSPHRASE, RecoveryKey, RecoveryKeyError};
pub use key_pairs::{RecoveredKey, open_key_pairs, seal_key_pairs};
pub use shares::{KeyShare, ShareError, combine_shares, split_key};
pub use transfer::{TransferKey, TransferredKey, open_transfer_keys, seal_transfer_key};
pub use transfer_plan::{TransferEdge, plan_transfer_keys};

/// Why recovery data does not give anything back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoveryError {
    /// The recovery key is not the one of this recovery data.
    #[error("another recovery key")]
    OtherKey,
    /// The recovery data holds something else than was asked for.
    #[error("recovery data of another type")]
    OtherType,
    /// It does not open, or not to what the format has; or a public key does not fit its private one.
    #[error("malformed recovery data")]
    Malformed,
    /// There is nothing to seal.
    #[error("nothing to recover")]
    Nothing,
}

/// Opened recovery data.
pub struct Recovered<T> {
    /// What was in it.
    pub content: T,
    /// Sealed for this recipient and purpose by somebody with the recovery key. If not: made by an
    /// official client, or changed.
    pub authentic: bool,
}
