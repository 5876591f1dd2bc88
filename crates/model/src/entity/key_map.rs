//! SecureDelegationKeyMap: tells one data owner whom an anonymous delegation belongs to.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, text};
use crate::query::{Posting, Query};

const DELEGATION_KEY: &str = "secure-delegation-key-map.delegation-key";

/// The class of SecureDelegationKeyMap documents.
pub static CLASS: Class = Class {
    name: "SecureDelegationKeyMap",
    path: "securedelegationkeymap",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[],
    by_patient: None,
};

/// What is known about any of the delegation keys (wire 6.2, `bydelegationkeys`).
pub fn of_delegation_keys(keys: &[String]) -> Query {
    index::any_of(DELEGATION_KEY, keys)
}

fn postings(map: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.term(DELEGATION_KEY, text(map, "delegationKey"));
    postings.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{postings, show};

    #[test]
    fn key_maps_are_found_by_delegation_key() {
        let map = json!({"id": "m", "delegationKey": "36bb"});
        assert_eq!(postings(&CLASS, &map), ["secure-delegation-key-map.delegation-key 36bb"]);
        assert_eq!(show(&of_delegation_keys(&["36bb".into()])), "secure-delegation-key-map.delegation-key=36bb");
        assert_eq!(show(&of_delegation_keys(&[])), "nothing");
    }
}
