//! Group: a tenant, which may lie inside another one.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, objects, text};
use crate::entity::text::{compact, entries};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, all};
use crate::query::{Posting, Query, Selection};

const CONTENT: &str = "group.content";
const SUPER_GROUP: &str = "group.super-group";

/// The class of Group documents.
pub static CLASS: Class = Class {
    name: "Group",
    path: "group",
    encryptable: false,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "AllGroupsFilter", compile: all },
        FilterDef {
            name: "GroupBySuperGroupFilter",
            compile: |a| Ok(Selection::unordered(children(a.text("superGroupId")?))),
        },
        FilterDef { name: "GroupWithContentFilter", compile: by_content },
    ],
    by_patient: None,
};

/// Groups directly inside the group `id` (`GET group/{id}/children`).
pub fn children(id: &str) -> Query {
    index::any_of(SUPER_GROUP, [id])
}

fn postings(group: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.term(SUPER_GROUP, text(group, "superGroup"));
    let id = text(group, "id").map(|id| index::start(&compact(id)));
    postings.entries(CONTENT, id.into_iter().collect());
    postings.entries(CONTENT, entries(text(group, "name").unwrap_or_default(), ""));
    for property in objects(group, "properties") {
        let inner = |key, field| property.get(key).and_then(|it| it.get(field)).and_then(serde_json::Value::as_str);
        for content in [inner("type", "identifier"), inner("typedValue", "stringValue")].into_iter().flatten() {
            postings.entries(CONTENT, entries(content, ""));
        }
    }
    postings.finish()
}

/// Groups inside another one of which the id, a word of the name or a property starts like the search.
fn by_content(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let mut parts = vec![children(arguments.text("superGroupId")?)];
    parts.extend(index::search(CONTENT, arguments.text("searchString")?));
    Ok(Selection::unordered(index::intersection(parts)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn groups_are_found_by_super_group_and_content() {
        let group = json!({
            "id": "G-1", "name": "Big House", "superGroup": "top",
            "properties": [{"type": {"identifier": "kind"}, "typedValue": {"stringValue": "clinic"}}],
        });
        assert_eq!(
            postings(&CLASS, &group),
            [
                "group.content bighouse",
                "group.content clinic",
                "group.content g1",
                "group.content house",
                "group.content kind",
                "group.super-group top",
            ]
        );
        check(
            &CLASS,
            &[
                ("AllGroupsFilter", json!({}), "all"),
                ("GroupBySuperGroupFilter", json!({"superGroupId": "top"}), "group.super-group=top"),
                (
                    "GroupWithContentFilter",
                    json!({"superGroupId": "top", "searchString": "g-1"}),
                    "(group.super-group=top & (group.content~g1 + (group.content~g & group.content~1)))",
                ),
                ("GroupWithContentFilter", json!({"superGroupId": "top", "searchString": ""}), "group.super-group=top"),
            ],
        );
    }
}
