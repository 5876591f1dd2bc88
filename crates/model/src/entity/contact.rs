//! Contact: an encounter with a patient, which holds services.

use crate::Object;
use crate::class::{ByPatient, Class, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, objects, text, texts};
use crate::entity::service;
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef};
use crate::query::{Posting, Query, Selection};

const CODE: &str = "contact.code";
const EXTERNAL_ID: &str = "contact.external-id";
const FORM: &str = "contact.form";
const IDENTIFIER: &str = "contact.identifier";
const OPENING: &str = "contact.opening";
const OPENING_BY_PATIENT: &str = "contact.opening-by-patient";
const SERVICE: &str = "contact.service";
const TAG: &str = "contact.tag";

/// See [`is_looked_up_whole`](crate::query::is_looked_up_whole).
pub(crate) const LOOKED_UP_WHOLE: &[&str] =
    &[CODE, EXTERNAL_ID, FORM, IDENTIFIER, OPENING, OPENING_BY_PATIENT, SERVICE, TAG];

/// The class of Contact documents.
///
/// A contact also has the postings of its services ([`service`]), each with the service as its part.
pub static CLASS: Class = Class {
    name: "Contact",
    path: "contact",
    encryptable: true,
    postings,
    services: service::versions,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "ContactByHcPartyFilter", compile: |a| Ok(Selection::unordered(a.among("hcpId", vec![])?)) },
        FilterDef { name: "ContactByDataOwnerFormIdsFilter", compile: by_forms },
        FilterDef { name: "ContactByDataOwnerOpeningDateFilter", compile: by_opening },
        FilterDef { name: "ContactByDataOwnerPatientOpeningDateFilter", compile: by_patient },
        FilterDef {
            name: "ContactByDataOwnerServiceCodeFilter",
            compile: |a| by_service_stub(a, service::CODE, "codeType", "codeCode"),
        },
        FilterDef {
            name: "ContactByDataOwnerServiceTagFilter",
            compile: |a| by_service_stub(a, service::TAG, "tagType", "tagCode"),
        },
        FilterDef { name: "ContactByExternalIdFilter", compile: by_external_id },
        FilterDef { name: "ContactByHcPartyIdentifiersFilter", compile: by_identifiers },
        FilterDef { name: "ContactByHcPartyPatientTagCodeDateFilter", compile: by_tag_code_date },
        FilterDef { name: "ContactByHcPartyTagCodeDateFilter", compile: by_tag_code_date },
        FilterDef { name: "ContactByServiceIdsFilter", compile: by_services },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientOpeningDate", index: OPENING_BY_PATIENT, fuzzy: true }),
};

/// See [`order_of`](crate::query::order_of).
pub(crate) fn order_of(index: &str) -> Option<&'static str> {
    [CODE, TAG].contains(&index).then_some(OPENING)
}

/// Contacts that hold a version of any of the services (`GET contact/byHcPartyServiceId`).
pub fn with_services(ids: &[String]) -> Query {
    index::any_of(SERVICE, ids)
}

/// Contacts that mention any of the forms (`POST contact/byHcPartyFormIds`).
pub fn with_forms(ids: &[String]) -> Query {
    index::any_of(FORM, ids)
}

/// Contacts with the external id `id` (`POST contact/byExternalId`).
pub fn with_external_id(id: &str) -> Query {
    index::any_of(EXTERNAL_ID, [id])
}

/// Contacts by opening date (fuzzy), to be listed in that order (`GET contact/byOpeningDate`).
pub fn opened(bounds: Bounds) -> Query {
    bounds.every(OPENING)
}

