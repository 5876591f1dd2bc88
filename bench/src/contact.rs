//! A contact as the official client sends it (wire 5.4): one service, two delegations, and everything
//! that somebody could read sealed. About 2.5 KB.

use keystead_model::Object;
use serde_json::{Value, json};

use crate::seeded::{Kind, Stream, digest, uuid};

/// The contact `number` of the patient `patient`, made by the healthcare party `hcp`.
///
/// The healthcare party is named in both delegations, so that no access control keys are needed.
pub(crate) fn contact(number: u64, patient: u64, hcp: &str) -> Value {
    let mut random = Stream::new(Kind::Text, number);
    // A delegation key belongs to a pair of data owners: the same for all contacts that the pair shares.
    let (own, shared) = (digest(Kind::Delegation, 0), digest(Kind::Delegation, patient + 1));
    let created = 1_700_000_000_000 + number * 60_000;
    let opening = fuzzy(number);
    let mut sealed = |length| random.sealed(length);
    json!({
        "id": uuid(Kind::Contact, number),
        "created": created,
        "modified": created,
        "author": hcp,
        "responsible": hcp,
        "groupId": uuid(Kind::Request, number),
        "openingDate": opening,
        "services": [{
            "id": uuid(Kind::Service, number),
            "label": "Blood pressure",
            "created": created,
            "modified": created,
            "valueDate": opening,
            "tags": [
                {"id": "IC-TEST|TEST|1", "type": "IC-TEST", "code": "TEST", "version": "1"},
                {"id": "LOINC|55284-4|1", "type": "LOINC", "code": "55284-4", "version": "1"}
            ],
            "encryptedSelf": sealed(428)
        }],
        "secretForeignKeys": [uuid(Kind::Patient, patient)],
        "encryptedSelf": sealed(128),
        "securityMetadata": {"secureDelegations": {
            own.as_str(): {
                "delegator": hcp, "delegate": hcp, "exchangeDataId": uuid(Kind::Delegation, 0),
                "secretIds": [sealed(88)], "encryptionKeys": [sealed(88)], "owningEntityIds": [sealed(88)],
                "permissions": "WRITE"
            },
            shared.as_str(): {
                "delegator": hcp, "parentDelegations": [own.as_str()],
                "secretIds": [sealed(88)], "encryptionKeys": [sealed(88)], "owningEntityIds": [sealed(88)],
                "permissions": "WRITE"
            }
        }}
    })
}

/// A fuzzy date `YYYYMMDDhhmmss`, a minute later for every contact: records are made as time goes by.
/// Months have 28 days here.
fn fuzzy(number: u64) -> u64 {
    let (minute, hour, days) = (number % 60, number / 60 % 24, number / 1440);
    let (day, month, year) = (days % 28 + 1, days / 28 % 12 + 1, days / 336 + 2020);
    (((year * 100 + month) * 100 + day) * 100 + hour) * 10_000 + minute * 100
}

/// The same as an object.
pub(crate) fn object(number: u64, patient: u64, hcp: &str) -> Object {
    match contact(number, patient, hcp) {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use keystead_model::access::{Caller, check_metadata, may_create};
    use keystead_model::schema;

    use super::*;

    #[test]
    fn is_what_the_server_accepts_and_of_realistic_size() {
        let hcp = "3ab31cd7-6cf4-44ac-9fa0-4f10c6e9f3d1";
        let mut object = object(17, 3, hcp);
        let size = serde_json::to_string(&object).unwrap().len();
        assert!((2_300..2_700).contains(&size), "{size}");
        schema::check(schema::table("Contact").unwrap(), &mut object).unwrap();
        check_metadata(&object).unwrap();
        assert_eq!(fuzzy(0), 20_200_101_000_000);
        assert_eq!(fuzzy(483_840 + 40_320 + 1440 + 61), 20_210_202_010_100);
        assert!(may_create(&object, &Caller { data_owner: Some(hcp.to_owned()), ..Caller::default() }));
    }
}
