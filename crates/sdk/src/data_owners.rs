//! Data owners: patients, healthcare professionals and devices, who own keys and whose data it is.

use std::fmt;
use std::sync::Arc;

use keystead_crypto::key::{Assessment, KeyId, OwnerKeys, OwnerKeysError, Phrase, PinError, derive_phrase, key_claim};
use keystead_model::Object;
use serde::{Deserialize, Serialize};

use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::entities::RecordError;
use crate::error::RequestError;
use crate::give_back::{self, AccessRequest, Approval, GiveAccessError, GivenBack, announced};

/// What kind of data owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DataOwnerType {
    /// A patient.
    Patient,
    /// A healthcare professional, or an organisation of such.
    Hcp,
    /// A device.
    Device,
}

/// A data owner, with all of its fields.
#[derive(Clone, PartialEq, Deserialize)]
pub struct DataOwner {
    #[serde(rename = "type")]
    owner_type: DataOwnerType,
    #[serde(rename = "dataOwner")]
    fields: Object,
}

/// The keys of a data owner and what else is public of it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Stub {
    #[serde(rename = "type")]
    pub(crate) owner_type: DataOwnerType,
    #[serde(rename = "stub")]
    pub(crate) fields: Object,
}

macro_rules! owner {
    ($name:ident) => {
        impl $name {
            /// What kind of data owner it is.
            pub fn owner_type(&self) -> DataOwnerType {
                self.owner_type
            }

            /// The id.
            pub fn id(&self) -> &str {
                text(&self.fields, "id").unwrap_or_default()
            }

            /// The revision.
            pub fn rev(&self) -> Option<&str> {
                text(&self.fields, "rev")
            }

            /// All fields, as the server keeps them (wire 8.2).
            pub fn fields(&self) -> &Object {
                &self.fields
            }

            /// The public keys that the server lists. Nothing says that they are the owner's.
            ///
            /// # Errors
            /// The list contradicts itself.
            pub fn listed_keys(&self) -> Result<OwnerKeys, OwnerKeysError> {
                OwnerKeys::of(&self.fields)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("owner_type", &self.owner_type).finish_non_exhaustive()
            }
        }
    };
}

owner!(DataOwner);
owner!(Stub);

/// Questions about data owners.
///
/// ```no_run
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let own = api.data_owners().current().await?;
/// let doctor = api.data_owners().stub("the doctor's id").await?;
/// println!("a {:?} who shares with somebody who has {} keys", own.owner_type(), doctor.listed_keys()?.keys().len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DataOwners {
    core: Arc<Core>,
}

impl DataOwners {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The data owner that the user is.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: the user is none, for instance an administrator.
    pub async fn current(&self) -> Result<DataOwner, RequestError> {
        self.core.caller.read(Call::get(&["dataowner", "current"])).await
    }

    /// The words for the user's own key, to be read to whoever gives access back: they come from the whole key and
    /// the owner's id, so nobody else's key has them. For the key that was made at this start, if there is one.
    ///
    /// # Errors
    /// [`RecordError::NotADataOwner`]; no key at hand is usable.
    pub fn own_phrase(&self) -> Result<Phrase, RecordError> {
        let ring = self.core.keys.ring();
        Ok(derive_phrase(self.core.owner_id()?, announced(&self.core, &ring)?.public()))
    }

    /// What a QR code shows instead of the words.
    ///
    /// # Errors
    /// As [`Self::own_phrase`].
    pub fn own_scan(&self) -> Result<String, RecordError> {
        let ring = self.core.keys.ring();
        Ok(key_claim(self.core.owner_id()?, announced(&self.core, &ring)?.public()))
    }

    /// Lets somebody's new key into everything that the user shares with them, in both directions, once `approval`
    /// shows that it is theirs (crypto 4.3). Costs one request for each exchange data between the two, usually two,
    /// however many records there are. Called again it goes on where it was interrupted.
    ///
    /// Exchange keys in the format of before 2023 are not extended.
    ///
    /// # Errors
    /// See [`GiveAccessError`].
    pub async fn give_access_back_to(
        &self,
        request: &AccessRequest,
        approval: Approval<'_>,
    ) -> Result<GivenBack, GiveAccessError> {
        give_back::give_back(&self.core, request, approval).await
    }

    /// What the keys that the server lists for somebody look like beside those that are known.
    ///
    /// # Errors
    /// [`RecordError::Malformed`]: what is listed contradicts itself.
    pub async fn assess(&self, owner: &str) -> Result<Assessment, RecordError> {
        let (_, listed) = self.listed(owner).await?;
        Ok(self.core.trust.pins().await?.assess(owner, &listed))
    }

    /// Takes a listed key for somebody's, because a person typed the words that the owner's device shows. From now
    /// on it is sealed for.
    ///
    /// # Errors
    /// [`GiveAccessError::NotApproved`]: no listed key has these words.
    pub async fn confirm_key(&self, owner: &str, typed: &str) -> Result<KeyId, GiveAccessError> {
        let (_, listed) = self.listed(owner).await?;
        let now = self.core.parts.time.now();
        let confirmed = self.core.trust.change(|pins| {
            let mut refused = PinError::PhraseDiffers;
            for key in listed.keys() {
                match pins.confirm(owner, key, typed, now) {
                    Ok(_) => return Ok(key.key.id()),
                    Err(PinError::PhraseDiffers) => {}
                    Err(error) => refused = error,
                }
            }
            Err(refused)
        });
        let confirmed = confirmed.await??;
        // whom nothing could be sealed for may be sealed for now
        self.core.exchange.forget();
        Ok(confirmed)
    }

    async fn listed(&self, owner: &str) -> Result<(Stub, OwnerKeys), RecordError> {
        let stub = self.stub(owner).await?;
        let listed = stub.listed_keys().map_err(|_| RecordError::Malformed("keys"))?;
        Ok((stub, listed))
    }

    /// The public keys of any data owner of the group.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: there is no such data owner.
    pub async fn stub(&self, id: &str) -> Result<Stub, RequestError> {
        self.core.caller.read(Call::get(&["dataowner", "stub", id])).await
    }
}
