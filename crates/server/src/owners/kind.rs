//! The three kinds of data owners: what each is called, where it is kept.

use keystead_model::access::DataOwnerType;
use keystead_model::class::Class;
use keystead_model::entity::{device, healthcare_party, patient};

/// Every kind, in the order in which an id is looked for.
pub(crate) const KINDS: [DataOwnerType; 3] = [DataOwnerType::Hcp, DataOwnerType::Patient, DataOwnerType::Device];

/// The class of its documents.
pub(crate) fn class(kind: DataOwnerType) -> &'static Class {
    match kind {
        DataOwnerType::Hcp => &healthcare_party::CLASS,
        DataOwnerType::Patient => &patient::CLASS,
        DataOwnerType::Device => &device::CLASS,
    }
}

/// What it is called on the wire (`DataOwnerType` of wire 8.6).
pub(crate) fn name(kind: DataOwnerType) -> &'static str {
    match kind {
        DataOwnerType::Hcp => "hcp",
        DataOwnerType::Patient => "patient",
        DataOwnerType::Device => "device",
    }
}

/// The kind with this name.
pub(crate) fn named(text: &str) -> Option<DataOwnerType> {
    KINDS.into_iter().find(|kind| name(*kind) == text)
}

/// The field of a user that says which one it is.
pub(crate) fn user_field(kind: DataOwnerType) -> &'static str {
    match kind {
        DataOwnerType::Hcp => "healthcarePartyId",
        DataOwnerType::Patient => "patientId",
        DataOwnerType::Device => "deviceId",
    }
}
