//! HealthElement: what is indexed and its filters.

use crate::class::{Class, no_postings, no_services, nothing_unique};

/// The class of HealthElement documents.
pub static CLASS: Class = Class {
    name: "HealthElement",
    path: "helement",
    encryptable: true,
    postings: no_postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[],
    by_patient: None,
};
