//! The sealed values in delegations: `Cure` and the value, under the exchange key (crypto 3.2).

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::access_control::DelegationKey;
use crate::entity::EntityRef;
use crate::hazmat::siv;
use crate::secret::ExchangeKey;

/// The only check that the format has.
const MARK: &[u8] = b"Cure";

/// Which of the three sets of a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SecretId,
    EncryptionKey,
    OwningEntityId,
}

/// Where a value stands: its tag is over this, so that it is authentic nowhere else.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) entity: EntityRef<'a>,
    pub(super) delegation: DelegationKey,
    pub(super) kind: Kind,
}

impl Place<'_> {
    fn binding(self) -> Vec<u8> {
        let kind = match self.kind {
            Kind::SecretId => "secretIds",
            Kind::EncryptionKey => "encryptionKeys",
            Kind::OwningEntityId => "owningEntityIds",
        };
        let EntityRef { entity_type, id } = self.entity;
        // the id last, because only it can hold anything
        format!("SecureDelegation\0{entity_type}\0{kind}\0{}\0{id}", self.delegation).into_bytes()
    }
}

pub(super) fn seal(key: &ExchangeKey, place: Place<'_>, value: &[u8]) -> Option<String> {
    let mut plaintext = Zeroizing::new(Vec::with_capacity(MARK.len() + value.len()));
    plaintext.extend_from_slice(MARK);
    plaintext.extend_from_slice(value);
    let sealed = siv::seal(key.expose(), &place.binding(), &plaintext).ok()?;
    Some(Base64::encode_string(&sealed))
}

/// The value, and whether it carries the tag for this place.
pub(super) fn open(key: &ExchangeKey, place: Place<'_>, text: &str) -> Option<(Zeroizing<Vec<u8>>, bool)> {
    let sealed = Base64::decode_vec(text).ok()?;
    let (plaintext, authentic) = siv::open(key.expose(), &place.binding(), &sealed).ok()?;
    let value = plaintext.strip_prefix(MARK)?;
    Some((Zeroizing::new(value.to_vec()), authentic))
}
