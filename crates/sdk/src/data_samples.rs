//! Data samples: measurements and observations of a patient. In the format a sample is a service in a contact
//! (wire 8): samples that are made together share a contact, and are shared together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keystead_crypto::delegation::SecurityMetadata;
use keystead_crypto::entity::{EntityRef, Manifests, open_service};
use keystead_model::Object;
use serde_json::{Value, json};

use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::entities::{
    self, Access, CONTACT, Draft, Grant, Record, RecordError, Records, Shared, readable, record, split,
};
use crate::events::{Source, Subscription};
use crate::exchange::{Sender, senders};
use crate::patients::children_of;

/// Samples in one contact at most.
const TOGETHER: usize = 100;

/// Samples that are asked for in one request.
const BATCH: usize = 500;

record! {
    /// A data sample: its content is sealed; label, tags, codes and dates stand in clear.
    DataSample
}

impl DataSample {
    /// A sample with a label, to be given to [`DataSamples::create_for`].
    pub fn new(label: &str) -> Self {
        let mut body = Object::new();
        body.insert("label".to_owned(), json!(label));
        Record { body, report: None }.into()
    }

    /// The label, in clear.
    pub fn label(&self) -> Option<&str> {
        text(&self.record.body, "label")
    }

    /// The contact that the sample is in.
    pub fn contact_id(&self) -> Option<&str> {
        text(&self.record.body, "contactId")
    }

    /// The same sample with a text in a language.
    pub fn with_text(self, language: &str, value: &str) -> Self {
        self.with_content(language, json!({ "stringValue": value }))
    }

    /// The same sample with a measured value and its unit.
    pub fn with_measure(self, language: &str, value: f64, unit: &str) -> Self {
        self.with_content(language, json!({ "measureValue": { "value": value, "unit": unit } }))
    }

    /// The same sample with a number.
    pub fn with_number(self, language: &str, value: f64) -> Self {
        self.with_content(language, json!({ "numberValue": value }))
    }

    /// The same sample with content of any kind (wire 8.3).
    pub fn with_content(mut self, language: &str, content: Value) -> Self {
        let all = self.record.body.entry("content").or_insert_with(|| json!({}));
        if let Value::Object(all) = all {
            all.insert(language.to_owned(), content);
        }
        self
    }

    /// The same sample with a date `YYYYMMDDhhmmss`.
    pub fn with_date(mut self, date: i64) -> Self {
        self.record.body.insert("valueDate".to_owned(), json!(date));
        self
    }

    /// The same sample with a tag: the kind of coding, the code, its version.
    pub fn with_tag(mut self, kind: &str, code: &str, version: &str) -> Self {
        entities::add_code(&mut self.record.body, "tags", kind, code, version);
        self
    }

    /// The same sample with a code: the kind of coding, the code, its version.
    pub fn with_code(mut self, kind: &str, code: &str, version: &str) -> Self {
        entities::add_code(&mut self.record.body, "codes", kind, code, version);
        self
    }

    /// The same sample, as one about a healthcare element.
    pub fn about(mut self, element: &str) -> Self {
        self.record.body.insert("healthElementsIds".to_owned(), json!([element]));
        self
    }

    /// The sealed content in a language.
    pub fn content(&self, language: &str) -> Option<&Value> {
        self.record.body.get("content")?.get(language)
    }

    /// The sealed text in a language.
    pub fn text(&self, language: &str) -> Option<&str> {
        self.content(language)?.get("stringValue")?.as_str()
    }

    /// The sealed number or measured value in a language.
    pub fn number(&self, language: &str) -> Option<f64> {
        let content = self.content(language)?;
        let measured = content.get("measureValue").and_then(|measure| measure.get("value"));
        content.get("numberValue").or(measured)?.as_f64()
    }
}

/// Data samples of patients.
///
/// ```no_run
/// use keystead_sdk::data_samples::DataSample;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let patient = api.patients().current().await?;
/// let weight = DataSample::new("weight").with_measure("en", 61.5, "kg").with_tag("LOINC", "29463-7", "2");
/// let made = api.data_samples().create_for(patient.id(), vec![weight]).await?;
/// let again = api.data_samples().get(made[0].id()).await?;
/// assert_eq!(again.number("en"), Some(61.5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DataSamples {
    core: Arc<Core>,
}

impl DataSamples {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Makes samples of a patient: those given together are in one contact, up to 100.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: the user knows nothing of the patient by which samples could be found.
    pub async fn create_for(&self, patient: &str, samples: Vec<DataSample>) -> Result<Vec<DataSample>, RecordError> {
        self.create_shared(patient, samples, &[]).await
    }

