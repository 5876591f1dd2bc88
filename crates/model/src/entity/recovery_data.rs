//! RecoveryData: sealed keys that whoever holds the recovery key gets back.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, pair, single, text};
use crate::query::{Posting, Query};

const TYPE_BY_RECIPIENT: &str = "recovery-data.type-by-recipient";

/// The class of RecoveryData documents.
pub static CLASS: Class = Class {
    name: "RecoveryData",
    path: "recoverydata",
    encryptable: false,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[],
    by_patient: None,
};

/// Recovery data for `recipient`, of one type (`KEYPAIR_RECOVERY`, `EXCHANGE_KEY_RECOVERY`) if given
/// (wire 6.2, `forRecipient`).
pub fn for_recipient(recipient: &str, kind: Option<&str>) -> Query {
    let term = kind.map_or_else(|| single(recipient), |kind| pair(recipient, kind));
    index::any_of(TYPE_BY_RECIPIENT, [term])
}

fn postings(data: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    if let Some(recipient) = text(data, "recipient") {
        postings.term(TYPE_BY_RECIPIENT, single(recipient).as_str());
        postings.term(TYPE_BY_RECIPIENT, text(data, "type").map(|kind| pair(recipient, kind)).as_deref());
    }
    postings.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{postings, show};

    #[test]
    fn recovery_data_is_found_by_recipient_and_type() {
        let data = json!({"id": "r", "recipient": "me", "type": "KEYPAIR_RECOVERY"});
        assert_eq!(
            postings(&CLASS, &data),
            ["recovery-data.type-by-recipient me", "recovery-data.type-by-recipient me/KEYPAIR_RECOVERY"]
        );
        assert_eq!(show(&for_recipient("me", None)), "recovery-data.type-by-recipient=me");
        assert_eq!(
            show(&for_recipient("me", Some("KEYPAIR_RECOVERY"))),
            "recovery-data.type-by-recipient=me/KEYPAIR_RECOVERY"
        );
    }
}
