//! CalendarItem: an appointment.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, text};
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef};
use crate::query::{Posting, Query, Selection};

const RECURRENCE: &str = "calendar-item.recurrence";
const START: &str = "calendar-item.start";
const START_BY_AGENDA: &str = "calendar-item.start-by-agenda";
const START_BY_PATIENT: &str = "calendar-item.start-by-patient";

/// The class of CalendarItem documents.
pub static CLASS: Class = Class {
    name: "CalendarItem",
    path: "calendarItem",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "CalendarItemByDataOwnerPatientStartTimeFilter", compile: by_patient },
        FilterDef { name: "CalendarItemByPeriodAndAgendaIdFilter", compile: by_agenda },
        FilterDef { name: "CalendarItemByPeriodAndDataOwnerIdFilter", compile: by_period },
        FilterDef {
            name: "CalendarItemByRecurrenceIdFilter",
            compile: |a| Ok(Selection::unordered(index::any_of(RECURRENCE, [a.text("recurrenceId")?]))),
        },
    ],
    by_patient: None,
};

/// Calendar items of any of the patients (wire 5.3, `POST calendarItem/byHcPartySecretForeignKeys/delegations`).
pub fn of_patients(secret_foreign_keys: &[String]) -> Query {
    index::any_of(START_BY_PATIENT, secret_foreign_keys)
}

fn postings(item: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let start = index::fuzzy(item, "startTime");
    postings.patients(START_BY_PATIENT, item, start);
    if start.is_some() {
        postings.sorted(START, [EVERY], start);
        postings.sorted(START_BY_AGENDA, text(item, "agendaId"), start);
    }
    postings.term(RECURRENCE, text(item, "recurrenceId"));
    postings.finish()
}

fn by_patient(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.fuzzy("startDate", "endDate")?;
    let patients = bounds.any_of(START_BY_PATIENT, arguments.texts("secretPatientIds")?);
    arguments.sorted(arguments.among("dataOwnerId", vec![patients])?)
}

fn by_agenda(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    arguments.sorted(period(arguments)?.any_of(START_BY_AGENDA, [arguments.text("agendaId")?]))
}

fn by_period(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    arguments.sorted(arguments.among("dataOwnerId", vec![period(arguments)?.every(START)])?)
}

/// Items that start within a period, of which both ends are mandatory.
fn period(arguments: &Arguments<'_>) -> Result<Bounds, FieldError> {
    Ok(Bounds::fuzzy(Some(arguments.integer("startTime")?), Some(arguments.integer("endTime")?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_calendar_item() {
        let item = json!({
            "id": "i", "startTime": 20230101090000i64, "agendaId": "a", "recurrenceId": "r", "secretForeignKeys": ["p"],
        });
        assert_eq!(
            postings(&CLASS, &item),
            [
                "calendar-item.recurrence r",
                "calendar-item.start  @20230101090000",
                "calendar-item.start-by-agenda a @20230101090000",
                "calendar-item.start-by-patient p @20230101090000",
            ]
        );
    }

    #[test]
    fn filters_on_calendar_items() {
        check(
            &CLASS,
            &[
                (
                    "CalendarItemByDataOwnerPatientStartTimeFilter",
                    json!({"dataOwnerId": "me", "secretPatientIds": ["p"], "startDate": 20230102, "endDate": 20230101}),
                    "asc calendar-item.start-by-patient=p[20230101000000..20230102235959]",
                ),
                (
                    "CalendarItemByPeriodAndAgendaIdFilter",
                    json!({"agendaId": "a", "startTime": 20230101, "endTime": 20230101, "descending": true}),
                    "desc calendar-item.start-by-agenda=a[20230101000000..20230101235959]",
                ),
                (
                    "CalendarItemByPeriodAndDataOwnerIdFilter",
                    json!({"dataOwnerId": "you", "startTime": 20230101, "endTime": 20230102}),
                    "asc (calendar-item.start=[20230101000000..20230102235959] & to(you))",
                ),
                ("CalendarItemByPeriodAndDataOwnerIdFilter", json!({"startTime": 1}), "! endTime: expected an integer"),
                ("CalendarItemByRecurrenceIdFilter", json!({"recurrenceId": "r"}), "calendar-item.recurrence=r"),
            ],
        );
        assert_eq!(show(&of_patients(&["p".into()])), "calendar-item.start-by-patient=p");
    }
}
