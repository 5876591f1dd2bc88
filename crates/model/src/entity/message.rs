//! Message: something sent from one address to others, or said in a topic.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, exact, integer, text, texts};
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef, sorted};
use crate::query::{Posting, Query, Selection};

const CREATED_BY_TRANSPORT_GUID: &str = "message.created-by-transport-guid";
const FROM_ADDRESS: &str = "message.from-address";
const INVOICE: &str = "message.invoice";
const PARENT: &str = "message.parent";
const RECEIVED_BY_TRANSPORT_GUID: &str = "message.received-by-transport-guid";
const SENT_BY_PATIENT: &str = "message.sent-by-patient";
const SENT_BY_TRANSPORT_GUID: &str = "message.sent-by-transport-guid";
const TO_ADDRESS: &str = "message.to-address";

/// The class of Message documents.
pub static CLASS: Class = Class {
    name: "Message",
    path: "message",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "MessageByHcPartyFilter", compile: |a| Ok(Selection::unordered(a.among("hcpId", vec![])?)) },
        FilterDef {
            name: "MessageByDataOwnerFromAddressFilter",
            compile: |a| by_address(a, FROM_ADDRESS, "fromAddress"),
        },
        FilterDef { name: "MessageByDataOwnerToAddressFilter", compile: |a| by_address(a, TO_ADDRESS, "toAddress") },
        FilterDef { name: "MessageByDataOwnerPatientSentDateFilter", compile: by_patient },
        FilterDef { name: "MessageByDataOwnerTransportGuidSentDateFilter", compile: by_transport_guid_sent },
        FilterDef { name: "MessageByHcPartyTransportGuidFilter", compile: by_transport_guid },
        FilterDef { name: "MessageByHcPartyTransportGuidReceivedFilter", compile: by_transport_guid_received },
        FilterDef { name: LATEST_BY_TRANSPORT_GUID, compile: latest_by_transport_guid },
        FilterDef {
            name: "MessageByInvoiceIdsFilter",
            compile: |a| Ok(Selection::unordered(index::any_of(INVOICE, a.texts("invoiceIds")?))),
        },
        FilterDef {
            name: "MessageByParentIdsFilter",
            compile: |a| Ok(Selection::unordered(index::any_of(PARENT, a.texts("parentIds")?))),
        },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientSentDate", index: SENT_BY_PATIENT, fuzzy: false }),
};

/// The one filter of which only the first answer counts ([`crate::filter::limit`]).
pub(crate) const LATEST_BY_TRANSPORT_GUID: &str = "LatestMessageByHcPartyTransportGuidFilter";

/// Answers to any of the messages (`GET message/{id}/children`, `POST message/children/batch`).
pub fn children(parents: &[String]) -> Query {
    index::any_of(PARENT, parents)
}

/// Messages about any of the invoices (`POST message/byInvoice`).
pub fn about_invoices(ids: &[String]) -> Query {
    index::any_of(INVOICE, ids)
}

/// Messages with any of the transport GUIDs, to be listed by the time they were sent
/// (`GET message/byTransportGuid…`). A GUID that ends in `:*` stands for all that start like it.
pub fn with_transport_guids(guids: &[String], sent: Bounds) -> Query {
    sent.any_of(SENT_BY_TRANSPORT_GUID, guids)
}

fn postings(message: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let sent = integer(message, "sent");
    postings.patients(SENT_BY_PATIENT, message, sent);
    postings.term(FROM_ADDRESS, text(message, "fromAddress"));
    postings.sorted(TO_ADDRESS, texts(message, "toAddresses"), None);
    postings.term(PARENT, text(message, "parentId"));
    postings.sorted(INVOICE, texts(message, "invoiceIds"), None);
    if let Some(guid) = text(message, "transportGuid") {
        postings.sorted(SENT_BY_TRANSPORT_GUID, guid_terms(guid), sent);
        postings.sorted(RECEIVED_BY_TRANSPORT_GUID, guid_terms(guid), integer(message, "received"));
        postings.sorted(CREATED_BY_TRANSPORT_GUID, [guid], integer(message, "created"));
    }
    postings.finish()
}

/// A transport GUID and what finds it with a wildcard: `A:B:1` is found as `A:*` and `A:B:*` too.
fn guid_terms(guid: &str) -> impl Iterator<Item = String> {
    const LEVELS: usize = 4;
    let wildcards = guid.match_indices(':').take(LEVELS).filter_map(|(at, colon)| guid.get(..at + colon.len()));
    std::iter::once(exact(guid)).chain(wildcards.map(|start| exact(&format!("{start}*"))))
}

fn by_address(arguments: &Arguments<'_>, index: &'static str, name: &str) -> Result<Selection, FieldError> {
    let address = index::any_of(index, [arguments.text(name)?]);
    Ok(Selection::unordered(arguments.among("dataOwnerId", vec![address])?))
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.instants("startDate", "endDate")?;
    let patients = bounds.any_of(SENT_BY_PATIENT, arguments.texts("secretPatientKeys")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_transport_guid(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let guid = index::any_of(SENT_BY_TRANSPORT_GUID, [arguments.text("transportGuid")?]);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![guid])?))
}

