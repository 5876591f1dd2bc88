//! What filters on the other records of patients mean.

use serde_json::{Value, json};

use super::*;
use crate::entity::{
    access_log, calendar_item, classification, document, form, health_element, invoice, maintenance_task, message,
    topic,
};

pub(super) fn populations() -> Vec<Population> {
    vec![
        Population {
            name: "HealthElement",
            class: &health_element::CLASS,
            document: |t| {
                let mut element = json!({
                    "openingDate": fuzzy(t), "secretForeignKeys": patients_of(t),
                    "tags": stubs(t), "codes": stubs(t), "identifiers": identifiers(t),
                });
                if let Some(status) = t.maybe(&[0, 1]) {
                    element["status"] = json!(status);
                }
                element
            },
            filters: vec![
                ("HealthElementByIdsFilter", by_ids),
                ("HealthElementByHcPartyFilter", |t| all(t).of_owner("hcpId", t)),
                ("HealthElementByDataOwnerPatientOpeningDate", |t| {
                    by_patient(t, Dates::Fuzzy, "openingDate", "patientSecretForeignKeys")
                        .of_owner("healthcarePartyId", t)
                }),
                ("HealthElementByHcPartyIdentifiersFilter", |t| {
                    by_identifiers(t, "identifiers").of_owner("hcPartyId", t)
                }),
                ("HealthElementByHcPartyStatusFilter", element_by_status),
                ("HealthElementByHcPartyTagCodeFilter", element_by_tag_code),
            ],
        },
        Population {
            name: "MaintenanceTask",
            class: &maintenance_task::CLASS,
            document: |t| json!({"created": instant(t), "taskType": t.maybe(&["T", "U"]), "identifier": identifiers(t)}),
            filters: vec![
                ("MaintenanceTaskByIdsFilter", by_ids),
                ("MaintenanceTaskAfterDateFilter", task_after),
                ("MaintenanceTaskByHcPartyAndIdentifiersFilter", |t| {
                    by_identifiers(t, "identifier").of_owner("healthcarePartyId", t)
                }),
                ("MaintenanceTaskByHcPartyAndTypeFilter", |t| {
                    by_field(t, "type", "taskType", &["T", "U"]).of_owner("healthcarePartyId", t)
                }),
            ],
        },
        Population {
            name: "Document",
            class: &document::CLASS,
            document: |t| json!({"created": instant(t), "documentType": t.maybe(&["note", "report"]), "secretForeignKeys": patients_of(t)}),
            filters: vec![
                ("DocumentByDataOwnerPatientDateFilter", |t| {
                    by_patient(t, Dates::Instants, "created", "secretPatientKeys").of_owner("dataOwnerId", t)
                }),
                ("DocumentByTypeDataOwnerPatientFilter", document_by_type),
            ],
        },
        Population {
            name: "AccessLog",
            class: &access_log::CLASS,
            document: |t| {
                json!({
                    "date": instant(t), "user": t.maybe(&["u", "w"]), "accessType": t.maybe(&["A", "B"]),
                    "secretForeignKeys": patients_of(t),
                })
            },
            filters: vec![
                ("AccessLogByDataOwnerPatientDateFilter", |t| {
                    by_patient(t, Dates::Instants, "date", "secretPatientIds").of_owner("dataOwnerId", t)
                }),
                ("AccessLogByDateFilter", log_by_date),
                ("AccessLogByUserIdUserTypeDateFilter", log_by_user),
            ],
        },
        Population { name: "Message", class: &message::CLASS, document: a_message, filters: messages() },
        Population {
            name: "Topic",
            class: &topic::CLASS,
            document: |t| {
                let participants = t.some_of(&["u", "v"]).into_iter().map(|id| (id.to_owned(), json!("OWNER")));
                json!({"activeParticipants": participants.collect::<serde_json::Map<_, _>>()})
            },
            filters: vec![
                ("TopicByHcPartyFilter", |t| all(t).of_owner("hcpId", t)),
                ("TopicByParticipantFilter", |t| {
                    let id = *t.one_of(&["u", "v", "w"]);
                    Asked::new(json!({"participantId": id}), move |seen| !seen.body["activeParticipants"][id].is_null())
                }),
            ],
        },
        Population {
            name: "Form",
            class: &form::CLASS,
            document: |t| {
                json!({
                    "created": instant(t), "openingDate": fuzzy(t), "parent": t.maybe(&["a", "b"]),
                    "logicalUuid": t.maybe(&["a", "b"]), "uniqueId": t.maybe(&["a", "b"]), "secretForeignKeys": patients_of(t),
                })
            },
            filters: vec![
                ("FormByDataOwnerParentIdFilter", |t| {
                    by_field(t, "parentId", "parent", &["a", "b"]).of_owner("dataOwnerId", t)
                }),
                ("FormByDataOwnerPatientOpeningDateFilter", |t| {
                    by_patient(t, Dates::Fuzzy, "openingDate", "secretPatientKeys").of_owner("dataOwnerId", t)
                }),
                ("FormByLogicalUuidFilter", |t| form_by_id(t, "logicalUuid")),
                ("FormByUniqueUuidFilter", |t| form_by_id(t, "uniqueId")),
            ],
        },
        Population {
            name: "Invoice",
            class: &invoice::CLASS,
            document: |t| {
                let codes = [json!({"code": "1"}), json!({"code": "2", "tarificationId": "1"})];
                json!({"invoiceDate": fuzzy(t), "invoicingCodes": t.some_of(&codes), "secretForeignKeys": patients_of(t)})
            },
            filters: vec![("InvoiceByHcPartyCodeDateFilter", invoice_by_code)],
        },
        Population {
            name: "CalendarItem",
            class: &calendar_item::CLASS,
            document: |t| {
                json!({
                    "startTime": fuzzy(t), "agendaId": t.maybe(&["a", "b"]), "recurrenceId": t.maybe(&["a", "b"]),
                    "secretForeignKeys": patients_of(t),
                })
            },
            filters: vec![
                ("CalendarItemByDataOwnerPatientStartTimeFilter", |t| {
                    by_patient(t, Dates::Fuzzy, "startTime", "secretPatientIds").of_owner("dataOwnerId", t)
                }),
                ("CalendarItemByPeriodAndAgendaIdFilter", |t| item_by_period(t, Some(&["a", "b"]))),
                ("CalendarItemByPeriodAndDataOwnerIdFilter", |t| item_by_period(t, None).of_owner("dataOwnerId", t)),
                ("CalendarItemByRecurrenceIdFilter", |t| by_field(t, "recurrenceId", "recurrenceId", &["a", "b"])),
            ],
        },
        Population {
            name: "Classification",
            class: &classification::CLASS,
            document: |t| json!({"created": instant(t), "secretForeignKeys": patients_of(t)}),
            filters: vec![("ClassificationByDataOwnerPatientCreatedDateFilter", |t| {
                by_patient(t, Dates::Instants, "created", "secretForeignKeys").of_owner("dataOwnerId", t)
            })],
        },
    ]
}

