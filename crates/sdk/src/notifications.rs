//! Notifications: what data owners tell and ask each other. In the format a notification is a maintenance task
//! (wire 8); that a key was lost is one of type `KEY_PAIR_UPDATE` (crypto 4.2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keystead_crypto::give_back::{KeyUpdate, TASK_TYPE};
use keystead_crypto::identity::{IdentityCertificate, Succession};
use keystead_crypto::key::OwnKey;
use keystead_model::Object;
use serde_json::{Value, json};

use crate::api::Core;
use crate::call::Call;
use crate::data_owners::DataOwnerType;
use crate::document::text;
use crate::entities::{self, Draft, Record, RecordError, Records, Shared, TASK, record};
use crate::events::{Source, Subscription};
use crate::exchange::{Sender, senders};
use crate::give_back::{AccessRequest, announced};

record! {
    /// A notification: its properties are sealed; type, status and dates stand in clear.
    Notification
}

/// How far a notification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// Nobody did anything about it.
    Pending,
    /// Somebody is at it.
    Ongoing,
    /// Nothing will be done about it.
    Cancelled,
    /// It is done.
    Completed,
}

impl Status {
    /// The name in the format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ongoing => "ongoing",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::Ongoing, Self::Cancelled, Self::Completed].into_iter().find(|one| one.as_str() == name)
    }
}

impl Notification {
    /// The type, for instance `KEY_PAIR_UPDATE`.
    pub fn kind(&self) -> Option<&str> {
        text(&self.record.body, "taskType")
    }

    /// The status; clients leave [`Status::Pending`] out.
    pub fn status(&self) -> Option<Status> {
        text(&self.record.body, "status").map_or(Some(Status::Pending), Status::parse)
    }

    /// When it was made, in milliseconds since 1970.
    pub fn created(&self) -> Option<i64> {
        self.record.body.get("created").and_then(Value::as_i64)
    }

    /// A sealed property with a text.
    pub fn property(&self, id: &str) -> Option<&str> {
        let properties = self.record.body.get("properties")?.as_array()?;
        let property = properties.iter().find(|property| property.get("id").and_then(Value::as_str) == Some(id))?;
        property.get("typedValue")?.get("stringValue")?.as_str()
    }

    /// What it asks for, if it is about a new key. Nothing in it is to be believed:
    /// [`crate::data_owners::DataOwners::give_access_back_to`] checks it.
    pub fn access_request(&self) -> Option<AccessRequest> {
        if self.kind() != Some(TASK_TYPE) || !self.is_readable() {
            return None;
        }
        let update = KeyUpdate::from_properties(self.record.body.get("properties")?).ok()?;
        Some(AccessRequest { update, task: self.record.body.clone() })
    }
}

/// Who was asked to give access back.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Data owners who were notified, now or before; the user is one of them, for their other devices.
    pub asked: Vec<String>,
    /// Data owners who could not be: nobody stands behind the keys that are listed for them, or they have none.
    pub not_asked: Vec<String>,
}

/// Notifications.
///
/// ```no_run
/// use keystead_sdk::give_back::Approval;
/// # async fn example(api: keystead_sdk::Api, words: &str) -> Result<(), Box<dyn std::error::Error>> {
/// for notification in api.notifications().pending_since(0).await?.records {
///     let Some(request) = notification.access_request() else { continue };
///     // call the person, and type the words that their new device shows
///     api.data_owners().give_access_back_to(&request, Approval::Phrase(words)).await?;
///     api.notifications().complete(&notification).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Notifications {
    core: Arc<Core>,
}

impl Notifications {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Tells data owners something. The properties are sealed, in the format's form (wire 8).
    ///
    /// # Errors
    /// [`RecordError::UntrustedKeys`].
    pub async fn create(&self, kind: &str, properties: Value, to: &[&str]) -> Result<Notification, RecordError> {
        let mut body = Object::new();
        body.insert("taskType".to_owned(), json!(kind));
        body.insert("properties".to_owned(), properties);
        let shared_with: BTreeMap<_, _> = to.iter().map(|to| ((*to).to_owned(), Shared::Write)).collect();
        Ok(entities::create(&self.core, TASK, Draft { body, shared_with, ..Draft::default() }).await?.into())
    }

    /// The notification `id`.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: no key at hand opens it.
    pub async fn get(&self, id: &str) -> Result<Notification, RecordError> {
        Ok(entities::get(&self.core, TASK, id).await?.into())
    }