    /// Makes samples of a patient that are shared with these data owners from the start, beside those whom the
    /// user shares all administrative data with.
    ///
    /// # Errors
    /// As [`Self::create_for`]; [`RecordError::UntrustedKeys`].
    pub async fn create_shared(
        &self,
        patient: &str,
        samples: Vec<DataSample>,
        with: &[(&str, Shared)],
    ) -> Result<Vec<DataSample>, RecordError> {
        let core = &*self.core;
        let foreign = children_of(core, patient).await?;
        let shared_with: BTreeMap<_, _> = with.iter().map(|(id, shared)| ((*id).to_owned(), *shared)).collect();
        let mut made = Vec::with_capacity(samples.len());
        let mut samples = samples.into_iter().peekable();
        while samples.peek().is_some() {
            let services: Vec<Value> = samples.by_ref().take(TOGETHER).map(|sample| self.service(sample)).collect();
            let mut body = Object::new();
            body.insert("secretForeignKeys".to_owned(), json!(foreign));
            body.insert("services".to_owned(), Value::Array(services));
            let draft = Draft { body, owning_entity_ids: vec![patient], shared_with: shared_with.clone() };
            made.extend(samples_in(entities::create(core, CONTACT, draft).await?));
        }
        Ok(made)
    }

    /// A sample as it stands in a contact.
    fn service(&self, sample: DataSample) -> Value {
        let mut body = sample.record.body;
        if text(&body, "id").is_none() {
            body.insert("id".to_owned(), json!(self.core.uuid()));
        }
        Value::Object(body)
    }

    /// Writes a changed sample into its contact.
    ///
    /// # Errors
    /// [`RecordError::is_conflict`]: somebody else changed the sample, or another of the same contact, since it
    /// was read.
    pub async fn modify(&self, sample: &DataSample) -> Result<DataSample, RecordError> {
        let core = &*self.core;
        let id = sample.contact_id().ok_or(RecordError::Malformed("contactId"))?;
        let mut contact = entities::get(core, CONTACT, id).await?;
        let services = contact.body.get_mut("services").and_then(Value::as_array_mut);
        let found = services.and_then(|services| services.iter_mut().find(|one| one["id"] == sample.id()));
        let Some(Value::Object(stored)) = found else { return Err(RecordError::Malformed("contactId")) };
        let mut changed = sample.record.body.clone();
        for name in OF_CONTACT {
            changed.remove(*name);
        }
        changed.insert("modified".to_owned(), json!(core.parts.time.now()));
        *stored = changed;
        let written = entities::modify(core, CONTACT, &contact).await?;
        samples_in(written).into_iter().find(|one| one.id() == sample.id()).ok_or(RecordError::Malformed("services"))
    }

    /// The sample `id`, in its latest version.
    ///
    /// # Errors
    /// [`RecordError::Unreadable`]: no key at hand opens it.
    pub async fn get(&self, id: &str) -> Result<DataSample, RecordError> {
        let core = &*self.core;
        let call = core.with_access(Call::get(&["contact", "service", id]), CONTACT.entity_type).await?;
        let stored: Object = core.caller.read(call).await?;
        if text(&stored, "id") != Some(id) {
            return Err(RecordError::Malformed("id"));
        }
        let record = open_services(core, vec![stored]).await?.pop();
        Ok(readable(record.ok_or(RecordError::Unreadable)?)?.into())
    }