#[derive(Clone, Copy)]
enum Dates {
    Fuzzy,
    Instants,
}

impl Dates {
    fn some(self, t: &mut Tape<'_>) -> Option<i64> {
        match self {
            Self::Fuzzy => fuzzy(t),
            Self::Instants => instant(t),
        }
    }

    fn key(self, date: &Value) -> Option<String> {
        match self {
            Self::Fuzzy => fuzzy_key(date),
            Self::Instants => instant_key(date),
        }
    }

    fn within(self, date: &Value, start: Option<i64>, end: Option<i64>) -> bool {
        match self {
            Self::Fuzzy => fuzzy_within(date, start, end),
            Self::Instants => instant_within(date, start, end),
        }
    }
}

/// Of a patient, in the order of the date `field`; the patients stand in the argument `keys`.
fn by_patient(t: &mut Tape<'_>, dates: Dates, field: &'static str, keys: &str) -> Asked {
    let (start, end, patients) = (dates.some(t), dates.some(t), patients_of(t));
    let filter = json!({"startDate": start, "endDate": end, keys: patients, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| {
        has(seen.body, "secretForeignKeys", &patients) && dates.within(&seen.body[field], start, end)
    };
    Asked::new(filter, holds).sorted(move |seen| dates.key(&seen.body[field]))
}

fn by_identifiers(t: &mut Tape<'_>, field: &'static str) -> Asked {
    let wanted = identifiers(t);
    Asked::new(json!({"identifiers": wanted}), move |seen| has_identifier(seen.body, field, &wanted))
}

/// With the value of the argument `name` in the field `field`.
pub(super) fn by_field(t: &mut Tape<'_>, name: &str, field: &'static str, values: &[&'static str]) -> Asked {
    let value = *t.one_of(values);
    Asked::new(json!({name: value}), move |seen| seen.body[field] == value)
}

fn element_by_status(t: &mut Tape<'_>) -> Asked {
    let status = *t.one_of(&[0, 1, 2]);
    let filter = json!({"status": status});
    Asked::new(filter, move |seen| seen.body["status"].as_i64().unwrap_or(0) == status).of_owner("hcPartyId", t)
}

fn element_by_tag_code(t: &mut Tape<'_>) -> Asked {
    let (tag, code, status) = (stub(t), stub(t), t.maybe(&[0, 1]));
    let filter = json!({"tagType": tag.0, "tagCode": tag.1, "codeType": code.0, "codeCode": code.1, "status": status});
    let holds = move |seen: &Seen<'_>| {
        has_stub(seen.body, "tags", tag)
            && has_stub(seen.body, "codes", code)
            && status.is_none_or(|status| seen.body["status"].as_i64().unwrap_or(0) == status)
    };
    Asked::new(filter, holds).of_owner("healthcarePartyId", t)
}

fn task_after(t: &mut Tape<'_>) -> Asked {
    let date = *t.one_of(&[0, 1, 3, 6]);
    let holds = move |seen: &Seen<'_>| seen.body["created"].as_i64().is_some_and(|created| created > date);
    Asked::new(json!({"date": date}), holds)
        .sorted(|seen| instant_key(&seen.body["created"]))
        .of_owner("healthcarePartyId", t)
}

fn document_by_type(t: &mut Tape<'_>) -> Asked {
    let (kind, patients) = (*t.one_of(&["note", "report"]), patients_of(t));
    let filter = json!({"documentType": kind, "secretPatientKeys": patients});
    let holds =
        move |seen: &Seen<'_>| seen.body["documentType"] == kind && has(seen.body, "secretForeignKeys", &patients);
    Asked::new(filter, holds).of_owner("dataOwnerId", t)
}

fn log_by_date(t: &mut Tape<'_>) -> Asked {
    let (start, end) = (instant(t), instant(t));
    let filter = json!({"startDate": start, "endDate": end, "descending": t.chance()});
    Asked::new(filter, move |seen| instant_within(&seen.body["date"], start, end))
        .sorted(|seen| instant_key(&seen.body["date"]))
}

fn log_by_user(t: &mut Tape<'_>) -> Asked {
    let (user, kind, start) = (*t.one_of(&["u", "w"]), t.maybe(&["A", "B"]), instant(t));
    let filter = json!({"userId": user, "accessType": kind, "startDate": start, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| {
        seen.body["user"] == user
            && kind.is_none_or(|kind| seen.body["accessType"] == kind)
            && instant_within(&seen.body["date"], start, None)
    };
    Asked::new(filter, holds).sorted(|seen| instant_key(&seen.body["date"]))
}

fn a_message(t: &mut Tape<'_>) -> Value {
    json!({
        "created": instant(t), "sent": t.one_of(&[None, Some(1), Some(2), Some(3), Some(4), Some(5)]), "received": instant(t),
        "fromAddress": t.maybe(&["a", "b"]), "toAddresses": t.some_of(&["a", "b"]),
        "transportGuid": t.one_of(&[None, Some("H:1"), Some("H:I:1"), Some("G"), Some("H:1"), Some("H")]), "parentId": t.maybe(&["d0", "d1"]),
        "invoiceIds": t.some_of(&["i", "j"]), "secretForeignKeys": patients_of(t),
    })
}

fn messages() -> Vec<(&'static str, Ask)> {
    vec![
        ("MessageByHcPartyFilter", |t| all(t).of_owner("hcpId", t)),
        ("MessageByDataOwnerFromAddressFilter", |t| {
            by_field(t, "fromAddress", "fromAddress", &["a", "b"]).of_owner("dataOwnerId", t)
        }),
        ("MessageByDataOwnerToAddressFilter", |t| {
            let address = *t.one_of(&["a", "b", "c"]);
            Asked::new(json!({"toAddress": address}), move |seen| has(seen.body, "toAddresses", &[address]))
                .of_owner("dataOwnerId", t)
        }),
        ("MessageByDataOwnerPatientSentDateFilter", |t| {
            by_patient(t, Dates::Instants, "sent", "secretPatientKeys").of_owner("dataOwnerId", t)
        }),
        ("MessageByDataOwnerTransportGuidSentDateFilter", |t| {
            let (guid, start, end) = (guid(t), *t.one_of(&[1, 1, 3]), *t.one_of(&[6, 6, 2]));
            let filter = json!({"transportGuid": guid, "fromDate": start, "toDate": end, "descending": t.chance()});
            let holds = move |seen: &Seen<'_>| {
                has_guid(seen, guid) && instant_within(&seen.body["sent"], Some(start), Some(end))
            };
            Asked::new(filter, holds).sorted(|seen| instant_key(&seen.body["sent"])).of_owner("dataOwnerId", t)
        }),
        ("MessageByHcPartyTransportGuidFilter", |t| {
            let guid = guid(t);
            Asked::new(json!({"transportGuid": guid}), move |seen| has_guid(seen, guid))
                .of_owner("healthcarePartyId", t)
        }),
        ("MessageByHcPartyTransportGuidReceivedFilter", |t| {
            let guid = guid(t);
            Asked::new(json!({"transportGuid": guid, "descending": t.chance()}), move |seen| has_guid(seen, guid))
                .sorted(|seen| instant_key(&seen.body["received"]))
                .of_owner("healthcarePartyId", t)
        }),
        ("LatestMessageByHcPartyTransportGuidFilter", |t| {
            let guid = *t.one_of(&["H:1", "G"]);
            let mut asked = Asked::new(json!({"transportGuid": guid}), move |seen| seen.body["transportGuid"] == guid)
                .sorted(|seen| instant_key(&seen.body["created"]))
                .of_owner("healthcarePartyId", t);
            asked.order.as_mut().unwrap().descending = true;
            asked
        }),
        ("MessageByInvoiceIdsFilter", |t| {
            let ids = t.some_of(&["i", "j", "k"]);
            Asked::new(json!({"invoiceIds": ids}), move |seen| has(seen.body, "invoiceIds", &ids))
        }),
        ("MessageByParentIdsFilter", |t| {
            let ids = some_ids(t);
            Asked::new(json!({"parentIds": ids}), move |seen| ids.iter().any(|id| seen.body["parentId"] == *id))
        }),
    ]
}

fn guid(t: &mut Tape<'_>) -> &'static str {
    let guids = ["H:*", "H:1", "H", "H:*", "H:I:*", "G", "G:*"];
    guids[t.pick(guids.len())]
}

fn has_guid(seen: &Seen<'_>, wanted: &str) -> bool {
    let guid = seen.body["transportGuid"].as_str().unwrap_or_default();
    match wanted.strip_suffix('*') {
        Some(start) => guid.starts_with(start),
        None => guid == wanted,
    }
}

fn form_by_id(t: &mut Tape<'_>, field: &'static str) -> Asked {
    let mut asked = by_field(t, field, field, &["a", "b"]);
    asked.filter["descending"] = json!(t.chance());
    asked.sorted(|seen| instant_key(&seen.body["created"]))
}

fn invoice_by_code(t: &mut Tape<'_>) -> Asked {
    let (code, start, end) = (*t.one_of(&["1", "2"]), fuzzy(t), fuzzy(t));
    let filter = json!({"code": code, "startInvoiceDate": start, "endInvoiceDate": end});
    let holds = move |seen: &Seen<'_>| {
        let mut codes = list(seen.body, "invoicingCodes").iter();
        codes.any(|one| one["code"] == code || one["tarificationId"] == code)
            && fuzzy_within(&seen.body["invoiceDate"], start, end)
    };
    Asked::new(filter, holds).sorted(|seen| fuzzy_key(&seen.body["invoiceDate"])).of_owner("healthcarePartyId", t)
}

fn item_by_period(t: &mut Tape<'_>, agendas: Option<&[&'static str]>) -> Asked {
    let (start, end) = (*t.one_of(FUZZY), *t.one_of(FUZZY));
    let agenda = agendas.map(|agendas| *t.one_of(agendas));
    let filter = json!({"startTime": start, "endTime": end, "agendaId": agenda, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| {
        agenda.is_none_or(|agenda| seen.body["agendaId"] == agenda)
            && fuzzy_within(&seen.body["startTime"], Some(start), Some(end))
    };
    Asked::new(filter, holds).sorted(|seen| fuzzy_key(&seen.body["startTime"]))
}