fn postings(contact: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let opening = index::fuzzy(contact, "openingDate");
    postings.sorted(OPENING, [EVERY], opening);
    postings.patients(OPENING_BY_PATIENT, contact, opening);
    postings.codes(TAG, contact, "tags", opening, "");
    postings.codes(CODE, contact, "codes", opening, "");
    postings.identifiers(IDENTIFIER, contact, "identifier", "");
    postings.term(EXTERNAL_ID, text(contact, "externalId"));
    for sub in objects(contact, "subContacts") {
        postings.term(FORM, text(sub, "formId"));
    }
    for service in objects(contact, "services") {
        postings.term(SERVICE, text(service, "id"));
        postings.term(FORM, text(service, "formId"));
        postings.sorted(FORM, texts(service, "formIds"), None);
    }
    service::postings(&mut postings, contact);
    postings.finish()
}

fn by_forms(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let forms = index::any_of(FORM, arguments.texts("formIds")?);
    Ok(Selection::unordered(arguments.among("dataOwnerId", vec![forms])?))
}

fn by_opening(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    arguments.sorted(arguments.among("dataOwnerId", vec![opened(bounds)])?)
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    let patients = bounds.any_of(OPENING_BY_PATIENT, arguments.texts("secretForeignKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_service_stub(
    arguments: &Arguments<'_>,
    index: &'static str,
    kind: &str,
    code: &str,
) -> Result<Selection, FieldError> {
    arguments.text(kind)?;
    let stub = index::any_of(index, arguments.code(kind, code)?);
    Ok(Selection::unordered(arguments.among("dataOwnerId", vec![stub])?))
}

fn by_external_id(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(with_external_id(arguments.text("externalId")?)))
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let identifiers = index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![identifiers])?))
}

/// Both filters by tag, code and date: whatever is given must hold. Tags and codes are the contact's
/// own, dates its opening date.
fn by_tag_code_date(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startOfContactOpeningDate", "endOfContactOpeningDate")?;
    let mut parts = Vec::new();
    if let Some(patients) = arguments.optional_texts("patientSecretForeignKeys")? {
        parts.push(bounds.any_of(OPENING_BY_PATIENT, patients));
    }
    parts.extend(arguments.code("tagType", "tagCode")?.map(|tag| bounds.any_of(TAG, [tag])));
    parts.extend(arguments.code("codeType", "codeCode")?.map(|code| bounds.any_of(CODE, [code])));
    if parts.is_empty() {
        parts.push(opened(bounds));
    }
    arguments.sorted(arguments.among("healthcarePartyId", parts)?)
}

