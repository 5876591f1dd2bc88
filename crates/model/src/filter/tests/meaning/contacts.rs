//! What filters on contacts and on services mean.

use serde_json::{Value, json};

use super::*;
use crate::entity::contact;

pub(super) fn contacts() -> Population {
    Population {
        name: "Contact",
        class: &contact::CLASS,
        document,
        filters: vec![
            ("ContactByHcPartyFilter", |t| all(t).of_owner("hcpId", t)),
            ("ContactByDataOwnerFormIdsFilter", by_forms),
            ("ContactByDataOwnerOpeningDateFilter", by_opening),
            ("ContactByDataOwnerPatientOpeningDateFilter", by_patient_opening),
            ("ContactByDataOwnerServiceCodeFilter", |t| by_service_stub(t, "codes", "codeType", "codeCode")),
            ("ContactByDataOwnerServiceTagFilter", |t| by_service_stub(t, "tags", "tagType", "tagCode")),
            ("ContactByExternalIdFilter", by_external_id),
            ("ContactByHcPartyIdentifiersFilter", by_identifiers),
            ("ContactByHcPartyPatientTagCodeDateFilter", |t| by_tag_code_date(t, true)),
            ("ContactByHcPartyTagCodeDateFilter", |t| by_tag_code_date(t, false)),
            ("ContactByServiceIdsFilter", by_services),
        ],
    }
}

pub(super) fn services() -> Population {
    Population {
        name: "Service",
        class: &contact::CLASS,
        document,
        filters: vec![
            ("ServiceByIdsFilter", services_by_ids),
            ("ServiceByHcPartyFilter", |t| all(t).of_owner("hcpId", t)),
            ("ServiceByAssociationIdFilter", by_association),
            ("ServiceByDataOwnerPatientDateFilter", by_patient_date),
            ("ServiceByHcPartyHealthElementIdsFilter", by_health_elements),
            ("ServiceByHcPartyIdentifiersFilter", services_by_identifiers),
            ("ServiceByHcPartyTagCodeDateFilter", services_by_tag_code_date),
            ("ServiceByQualifiedLinkFilter", by_link),
            ("ServiceBySecretForeignKeys", by_patient),
        ],
    }
}

const SERVICES: &[&str] = &["s1", "s2", "s3"];
const FORMS: &[&str] = &["f1", "f2"];
const ELEMENTS: &[&str] = &["h1", "h2"];

