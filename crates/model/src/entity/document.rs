//! Document: a file with its sealed attachments.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, pair, text, texts};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef};
use crate::query::{Posting, Query, Selection};

const CREATED_BY_PATIENT: &str = "document.created-by-patient";
const EXTERNAL_UUID: &str = "document.external-uuid";
const TYPE_BY_PATIENT: &str = "document.type-by-patient";

/// The class of Document documents.
pub static CLASS: Class = Class {
    name: "Document",
    path: "document",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "DocumentByDataOwnerPatientDateFilter", compile: by_patient },
        FilterDef { name: "DocumentByTypeDataOwnerPatientFilter", compile: by_type },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientCreated", index: CREATED_BY_PATIENT, fuzzy: false }),
};

/// Documents with the external UUID `uuid` (`GET document/externaluuid/{uuid}`).
pub fn with_external_uuid(uuid: &str) -> Query {
    index::any_of(EXTERNAL_UUID, [uuid])
}

fn postings(document: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.patients(CREATED_BY_PATIENT, document, index::integer(document, "created"));
    if let Some(kind) = text(document, "documentType") {
        postings.sorted(TYPE_BY_PATIENT, texts(document, "secretForeignKeys").map(|patient| pair(patient, kind)), None);
    }
    postings.term(EXTERNAL_UUID, text(document, "externalUuid"));
    postings.finish()
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.instants("startDate", "endDate")?;
    let patients = bounds.any_of(CREATED_BY_PATIENT, arguments.texts("secretPatientKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_type(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let kind = arguments.text("documentType")?;
    let patients = arguments.texts("secretPatientKeys")?;
    let kinds = index::any_of(TYPE_BY_PATIENT, patients.into_iter().map(|patient| pair(patient, kind)));
    Ok(Selection::unordered(arguments.among("dataOwnerId", vec![kinds])?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_document() {
        let document = json!({
            "id": "d", "created": 7, "documentType": "note", "externalUuid": "u", "secretForeignKeys": ["p"],
        });
        assert_eq!(
            postings(&CLASS, &document),
            ["document.created-by-patient p @7", "document.external-uuid u", "document.type-by-patient p/note"]
        );
    }

    #[test]
    fn filters_on_documents() {
        check(
            &CLASS,
            &[
                (
                    "DocumentByDataOwnerPatientDateFilter",
                    json!({"dataOwnerId": "me", "secretPatientKeys": ["p"], "startDate": 9, "endDate": 7, "descending": true}),
                    "desc document.created-by-patient=p[7..9]",
                ),
                (
                    "DocumentByTypeDataOwnerPatientFilter",
                    json!({"dataOwnerId": "you", "documentType": "note", "secretPatientKeys": ["p", "q"]}),
                    "(document.type-by-patient=p/note|q/note & to(you))",
                ),
                ("DocumentByTypeDataOwnerPatientFilter", json!({}), "! documentType: expected a string"),
            ],
        );
        assert_eq!(show(&with_external_uuid("u")), "document.external-uuid=u");
    }
}
