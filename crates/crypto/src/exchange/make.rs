//! Creating exchange data (crypto 2.2).

use std::collections::BTreeMap;

use base64ct::{Base64, Encoding};

use super::sender::{Recipient, add_sender_signature};
use super::signature::{Form, check_id, delegator_signature, shared_signature};
use super::{Crypto, Entries, ExchangeData, ExchangeError, OpenExchangeData};
use crate::identity::SignerIdentity;
use crate::key::{Fingerprint, KeyId, TrustedKey, one_generation};
use crate::provider::CryptoProvider;
use crate::random::make_uuid;
use crate::secret::{AccessControlSecret, ExchangeKey, SharedSignatureKey};

/// What new exchange data is for.
#[derive(Clone, Copy)]
pub struct NewExchangeData<'a> {
    /// Who gives access: oneself, or a parent whose keys are on the ring.
    pub delegator: &'a str,
    /// Who gets access; may be the delegator.
    pub delegate: &'a str,
    /// The delegate's keys; not needed if the delegate is the delegator.
    pub delegate_keys: &'a [TrustedKey],
    /// Signs for receivers with our client (crypto 6, item 3).
    pub signer: Option<&'a SignerIdentity>,
}

/// Makes exchange data for every usable key of the delegator and every trusted key of the delegate,
/// signed in the current generation.
///
/// # Errors
/// [`ExchangeError::NoUsableKey`], [`ExchangeError::NoDelegateKey`],
/// [`ExchangeError::FingerprintCollision`], [`ExchangeError::Id`].
pub async fn make_exchange_data(
    crypto: Crypto<'_>,
    new: NewExchangeData<'_>,
) -> Result<(ExchangeData, OpenExchangeData), ExchangeError> {
    check_id(new.delegator)?;
    check_id(new.delegate)?;
    let mut recipients = crypto.ring.recipients(new.delegator);
    if recipients.is_empty() {
        return Err(ExchangeError::NoUsableKey);
    }
    if new.delegate != new.delegator {
        let delegate_keys = one_generation(new.delegate_keys.to_vec());
        if delegate_keys.is_empty() {
            return Err(ExchangeError::NoDelegateKey);
        }
        recipients.extend(delegate_keys);
    }
    check_fingerprints(&recipients)?;

    let exchange_key = ExchangeKey::make(crypto.random);
    let secret = AccessControlSecret::make(crypto.random);
    let signature_key = SharedSignatureKey::make(crypto.random);
    let mut data = ExchangeData {
        id: make_uuid(crypto.random),
        delegator: new.delegator.to_owned(),
        delegate: new.delegate.to_owned(),
        exchange_key: encrypt_for(crypto.provider, &recipients, exchange_key.expose()).await?,
        access_control_secret: encrypt_for(crypto.provider, &recipients, secret.expose()).await?,
        shared_signature_key: encrypt_for(crypto.provider, &recipients, signature_key.expose()).await?,
        ..ExchangeData::default()
    };
    let open = OpenExchangeData::of(&data, exchange_key, secret);
    data.shared_signature = Base64::encode_string(&shared_signature(&data, &open, &signature_key, Form::Cardinal));
    add_delegator_signatures(crypto, &mut data, &signature_key);
    if let Some(signer) = new.signer.filter(|signer| signer.owner() == new.delegator) {
        add_sender_signature(&mut data, &open, &signature_key, signer, recipients.iter().map(recipient).collect());
    }
    Ok((data, open))
}

/// One entry per usable key of the delegator.
pub(super) fn add_delegator_signatures(crypto: Crypto<'_>, data: &mut ExchangeData, key: &SharedSignatureKey) {
    for own in crypto.ring.of(&data.delegator).filter(|own| own.is_usable()) {
        let signature = Base64::encode_string(&delegator_signature(own.private(), key));
        data.delegator_signature.insert(own.public().fingerprint().v2(), signature);
    }
}

/// What the sender's signature says of a recipient.
pub(super) fn recipient(key: &TrustedKey) -> Recipient {
    (key.key().fingerprint(), key.id())
}

/// No two keys may claim one place in a map.
pub(super) fn check_fingerprints(recipients: &[TrustedKey]) -> Result<(), ExchangeError> {
    let mut taken: BTreeMap<Fingerprint, KeyId> = BTreeMap::new();
    for recipient in recipients {
        let id = *taken.entry(recipient.key().fingerprint()).or_insert(recipient.id());
        if id != recipient.id() {
            return Err(ExchangeError::FingerprintCollision);
        }
    }
    Ok(())
}

/// `plaintext` for each of the keys, filed under its fingerprint.
pub(crate) async fn encrypt_for(
    provider: &dyn CryptoProvider,
    recipients: &[TrustedKey],
    plaintext: &[u8],
) -> Result<Entries, ExchangeError> {
    let mut entries = Entries::new();
    for recipient in recipients {
        let ciphertext = provider.encrypt(recipient.key(), recipient.padding(), plaintext).await?;
        entries.insert(recipient.key().fingerprint().v2(), Base64::encode_string(&ciphertext));
    }
    Ok(entries)
}
