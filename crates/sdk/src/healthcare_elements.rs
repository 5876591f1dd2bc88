//! Healthcare elements: what a patient has, as a condition or a plan, that data samples can refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use keystead_model::Object;
use serde_json::{Value, json};

use crate::api::Core;
use crate::document::text;
use crate::entities::{self, Draft, Grant, HEALTH_ELEMENT, Record, RecordError, Records, Shared, record};
use crate::events::{Source, Subscription};
use crate::exchange::{Sender, senders};
use crate::patients::children_of;

record! {
    /// A healthcare element: description and note are sealed, codes, tags and dates stand in clear.
    HealthcareElement
}

impl HealthcareElement {
    /// An element with a description, to be given to [`HealthcareElements::create_for`].
    pub fn new(description: &str) -> Self {
        let mut body = Object::new();
        body.insert("descr".to_owned(), json!(description));
        Record { body, report: None }.into()
    }

    /// The sealed description.
    pub fn description(&self) -> Option<&str> {
        text(&self.record.body, "descr")
    }

    /// The sealed note.
    pub fn note(&self) -> Option<&str> {
        text(&self.record.body, "note")
    }

    /// The same element with another note.
    pub fn with_note(mut self, note: &str) -> Self {
        self.record.body.insert("note".to_owned(), json!(note));
        self
    }

    /// The same element with a code: the kind of coding, the code, its version.
    pub fn with_code(mut self, kind: &str, code: &str, version: &str) -> Self {
        entities::add_code(&mut self.record.body, "codes", kind, code, version);
        self
    }
}

/// Healthcare elements of patients.
///
/// ```no_run
/// use keystead_sdk::entities::Shared;
/// use keystead_sdk::healthcare_elements::HealthcareElement;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let patient = api.patients().current().await?;
/// let asthma = HealthcareElement::new("asthma").with_code("SNOMED", "195967001", "1");
/// let asthma = api.healthcare_elements().create_for(patient.id(), asthma).await?;
/// api.healthcare_elements().share(&asthma, "the doctor's id", Shared::Read).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HealthcareElements {
    core: Arc<Core>,
}

impl HealthcareElements {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes an element of a patient.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: the user knows nothing of the patient by which the element could be found.
    pub async fn create_for(
        &self,
        patient: &str,
        element: HealthcareElement,
    ) -> Result<HealthcareElement, RecordError> {
        self.create_shared(patient, element, &[]).await
    }

    /// Makes an element of a patient that is shared with these data owners from the start, beside those whom the
    /// user shares all medical information with.
    ///
    /// # Errors
    /// As [`Self::create_for`]; [`RecordError::UntrustedKeys`].
    pub async fn create_shared(
        &self,
        patient: &str,
        element: HealthcareElement,
        with: &[(&str, Shared)],
    ) -> Result<HealthcareElement, RecordError> {
        let mut body = element.record.body;
        body.insert("secretForeignKeys".to_owned(), json!(children_of(&self.core, patient).await?));
        let shared_with: BTreeMap<_, _> = with.iter().map(|(id, shared)| ((*id).to_owned(), *shared)).collect();
        let draft = Draft { body, owning_entity_ids: vec![patient], shared_with };
        Ok(entities::create(&self.core, HEALTH_ELEMENT, draft).await?.into())
    }

    /// The element `id`.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: no key at hand opens it.
    pub async fn get(&self, id: &str) -> Result<HealthcareElement, RecordError> {
        Ok(entities::get(&self.core, HEALTH_ELEMENT, id).await?.into())
    }

    /// The elements of a patient that the user can read.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn list_for(&self, patient: &str) -> Result<Records<HealthcareElement>, RecordError> {
        let owner = self.core.owner_id()?;
        let keys = children_of(&self.core, patient).await?;
        self.find(&json!({
            "$type": "HealthElementByDataOwnerPatientOpeningDate",
            "healthcarePartyId": owner,
            "patientSecretForeignKeys": keys,
        }))
        .await
    }

    /// What a filter finds (wire 5.6).
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find(&self, filter: &Value) -> Result<Records<HealthcareElement>, RecordError> {
        let ids = entities::matching(&self.core, HEALTH_ELEMENT, filter).await?;
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        entities::get_all(&self.core, HEALTH_ELEMENT, &ids).await
    }

    /// Writes a changed element.
    ///
    /// # Errors
    /// [`RecordError::is_conflict`]: somebody else changed it meanwhile.
    pub async fn modify(&self, element: &HealthcareElement) -> Result<HealthcareElement, RecordError> {
        Ok(entities::modify(&self.core, HEALTH_ELEMENT, &element.record).await?.into())
    }

    /// Shares an element.
    ///
    /// # Errors
    /// [`RecordError::UntrustedKeys`], [`RecordError::NotShared`].
    pub async fn share(
        &self,
        element: &HealthcareElement,
        with: &str,
        shared: Shared,
    ) -> Result<HealthcareElement, RecordError> {
        Ok(entities::share(&self.core, HEALTH_ELEMENT, &element.record, Grant::of(with, shared)).await?.into())
    }

    /// What a filter finds (wire 5.6), and what becomes of it.
    pub fn subscribe(&self, filter: &Value) -> Subscription<HealthcareElement> {
        Subscription::new(Arc::clone(&self.core), Source::Entities(HEALTH_ELEMENT), filter)
    }

    /// Who gave the user access to an element, and who of them signed for it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn senders(&self, element: &HealthcareElement) -> Result<Vec<Sender>, RecordError> {
        senders(&self.core, HEALTH_ELEMENT, &element.record.body).await
    }

    /// Marks an element as deleted.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete(&self, element: &HealthcareElement) -> Result<(), RecordError> {
        entities::delete(&self.core, HEALTH_ELEMENT, element.id(), element.rev()).await
    }
}
