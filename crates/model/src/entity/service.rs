//! Service: one piece of data inside a contact, with a life of its own over several contacts.
//!
//! There is no class of services: their postings belong to the contact that holds them, with the
//! service as part, so whoever may read the contact may find them. The store keeps to the latest
//! version of a service (wire 5.3).

use std::collections::BTreeMap;

use crate::Object;
use crate::entity::index::{self, EVERY, Postings, integer, members, objects, text, texts};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, by_ids};
use crate::query::{Posting, Query, Selection, ServiceVersion};

const ASSOCIATION: &str = "service.association";
pub(crate) const CODE: &str = "service.code";
const DATE: &str = "service.date";
const DATE_BY_PATIENT: &str = "service.date-by-patient";
const HEALTH_ELEMENT: &str = "service.health-element";
const IDENTIFIER: &str = "service.identifier";
const LINK: &str = "service.link";
pub(crate) const TAG: &str = "service.tag";

/// See [`is_looked_up_whole`](crate::query::is_looked_up_whole).
pub(crate) const LOOKED_UP_WHOLE: &[&str] =
    &[ASSOCIATION, CODE, DATE, DATE_BY_PATIENT, HEALTH_ELEMENT, IDENTIFIER, LINK, TAG];

/// The filters on services, compiled by [`crate::filter::compile_service`].
pub static FILTERS: &[FilterDef] = &[
    FilterDef { name: "ServiceByIdsFilter", compile: by_ids },
    FilterDef { name: "ServiceByHcPartyFilter", compile: |a| Ok(Selection::unordered(a.among("hcpId", vec![])?)) },
    FilterDef { name: "ServiceByAssociationIdFilter", compile: by_association },
    FilterDef { name: "ServiceByDataOwnerPatientDateFilter", compile: by_patient_date },
    FilterDef { name: "ServiceByHcPartyHealthElementIdsFilter", compile: by_health_elements },
    FilterDef { name: "ServiceByHcPartyIdentifiersFilter", compile: by_identifiers },
    FilterDef { name: "ServiceByHcPartyTagCodeDateFilter", compile: by_tag_code_date },
    FilterDef { name: "ServiceByQualifiedLinkFilter", compile: by_qualified_link },
    FilterDef { name: "ServiceBySecretForeignKeys", compile: by_patient },
];

/// Services with a qualified link under the association `id` (`GET contact/service/associationId`).
pub fn with_association(id: &str) -> Query {
    index::any_of(ASSOCIATION, [id])
}

/// Services linked to any of `ids`, as `qualification` if one is given (`POST contact/service/linkedTo`).
pub fn linked_to(ids: &[String], qualification: Option<&str>) -> Query {
    let term = |id: &String| qualification.map_or_else(|| index::single(id), |kind| index::pair(kind, id));
    index::any_of(LINK, ids.iter().map(term))
}

/// Services about any of the health elements (`GET contact/service/healthElementId/{id}`).
pub fn about_health_elements(ids: &[String]) -> Query {
    index::any_of(HEALTH_ELEMENT, ids)
}

/// The versions of services that a contact holds (wire 5.3), each service once.
pub(crate) fn versions(contact: &Object) -> Vec<ServiceVersion> {
    let contact_modified = integer(contact, "modified").unwrap_or(0);
    let mut versions = BTreeMap::new();
    for service in objects(contact, "services") {
        let Some(id) = text(service, "id") else { continue };
        let times = ["modified", "endOfLife", "created"].into_iter().filter_map(|key| integer(service, key));
        let version = versions.entry(id).or_insert(0);
        *version = times.fold(*version, i64::max);
    }
    let version = |(id, version): (&str, i64)| ServiceVersion { service_id: id.to_owned(), version, contact_modified };
    versions.into_iter().map(version).collect()
}

/// See [`order_of`](crate::query::order_of).
pub(crate) fn order_of(index: &str) -> Option<&'static str> {
    [CODE, TAG].contains(&index).then_some(DATE)
}