fn by_transport_guid_sent(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = Bounds::instants(Some(arguments.integer("fromDate")?), Some(arguments.integer("toDate")?));
    let guid = bounds.any_of(SENT_BY_TRANSPORT_GUID, [arguments.text("transportGuid")?]);
    arguments.sorted(arguments.among("dataOwnerId", vec![guid])?)
}

fn by_transport_guid_received(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let guid = index::any_of(RECEIVED_BY_TRANSPORT_GUID, [arguments.text("transportGuid")?]);
    arguments.sorted(arguments.among("healthcarePartyId", vec![guid])?)
}

/// Newest first: who answers this filter keeps the first ([`crate::filter::limit`]).
fn latest_by_transport_guid(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let guid = index::any_of(CREATED_BY_TRANSPORT_GUID, [arguments.text("transportGuid")?]);
    Ok(sorted(arguments.among("healthcarePartyId", vec![guid])?, true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_message() {
        let message = json!({
            "id": "m", "created": 5, "sent": 6, "received": 7, "fromAddress": "a@x", "toAddresses": ["b@x", "c@x"],
            "transportGuid": "HUB:IN:1", "parentId": "m0", "invoiceIds": ["i"], "secretForeignKeys": ["p"],
        });
        assert_eq!(
            postings(&CLASS, &message),
            [
                "message.created-by-transport-guid HUB:IN:1 @5",
                "message.from-address a@x",
                "message.invoice i",
                "message.parent m0",
                "message.received-by-transport-guid HUB:* @7",
                "message.received-by-transport-guid HUB:IN:* @7",
                "message.received-by-transport-guid HUB:IN:1 @7",
                "message.sent-by-patient p @6",
                "message.sent-by-transport-guid HUB:* @6",
                "message.sent-by-transport-guid HUB:IN:* @6",
                "message.sent-by-transport-guid HUB:IN:1 @6",
                "message.to-address b@x",
                "message.to-address c@x",
            ]
        );
        assert!(postings(&CLASS, &json!({"id": "m", "subject": "in a topic"})).is_empty());
    }

    #[test]
    fn filters_on_messages() {
        check(
            &CLASS,
            &[
                ("MessageByHcPartyFilter", json!({"hcpId": "me"}), "to(me,k)"),
                (
                    "MessageByDataOwnerFromAddressFilter",
                    json!({"dataOwnerId": "you", "fromAddress": "a@x"}),
                    "(message.from-address=a@x & to(you))",
                ),
                ("MessageByDataOwnerToAddressFilter", json!({"toAddress": "b@x"}), "message.to-address=b@x"),
                ("MessageByDataOwnerToAddressFilter", json!({}), "! toAddress: expected a string"),
                (
                    "MessageByDataOwnerPatientSentDateFilter",
                    json!({"secretPatientKeys": ["p"], "startDate": 1, "endDate": 2, "descending": true}),
                    "desc message.sent-by-patient=p[1..2]",
                ),
                (
                    "MessageByDataOwnerTransportGuidSentDateFilter",
                    json!({"dataOwnerId": "me", "transportGuid": "HUB:*", "fromDate": 1, "toDate": 2}),
                    "asc message.sent-by-transport-guid=HUB:*[1..2]",
                ),
                (
                    "MessageByDataOwnerTransportGuidSentDateFilter",
                    json!({"transportGuid": "g", "fromDate": 1}),
                    "! toDate: expected an integer",
                ),
                (
                    "MessageByHcPartyTransportGuidFilter",
                    json!({"healthcarePartyId": "me", "transportGuid": "g"}),
                    "message.sent-by-transport-guid=g",
                ),
                (
                    "MessageByHcPartyTransportGuidReceivedFilter",
                    json!({"transportGuid": "g", "descending": true}),
                    "desc message.received-by-transport-guid=g",
                ),
                (
                    "LatestMessageByHcPartyTransportGuidFilter",
                    json!({"healthcarePartyId": "you", "transportGuid": "g"}),
                    "desc (message.created-by-transport-guid=g & to(you))",
                ),
                ("MessageByInvoiceIdsFilter", json!({"invoiceIds": ["i"]}), "message.invoice=i"),
                ("MessageByParentIdsFilter", json!({"parentIds": ["m", "n"]}), "message.parent=m|n"),
            ],
        );
    }

    #[test]
    fn lookups_of_messages() {
        let ids = ["a".to_owned()];
        assert_eq!(show(&children(&ids)), "message.parent=a");
        assert_eq!(show(&about_invoices(&ids)), "message.invoice=a");
        assert_eq!(show(&with_transport_guids(&ids, Bounds::default())), "message.sent-by-transport-guid=a");
    }
}
