//! Data owners: patients, healthcare professionals and devices, who own keys and whose data it is.

use std::fmt;
use std::sync::Arc;

use keystead_crypto::key::{OwnerKeys, OwnerKeysError};
use keystead_model::Object;
use serde::{Deserialize, Serialize};

use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::error::RequestError;

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

    /// The public keys of any data owner of the group.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: there is no such data owner.
    pub async fn stub(&self, id: &str) -> Result<Stub, RequestError> {
        self.core.caller.read(Call::get(&["dataowner", "stub", id])).await
    }
}
