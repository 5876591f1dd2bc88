//! Device: a machine that is a data owner.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, Postings, text};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, all, by_ids};
use crate::query::{Posting, Query, Selection};

const LEGACY_EXCHANGE_KEYS_TO: &str = "device.legacy-exchange-keys-to";
const RESPONSIBLE: &str = "device.responsible";

/// The class of Device documents.
pub static CLASS: Class = Class {
    name: "Device",
    path: "device",
    encryptable: false,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "AllDevicesFilter", compile: all },
        FilterDef { name: "DeviceByHcPartyFilter", compile: by_responsible },
        FilterDef { name: "DeviceByIdsFilter", compile: by_ids },
    ],
    by_patient: None,
};

/// Devices that have made legacy exchange keys towards `delegate` (wire 6.1).
pub fn with_legacy_exchange_keys_to(delegate: &str) -> Query {
    index::any_of(LEGACY_EXCHANGE_KEYS_TO, [delegate])
}

fn postings(device: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    postings.term(RESPONSIBLE, text(device, "responsible"));
    postings.legacy_exchange_keys(LEGACY_EXCHANGE_KEYS_TO, device);
    postings.finish()
}

/// The devices that somebody is responsible for: the caller where nobody is named.
fn by_responsible(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let responsible = arguments.optional_text("responsibleId")?.or(arguments.caller.data_owner.as_deref());
    let responsible = responsible
        .ok_or_else(|| FieldError::new("responsibleId", "the id of a data owner, since the caller is none"))?;
    Ok(Selection::unordered(index::any_of(RESPONSIBLE, [responsible])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::access::Caller;
    use crate::entity::testing::{check, postings, show};
    use crate::filter::compile;

    #[test]
    fn devices_are_found_by_who_is_responsible() {
        let device = json!({"id": "d", "responsible": "h", "aesExchangeKeys": {"k": {"h": {}}}});
        assert_eq!(postings(&CLASS, &device), ["device.legacy-exchange-keys-to h", "device.responsible h"]);
        check(
            &CLASS,
            &[
                ("AllDevicesFilter", json!({}), "all"),
                ("DeviceByIdsFilter", json!({"ids": ["d"]}), "ids(d)"),
                ("DeviceByHcPartyFilter", json!({"responsibleId": "h"}), "device.responsible=h"),
                ("DeviceByHcPartyFilter", json!({}), "device.responsible=me"),
            ],
        );
        let nobody = compile(&CLASS, &json!({"$type": "DeviceByHcPartyFilter"}), &Caller::default());
        assert_eq!(nobody.unwrap_err().path, "responsibleId");
        assert_eq!(show(&with_legacy_exchange_keys_to("h")), "device.legacy-exchange-keys-to=h");
    }
}
