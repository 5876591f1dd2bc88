//! The fields that are encrypted by default: those of the current official client.

use super::manifest::{Manifest, ManifestError};
use crate::access_control::EntityType;

/// Where the official list goes into objects that older official clients cannot read sealed
/// (`partnerships[].*`, `schoolingInfos[].*`, `employementInfos[].*`), the whole field is sealed
/// instead: as confidential, and readable by all (decision 0106).
const PATIENT: &[&str] = &[
    "note",
    "notes[].markdown",
    "created",
    "modified",
    "companyName",
    "languages",
    "civility",
    "birthSex",
    "personalStatus",
    "nationality",
    "race",
    "ethnicity",
    "insurabilities[].*",
    "partnerships",
    "patientHealthCareParties[].*",
    "financialInstitutionInformation[].*",
    "medicalHouseContracts[].*",
    "patientProfessions",
    "picture",
    "comment",
    "warning",
    "fatherBirthCountry",
    "birthCountry",
    "nativeCountry",
    "socialStatus",
    "mainSourceOfIncome",
    "schoolingInfos",
    "employementInfos",
];
const CONTACT: &[&str] =
    &["descr", "notes[].markdown", "location", "encounterLocation", "participants", "participantList"];
const SERVICE: &[&str] = &["notes[].markdown", "comment"];
const HEALTH_ELEMENT: &[&str] = &[
    "descr",
    "note",
    "notes[].markdown",
    "careTeam[].[\"careTeamMemberType\", \"healthcarePartyId\", \"quality\"]",
    "episodes[].[\"name\", \"comment\"]",
];
const CALENDAR_ITEM: &[&str] =
    &["details", "title", "patientId", "phoneNumber", "address", "addressText", "meetingTags", "flowItem"];
const MAINTENANCE_TASK: &[&str] = &["properties"];
const DOCUMENT: &[&str] = &["name", "medicalLocationId"];
const MESSAGE: &[&str] = &["subject"];
const TOPIC: &[&str] = &["description", "linkedServices", "linkedHealthElements"];
const ACCESS_LOG: &[&str] = &["detail", "objectId", "patientId"];
const FORM: &[&str] = &["descr"];
const RECEIPT: &[&str] = &["references"];
const CLASSIFICATION: &[&str] = &["label"];
const INVOICE: &[&str] = &["reason"];

/// What to encrypt of each type. An application can change it; what is read is read whatever the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifests {
    of_types: Vec<(EntityType, Manifest)>,
    service: Manifest,
}

impl Default for Manifests {
    fn default() -> Self {
        let of = |paths: &[&str]| Manifest::parse(paths.iter().copied()).unwrap_or_default();
        let mut manifests = Self { of_types: Vec::new(), service: of(SERVICE).for_services() };
        for (entity_type, paths) in DEFAULTS {
            manifests.set(*entity_type, of(paths));
        }
        manifests
    }
}

static DEFAULTS: &[(EntityType, &[&str])] = &[
    (EntityType::AccessLog, ACCESS_LOG),
    (EntityType::CalendarItem, CALENDAR_ITEM),
    (EntityType::Classification, CLASSIFICATION),
    (EntityType::Contact, CONTACT),
    (EntityType::Document, DOCUMENT),
    (EntityType::Form, FORM),
    (EntityType::HealthElement, HEALTH_ELEMENT),
    (EntityType::Invoice, INVOICE),
    (EntityType::MaintenanceTask, MAINTENANCE_TASK),
    (EntityType::Message, MESSAGE),
    (EntityType::Patient, PATIENT),
    (EntityType::Receipt, RECEIPT),
    (EntityType::Topic, TOPIC),
];

impl Manifests {
    /// The default with other fields for one type. For contacts, services keep their rule.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn with<'a>(
        mut self,
        entity_type: EntityType,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ManifestError> {
        let manifest = Manifest::parse(paths)?;
        match entity_type {
            EntityType::Service => {
                self.service = manifest.for_services();
                let contact = self.of(EntityType::Contact).cloned().unwrap_or_default();
                self.set(EntityType::Contact, contact);
            }
            _ => self.set(entity_type, manifest),
        }
        Ok(self)
    }

    fn set(&mut self, entity_type: EntityType, manifest: Manifest) {
        let manifest = match entity_type {
            EntityType::Contact => manifest.with_elements("services", self.service.clone()),
            _ => manifest,
        };
        self.of_types.retain(|(known, _)| *known != entity_type);
        self.of_types.push((entity_type, manifest));
    }

    /// What is encrypted of a type; for contacts, with their services.
    pub fn of(&self, entity_type: EntityType) -> Option<&Manifest> {
        self.of_types.iter().find(|(known, _)| *known == entity_type).map(|(_, manifest)| manifest)
    }

    /// What is encrypted of services.
    pub fn of_services(&self) -> &Manifest {
        &self.service
    }
}

#[cfg(test)]
mod tests {
    use keystead_model::schema::{self, Table, Type};

    use super::super::manifest::Step;
    use super::*;

    /// Every object that gets an `encryptedSelf` by default has a place for one in the schema that
    /// every official client reads.
    #[test]
    fn every_sealed_object_has_a_place_for_it() {
        for (entity_type, paths) in DEFAULTS {
            assert!(Manifest::parse(paths.iter().copied()).is_ok(), "{entity_type}");
            if let Some(table) = schema::table(entity_type.as_str()) {
                check(table, Manifests::default().of(*entity_type).unwrap());
            }
        }
    }

    fn check(table: &Table, manifest: &Manifest) {
        assert!(table.field("encryptedSelf").is_some(), "{table:?}");
        for name in &manifest.fields {
            // fields of newer clients than the schema is of
            let newer = ["participantList", "addressText", "meetingTags", "flowItem"].contains(&name.as_str());
            assert!(newer || table.field(name).is_some(), "{table:?}.{name}");
        }
        for (name, (step, nested)) in &manifest.nested {
            let field = table.field(name).unwrap_or_else(|| panic!("{table:?}.{name}"));
            match (step, &field.ty) {
                (Step::Elements, Type::List(element)) => match &element.ty {
                    Type::Object(table) => check(table, nested),
                    other => panic!("{name}: {other}"),
                },
                (_, other) => panic!("{name}: {other}"),
            }
        }
    }

    #[test]
    fn a_changed_service_manifest_reaches_contacts() {
        let manifests = Manifests::default().with(EntityType::Service, ["label"]).unwrap();
        let (_, services) = &manifests.of(EntityType::Contact).unwrap().nested["services"];
        assert!(services.fields.contains("label") && services.service);
        let manifests = manifests.with(EntityType::Contact, ["descr"]).unwrap();
        let (_, services) = &manifests.of(EntityType::Contact).unwrap().nested["services"];
        assert!(services.fields.contains("label") && services.service);
    }
}
