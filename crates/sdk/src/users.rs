//! The user's account: who it is, and whom all future data is shared with.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::api::Core;
use crate::call::Call;
use crate::data_owners::DataOwnerType;
use crate::document::{document, text};
use crate::error::{RequestError, WriteError};

/// How often somebody else may change the user at the same moment.
const ATTEMPTS: usize = 6;

document! {
    /// A user: somebody who can log in.
    User
}

impl User {
    /// The group, which is the database that the user's data is in.
    pub fn group_id(&self) -> Option<&str> {
        text(&self.fields, "groupId")
    }

    /// The login name.
    pub fn login(&self) -> Option<&str> {
        text(&self.fields, "login")
    }

    /// The e-mail address.
    pub fn email(&self) -> Option<&str> {
        text(&self.fields, "email")
    }

    /// The mobile phone.
    pub fn mobile_phone(&self) -> Option<&str> {
        text(&self.fields, "mobilePhone")
    }

    /// The patient that the user is.
    pub fn patient_id(&self) -> Option<&str> {
        text(&self.fields, "patientId")
    }

    /// The healthcare professional that the user is.
    pub fn healthcare_professional_id(&self) -> Option<&str> {
        text(&self.fields, "healthcarePartyId")
    }

    /// The device that the user is.
    pub fn device_id(&self) -> Option<&str> {
        text(&self.fields, "deviceId")
    }

    /// The data owner that the user is, if any.
    pub fn data_owner(&self) -> Option<(DataOwnerType, &str)> {
        let hcp = self.healthcare_professional_id().map(|id| (DataOwnerType::Hcp, id));
        let patient = || self.patient_id().map(|id| (DataOwnerType::Patient, id));
        hcp.or_else(patient).or_else(|| self.device_id().map(|id| (DataOwnerType::Device, id)))
    }

    /// The data owners that data of a kind is shared with when it is made.
    pub fn shares_future_data(&self, kind: SharedData) -> Vec<&str> {
        let lists = self.fields.get("autoDelegations").and_then(Value::as_object);
        let list = lists.and_then(|lists| lists.get(kind.as_str())).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The same user with `change` made to one list; `None` where it changes nothing.
    fn with_shares(&self, kind: SharedData, change: impl FnOnce(&mut Vec<String>)) -> Option<Self> {
        let before: Vec<String> = self.shares_future_data(kind).into_iter().map(str::to_owned).collect();
        let mut after = before.clone();
        change(&mut after);
        if after == before {
            return None;
        }
        let mut changed = self.clone();
        let lists = changed.fields.entry("autoDelegations").or_insert_with(|| Value::Object(Map::new()));
        if !lists.is_object() {
            *lists = Value::Object(Map::new());
        }
        if let Value::Object(lists) = lists {
            lists.insert(kind.as_str().to_owned(), json!(after));
        }
        Some(changed)
    }
}

/// What data is shared when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SharedData {
    /// Everything.
    All,
    /// Patients, contacts with their data samples, access logs, invoices, time tables.
    Administrative,
    /// Healthcare elements, documents, forms, topics, messages, classifications, appointments, receipts.
    Medical,
}

impl SharedData {
    /// The name in the user's document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Administrative => "administrativeData",
            Self::Medical => "medicalInformation",
        }
    }
}

/// Questions about users, and with whom the user shares.
///
/// ```no_run
/// use keystead_sdk::users::SharedData;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let user = api.users().share_all_future_data_with(&["the doctor's id"], SharedData::All).await?;
/// assert!(user.shares_future_data(SharedData::All).contains(&"the doctor's id"));
/// api.users().stop_sharing_data_with(&["the doctor's id"], SharedData::All).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Users {
    core: Arc<Core>,
}

impl Users {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The user who is logged in.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn current(&self) -> Result<User, RequestError> {
        self.core.caller.read(Call::get(&["user", "current"])).await
    }

    /// From now on, what the user makes is shared with these data owners too. What exists is not.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn share_all_future_data_with(&self, owners: &[&str], kind: SharedData) -> Result<User, WriteError> {
        self.change_shares(kind, |shared| {
            for owner in owners {
                if !shared.iter().any(|known| known == owner) {
                    shared.push((*owner).to_owned());
                }
            }
        })
        .await
    }

    /// From now on, what the user makes is not shared with these data owners any more. What they were given
    /// stays theirs.
    ///
    /// # Errors
    /// See [`WriteError`].
    pub async fn stop_sharing_data_with(&self, owners: &[&str], kind: SharedData) -> Result<User, WriteError> {
        self.change_shares(kind, |shared| shared.retain(|known| !owners.contains(&known.as_str()))).await
    }

    /// Reads, changes and writes the user, again if somebody else wrote in between. A write whose answer was
    /// lost is found to be there.
    async fn change_shares(&self, kind: SharedData, change: impl Fn(&mut Vec<String>)) -> Result<User, WriteError> {
        let mut attempt = 1;
        loop {
            let user = self.current().await?;
            let Some(changed) = user.with_shares(kind, &change) else { return Ok(user) };
            match self.core.caller.write(Call::put(&["user"]).json(&changed).repeatable()).await {
                Err(WriteError::Conflict(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => {
                    self.core.memo.forget();
                    return outcome;
                }
            }
        }
    }
}
