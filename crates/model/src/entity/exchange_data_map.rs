//! ExchangeDataMap: leads from a delegation key to the exchange data behind it, found by id alone
//! (wire 5.2).

use crate::class::{Class, no_postings, no_services, nothing_unique};

/// The class of ExchangeDataMap documents.
pub static CLASS: Class = Class {
    name: "ExchangeDataMap",
    path: "exchangedatamap",
    encryptable: false,
    postings: no_postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[],
    by_patient: None,
};