fn by_services(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(index::any_of(SERVICE, arguments.optional_texts("ids")?.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn a_typical_contact_has_few_postings() {
        let contact = json!({
            "id": "c", "created": 1, "modified": 1, "groupId": "g", "openingDate": 20220929083400i64,
            "services": [{
                "id": "s", "label": "hello", "valueDate": 20230328100113i64,
                "tags": [{"id": "IC-TEST|TEST|1", "type": "IC-TEST", "code": "TEST", "version": "1"}],
            }],
            "secretForeignKeys": ["sfk"],
        });
        assert_eq!(
            postings(&CLASS, &contact),
            [
                "contact.opening  @20220929083400",
                "contact.opening-by-patient sfk @20220929083400",
                "contact.service s",
                "service.date  @20230328100113 #s",
                "service.date-by-patient sfk @20230328100113 #s",
                "service.tag IC-TEST @20230328100113 #s",
                "service.tag IC-TEST/TEST @20230328100113 #s",
            ]
        );
    }

    #[test]
    fn postings_of_a_contact() {
        let contact = json!({
            "id": "c", "openingDate": 20220929, "externalId": "x",
            "tags": [{"type": "T", "code": "1"}, {"type": "T", "code": "2"}, {"code": "3"}],
            "codes": [{"type": "C"}],
            "identifier": [{"value": "v"}],
            "subContacts": [{"formId": "f1", "services": [{"serviceId": "elsewhere"}]}],
            "services": [{"id": "s", "formId": "f2", "formIds": ["f3", "f1"]}],
        });
        assert_eq!(
            postings(&CLASS, &contact),
            [
                "contact.code C @20220929000000",
                "contact.external-id x",
                "contact.form f1",
                "contact.form f2",
                "contact.form f3",
                "contact.identifier :v",
                "contact.opening  @20220929000000",
                "contact.service s",
                "contact.tag T @20220929000000",
                "contact.tag T/1 @20220929000000",
                "contact.tag T/2 @20220929000000",
                "service.date  #s",
            ]
        );
    }

    #[test]
    fn filters_on_contacts() {
        check(
            &CLASS,
            &[
                ("ContactByHcPartyFilter", json!({"hcpId": "me"}), "to(me,k)"),
                ("ContactByHcPartyFilter", json!({"hcpId": 1}), "! hcpId: expected a string"),
                ("ContactByDataOwnerFormIdsFilter", json!({"dataOwnerId": "me", "formIds": ["f"]}), "contact.form=f"),
                (
                    "ContactByDataOwnerOpeningDateFilter",
                    json!({"dataOwnerId": "you", "startDate": 20220101, "descending": true}),
                    "desc (contact.opening=[20220101000000..] & to(you))",
                ),
                (
                    "ContactByDataOwnerPatientOpeningDateFilter",
                    json!({"dataOwnerId": "me", "secretForeignKeys": ["a", "b"], "startDate": 20221231, "endDate": 20220101}),
                    "asc contact.opening-by-patient=a|b[20220101000000..20221231235959]",
                ),
                ("ContactByDataOwnerPatientOpeningDateFilter", json!({"secretForeignKeys": []}), "nothing"),
                (
                    "ContactByDataOwnerPatientOpeningDateFilter",
                    json!({}),
                    "! secretForeignKeys: expected an array of strings",
                ),
                ("ContactByDataOwnerServiceCodeFilter", json!({"codeType": "C"}), "service.code=C"),
                ("ContactByDataOwnerServiceCodeFilter", json!({}), "! codeType: expected a string"),
                ("ContactByDataOwnerServiceTagFilter", json!({"tagType": "T", "tagCode": "1"}), "service.tag=T/1"),
                ("ContactByExternalIdFilter", json!({"externalId": "x"}), "contact.external-id=x"),
                (
                    "ContactByHcPartyIdentifiersFilter",
                    json!({"identifiers": [{"value": "v"}]}),
                    "contact.identifier=:v",
                ),
                (
                    "ContactByHcPartyPatientTagCodeDateFilter",
                    json!({
                        "patientSecretForeignKeys": ["a"], "tagType": "T", "tagCode": "1", "codeType": "C",
                        "startOfContactOpeningDate": 20220101, "endOfContactOpeningDate": 20220131120000i64,
                    }),
                    "asc (contact.opening-by-patient=a[20220101000000..20220131120000] & \
                     contact.tag=T/1[20220101000000..20220131120000] & \
                     contact.code=C[20220101000000..20220131120000])",
                ),
                ("ContactByHcPartyPatientTagCodeDateFilter", json!({"patientSecretForeignKeys": []}), "nothing"),
                ("ContactByHcPartyTagCodeDateFilter", json!({}), "asc contact.opening="),
                (
                    "ContactByHcPartyTagCodeDateFilter",
                    json!({"tagCode": "1"}),
                    "! tagType: expected a string, since tagCode is given",
                ),
                ("ContactByServiceIdsFilter", json!({"ids": ["s"]}), "contact.service=s"),
                ("ContactByServiceIdsFilter", json!({}), "nothing"),
            ],
        );
    }

    #[test]
    fn lookups_of_contacts() {
        assert_eq!(show(&with_services(&["s".into()])), "contact.service=s");
        assert_eq!(show(&with_forms(&["f".into()])), "contact.form=f");
        assert_eq!(show(&with_external_id("x")), "contact.external-id=x");
        assert_eq!(show(&opened(Bounds::fuzzy(Some(2022), None))), "contact.opening=[2022000000..]");
    }
}
