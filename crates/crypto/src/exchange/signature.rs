//! The texts and codes of the signatures that official clients make (crypto 2.3, 2.4).

use zeroize::Zeroizing;

use super::{ExchangeData, ExchangeError, OpenExchangeData};
use crate::hazmat::hash::{hmac_sha512, sha256};
use crate::key::PrivateKey;
use crate::secret::SharedSignatureKey;

/// Which of the two texts is signed.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// What Cardinal signs: looks like JSON, but has a bracket too few and no escapes.
    Cardinal,
    /// What the TypeScript client of old signs: JSON.
    WellFormed,
}

/// Ids go into the text without escapes; one with a quote could stand for two other fields.
pub(super) fn check_id(id: &str) -> Result<(), ExchangeError> {
    let plain = !id.is_empty() && !id.chars().any(|letter| matches!(letter, '"' | '\\') || letter.is_control());
    if plain { Ok(()) } else { Err(ExchangeError::Id) }
}

fn text(data: &ExchangeData, open: &OpenExchangeData, form: Form) -> Zeroizing<String> {
    let exchange_key = Zeroizing::new(hex::encode(open.exchange_key().expose()));
    let secret = Zeroizing::new(hex::encode(open.access_control_secret().expose()));
    let fingerprints: Vec<_> = data.fingerprints().iter().map(|name| format!("\"{name}\"")).collect();
    let (before, after, end) = match form {
        Form::Cardinal => ("AccessControlSecret(s=", ")", "]]"),
        Form::WellFormed => ("", "", "]]]"),
    };
    // long enough from the start, so that growing leaves no copy behind
    let mut text = Zeroizing::new(String::with_capacity(512 + fingerprints.len() * 64 + data.delegate.len() * 8));
    let parts: [&str; 13] = [
        "[[\"delegator\",\"",
        &data.delegator,
        "\"],[\"delegate\",\"",
        &data.delegate,
        "\"],[\"exchangeKey\",\"",
        &exchange_key,
        "\"],[\"accessControlSecret\",\"",
        before,
        &secret,
        after,
        "\"],[\"publicKeysFingerprints\",[",
        &fingerprints.join(","),
        end,
    ];
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// The shared signature, over the ids, the secrets and the fingerprints of the recipients.
pub(super) fn shared_signature(
    data: &ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    form: Form,
) -> [u8; 64] {
    hmac_sha512(key.expose(), text(data, open, form).as_bytes())
}

/// What every generation of delegator signatures is over.
pub(super) fn delegator_message(key: &SharedSignatureKey) -> [u8; 32] {
    sha256(&[key.expose()])
}

/// The delegator signature of the current generation, by one of the delegator's encryption keys.
pub(super) fn delegator_signature(own: &PrivateKey, key: &SharedSignatureKey) -> [u8; 64] {
    hmac_sha512(&*own.derive_delegator_mac_key(), &delegator_message(key))
}
