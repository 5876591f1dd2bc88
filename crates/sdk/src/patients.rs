//! Patients: the records that everything else belongs to.

use std::collections::BTreeSet;
use std::sync::Arc;

use keystead_crypto::delegation::{DelegationContent, RequestedPermission, has_metadata};
use keystead_model::Object;
use serde_json::{Value, json};

use crate::api::Core;
use crate::call::Call;
use crate::data_owners::DataOwnerType;
use crate::document::text;
use crate::entities::{
    self, Access, Draft, Grant, PATIENT, Record, RecordError, Records, Shared, access, grant, record, with_root,
};
use crate::events::{Source, Subscription};
use crate::exchange::{Sender, senders};
use crate::users::{SharedData, User};

record! {
    /// A patient. Names, dates of birth and addresses stand in clear, so that they can be searched; notes are
    /// sealed.
    Patient
}

impl Patient {
    /// A patient with a name, to be given to [`Patients::create`].
    pub fn new(first_name: &str, last_name: &str) -> Self {
        let mut body = Object::new();
        body.insert("firstName".to_owned(), json!(first_name));
        body.insert("lastName".to_owned(), json!(last_name));
        Record { body, report: None }.into()
    }

    /// The first name.
    pub fn first_name(&self) -> Option<&str> {
        text(&self.record.body, "firstName")
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        text(&self.record.body, "lastName")
    }

    /// The sealed note.
    pub fn note(&self) -> Option<&str> {
        text(&self.record.body, "note")
    }

    /// The same patient with another note.
    pub fn with_note(mut self, note: &str) -> Self {
        self.record.body.insert("note".to_owned(), json!(note));
        self
    }
}

/// Patients.
///
/// ```no_run
/// use keystead_sdk::entities::Shared;
/// use keystead_sdk::patients::Patient;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// // a doctor makes one, and shares it with a colleague
/// let patient = api.patients().create(Patient::new("Daenerys", "Targaryen").with_note("fireproof")).await?;
/// let patient = api.patients().share(&patient, "the colleague's id", Shared::Read).await?;
/// for found in api.patients().find_by_name("targ").await?.records {
///     println!("{:?}", found.note());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Patients {
    core: Arc<Core>,
}

impl Patients {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes a patient, sealed for the user and those whom the user shares all administrative data with.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn create(&self, patient: Patient) -> Result<Patient, RecordError> {
        let draft = Draft { body: patient.record.body, ..Draft::default() };
        Ok(entities::create(&self.core, PATIENT, draft).await?.into())
    }

    /// The patient who the user is. After a registration, or with a new key, it gets what its data needs to be
    /// found: call it once after a login.
    ///
    /// # Errors
    /// [`RecordError::NotADataOwner`]: the user is no patient.
    pub async fn current(&self) -> Result<Patient, RecordError> {
        let core = &*self.core;
        let body = prepare_self(core).await?;
        let record = entities::open(core, PATIENT, vec![body]).await?.pop();
        Ok(record.ok_or(RecordError::Unreadable)?.into())
    }

    /// The patient `id`.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: no key at hand opens it.
    pub async fn get(&self, id: &str) -> Result<Patient, RecordError> {
        Ok(entities::get(&self.core, PATIENT, id).await?.into())
    }

