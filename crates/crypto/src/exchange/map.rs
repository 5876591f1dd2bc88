//! How an explicit party finds the exchange data whose other party is hidden (crypto 3.5).

use serde::{Deserialize, Serialize};

use super::{Crypto, Entries, ExchangeError, encrypt_for, open_entry};
use crate::access_control::DelegationKey;
use crate::key::{KeyRing, TrustedKey};

/// The ids of the exchange data behind one delegation, for the keys of its explicit party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeDataMap {
    /// The delegation key.
    pub id: DelegationKey,
    /// The revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rev: Option<String>,
    /// The id of the exchange data, encrypted for each key.
    #[serde(default)]
    pub encrypted_exchange_data_ids: Entries,
}

/// Whose keys a map is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapRecipient {
    /// The delegator's usable keys.
    Delegator,
    /// The delegate's keys that have an entry in the exchange data.
    Delegate,
}

/// Whether a delegation needs a map, and for whom: exactly one side is anonymous (crypto 3.4).
pub fn map_recipient(delegator_is_anonymous: bool, delegate_is_anonymous: bool) -> Option<MapRecipient> {
    match (delegator_is_anonymous, delegate_is_anonymous) {
        (false, true) => Some(MapRecipient::Delegator),
        (true, false) => Some(MapRecipient::Delegate),
        (false, false) | (true, true) => None,
    }
}

/// The entries of a map: the id of the exchange data for each of `recipients`.
///
/// # Errors
/// [`ExchangeError::NoDelegateKey`]: there are no recipients.
pub async fn make_exchange_data_map(
    crypto: Crypto<'_>,
    exchange_data_id: &str,
    recipients: &[TrustedKey],
) -> Result<Entries, ExchangeError> {
    if recipients.is_empty() {
        return Err(ExchangeError::NoDelegateKey);
    }
    super::make::check_fingerprints(recipients)?;
    encrypt_for(crypto.provider, recipients, exchange_data_id.as_bytes()).await
}

/// The id of the exchange data.
///
/// # Errors
/// [`ExchangeError::NoKey`], [`ExchangeError::Malformed`].
pub async fn open_exchange_data_map(map: &ExchangeDataMap, ring: &KeyRing) -> Result<String, ExchangeError> {
    let id = open_entry(&map.encrypted_exchange_data_ids, ring).await?;
    String::from_utf8(id.to_vec()).map_err(|_| ExchangeError::Malformed)
}
