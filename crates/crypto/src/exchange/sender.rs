//! Who made exchange data, in a form that the receiver can check (crypto 6, item 3).
//!
//! The signature is one more entry of `delegatorSignature`, under a name that looks like a
//! fingerprint and is none: official clients ignore and keep it.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding};

use super::{Crypto, ExchangeData, OpenExchangeData};
use crate::hazmat::hash::sha256;
use crate::hazmat::transcript::Transcript;
use crate::identity::{IdentityCertificate, IdentityError, IdentityPublic, Parts, SignerIdentity, VerifiedIdentity};
use crate::key::{Fingerprint, KeyId, Pin, TrustedKey};
use crate::secret::SharedSignatureKey;

const VERSION: u8 = 1;

/// A sender signature that is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderSignature {
    /// The delegator's identity, and the trusted key that stands behind it.
    pub identity: VerifiedIdentity,
    /// The keys that the delegator made it for.
    pub recipients: Vec<KeyId>,
    /// The fingerprints of entries that the delegator did not sign for: somebody who can open it let
    /// them in.
    pub added: Vec<String>,
}

/// Why nobody can be named as the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// There is no sender signature: the delegator's client does not make any.
    #[error("not signed by its sender")]
    Unsigned,
    /// There is none, though this delegator signs.
    #[error("the sender's signature is missing")]
    Stripped,
    /// There is one by a key that we do not trust to be the delegator's.
    #[error("signed by an unknown key")]
    UnknownKey,
    /// There is one that is wrong: something that it covers was changed.
    #[error("the sender's signature is wrong")]
    Forged,
    /// The platform failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// What an entry holds.
struct Entry {
    certificate: IdentityCertificate,
    recipients: Vec<Recipient>,
    signature: [u8; 64],
}

/// A key that the delegator made it for, and the place of its entries.
pub(super) type Recipient = (Fingerprint, KeyId);

impl Entry {
    fn to_base64(&self) -> String {
        let certificate = self.certificate.to_bytes();
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&u16::try_from(certificate.len()).unwrap_or_default().to_be_bytes());
        bytes.extend_from_slice(&certificate);
        bytes.extend_from_slice(&u16::try_from(self.recipients.len()).unwrap_or_default().to_be_bytes());
        for (fingerprint, id) in &self.recipients {
            bytes.extend_from_slice(fingerprint.as_bytes());
            bytes.extend_from_slice(id.as_bytes());
        }
        bytes.extend_from_slice(&self.signature);
        Base64::encode_string(&bytes)
    }

    fn from_base64(text: &str) -> Result<Self, IdentityError> {
        let bytes = Base64::decode_vec(text).map_err(|_| IdentityError::Unreadable)?;
        let mut parts = Parts::of_version(&bytes, VERSION)?;
        let certificate = IdentityCertificate::from_bytes(parts.bytes()?)?;
        let count = u16::from_be_bytes(parts.array()?);
        let recipients: Result<_, IdentityError> = (0..count)
            .map(|_| Ok((Fingerprint::from_bytes(parts.array()?), KeyId::from_bytes(parts.array()?))))
            .collect();
        let entry = Self { certificate, recipients: recipients?, signature: parts.array()? };
        parts.end()?;
        Ok(entry)
    }
}

/// The name of the entry of an identity: 22 hex characters, as fingerprints have.
fn entry_name(identity: &IdentityPublic) -> String {
    let hash = sha256(&[b"keystead/sender-entry/v1", identity.as_bytes()]);
    let mut name = hex::encode(hash);
    name.truncate(22);
    name
}

