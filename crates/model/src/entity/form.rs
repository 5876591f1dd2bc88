//! Form: a filled-in questionnaire.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, integer, text};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef};
use crate::query::{Posting, Query, Selection};

const CREATED_BY_LOGICAL_UUID: &str = "form.created-by-logical-uuid";
const CREATED_BY_UNIQUE_ID: &str = "form.created-by-unique-id";
const OPENING_BY_PATIENT: &str = "form.opening-by-patient";
const PARENT: &str = "form.parent";

/// The class of Form documents.
pub static CLASS: Class = Class {
    name: "Form",
    path: "form",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "FormByDataOwnerParentIdFilter", compile: by_parent },
        FilterDef { name: "FormByDataOwnerPatientOpeningDateFilter", compile: by_patient },
        FilterDef { name: "FormByLogicalUuidFilter", compile: |a| a.sorted(with_logical_uuid(a.text("logicalUuid")?)) },
        FilterDef { name: "FormByUniqueUuidFilter", compile: |a| a.sorted(with_unique_id(a.text("uniqueId")?)) },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientOpeningDate", index: OPENING_BY_PATIENT, fuzzy: true }),
};

/// Versions of the form `uuid`, to be listed by the time they were created (`GET form/logicalUuid/{uuid}`).
pub fn with_logical_uuid(uuid: &str) -> Query {
    index::any_of(CREATED_BY_LOGICAL_UUID, [uuid])
}

/// Forms with the unique id `id`, to be listed by the time they were created (`GET form/uniqueId/{id}`).
pub fn with_unique_id(id: &str) -> Query {
    index::any_of(CREATED_BY_UNIQUE_ID, [id])
}

/// Forms inside the form `parent` (`GET form/childrenOf/{parent}`).
pub fn children(parent: &str) -> Query {
    index::any_of(PARENT, [parent])
}

fn postings(form: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.patients(OPENING_BY_PATIENT, form, index::fuzzy(form, "openingDate"));
    postings.term(PARENT, text(form, "parent"));
    let created = integer(form, "created");
    postings.sorted(CREATED_BY_LOGICAL_UUID, text(form, "logicalUuid"), created);
    postings.sorted(CREATED_BY_UNIQUE_ID, text(form, "uniqueId"), created);
    postings.finish()
}

fn by_parent(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let parent = children(arguments.text("parentId")?);
    Ok(Selection::unordered(arguments.among("dataOwnerId", vec![parent])?))
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    let patients = bounds.any_of(OPENING_BY_PATIENT, arguments.texts("secretPatientKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn postings_of_a_form() {
        let form = json!({
            "id": "f", "created": 7, "openingDate": 20230101, "parent": "f0", "logicalUuid": "l", "uniqueId": "u",
            "secretForeignKeys": ["p"],
        });
        assert_eq!(
            postings(&CLASS, &form),
            [
                "form.created-by-logical-uuid l @7",
                "form.created-by-unique-id u @7",
                "form.opening-by-patient p @20230101000000",
                "form.parent f0",
            ]
        );
    }

    #[test]
    fn filters_on_forms() {
        check(
            &CLASS,
            &[
                (
                    "FormByDataOwnerParentIdFilter",
                    json!({"dataOwnerId": "you", "parentId": "f0"}),
                    "(form.parent=f0 & to(you))",
                ),
                (
                    "FormByDataOwnerPatientOpeningDateFilter",
                    json!({"secretPatientKeys": ["p"], "startDate": 20200101000000i64, "endDate": 20201231}),
                    "asc form.opening-by-patient=p[20200101000000..20201231235959]",
                ),
                (
                    "FormByLogicalUuidFilter",
                    json!({"logicalUuid": "l", "descending": true}),
                    "desc form.created-by-logical-uuid=l",
                ),
                ("FormByUniqueUuidFilter", json!({"uniqueId": "u"}), "asc form.created-by-unique-id=u"),
                (
                    "FormByUniqueUuidFilter",
                    json!({"uniqueId": "u", "descending": 1}),
                    "! descending: expected true or false",
                ),
            ],
        );
    }
}