fn document(t: &mut Tape<'_>) -> Value {
    json!({
        "modified": instant(t),
        "openingDate": fuzzy(t),
        "externalId": t.maybe(&["x", "y"]),
        "secretForeignKeys": patients_of(t),
        "tags": stubs(t),
        "codes": stubs(t),
        "identifier": identifiers(t),
        "services": t.some_of(SERVICES).into_iter().map(|id| service(t, id)).collect::<Vec<_>>(),
        "subContacts": (0..t.pick(3)).map(|_| json!({
            "formId": t.maybe(FORMS),
            "healthElementId": t.maybe(ELEMENTS),
            "services": t.some_of(SERVICES).into_iter().map(|id| json!({"serviceId": id})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn service(t: &mut Tape<'_>, id: &str) -> Value {
    let mut service = json!({
        "id": id,
        "valueDate": fuzzy(t),
        "openingDate": fuzzy(t),
        "modified": instant(t),
        "created": instant(t),
        "endOfLife": instant(t),
        "tags": stubs(t),
        "codes": stubs(t),
        "identifier": identifiers(t),
        "formIds": if t.pick(4) == 1 { t.some_of(FORMS) } else { vec![] },
        "healthElementsIds": if t.pick(4) == 1 { t.some_of(ELEMENTS) } else { vec![] },
    });
    if let Some(kind) = t.maybe(&["parent", "child"]) {
        service["qualifiedLinks"] = json!({kind: {*t.one_of(&["a1", "a2"]): *t.one_of(SERVICES)}});
    }
    service
}

fn opening(seen: &Seen<'_>) -> Option<String> {
    fuzzy_key(&seen.body["openingDate"])
}

fn by_forms(t: &mut Tape<'_>) -> Asked {
    let forms = t.some_of(FORMS);
    let filter = json!({"formIds": forms});
    let holds = move |seen: &Seen<'_>| {
        let in_subs = list(seen.body, "subContacts").iter().any(|sub| forms.iter().any(|form| sub["formId"] == *form));
        in_subs || list(seen.body, "services").iter().any(|service| has(service, "formIds", &forms))
    };
    Asked::new(filter, holds).of_owner("dataOwnerId", t)
}

fn by_opening(t: &mut Tape<'_>) -> Asked {
    let (start, end) = (fuzzy(t), fuzzy(t));
    let filter = json!({"startDate": start, "endDate": end, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| fuzzy_within(&seen.body["openingDate"], start, end);
    Asked::new(filter, holds).sorted(opening).of_owner("dataOwnerId", t)
}

fn by_patient_opening(t: &mut Tape<'_>) -> Asked {
    let (start, end, patients) = (fuzzy(t), fuzzy(t), patients_of(t));
    let filter = json!({"startDate": start, "endDate": end, "secretForeignKeys": patients, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| {
        has(seen.body, "secretForeignKeys", &patients) && fuzzy_within(&seen.body["openingDate"], start, end)
    };
    Asked::new(filter, holds).sorted(opening).of_owner("dataOwnerId", t)
}

fn by_service_stub(t: &mut Tape<'_>, list_name: &'static str, kind_name: &str, code_name: &str) -> Asked {
    let (kind, code) = (*t.one_of(&["A", "B", "C"]), t.maybe(&["1", "2"]));
    let filter = json!({kind_name: kind, code_name: code});
    let holds = move |seen: &Seen<'_>| {
        list(seen.body, "services").iter().any(|service| has_stub(service, list_name, (Some(kind), code)))
    };
    Asked::new(filter, holds).of_owner("dataOwnerId", t)
}

fn by_external_id(t: &mut Tape<'_>) -> Asked {
    let id = *t.one_of(&["x", "y", "z"]);
    Asked::new(json!({"externalId": id}), move |seen| seen.body["externalId"] == id)
}

fn by_identifiers(t: &mut Tape<'_>) -> Asked {
    let wanted = identifiers(t);
    let filter = json!({"identifiers": wanted});
    Asked::new(filter, move |seen| has_identifier(seen.body, "identifier", &wanted)).of_owner("healthcarePartyId", t)
}

fn by_tag_code_date(t: &mut Tape<'_>, with_patients: bool) -> Asked {
    let (tag, code, start, end) = (stub(t), stub(t), fuzzy(t), fuzzy(t));
    let patients = (with_patients && t.chance()).then(|| patients_of(t));
    let filter = json!({
        "tagType": tag.0, "tagCode": tag.1, "codeType": code.0, "codeCode": code.1,
        "startOfContactOpeningDate": start, "endOfContactOpeningDate": end, "patientSecretForeignKeys": patients,
    });
    let holds = move |seen: &Seen<'_>| {
        has_stub(seen.body, "tags", tag)
            && has_stub(seen.body, "codes", code)
            && fuzzy_within(&seen.body["openingDate"], start, end)
            && patients.as_ref().is_none_or(|patients| has(seen.body, "secretForeignKeys", patients))
    };
    Asked::new(filter, holds).sorted(opening).of_owner("healthcarePartyId", t)
}

fn by_services(t: &mut Tape<'_>) -> Asked {
    let ids = t.some_of(SERVICES);
    let filter = json!({"ids": ids});
    Asked::new(filter, move |seen| {
        list(seen.body, "services").iter().any(|service| ids.iter().any(|id| service["id"] == *id))
    })
}

/// The date of a service: its value date, or its opening date if that is null.
fn date<'a>(seen: &Seen<'a>) -> &'a Value {
    match &seen.part["valueDate"] {
        Value::Null => &seen.part["openingDate"],
        date => date,
    }
}

fn date_key(seen: &Seen<'_>) -> Option<String> {
    fuzzy_key(date(seen))
}

fn services_by_ids(t: &mut Tape<'_>) -> Asked {
    let ids = t.some_of(SERVICES);
    Asked::new(json!({"ids": ids}), move |seen| ids.iter().any(|id| seen.part["id"] == *id))
}

fn by_association(t: &mut Tape<'_>) -> Asked {
    let id = *t.one_of(&["a1", "a2", "a3"]);
    Asked::new(json!({"associationId": id}), move |seen| {
        let mut links = seen.part["qualifiedLinks"].as_object().into_iter().flat_map(|links| links.values());
        links.any(|links| !links[id].is_null())
    })
}

fn by_link(t: &mut Tape<'_>) -> Asked {
    let (values, kind) = (t.some_of(SERVICES), t.maybe(&["parent", "child"]));
    let filter = json!({"linkValues": values, "linkQualification": kind});
    Asked::new(filter, move |seen| {
        let mut links = seen.part["qualifiedLinks"].as_object().into_iter().flatten();
        links.any(|(qualification, links)| {
            let mut linked = links.as_object().unwrap().values();
            kind.is_none_or(|kind| qualification == kind)
                && linked.any(|linked| values.iter().any(|value| linked == value))
        })
    })
}

fn by_patient_date(t: &mut Tape<'_>) -> Asked {
    let (start, end, patients) = (fuzzy(t), fuzzy(t), patients_of(t));
    let filter = json!({"startDate": start, "endDate": end, "secretForeignKeys": patients, "descending": t.chance()});
    let holds =
        move |seen: &Seen<'_>| has(seen.body, "secretForeignKeys", &patients) && fuzzy_within(date(seen), start, end);
    Asked::new(filter, holds).sorted(date_key).of_owner("dataOwnerId", t)
}

fn by_patient(t: &mut Tape<'_>) -> Asked {
    let patients = patients_of(t);
    let filter = json!({"patientSecretForeignKeys": patients});
    Asked::new(filter, move |seen| has(seen.body, "secretForeignKeys", &patients)).of_owner("healthcarePartyId", t)
}

fn by_health_elements(t: &mut Tape<'_>) -> Asked {
    let ids = t.some_of(ELEMENTS);
    let filter = json!({"healthElementIds": ids});
    let holds = move |seen: &Seen<'_>| {
        let lists = |sub: &Value| list(sub, "services").iter().any(|link| link["serviceId"] == seen.part["id"]);
        let about = |sub: &Value| ids.iter().any(|id| sub["healthElementId"] == *id);
        has(seen.part, "healthElementsIds", &ids)
            || list(seen.body, "subContacts").iter().any(|sub| lists(sub) && about(sub))
    };
    Asked::new(filter, holds).of_owner("healthcarePartyId", t)
}

fn services_by_identifiers(t: &mut Tape<'_>) -> Asked {
    let wanted = identifiers(t);
    let filter = json!({"identifiers": wanted});
    Asked::new(filter, move |seen| has_identifier(seen.part, "identifier", &wanted)).of_owner("healthcarePartyId", t)
}

fn services_by_tag_code_date(t: &mut Tape<'_>) -> Asked {
    let (tag, code, start, end) = (stub(t), stub(t), fuzzy(t), fuzzy(t));
    let patients = t.chance().then(|| patients_of(t));
    let filter = json!({
        "tagType": tag.0, "tagCode": tag.1, "codeType": code.0, "codeCode": code.1, "startValueDate": start,
        "endValueDate": end, "patientSecretForeignKeys": patients, "descending": t.chance(),
    });
    let holds = move |seen: &Seen<'_>| {
        has_stub(seen.part, "tags", tag)
            && has_stub(seen.part, "codes", code)
            && fuzzy_within(date(seen), start, end)
            && patients.as_ref().is_none_or(|patients| has(seen.body, "secretForeignKeys", patients))
    };
    Asked::new(filter, holds).sorted(date_key).of_owner("healthcarePartyId", t)
}
