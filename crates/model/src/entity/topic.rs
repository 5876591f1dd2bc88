//! Topic: a conversation between participants.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, members};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef};
use crate::query::{Posting, Selection};

const PARTICIPANT: &str = "topic.participant";

/// The class of Topic documents.
pub static CLASS: Class = Class {
    name: "Topic",
    path: "topic",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "TopicByHcPartyFilter", compile: |a| Ok(Selection::unordered(a.among("hcpId", vec![])?)) },
        FilterDef { name: "TopicByParticipantFilter", compile: by_participant },
    ],
    by_patient: None,
};

fn postings(topic: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.sorted(PARTICIPANT, members(topic, "activeParticipants").map(|(participant, _)| participant), None);
    postings.finish()
}

fn by_participant(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(index::any_of(PARTICIPANT, [arguments.text("participantId")?])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings};

    #[test]
    fn topics_are_found_by_participant() {
        let topic = json!({"id": "t", "activeParticipants": {"b": "OWNER", "a": "PARTICIPANT"}});
        assert_eq!(postings(&CLASS, &topic), ["topic.participant a", "topic.participant b"]);
        check(
            &CLASS,
            &[
                ("TopicByHcPartyFilter", json!({"hcpId": "you"}), "to(you)"),
                ("TopicByParticipantFilter", json!({"participantId": "a"}), "topic.participant=a"),
                ("TopicByParticipantFilter", json!({}), "! participantId: expected a string"),
            ],
        );
    }
}
