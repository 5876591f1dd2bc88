//! The classes of documents that the server keeps, each with its schema, what is indexed of it and
//! its filters. One generic engine serves them all; adding a class is adding one file in
//! [`crate::entity`] and a line in [`ALL`].

use crate::filter::FilterDef;
use crate::query::{Posting, ServiceVersion};
use crate::{Object, entity};

/// One class of documents.
pub struct Class {
    /// Name in the field tables of [`crate::schema`] and in the store, e.g. `Contact`.
    pub name: &'static str,
    /// First path segment of its endpoints, e.g. `contact`.
    pub path: &'static str,
    /// Whether access follows security metadata (wire 4.3) rather than a rule of its own.
    pub encryptable: bool,
    /// What is searchable of a document.
    pub postings: fn(&Object) -> Vec<Posting>,
    /// The versions of services that a document holds; only contacts hold any.
    pub services: fn(&Object) -> Vec<ServiceVersion>,
    /// Values that must be unique within the group and class, as `kind:value`.
    pub unique: fn(&Object) -> Vec<String>,
    /// The filters on this class.
    pub filters: &'static [FilterDef],
    /// For the query by patient of wire 5.3 (`by…` list endpoints): path segment and index.
    pub by_patient: Option<ByPatient>,
}

impl PartialEq for Class {
    /// There is one class of a name.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The list-by-patient endpoint of a class, e.g. `POST contact/byDataOwnerPatientOpeningDate`.
pub struct ByPatient {
    /// The path segment, e.g. `byDataOwnerPatientOpeningDate`.
    pub path: &'static str,
    /// The index whose terms are secret foreign keys and whose sort value is the date.
    pub index: &'static str,
    /// Whether the dates of the index are fuzzy (`YYYYMMDDhhmmss`) rather than epoch milliseconds.
    pub fuzzy: bool,
}

impl std::fmt::Debug for Class {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// For [`Class::services`] of classes that hold none.
pub fn no_services(_: &Object) -> Vec<ServiceVersion> {
    Vec::new()
}

/// For [`Class::unique`] of classes without unique values.
pub fn nothing_unique(_: &Object) -> Vec<String> {
    Vec::new()
}

/// For [`Class::postings`] of classes without anything searchable.
pub fn no_postings(_: &Object) -> Vec<Posting> {
    Vec::new()
}

/// Every class.
pub static ALL: &[&Class] = &[
    &entity::patient::CLASS,
    &entity::contact::CLASS,
    &entity::health_element::CLASS,
    &entity::document::CLASS,
    &entity::maintenance_task::CLASS,
    &entity::access_log::CLASS,
    &entity::message::CLASS,
    &entity::topic::CLASS,
    &entity::form::CLASS,
    &entity::key_map::CLASS,
    &entity::invoice::CLASS,
    &entity::calendar_item::CLASS,
    &entity::classification::CLASS,
    &entity::healthcare_party::CLASS,
    &entity::device::CLASS,
    &entity::user::CLASS,
    &entity::group::CLASS,
    &entity::exchange_data::CLASS,
    &entity::exchange_data_map::CLASS,
    &entity::recovery_data::CLASS,
];
