//! Letting another key in: giving access back, a second device, recovery data (crypto 2.6, 4.3).

use base64ct::{Base64, Encoding};

use super::make::{add_delegator_signatures, check_fingerprints, encrypt_for, recipient};
use super::sender::{add_sender_signature, signed_recipients};
use super::signature::{Form, shared_signature};
use super::verify::{DelegatorSignature, SharedSignature, verify_with};
use super::{Crypto, ExchangeData, ExchangeError, OpenExchangeData};
use crate::identity::SignerIdentity;
use crate::key::TrustedKey;
use crate::secret::SharedSignatureKey;

/// Adds entries for `keys`; `None` if each has its three entries already.
///
/// The shared signature is renewed only if it was right before. A delegator signature is added only
/// beside one of our own: official clients also add one where there is none, and so would vouch for
/// secrets that somebody else chose (decision 0105).
///
/// # Errors
/// [`ExchangeError::NoKey`]: we cannot open it ourselves. [`ExchangeError::FingerprintCollision`]: a
/// new key would take the place of one of ours.
pub async fn extend_exchange_data(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    keys: &[TrustedKey],
    signer: Option<&SignerIdentity>,
) -> Result<Option<ExchangeData>, ExchangeError> {
    let new: Vec<_> = keys.iter().filter(|key| !data.is_for(key.key().fingerprint())).cloned().collect();
    if new.is_empty() {
        return Ok(None);
    }
    let open = data.open(crypto.ring).await?;
    let key = data.open_signature_key(crypto.ring).await?;
    extend_opened(crypto, data, &open, &key, &new, signer).await.map(Some)
}

/// As [`extend_exchange_data`], for secrets that came by other means. Replaces entries of `new`.
pub(crate) async fn extend_opened(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    new: &[TrustedKey],
    signer: Option<&SignerIdentity>,
) -> Result<ExchangeData, ExchangeError> {
    let mut all = new.to_vec();
    all.extend(crypto.ring.keys().map(TrustedKey::held));
    check_fingerprints(&all)?;

    let before = verify_with(crypto, data, open, key, &data.delegator, &[]).await?;
    let mut extended = data.clone();
    for (entries, secret) in [
        (&mut extended.exchange_key, open.exchange_key().expose()),
        (&mut extended.access_control_secret, open.access_control_secret().expose()),
        (&mut extended.shared_signature_key, key.expose()),
    ] {
        entries.extend(encrypt_for(crypto.provider, new, secret).await?);
    }
    if before.shared == SharedSignature::Invalid {
        return Ok(extended);
    }
    extended.shared_signature = Base64::encode_string(&shared_signature(&extended, open, key, Form::Cardinal));
    if before.delegator == DelegatorSignature::Valid {
        add_delegator_signatures(crypto, &mut extended, key);
        if let Some(signer) = signer.filter(|signer| signer.owner() == data.delegator) {
            let recipients =
                signed_recipients(data, open, key, signer).into_iter().chain(new.iter().map(recipient)).collect();
            add_sender_signature(&mut extended, open, key, signer, recipients);
        }
    }
    Ok(extended)
}
