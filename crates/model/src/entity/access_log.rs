//! AccessLog: a note that somebody looked at a patient's data.

use crate::Object;
use crate::class::{ByPatient, Class, no_services, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, pair, single, text};
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef};
use crate::query::{Posting, Query, Selection};

const DATE: &str = "access-log.date";
const DATE_BY_PATIENT: &str = "access-log.date-by-patient";
const DATE_BY_USER: &str = "access-log.date-by-user";

/// The class of AccessLog documents.
pub static CLASS: Class = Class {
    name: "AccessLog",
    path: "accesslog",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "AccessLogByDataOwnerPatientDateFilter", compile: by_patient },
        FilterDef { name: "AccessLogByDateFilter", compile: |a| a.sorted(dated(a.instants("startDate", "endDate")?)) },
        FilterDef { name: "AccessLogByUserIdUserTypeDateFilter", compile: by_user },
    ],
    by_patient: Some(ByPatient { path: "byDataOwnerPatientDate", index: DATE_BY_PATIENT, fuzzy: false }),
};

/// Access logs by date, to be listed in that order (`GET accesslog`).
pub fn dated(bounds: Bounds) -> Query {
    bounds.every(DATE)
}

/// What the user `id` did, of one type of access if given, to be listed by date (`GET accesslog/byUser`).
pub fn of_user(id: &str, access_type: Option<&str>, bounds: Bounds) -> Query {
    let term = access_type.map_or_else(|| single(id), |kind| pair(id, kind));
    bounds.any_of(DATE_BY_USER, [term])
}

fn postings(log: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let date = index::integer(log, "date");
    postings.sorted(DATE, [EVERY], date);
    postings.patients(DATE_BY_PATIENT, log, date);
    if let Some(user) = text(log, "user") {
        let with_type = text(log, "accessType").map(|kind| pair(user, kind));
        postings.sorted(DATE_BY_USER, std::iter::once(single(user)).chain(with_type), date);
    }
    postings.finish()
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.instants("startDate", "endDate")?;
    let patients = bounds.any_of(DATE_BY_PATIENT, arguments.texts("secretPatientIds")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_user(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = Bounds { from: arguments.optional_integer("startDate")?, to: None };
    arguments.sorted(of_user(arguments.text("userId")?, arguments.optional_text("accessType")?, bounds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn postings_of_an_access_log() {
        let log = json!({"id": "l", "date": 7, "user": "u", "accessType": "USER_ACCESS", "secretForeignKeys": ["p"]});
        assert_eq!(
            postings(&CLASS, &log),
            [
                "access-log.date  @7",
                "access-log.date-by-patient p @7",
                "access-log.date-by-user u @7",
                "access-log.date-by-user u/USER_ACCESS @7",
            ]
        );
        assert_eq!(postings(&CLASS, &json!({"id": "l"})), ["access-log.date "]);
    }

    #[test]
    fn filters_on_access_logs() {
        check(
            &CLASS,
            &[
                (
                    "AccessLogByDataOwnerPatientDateFilter",
                    json!({"dataOwnerId": "me", "secretPatientIds": ["p"], "startDate": 1, "endDate": 2}),
                    "asc access-log.date-by-patient=p[1..2]",
                ),
                ("AccessLogByDateFilter", json!({"startDate": 1, "descending": true}), "desc access-log.date=[1..]"),
                ("AccessLogByDateFilter", json!({}), "asc access-log.date="),
                (
                    "AccessLogByUserIdUserTypeDateFilter",
                    json!({"userId": "u", "accessType": "T", "startDate": 1}),
                    "asc access-log.date-by-user=u/T[1..]",
                ),
                ("AccessLogByUserIdUserTypeDateFilter", json!({"userId": "u"}), "asc access-log.date-by-user=u"),
                ("AccessLogByUserIdUserTypeDateFilter", json!({}), "! userId: expected a string"),
            ],
        );
    }
}