    /// What is pending, and was made at this time or later, in milliseconds since 1970.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn pending_since(&self, since: i64) -> Result<Records<Notification>, RecordError> {
        let owner = self.core.owner_id()?;
        let filter = json!({ "$type": "MaintenanceTaskAfterDateFilter", "healthcarePartyId": owner, "date": since });
        let mut found = self.find(&filter).await?;
        found.records.retain(|one| one.status() == Some(Status::Pending));
        Ok(found)
    }

    /// What a filter finds (wire 5.6).
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find(&self, filter: &Value) -> Result<Records<Notification>, RecordError> {
        let ids = entities::matching(&self.core, TASK, filter).await?;
        entities::get_all(&self.core, TASK, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Says how far a notification is.
    ///
    /// # Errors
    /// [`RecordError::is_conflict`]: somebody else changed it meanwhile.
    pub async fn set_status(&self, notification: &Notification, status: Status) -> Result<Notification, RecordError> {
        let mut record: Record = notification.record.clone();
        record.body.insert("status".to_owned(), json!(status.as_str()));
        Ok(entities::modify(&self.core, TASK, &record).await?.into())
    }

    /// Says that a notification is done.
    ///
    /// # Errors
    /// As [`Self::set_status`].
    pub async fn complete(&self, notification: &Notification) -> Result<Notification, RecordError> {
        self.set_status(notification, Status::Completed).await
    }

    /// What a filter finds (wire 5.6), and what becomes of it.
    pub fn subscribe(&self, filter: &Value) -> Subscription<Notification> {
        Subscription::new(Arc::clone(&self.core), Source::Entities(TASK), filter)
    }

    /// Who gave the user access to a notification, and who of them signed for it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn senders(&self, notification: &Notification) -> Result<Vec<Sender>, RecordError> {
        senders(&self.core, TASK, &notification.record.body).await
    }

    /// Marks a notification as deleted.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete(&self, notification: &Notification) -> Result<(), RecordError> {
        entities::delete(&self.core, TASK, notification.id(), notification.rev()).await
    }

    /// After a key was lost and a new one made: asks everybody the user shared with, or who shared with the user,
    /// to let the new key in (crypto 4.2). Whoever was asked before for the same key is not asked again, so this
    /// can be repeated after a failure.
    ///
    /// # Errors
    /// See [`RecordError`]. Whoever was asked until then stays asked.
    pub async fn request_access(&self) -> Result<Asked, RecordError> {
        let core = &*self.core;
        let owner = core.owner_id()?.to_owned();
        let ring = core.keys.ring();
        let key = announced(core, &ring)?;
        let properties = self.update(key).await?.to_properties();
        let memory = format!("org.keystead.asked.{owner}.{}", key.public().fingerprint().v1());
        let known = core.parts.storage.get(&memory).await?;
        let mut asked: BTreeSet<String> = known.and_then(|known| serde_json::from_str(&known).ok()).unwrap_or_default();
        let mut outcome = Asked::default();
        let mut to_ask = self.counterparts(&owner, key).await?;
        to_ask.push(owner.clone());
        for counterpart in to_ask {
            if !asked.contains(&counterpart) {
                let to = [counterpart.as_str()];
                let to = if counterpart == owner { &[][..] } else { &to[..] };
                match self.create(TASK_TYPE, properties.clone(), to).await {
                    Ok(_) => {}
                    Err(RecordError::UntrustedKeys(_)) => {
                        outcome.not_asked.push(counterpart);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                asked.insert(counterpart.clone());
                core.parts.storage.set(&memory, &json!(asked).to_string()).await?;
            }
            outcome.asked.push(counterpart);
        }
        Ok(outcome)
    }

    /// What is said of the new key: its owner, a proof that they hold it, and an older key's word if one is left.
    async fn update(&self, key: &OwnKey) -> Result<KeyUpdate, RecordError> {
        let core = &*self.core;
        let ring = core.keys.ring();
        let owner = core.owner_id()?;
        let older = ring.of(owner).find(|own| own.is_usable() && own.public().id() != key.public().id());
        let succession = match older {
            Some(older) => Some(Succession::make(older, key.public(), core.parts.time.now()).await?),
            None => None,
        };
        Ok(KeyUpdate {
            owner: owner.to_owned(),
            key: key.public().clone(),
            possession: Some(IdentityCertificate::make(key).await?),
            succession,
        })
    }

    /// Everybody who has a part in exchange data with the user that the key does not open (wire 5.1).
    async fn counterparts(&self, owner: &str, key: &OwnKey) -> Result<Vec<String>, RecordError> {
        let types = match &self.core.owner {
            Some((DataOwnerType::Patient, _)) => "Patient,Hcp",
            Some((DataOwnerType::Hcp, _)) => "Hcp",
            _ => return Ok(Vec::new()),
        };
        let call = Call::get(&["exchangedata", "byParticipant", owner, "counterparts"])
            .query("counterpartsTypes", types)
            .query("ignoreOnEntryForFingerprint", &key.public().fingerprint().v2());
        let mut found: Vec<String> = self.core.caller.read(call).await?;
        found.retain(|id| id != owner);
        Ok(found)
    }
}