/// Adds the postings of the services that `contact` holds.
pub(crate) fn postings(postings: &mut Postings, contact: &Object) {
    let (elements, dates) = (health_elements(contact), dates(contact));
    for service in objects(contact, "services") {
        let Some(id) = text(service, "id") else { continue };
        let date = dates.get(id).copied();
        let posting = |index, term: &str| Posting::new(index, index::exact(term)).of_part(id);
        postings.add(posting(DATE, EVERY).sorted(date));
        for patient in texts(contact, "secretForeignKeys") {
            postings.add(posting(DATE_BY_PATIENT, patient).sorted(date));
        }
        postings.codes(TAG, service, "tags", date, id);
        postings.codes(CODE, service, "codes", date, id);
        postings.identifiers(IDENTIFIER, service, "identifier", id);
        for element in texts(service, "healthElementsIds").chain(elements.get(id).into_iter().flatten().copied()) {
            postings.add(posting(HEALTH_ELEMENT, element));
        }
        for (qualification, links) in members(service, "qualifiedLinks") {
            for (association, linked) in links.as_object().into_iter().flatten() {
                postings.add(posting(ASSOCIATION, association));
                if let Some(linked) = linked.as_str() {
                    postings.add(posting(LINK, &index::single(linked)));
                    postings.add(posting(LINK, &index::pair(qualification, linked)));
                }
            }
        }
    }
}

/// The date of each service that has one; the earliest, of one that is there more than once.
fn dates(contact: &Object) -> BTreeMap<&str, i64> {
    let mut dates = BTreeMap::new();
    for service in objects(contact, "services") {
        let date = index::fuzzy(service, "valueDate").or_else(|| index::fuzzy(service, "openingDate"));
        if let (Some(id), Some(date)) = (text(service, "id"), date) {
            dates.entry(id).and_modify(|earliest| *earliest = date.min(*earliest)).or_insert(date);
        }
    }
    dates
}

/// For each service, the health elements of the sub-contacts that list it.
fn health_elements(contact: &Object) -> BTreeMap<&str, Vec<&str>> {
    let mut elements: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for sub in objects(contact, "subContacts") {
        let Some(element) = text(sub, "healthElementId") else { continue };
        for service in objects(sub, "services").filter_map(|link| text(link, "serviceId")) {
            elements.entry(service).or_default().push(element);
        }
    }
    elements
}

fn by_association(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(with_association(arguments.text("associationId")?)))
}

fn by_qualified_link(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let ids: Vec<String> = arguments.texts("linkValues")?.into_iter().map(str::to_owned).collect();
    Ok(Selection::unordered(linked_to(&ids, arguments.optional_text("linkQualification")?)))
}

fn by_patient_date(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    let patients = bounds.any_of(DATE_BY_PATIENT, arguments.texts("secretForeignKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let patients = index::any_of(DATE_BY_PATIENT, arguments.texts("patientSecretForeignKeys")?);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![patients])?))
}

fn by_health_elements(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let ids = arguments.optional_texts("healthElementIds")?.unwrap_or_default();
    let elements = index::any_of(HEALTH_ELEMENT, ids);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![elements])?))
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let identifiers = index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![identifiers])?))
}

