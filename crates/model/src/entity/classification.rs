//! Classification: a label under which a patient's data is filed.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{Postings, integer};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef};
use crate::query::{Posting, Selection};

const CREATED_BY_PATIENT: &str = "classification.created-by-patient";

/// The class of Classification documents.
pub static CLASS: Class = Class {
    name: "Classification",
    path: "classification",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[FilterDef { name: "ClassificationByDataOwnerPatientCreatedDateFilter", compile: by_patient }],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientCreated", index: CREATED_BY_PATIENT, fuzzy: false }),
};

fn postings(classification: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.patients(CREATED_BY_PATIENT, classification, integer(classification, "created"));
    postings.finish()
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.instants("startDate", "endDate")?;
    let patients = bounds.any_of(CREATED_BY_PATIENT, arguments.texts("secretForeignKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn classifications_are_found_by_patient() {
        let classification = json!({"id": "c", "created": 7, "secretForeignKeys": ["p"]});
        assert_eq!(postings(&CLASS, &classification), ["classification.created-by-patient p @7"]);
        check(
            &CLASS,
            &[(
                "ClassificationByDataOwnerPatientCreatedDateFilter",
                json!({"dataOwnerId": "you", "secretForeignKeys": ["p"], "endDate": 9}),
                "asc (classification.created-by-patient=p[..9] & to(you))",
            )],
        );
    }
}
