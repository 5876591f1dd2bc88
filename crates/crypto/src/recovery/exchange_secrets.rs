//! Secrets of exchange data behind a recovery key: somebody gives access back without having to trust
//! a public key, if the recovery key is handed over safely.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Recovered, RecoveryData, RecoveryDataType, RecoveryError, RecoveryKey};
use crate::exchange::{Crypto, ExchangeData, ExchangeError, OpenExchangeData, extend_opened};
use crate::key::TrustedKey;
use crate::random::Random;
use crate::secret::{AccessControlSecret, ExchangeKey, SharedSignatureKey};

/// The three secrets of one exchange data.
pub struct ExchangeSecrets {
    /// Its id.
    pub exchange_data_id: String,
    /// Seals what delegations hold.
    pub exchange_key: ExchangeKey,
    /// What access control keys are derived from.
    pub access_control_secret: AccessControlSecret,
    /// Signs the exchange data.
    pub shared_signature_key: SharedSignatureKey,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[zeroize(skip)]
    exchange_data_id: String,
    raw_access_control_secret: String,
    raw_shared_signature_key: String,
    raw_exchange_key: String,
}

impl ExchangeSecrets {
    /// Opens all of an exchange data.
    ///
    /// # Errors
    /// [`ExchangeError::NoKey`], [`ExchangeError::Malformed`].
    pub async fn of(crypto: Crypto<'_>, data: &ExchangeData) -> Result<Self, ExchangeError> {
        let open = data.open(crypto.ring).await?;
        let shared_signature_key = data.open_signature_key(crypto.ring).await?;
        let (id, exchange_key, access_control_secret) = open.into_parts();
        Ok(Self { exchange_data_id: id, exchange_key, access_control_secret, shared_signature_key })
    }
}

/// Seals secrets for the data owner `recipient`.
///
/// # Errors
/// [`RecoveryError::Nothing`]: there are no secrets.
pub fn seal_exchange_secrets(
    random: &dyn Random,
    key: &RecoveryKey,
    recipient: &str,
    secrets: &[ExchangeSecrets],
    expires: Option<i64>,
) -> Result<RecoveryData, RecoveryError> {
    if secrets.is_empty() {
        return Err(RecoveryError::Nothing);
    }
    let entries: Vec<_> = secrets
        .iter()
        .map(|secrets| Entry {
            exchange_data_id: secrets.exchange_data_id.clone(),
            raw_access_control_secret: Base64::encode_string(secrets.access_control_secret.expose()),
            raw_shared_signature_key: Base64::encode_string(secrets.shared_signature_key.expose()),
            raw_exchange_key: Base64::encode_string(secrets.exchange_key.expose()),
        })
        .collect();
    let mut json = Zeroizing::new(Vec::with_capacity(1024 + 1024 * entries.len()));
    serde_json::to_writer(&mut *json, &entries).map_err(|_| RecoveryError::Malformed)?;
    RecoveryData::seal(random, key, recipient, RecoveryDataType::ExchangeKeyRecovery, json, expires)
}

/// The secrets in recovery data.
///
/// # Errors
/// [`RecoveryError::OtherKey`], [`RecoveryError::OtherType`], [`RecoveryError::Malformed`].
pub fn open_exchange_secrets(
    key: &RecoveryKey,
    data: &RecoveryData,
) -> Result<Recovered<Vec<ExchangeSecrets>>, RecoveryError> {
    let (json, authentic) = data.open(key, RecoveryDataType::ExchangeKeyRecovery)?;
    let entries: Vec<Entry> = serde_json::from_slice(&json).map_err(|_| RecoveryError::Malformed)?;
    let decode = |text: &str| Base64::decode_vec(text).map(Zeroizing::new).map_err(|_| RecoveryError::Malformed);
    let secrets = entries.iter().map(|entry| {
        let exchange_key = ExchangeKey::from_bytes(&decode(&entry.raw_exchange_key)?);
        let secret = AccessControlSecret::from_bytes(&decode(&entry.raw_access_control_secret)?);
        let signature_key = SharedSignatureKey::from_bytes(&decode(&entry.raw_shared_signature_key)?);
        Ok(ExchangeSecrets {
            exchange_data_id: entry.exchange_data_id.clone(),
            exchange_key: exchange_key.map_err(|_| RecoveryError::Malformed)?,
            access_control_secret: secret.map_err(|_| RecoveryError::Malformed)?,
            shared_signature_key: signature_key.map_err(|_| RecoveryError::Malformed)?,
        })
    });
    Ok(Recovered { content: secrets.collect::<Result<_, RecoveryError>>()?, authentic })
}

/// Lets the recipient's usable keys into an exchange data whose secrets were recovered.
///
/// # Errors
/// [`ExchangeError::Malformed`]: the secrets are of another exchange data. [`ExchangeError::NoUsableKey`].
pub async fn restore_exchange_data(
    crypto: Crypto<'_>,
    recipient: &str,
    data: &ExchangeData,
    secrets: ExchangeSecrets,
) -> Result<(ExchangeData, OpenExchangeData), ExchangeError> {
    if data.id != secrets.exchange_data_id {
        return Err(ExchangeError::Malformed);
    }
    let own: Vec<TrustedKey> = crypto.ring.recipients(recipient);
    if own.is_empty() {
        return Err(ExchangeError::NoUsableKey);
    }
    let open = OpenExchangeData::of(data, secrets.exchange_key, secrets.access_control_secret);
    let extended = extend_opened(crypto, data, &open, &secrets.shared_signature_key, &own, None).await?;
    Ok((extended, open))
}
