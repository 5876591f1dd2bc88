//! Whether exchange data may be written with (crypto 2.5).

use base64ct::{Base64, Encoding};

use super::signature::{Form, check_id, delegator_message, delegator_signature, shared_signature};
use super::{Crypto, ExchangeData, ExchangeError, OpenExchangeData};
use crate::hazmat::hash::equal;
use crate::key::{Fingerprint, PublicKey};
use crate::provider::ProviderError;
use crate::secret::SharedSignatureKey;

/// What the shared signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedSignature {
    /// Right, over the text that Cardinal signs.
    Cardinal,
    /// Right, over the JSON that the TypeScript client of old signs.
    WellFormed,
    /// Missing or wrong.
    Invalid,
}

/// What the delegator signatures are, to the delegator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelegatorSignature {
    /// At least one is by a key of ours, and all that are by keys of ours are right.
    Valid,
    /// None is by a key of ours.
    Unknown,
    /// One that claims to be by a key of ours is wrong.
    Invalid,
}

/// The result of [`verify_exchange_data`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verification {
    /// Of the shared signature.
    pub shared: SharedSignature,
    /// Of the delegator signatures.
    pub delegator: DelegatorSignature,
}

impl Verification {
    /// Whether we made these secrets ourselves, for exactly these recipients. Everything else is for
    /// reading only: make new exchange data to write.
    pub fn is_safe_for_writing(&self) -> bool {
        self.shared != SharedSignature::Invalid && self.delegator == DelegatorSignature::Valid
    }
}

/// Checks the signatures of official clients, as the current `delegator`.
///
/// `signing_keys` are the public halves of local RSA-PSS keys, for data of the generation before
/// November 2024 (crypto 2.4); usually there are none.
///
/// # Errors
/// The shared signature key does not open.
pub async fn verify_exchange_data(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    open: &OpenExchangeData,
    delegator: &str,
    signing_keys: &[PublicKey],
) -> Result<Verification, ExchangeError> {
    let key = data.open_signature_key(crypto.ring).await?;
    verify_with(crypto, data, open, &key, delegator, signing_keys).await.map_err(ExchangeError::from)
}

pub(super) async fn verify_with(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    delegator: &str,
    signing_keys: &[PublicKey],
) -> Result<Verification, ProviderError> {
    let own = if data.delegator == delegator {
        verify_delegator(crypto, data, key, signing_keys).await?
    } else {
        DelegatorSignature::Unknown
    };
    Ok(Verification { shared: verify_shared(data, open, key), delegator: own })
}

pub(super) fn verify_shared(data: &ExchangeData, open: &OpenExchangeData, key: &SharedSignatureKey) -> SharedSignature {
    let plain = check_id(&data.delegator).and(check_id(&data.delegate)).is_ok();
    let Some(signature) = Base64::decode_vec(&data.shared_signature).ok().filter(|_| plain) else {
        return SharedSignature::Invalid;
    };
    if equal(&shared_signature(data, open, key, Form::Cardinal), &signature) {
        SharedSignature::Cardinal
    } else if equal(&shared_signature(data, open, key, Form::WellFormed), &signature) {
        SharedSignature::WellFormed
    } else {
        SharedSignature::Invalid
    }
}

async fn verify_delegator(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    key: &SharedSignatureKey,
    signing_keys: &[PublicKey],
) -> Result<DelegatorSignature, ProviderError> {
    let mut found = DelegatorSignature::Unknown;
    for (name, value) in &data.delegator_signature {
        let Some(fingerprint) = Fingerprint::parse(name) else { continue };
        let signature = Base64::decode_vec(value).unwrap_or_default();
        let mut right = None;
        for own in crypto.ring.of(&data.delegator).filter(|own| own.is_usable()) {
            if own.public().fingerprint() == fingerprint {
                let expected = delegator_signature(own.private(), key);
                right = Some(right == Some(true) || equal(&expected, &signature));
            }
        }
        for signing_key in signing_keys.iter().filter(|signing_key| signing_key.fingerprint() == fingerprint) {
            let verified = crypto.provider.verify(signing_key, &delegator_message(key), &signature).await?;
            right = Some(right == Some(true) || verified);
        }
        match right {
            Some(true) => found = DelegatorSignature::Valid,
            Some(false) => return Ok(DelegatorSignature::Invalid),
            None => {}
        }
    }
    Ok(found)
}
