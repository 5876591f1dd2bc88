//! HealthElement: a condition of a patient, followed over time.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, by_ids};
use crate::query::{Posting, Selection};

const CODE: &str = "health-element.code";
const IDENTIFIER: &str = "health-element.identifier";
const OPENING_BY_PATIENT: &str = "health-element.opening-by-patient";
const STATUS: &str = "health-element.status";
const TAG: &str = "health-element.tag";

/// The class of HealthElement documents.
pub static CLASS: Class = Class {
    name: "HealthElement",
    path: "helement",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "HealthElementByIdsFilter", compile: by_ids },
        FilterDef {
            name: "HealthElementByHcPartyFilter",
            compile: |a| Ok(Selection::unordered(a.among("hcpId", vec![])?)),
        },
        FilterDef { name: "HealthElementByDataOwnerPatientOpeningDate", compile: by_patient },
        FilterDef { name: "HealthElementByHcPartyIdentifiersFilter", compile: by_identifiers },
        FilterDef { name: "HealthElementByHcPartyStatusFilter", compile: by_status },
        FilterDef { name: "HealthElementByHcPartyTagCodeFilter", compile: by_tag_code },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientOpeningDate", index: OPENING_BY_PATIENT, fuzzy: true }),
};

fn postings(element: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.patients(OPENING_BY_PATIENT, element, index::fuzzy(element, "openingDate"));
    postings.codes(TAG, element, "tags", None, "");
    postings.codes(CODE, element, "codes", None, "");
    postings.identifiers(IDENTIFIER, element, "identifiers", "");
    let status = index::integer(element, "status").unwrap_or(0).to_string();
    postings.term(STATUS, status.as_str());
    postings.finish()
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    let patients = arguments.optional_texts("patientSecretForeignKeys")?.unwrap_or_default();
    let patients = bounds.any_of(OPENING_BY_PATIENT, patients);
    arguments.sorted(arguments.among("healthcarePartyId", vec![patients])?)
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let identifiers = index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?);
    Ok(Selection::unordered(arguments.among("hcPartyId", vec![identifiers])?))
}

fn by_status(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let status = index::any_of(STATUS, [arguments.integer("status")?.to_string()]);
    Ok(Selection::unordered(arguments.among("hcPartyId", vec![status])?))
}

fn by_tag_code(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let tag = arguments.code("tagType", "tagCode")?.map(|tag| index::any_of(TAG, [tag]));
    let code = arguments.code("codeType", "codeCode")?.map(|code| index::any_of(CODE, [code]));
    let status = arguments.optional_integer("status")?.map(|status| index::any_of(STATUS, [status.to_string()]));
    let parts = tag.into_iter().chain(code).chain(status).collect();
    Ok(Selection::unordered(arguments.among("healthcarePartyId", parts)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn postings_of_a_health_element() {
        let element = json!({
            "id": "h", "openingDate": 20230101, "valueDate": 20230102, "secretForeignKeys": ["p"], "status": 3,
            "tags": [{"type": "T", "code": "1"}], "codes": [{"type": "C", "code": "2"}],
            "identifiers": [{"system": "s", "value": "v"}],
        });
        assert_eq!(
            postings(&CLASS, &element),
            [
                "health-element.code C",
                "health-element.code C/2",
                "health-element.identifier 1:sv",
                "health-element.opening-by-patient p @20230101000000",
                "health-element.status 3",
                "health-element.tag T",
                "health-element.tag T/1",
            ]
        );
        assert_eq!(postings(&CLASS, &json!({"id": "h"})), ["health-element.status 0"]);
    }

    #[test]
    fn filters_on_health_elements() {
        check(
            &CLASS,
            &[
                ("HealthElementByIdsFilter", json!({"ids": ["h"]}), "ids(h)"),
                ("HealthElementByHcPartyFilter", json!({"hcpId": "you"}), "to(you)"),
                (
                    "HealthElementByDataOwnerPatientOpeningDate",
                    json!({"healthcarePartyId": "me", "patientSecretForeignKeys": ["p"], "startDate": 20230101, "descending": true}),
                    "desc health-element.opening-by-patient=p[20230101000000..]",
                ),
                ("HealthElementByDataOwnerPatientOpeningDate", json!({"healthcarePartyId": "me"}), "nothing"),
                (
                    "HealthElementByHcPartyIdentifiersFilter",
                    json!({"hcPartyId": "you", "identifiers": [{"system": "s", "value": "v"}]}),
                    "(health-element.identifier=1:sv & to(you))",
                ),
                (
                    "HealthElementByHcPartyStatusFilter",
                    json!({"hcPartyId": "me", "status": 0}),
                    "health-element.status=0",
                ),
                ("HealthElementByHcPartyStatusFilter", json!({}), "! status: expected an integer"),
                (
                    "HealthElementByHcPartyTagCodeFilter",
                    json!({"tagType": "T", "codeType": "C", "codeCode": "2", "status": 1}),
                    "(health-element.tag=T & health-element.code=C/2 & health-element.status=1)",
                ),
                ("HealthElementByHcPartyTagCodeFilter", json!({"healthcarePartyId": "me"}), "to(me,k)"),
            ],
        );
    }
}