    /// Those of the patients that the user can read.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn get_all(&self, ids: &[&str]) -> Result<Records<Patient>, RecordError> {
        entities::get_all(&self.core, PATIENT, ids).await
    }

    /// Writes a changed patient.
    ///
    /// # Errors
    /// [`RecordError::is_conflict`]: somebody else changed it meanwhile.
    pub async fn modify(&self, patient: &Patient) -> Result<Patient, RecordError> {
        Ok(entities::modify(&self.core, PATIENT, &patient.record).await?.into())
    }

    /// Shares a patient: whoever gets it also finds what belongs to it, as far as that is shared with them.
    ///
    /// # Errors
    /// [`RecordError::UntrustedKeys`], [`RecordError::NotShared`].
    pub async fn share(&self, patient: &Patient, with: &str, shared: Shared) -> Result<Patient, RecordError> {
        Ok(entities::share(&self.core, PATIENT, &patient.record, Grant::of(with, shared)).await?.into())
    }

    /// Patients whose name contains this.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find_by_name(&self, name: &str) -> Result<Records<Patient>, RecordError> {
        let owner = self.core.owner_id()?;
        self.find(&json!({ "$type": "PatientByHcPartyNameFilter", "name": name, "healthcarePartyId": owner })).await
    }

    /// Every patient that was shared with the user or made by them.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn all(&self) -> Result<Records<Patient>, RecordError> {
        let owner = self.core.owner_id()?;
        self.find(&json!({ "$type": "PatientByHcPartyFilter", "healthcarePartyId": owner })).await
    }

    /// What a filter finds (wire 5.6).
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find(&self, filter: &Value) -> Result<Records<Patient>, RecordError> {
        let ids = entities::matching(&self.core, PATIENT, filter).await?;
        self.get_all(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// What a filter finds (wire 5.6), and what becomes of it.
    pub fn subscribe(&self, filter: &Value) -> Subscription<Patient> {
        Subscription::new(Arc::clone(&self.core), Source::Entities(PATIENT), filter)
    }

    /// Who gave the user access to a patient, and who of them signed for it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn senders(&self, patient: &Patient) -> Result<Vec<Sender>, RecordError> {
        senders(&self.core, PATIENT, &patient.record.body).await
    }

    /// Marks a patient as deleted.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete(&self, patient: &Patient) -> Result<(), RecordError> {
        entities::delete(&self.core, PATIENT, patient.id(), patient.rev()).await
    }
}

/// The user's own patient, with metadata of its own: made where there are none, and made anew where no key at
/// hand opens those of before (wire 2.1 step 20, 6.1 step C).
async fn prepare_self(core: &Core) -> Result<Object, RecordError> {
    let Some((DataOwnerType::Patient, own)) = &core.owner else { return Err(RecordError::NotADataOwner) };
    let call = core.with_access(Call::get(&["patient", own]), PATIENT.entity_type).await?;
    let body: Object = core.caller.read(call).await?;
    if !has_metadata(&body) {
        let sealed = with_root(core, PATIENT, &body, &[], Default::default()).await?;
        let call = core.with_access(Call::put(&["patient"]).json(&sealed), PATIENT.entity_type).await?;
        return Ok(core.caller.write(call).await?);
    }
    if !access(core, PATIENT, &body).await?.secret_ids().is_empty() {
        return Ok(body);
    }
    let secret_id = core.uuid();
    let content = DelegationContent { secret_ids: &[&secret_id], ..DelegationContent::default() };
    let mut body = grant(core, PATIENT, &body, content, RequestedPermission::Root, own, &[]).await?;
    let user: User = core.caller.read(Call::get(&["user", "current"])).await?;
    let lists = [user.shares_future_data(SharedData::All), user.shares_future_data(SharedData::Administrative)];
    let others: BTreeSet<&str> = lists.concat().into_iter().filter(|other| *other != own).collect();
    for other in others {
        let parents = access(core, PATIENT, &body).await?.delegation_keys();
        body = grant(core, PATIENT, &body, content, RequestedPermission::FullWrite, other, &parents).await?;
    }
    Ok(body)
}

/// What the user knows of a patient: by the secret ids its children are found.
async fn access_to(core: &Core, patient: &str) -> Result<Access, RecordError> {
    let body = if core.owner.as_ref().is_some_and(|(_, own)| own == patient) {
        prepare_self(core).await?
    } else {
        let call = core.with_access(Call::get(&["patient", patient]), PATIENT.entity_type).await?;
        core.caller.read(call).await?
    };
    access(core, PATIENT, &body).await
}

/// The secret ids that what belongs to a patient names in `secretForeignKeys`.
pub(crate) async fn children_of(core: &Core, patient: &str) -> Result<Vec<String>, RecordError> {
    if let Some(known) = core.memo.children_of(core, patient) {
        return Ok(known);
    }
    let access = access_to(core, patient).await?;
    let ids: Vec<String> = access.secret_ids().into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(RecordError::Unreadable);
    }
    core.memo.remember_children(core, patient, &ids);
    Ok(ids)
}