/// Whatever is given must hold, of the same version of the service (wire 5.6, notes).
fn by_tag_code_date(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startValueDate", "endValueDate")?;
    let mut parts = Vec::new();
    if let Some(patients) = arguments.optional_texts("patientSecretForeignKeys")? {
        parts.push(bounds.any_of(DATE_BY_PATIENT, patients));
    }
    parts.extend(arguments.code("tagType", "tagCode")?.map(|tag| bounds.any_of(TAG, [tag])));
    parts.extend(arguments.code("codeType", "codeCode")?.map(|code| bounds.any_of(CODE, [code])));
    if parts.is_empty() {
        parts.push(bounds.every(DATE));
    }
    arguments.sorted(arguments.among("healthcarePartyId", parts)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entity::contact;
    use crate::entity::testing::{check_service, postings, show};

    #[test]
    fn postings_of_services() {
        let contact = json!({
            "id": "c", "secretForeignKeys": ["p1", "p2"],
            "subContacts": [
                {"healthElementId": "h1", "services": [{"serviceId": "a"}, {"serviceId": "elsewhere"}]},
                {"healthElementId": "h2", "services": [{"serviceId": "b"}]},
                {"services": [{"serviceId": "a"}]},
            ],
            "services": [
                {
                    "id": "a", "openingDate": 20230101, "healthElementsIds": ["h1", "h3"],
                    "identifier": [{"system": "s", "value": "v"}],
                    "codes": [{"type": "C", "code": "1"}],
                    "qualifiedLinks": {"parent": {"assoc": "b"}},
                },
                {"id": "b", "valueDate": 20230201, "openingDate": 20220101},
                {"label": "without id"},
            ],
        });
        let services: Vec<String> =
            postings(&contact::CLASS, &contact).into_iter().filter(|posting| posting.starts_with("service.")).collect();
        assert_eq!(
            services,
            [
                "service.association assoc #a",
                "service.code C @20230101000000 #a",
                "service.code C/1 @20230101000000 #a",
                "service.date  @20230101000000 #a",
                "service.date  @20230201000000 #b",
                "service.date-by-patient p1 @20230101000000 #a",
                "service.date-by-patient p1 @20230201000000 #b",
                "service.date-by-patient p2 @20230101000000 #a",
                "service.date-by-patient p2 @20230201000000 #b",
                "service.health-element h1 #a",
                "service.health-element h2 #b",
                "service.health-element h3 #a",
                "service.identifier 1:sv #a",
                "service.link b #a",
                "service.link parent/b #a",
            ]
        );
    }

    #[test]
    fn versions_of_services() {
        let contact = json!({
            "modified": 9,
            "services": [
                {"id": "b", "created": 1, "modified": 3, "endOfLife": 2},
                {"id": "a"},
                {"id": "b", "endOfLife": 4},
                {"label": "without id"},
            ],
        });
        let version = |id: &str, version| ServiceVersion { service_id: id.into(), version, contact_modified: 9 };
        let versions = (contact::CLASS.services)(contact.as_object().unwrap());
        assert_eq!(versions, [version("a", 0), version("b", 4)]);
    }

    #[test]
    fn filters_on_services() {
        check_service(&[
            ("ServiceByIdsFilter", json!({"ids": ["s"]}), "ids(s)"),
            ("ServiceByHcPartyFilter", json!({"hcpId": "me"}), "to(me,k)"),
            ("ServiceByAssociationIdFilter", json!({"associationId": "x"}), "service.association=x"),
            (
                "ServiceByDataOwnerPatientDateFilter",
                json!({"dataOwnerId": "me", "secretForeignKeys": ["p"], "endDate": 20230328, "descending": true}),
                "desc service.date-by-patient=p[..20230328235959]",
            ),
            (
                "ServiceByHcPartyHealthElementIdsFilter",
                json!({"healthcarePartyId": "you", "healthElementIds": ["h", "i"]}),
                "(service.health-element=h|i & to(you))",
            ),
            ("ServiceByHcPartyHealthElementIdsFilter", json!({}), "nothing"),
            ("ServiceByHcPartyIdentifiersFilter", json!({"identifiers": [{"value": "v"}]}), "service.identifier=:v"),
            (
                "ServiceByHcPartyTagCodeDateFilter",
                json!({"healthcarePartyId": "hcp-master", "tagType": "IC-TEST", "tagCode": "TEST"}),
                "asc (service.tag=IC-TEST/TEST & to(hcp-master))",
            ),
            (
                "ServiceByHcPartyTagCodeDateFilter",
                json!({
                    "patientSecretForeignKeys": ["p"], "tagType": "T", "codeType": "C", "codeCode": "1",
                    "startValueDate": 20230101, "descending": false,
                }),
                "asc (service.date-by-patient=p[20230101000000..] & service.tag=T[20230101000000..] & \
                 service.code=C/1[20230101000000..])",
            ),
            ("ServiceByHcPartyTagCodeDateFilter", json!({"descending": true}), "desc service.date="),
            (
                "ServiceByHcPartyTagCodeDateFilter",
                json!({"startValueDate": "20230101"}),
                "! startValueDate: expected an integer",
            ),
            ("ServiceByQualifiedLinkFilter", json!({"linkValues": ["a", "b"]}), "service.link=a|b"),
            (
                "ServiceByQualifiedLinkFilter",
                json!({"linkValues": ["a"], "linkQualification": "parent"}),
                "service.link=parent/a",
            ),
            ("ServiceBySecretForeignKeys", json!({"patientSecretForeignKeys": ["p"]}), "service.date-by-patient=p"),
            ("ContactByHcPartyFilter", json!({}), "! $type: expected a filter of this class"),
        ]);
    }

    #[test]
    fn lookups_of_services() {
        let ids = ["a".to_owned(), "b".to_owned()];
        assert_eq!(show(&with_association("x")), "service.association=x");
        assert_eq!(show(&linked_to(&ids, Some("parent"))), "service.link=parent/a|parent/b");
        assert_eq!(show(&about_health_elements(&ids)), "service.health-element=a|b");
    }

    #[test]
    fn a_json_null_is_no_value() {
        let contact: Value = json!({"services": [{"id": "a", "valueDate": null, "openingDate": 20230101}]});
        assert!(postings(&contact::CLASS, &contact).contains(&"service.date  @20230101000000 #a".to_owned()));
    }
}
