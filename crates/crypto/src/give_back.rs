//! A person lost a key and asks others to let a new one in (crypto 4.2, 4.3), bound to the person
//! (crypto 6, item 5).
//!
//! The request is a [`KeyUpdate`] in the properties of a `KEY_PAIR_UPDATE` task. Nothing in the format
//! binds it to anybody: whoever can write to the server can write one. So the giver checks it
//! ([`KeyUpdate::check`]), a person or an older key approves it ([`CheckedKeyUpdate`]), and only an
//! [`ApprovedKey`] is let into exchange data ([`give_access_back`]).

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::exchange::{Crypto, ExchangeData, ExchangeError, extend_exchange_data};
use crate::identity::{
    ApprovalMethod, IdentityCertificate, IdentityError, SignerIdentity, Succession, VerifiedSuccession,
};
use crate::key::{ListedKey, OwnerKeys, Phrase, PinError, Pins, PublicKey, TrustedKey, derive_phrase};
use crate::provider::CryptoProvider;

/// The `taskType` of the request.
pub const TASK_TYPE: &str = "KEY_PAIR_UPDATE";

const OWNER: &str = "dataOwnerConcernedId";
const KEY: &str = "dataOwnerConcernedPubKey";
/// Ours: official clients look for the two above and leave the others alone.
const POSSESSION: &str = "keysteadPossession";
const SUCCESSION: &str = "keysteadSuccession";

/// A request to let a new key in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUpdate {
    /// Whose key it is said to be.
    pub owner: String,
    /// The new key.
    pub key: PublicKey,
    /// Proof that the author holds the private half. Official clients send none.
    pub possession: Option<IdentityCertificate>,
    /// An older key's word for the new one, if one is left.
    pub succession: Option<Succession>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GiveBackError {
    /// The properties hold no request.
    #[error("not a request for access")]
    Unreadable,
    /// Somebody else than the owner wrote it.
    #[error("requested by somebody else")]
    NotTheOwner,
    /// The owner does not list the key: the server would not know it either.
    #[error("the key is not published")]
    NotPublished,
    /// The proof of possession or the older key's signature is wrong.
    #[error(transparent)]
    Proof(#[from] IdentityError),
}

/// A request that is what it says: by the owner, for a key that the owner publishes and, if
/// [`Self::is_proven`], holds. Whether the owner is the person, an approval says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedKeyUpdate {
    owner: String,
    key: ListedKey,
    proven: bool,
    succession: Option<VerifiedSuccession>,
}

/// A key that may be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedKey {
    owner: String,
    key: TrustedKey,
    method: ApprovalMethod,
}

impl KeyUpdate {
    /// The `properties` of the task.
    pub fn to_properties(&self) -> Value {
        let property = |id: &str, value: String| {
            json!({
                "id": id,
                "type": {"type": "STRING"},
                "typedValue": {"type": "STRING", "stringValue": value},
            })
        };
        let mut properties = vec![property(OWNER, self.owner.clone()), property(KEY, self.key.to_spki_hex())];
        let possession = self.possession.as_ref().map(IdentityCertificate::to_bytes);
        properties.extend(possession.map(|bytes| property(POSSESSION, Base64::encode_string(&bytes))));
        let succession = self.succession.as_ref().map(Succession::to_bytes);
        properties.extend(succession.map(|bytes| property(SUCCESSION, Base64::encode_string(&bytes))));
        Value::Array(properties)
    }

    /// Reads the `properties` of a task.
    ///
    /// # Errors
    /// [`GiveBackError::Unreadable`]; [`GiveBackError::Proof`] for a proof that cannot be read.
    pub fn from_properties(properties: &Value) -> Result<Self, GiveBackError> {
        let value = |id: &str| {
            let of_id = |property: &&Value| property.get("id").and_then(Value::as_str) == Some(id);
            let property = properties.as_array()?.iter().find(of_id)?;
            property.get("typedValue")?.get("stringValue")?.as_str()
        };
        let bytes = |id: &str| {
            let decode = |text| Base64::decode_vec(text).map_err(|_| IdentityError::Unreadable);
            value(id).map(decode).transpose()
        };
        let key = PublicKey::from_spki_hex(value(KEY).ok_or(GiveBackError::Unreadable)?);
        Ok(Self {
            owner: value(OWNER).ok_or(GiveBackError::Unreadable)?.to_owned(),
            key: key.map_err(|_| GiveBackError::Unreadable)?,
            possession: bytes(POSSESSION)?.map(|bytes| IdentityCertificate::from_bytes(&bytes)).transpose()?,
            succession: bytes(SUCCESSION)?.map(|bytes| Succession::from_bytes(&bytes)).transpose()?,
        })
    }