fn statement(
    data: &ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    identity: &IdentityPublic,
    recipients: &[Recipient],
) -> Vec<u8> {
    let hash = |name: &str, secret: &[u8]| sha256(&[&Transcript::new(name).field(secret).finish()]);
    Transcript::new("keystead/exchange-data/v1")
        .field(data.id.as_bytes())
        .field(data.delegator.as_bytes())
        .field(data.delegate.as_bytes())
        .field(identity.as_bytes())
        .field(&hash("exchangeKey", open.exchange_key().expose()))
        .field(&hash("accessControlSecret", open.access_control_secret().expose()))
        .field(&hash("sharedSignatureKey", key.expose()))
        .list(recipients.iter().map(|(fingerprint, _)| fingerprint.as_bytes().as_slice()))
        .list(recipients.iter().map(|(_, id)| id.as_bytes().as_slice()))
        .finish()
}

/// Signs for the receivers. Replaces an earlier signature by the same identity.
pub(super) fn add_sender_signature(
    data: &mut ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    signer: &SignerIdentity,
    recipients: Vec<Recipient>,
) {
    let recipients: Vec<_> = recipients.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let identity = signer.certificate().identity();
    let signature = signer.sign(&statement(data, open, key, &identity, &recipients));
    let entry = Entry { certificate: signer.certificate().clone(), recipients, signature };
    data.delegator_signature.insert(entry_name(&identity), entry.to_base64());
}

fn entries(data: &ExchangeData) -> impl Iterator<Item = Entry> {
    data.delegator_signature.iter().filter_map(|(name, value)| {
        let entry = Entry::from_base64(value).ok()?;
        (*name == entry_name(&entry.certificate.identity())).then_some(entry)
    })
}

/// The recipients that the signer signed for already: those are signed for again when others are added.
pub(super) fn signed_recipients(
    data: &ExchangeData,
    open: &OpenExchangeData,
    key: &SharedSignatureKey,
    signer: &SignerIdentity,
) -> Vec<Recipient> {
    let identity = signer.certificate().identity();
    let own = entries(data).filter(|entry| {
        let statement = statement(data, open, key, &identity, &entry.recipients);
        entry.certificate.identity() == identity && identity.verify(&statement, &entry.signature).is_ok()
    });
    own.flat_map(|entry| entry.recipients).collect()
}

/// Checks who made exchange data that is addressed to us.
///
/// `trusted` are keys of the delegator that somebody stands behind, `pin` what we remember of them.
///
/// # Errors
/// See [`SenderError`]. Anything but [`SenderError::Unsigned`] deserves attention.
pub async fn verify_sender(
    crypto: Crypto<'_>,
    data: &ExchangeData,
    open: &OpenExchangeData,
    trusted: &[TrustedKey],
    pin: Option<&Pin>,
) -> Result<SenderSignature, SenderError> {
    let Ok(key) = data.open_signature_key(crypto.ring).await else { return Err(SenderError::Forged) };
    let mut problem = match pin {
        Some(pin) if pin.signs => SenderError::Stripped,
        _ => SenderError::Unsigned,
    };
    for entry in entries(data) {
        let certificate = &entry.certificate;
        let Some(trusted_key) = trusted.iter().find(|trusted| trusted.id() == certificate.key()) else {
            if problem != SenderError::Forged {
                problem = SenderError::UnknownKey;
            }
            continue;
        };
        let identity = match certificate.verify(crypto.provider, &data.delegator, trusted_key.key()).await {
            Ok(identity) => identity,
            Err(IdentityError::Provider(error)) => return Err(IdentityError::from(error).into()),
            Err(_) => {
                problem = SenderError::Forged;
                continue;
            }
        };
        let statement = statement(data, open, &key, &identity.identity(), &entry.recipients);
        if identity.identity().verify(&statement, &entry.signature).is_err() {
            problem = SenderError::Forged;
            continue;
        }
        let signed: BTreeSet<_> = entry.recipients.iter().map(|(fingerprint, _)| fingerprint.v2()).collect();
        let added = data.fingerprints().into_iter().filter(|name| !signed.contains(name)).collect();
        let recipients = entry.recipients.iter().map(|(_, id)| *id).collect();
        return Ok(SenderSignature { identity, recipients, added });
    }
    Err(problem)
}