    /// Those of the samples that the user can read.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn get_all(&self, ids: &[&str]) -> Result<Records<DataSample>, RecordError> {
        let stored = list_services(&self.core, ids).await?;
        Ok(split(open_services(&self.core, stored).await?))
    }

    /// The samples of a patient that the user can read.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn list_for(&self, patient: &str) -> Result<Records<DataSample>, RecordError> {
        let keys = children_of(&self.core, patient).await?;
        self.find(&json!({
            "$type": "ServiceByDataOwnerPatientDateFilter",
            "dataOwnerId": self.core.owner_id()?,
            "secretForeignKeys": keys,
        }))
        .await
    }

    /// What a filter finds (wire 5.6).
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn find(&self, filter: &Value) -> Result<Records<DataSample>, RecordError> {
        let ids = self.matching(filter).await?;
        self.get_all(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// The ids of what a filter finds.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn matching(&self, filter: &Value) -> Result<Vec<String>, RecordError> {
        matching_services(&self.core, filter).await
    }

    /// Shares a sample, and with it those that it was made together with.
    ///
    /// # Errors
    /// [`RecordError::UntrustedKeys`], [`RecordError::NotShared`].
    pub async fn share(&self, sample: &DataSample, with: &str, shared: Shared) -> Result<(), RecordError> {
        let id = sample.contact_id().ok_or(RecordError::Malformed("contactId"))?;
        let contact = entities::get(&self.core, CONTACT, id).await?;
        entities::share(&self.core, CONTACT, &contact, Grant::of(with, shared)).await?;
        Ok(())
    }

    /// What a filter finds (wire 5.6), and what becomes of it.
    pub fn subscribe(&self, filter: &Value) -> Subscription<DataSample> {
        Subscription::new(Arc::clone(&self.core), Source::Services, filter)
    }

    /// Who gave the user access to a sample, and who of them signed for it.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn senders(&self, sample: &DataSample) -> Result<Vec<Sender>, RecordError> {
        let id = sample.contact_id().ok_or(RecordError::Malformed("contactId"))?;
        let contact = entities::get(&self.core, CONTACT, id).await?;
        senders(&self.core, CONTACT, &contact.body).await
    }

    /// Takes a sample out of its contact; the contact goes with its last.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub async fn delete(&self, sample: &DataSample) -> Result<(), RecordError> {
        let core = &*self.core;
        let id = sample.contact_id().ok_or(RecordError::Malformed("contactId"))?;
        let mut contact = entities::get(core, CONTACT, id).await?;
        let left = contact.body.get_mut("services").and_then(Value::as_array_mut).map_or(0, |services| {
            services.retain(|one| one["id"] != sample.id());
            services.len()
        });
        match left {
            0 => entities::delete(core, CONTACT, contact.id(), contact.rev()).await,
            _ => entities::modify(core, CONTACT, &contact).await.map(drop),
        }
    }
}

/// Opens services that the server gave by themselves. Those that do not open come back as they are.
pub(crate) async fn open_services(core: &Core, stored: Vec<Object>) -> Result<Vec<Record>, RecordError> {
    let metadata: Vec<_> = stored.iter().map(|body| SecurityMetadata::of(body).unwrap_or_default()).collect();
    core.exchange.fetch(core, &metadata).await?;
    let manifests = Manifests::default();
    let mut access: HashMap<String, Access> = HashMap::new();
    let opened = stored.into_iter().zip(&metadata).map(|(body, metadata)| {
        let contact = text(&body, "contactId").unwrap_or_default().to_owned();
        let entity = EntityRef { entity_type: CONTACT.entity_type, id: &contact };
        let access = access
            .entry(contact.clone())
            .or_insert_with(|| Access { delegations: core.exchange.open_with(metadata, entity) });
        match open_service(&manifests, &contact, &access.keys(), &body) {
            Ok(opened) => Record { body: opened.body, report: Some(opened.report) },
            Err(_) => Record { body, report: None },
        }
    });
    Ok(opened.collect())
}

/// Services by their ids, as the server has them.
pub(crate) async fn list_services(core: &Core, ids: &[&str]) -> Result<Vec<Object>, RecordError> {
    let mut found: Vec<Object> = Vec::with_capacity(ids.len());
    for batch in ids.chunks(BATCH) {
        let call = Call::post(&["contact", "service"]).json(&json!({ "ids": batch })).repeatable();
        let call = core.with_access(call, CONTACT.entity_type).await?;
        let services: Vec<Object> = core.caller.read(call).await?;
        found.extend(services);
    }
    Ok(found)
}

/// The ids of the services that a filter finds.
pub(crate) async fn matching_services(core: &Core, filter: &Value) -> Result<Vec<String>, RecordError> {
    let call = Call::post(&["contact", "service", "match"]).json(filter).repeatable();
    let call = core.with_access(call, CONTACT.entity_type).await?;
    Ok(core.caller.read(call).await?)
}

/// What a service has of its contact when it is given by itself.
const OF_CONTACT: &[&str] =
    &["contactId", "secretForeignKeys", "cryptedForeignKeys", "delegations", "encryptionKeys", "securityMetadata"];

/// The samples of an opened contact.
fn samples_in(contact: Record) -> Vec<DataSample> {
    let Record { mut body, report } = contact;
    let services = match body.remove("services") {
        Some(Value::Array(services)) => services,
        _ => Vec::new(),
    };
    let id = body.get("id").cloned();
    let samples = services.into_iter().filter_map(|service| {
        let Value::Object(mut service) = service else { return None };
        service.insert("contactId".to_owned(), id.clone()?);
        if let Some(metadata) = body.get("securityMetadata") {
            service.insert("securityMetadata".to_owned(), metadata.clone());
        }
        let place = format!("services[={}]", text(&service, "id").unwrap_or_default());
        let report = report
            .as_ref()
            .map(|report| report.iter().filter(|field| field.path.starts_with(&place)).cloned().collect::<Vec<_>>());
        Some(Record { body: service, report }.into())
    });
    samples.collect()
}
