//! ExchangeData: the keys that one data owner made for sharing with another.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, pair, text};
use crate::query::{Posting, Query};

const PAIR: &str = "exchange-data.pair";
const PARTICIPANT: &str = "exchange-data.participant";

/// The class of ExchangeData documents.
pub static CLASS: Class = Class {
    name: "ExchangeData",
    path: "exchangedata",
    encryptable: false,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[],
    by_patient: None,
};

/// Exchange data of which `data_owner` is delegator or delegate (wire 5.1, `byParticipant`).
pub fn of_participant(data_owner: &str) -> Query {
    index::any_of(PARTICIPANT, [data_owner])
}

/// Exchange data from `delegator` to `delegate` (wire 5.1, `byDelegatorDelegate`).
pub fn between(delegator: &str, delegate: &str) -> Query {
    index::any_of(PAIR, [pair(delegator, delegate)])
}

fn postings(data: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let (delegator, delegate) = (text(data, "delegator"), text(data, "delegate"));
    postings.term(PARTICIPANT, delegator);
    postings.term(PARTICIPANT, delegate);
    if let (Some(delegator), Some(delegate)) = (delegator, delegate) {
        postings.term(PAIR, pair(delegator, delegate).as_str());
    }
    postings.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{postings, show};

    #[test]
    fn exchange_data_is_found_by_its_participants() {
        assert_eq!(
            postings(&CLASS, &json!({"id": "x", "delegator": "a", "delegate": "b"})),
            ["exchange-data.pair a/b", "exchange-data.participant a", "exchange-data.participant b"]
        );
        assert_eq!(
            postings(&CLASS, &json!({"id": "x", "delegator": "a", "delegate": "a"})),
            ["exchange-data.pair a/a", "exchange-data.participant a"]
        );
        assert_eq!(show(&of_participant("a")), "exchange-data.participant=a");
        assert_eq!(show(&between("a", "b")), "exchange-data.pair=a/b");
    }
}
