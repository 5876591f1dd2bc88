//! MaintenanceTask: a notification from one data owner to others, e.g. that a key was replaced.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, text};
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef, by_ids};
use crate::query::{Posting, Query, Selection};

const CREATED: &str = "maintenance-task.created";
const IDENTIFIER: &str = "maintenance-task.identifier";
const TYPE: &str = "maintenance-task.type";

/// The class of MaintenanceTask documents.
pub static CLASS: Class = Class {
    name: "MaintenanceTask",
    path: "maintenancetask",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "MaintenanceTaskByIdsFilter", compile: by_ids },
        FilterDef { name: "MaintenanceTaskAfterDateFilter", compile: after },
        FilterDef { name: "MaintenanceTaskByHcPartyAndIdentifiersFilter", compile: by_identifiers },
        FilterDef { name: "MaintenanceTaskByHcPartyAndTypeFilter", compile: by_type },
    ],
    by_patient: None,
};

fn postings(task: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    if let Some(created) = index::integer(task, "created") {
        postings.sorted(CREATED, [EVERY], Some(created));
    }
    postings.term(TYPE, text(task, "taskType"));
    postings.identifiers(IDENTIFIER, task, "identifier", "");
    postings.finish()
}

/// Created later than the date, which itself does not count (wire 5.6, notes).
fn after(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let later = match arguments.integer("date")?.checked_add(1) {
        Some(from) => Bounds { from: Some(from), to: None }.every(CREATED),
        None => Query::nothing(),
    };
    arguments.sorted(arguments.among("healthcarePartyId", vec![later])?)
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let identifiers = index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![identifiers])?))
}

fn by_type(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let kind = index::any_of(TYPE, [arguments.text("type")?]);
    Ok(Selection::unordered(arguments.among("healthcarePartyId", vec![kind])?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn postings_of_a_task() {
        let task = json!({"id": "t", "created": 7, "taskType": "KEY_PAIR_UPDATE", "identifier": [{"value": "v"}]});
        assert_eq!(
            postings(&CLASS, &task),
            ["maintenance-task.created  @7", "maintenance-task.identifier :v", "maintenance-task.type KEY_PAIR_UPDATE"]
        );
    }

    #[test]
    fn filters_on_tasks() {
        check(
            &CLASS,
            &[
                ("MaintenanceTaskByIdsFilter", json!({"ids": []}), "ids()"),
                (
                    "MaintenanceTaskAfterDateFilter",
                    json!({"healthcarePartyId": "me", "date": 7}),
                    "asc maintenance-task.created=[8..]",
                ),
                ("MaintenanceTaskAfterDateFilter", json!({"date": i64::MAX}), "nothing"),
                ("MaintenanceTaskAfterDateFilter", json!({"date": 1.5}), "! date: expected an integer"),
                (
                    "MaintenanceTaskByHcPartyAndIdentifiersFilter",
                    json!({"healthcarePartyId": "you", "identifiers": [{"value": "v"}]}),
                    "(maintenance-task.identifier=:v & to(you))",
                ),
                (
                    "MaintenanceTaskByHcPartyAndTypeFilter",
                    json!({"type": "KEY_PAIR_UPDATE", "healthcarePartyId": "hcp"}),
                    "(maintenance-task.type=KEY_PAIR_UPDATE & to(hcp))",
                ),
            ],
        );
    }
}