    /// Checks a request: `author` is the delegator of the exchange data behind the task, `listed` what
    /// the owner publishes now, `pins` what we remember.
    ///
    /// # Errors
    /// [`GiveBackError::NotTheOwner`], [`GiveBackError::NotPublished`], [`GiveBackError::Proof`].
    pub async fn check(
        &self,
        provider: &dyn CryptoProvider,
        author: &str,
        listed: &OwnerKeys,
        pins: &Pins,
    ) -> Result<CheckedKeyUpdate, GiveBackError> {
        if author != self.owner {
            return Err(GiveBackError::NotTheOwner);
        }
        let key = listed.get(self.key.id()).ok_or(GiveBackError::NotPublished)?.clone();
        if let Some(possession) = &self.possession {
            possession.verify(provider, &self.owner, &self.key).await?;
        }
        let pinned = pins.assess(&self.owner, listed).trusted;
        let succession = match &self.succession {
            Some(succession) if succession.to() != self.key.id() => return Err(IdentityError::OtherSubject.into()),
            Some(succession) => match pinned.iter().find(|pinned| pinned.id() == succession.from()) {
                Some(from) => Some(succession.verify(provider, &self.owner, from.key()).await?),
                None => None,
            },
            None => None,
        };
        Ok(CheckedKeyUpdate { owner: self.owner.clone(), key, proven: self.possession.is_some(), succession })
    }
}

impl CheckedKeyUpdate {
    /// Whose key it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The new key.
    pub fn key(&self) -> &ListedKey {
        &self.key
    }

    /// Whether the author proved to hold the private half. Requests of official clients never do.
    pub fn is_proven(&self) -> bool {
        self.proven
    }

    /// Whether a pinned key signed for the new one, so that nobody need be asked.
    pub fn is_succession(&self) -> bool {
        self.succession.is_some()
    }

    /// What the owner's new device shows, if it is the owner's.
    pub fn phrase(&self) -> Phrase {
        derive_phrase(&self.owner, &self.key.key)
    }

    /// A person typed the phrase that the owner read out. Pins the key.
    ///
    /// # Errors
    /// [`PinError::PhraseDiffers`], [`PinError::Revoked`].
    pub fn approve_by_phrase(&self, pins: &mut Pins, typed: &str, now: i64) -> Result<ApprovedKey, PinError> {
        let key = pins.confirm(&self.owner, &self.key, typed, now)?;
        Ok(ApprovedKey { owner: self.owner.clone(), key, method: ApprovalMethod::Person })
    }

    /// A person scanned what the owner's new device shows. Pins the key.
    ///
    /// # Errors
    /// [`PinError::PhraseDiffers`], [`PinError::Revoked`].
    pub fn approve_by_scan(&self, pins: &mut Pins, scan: &str, now: i64) -> Result<ApprovedKey, PinError> {
        let key = pins.confirm_scan(&self.owner, &self.key, scan, now)?;
        Ok(ApprovedKey { owner: self.owner.clone(), key, method: ApprovalMethod::Person })
    }

    /// A pinned key signed for the new one. Pins the key.
    ///
    /// # Errors
    /// [`PinError::NoSuccession`], [`PinError::Revoked`].
    pub fn approve_by_succession(&self, pins: &mut Pins, now: i64) -> Result<ApprovedKey, PinError> {
        let succession = self.succession.as_ref().ok_or(PinError::NoSuccession)?;
        let key = pins.succeed(&self.key, succession, now)?;
        Ok(ApprovedKey { owner: self.owner.clone(), key, method: ApprovalMethod::Succession })
    }
}

impl ApprovedKey {
    /// Whose key it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The key.
    pub fn key(&self) -> &TrustedKey {
        &self.key
    }

    /// What made us sure, for the [`crate::identity::Approval`] to be signed.
    pub fn method(&self) -> ApprovalMethod {
        self.method
    }
}

/// Lets an approved key into one exchange data between the giver and the key's owner; `None` if it is
/// in already. Costs three decryptions and three encryptions, whatever was shared under it.
///
/// # Errors
/// [`ExchangeError::NoKey`]: we cannot open it. [`ExchangeError::OtherParticipants`]: the owner has no
/// part in it.
pub async fn give_access_back(
    crypto: Crypto<'_>,
    approved: &ApprovedKey,
    data: &ExchangeData,
    signer: Option<&SignerIdentity>,
) -> Result<Option<ExchangeData>, ExchangeError> {
    if data.delegator != approved.owner && data.delegate != approved.owner {
        return Err(ExchangeError::OtherParticipants);
    }
    extend_exchange_data(crypto, data, std::slice::from_ref(&approved.key), signer).await
}
