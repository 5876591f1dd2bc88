//! What filters on users, healthcare parties, devices and groups mean.

use serde_json::{Value, json};

use super::records::by_field;
use super::*;
use crate::entity::{device, group, healthcare_party, user};

pub(super) fn populations() -> Vec<Population> {
    vec![
        Population {
            name: "User",
            class: &user::CLASS,
            document: |t| {
                json!({
                    "name": t.maybe(&["Ann Lee", "Bo Ström"]), "login": t.maybe(&["ann", "Bo@X.org"]),
                    "email": t.maybe(&["ann@x.org", "Bo@X.org"]), "mobilePhone": t.maybe(&["+32 475", "0032/476"]),
                    "healthcarePartyId": t.maybe(&["h", "i"]), "patientId": t.maybe(&["h", "i"]),
                })
            },
            filters: vec![
                ("AllUsersFilter", all),
                ("UserByIdsFilter", by_ids),
                ("UserByHealthcarePartyIdFilter", |t| {
                    by_field(t, "healthcarePartyId", "healthcarePartyId", &["h", "i"])
                }),
                ("UsersByPatientIdFilter", |t| by_field(t, "patientId", "patientId", &["h", "i"])),
                ("UserByNameEmailPhoneFilter", user_by_search),
            ],
        },
        Population {
            name: "HealthcareParty",
            class: &healthcare_party::CLASS,
            document: |t| {
                let addresses = ["1000", "1500", "2000"].map(|code| json!({"postalCode": code}));
                json!({
                    "lastName": t.maybe(&["Ström", "Berg"]), "firstName": t.maybe(&["Ann", "Bo"]),
                    "speciality": t.maybe(&["GP", "surgeon"]), "nihiiSpecCode": t.maybe(&["3", "4"]),
                    "ssin": t.maybe(&["1-1", "2"]), "nihii": t.maybe(&["1.2", "3"]), "parentId": t.maybe(&["a", "b"]),
                    "tags": stubs(t), "codes": stubs(t), "identifier": identifiers(t), "addresses": t.some_of(&addresses),
                })
            },
            filters: vec![
                ("AllHealthcarePartiesFilter", all),
                ("HealthcarePartyByIdsFilter", by_ids),
                ("HealthcarePartyByIdentifiersFilter", |t| {
                    let wanted = identifiers(t);
                    Asked::new(json!({"identifiers": wanted}), move |seen| {
                        has_identifier(seen.body, "identifier", &wanted)
                    })
                }),
                ("HealthcarePartyByNameFilter", party_by_name),
                ("HealthcarePartyByNationalIdentifierFilter", party_by_number),
                ("HealthcarePartyByParentIdFilter", |t| by_field(t, "parentId", "parentId", &["a", "b"])),
                ("HealthcarePartyByTagCodeFilter", |t| {
                    let (tag, code) = (stub(t), stub(t));
                    let filter = json!({"tagType": tag.0, "tagCode": tag.1, "codeType": code.0, "codeCode": code.1});
                    Asked::new(filter, move |seen| {
                        has_stub(seen.body, "tags", tag) && has_stub(seen.body, "codes", code)
                    })
                }),
                ("HealthcarePartyByTypeSpecialtyPostCodeFilter", party_by_speciality),
            ],
        },
        Population {
            name: "Device",
            class: &device::CLASS,
            document: |t| json!({"responsible": t.maybe(&["me", "you"])}),
            filters: vec![
                ("AllDevicesFilter", all),
                ("DeviceByIdsFilter", by_ids),
                ("DeviceByHcPartyFilter", |t| {
                    let responsible = t.maybe(&["me", "you"]);
                    let filter = json!({"responsibleId": responsible});
                    Asked::new(filter, move |seen| seen.body["responsible"] == responsible.unwrap_or("me"))
                }),
            ],
        },
        Population {
            name: "Group",
            class: &group::CLASS,
            document: |t| {
                let properties = [json!({"type": {"identifier": "kind"}, "typedValue": {"stringValue": "big clinic"}})];
                json!({
                    "name": t.maybe(&["Big House", "Small"]), "superGroup": t.maybe(&["a", "b"]),
                    "properties": t.some_of(&properties),
                })
            },
            filters: vec![
                ("AllGroupsFilter", all),
                ("GroupBySuperGroupFilter", |t| by_field(t, "superGroupId", "superGroup", &["a", "b"])),
                ("GroupWithContentFilter", group_by_content),
            ],
        },
    ]
}

fn field(body: &Value, key: &str) -> Vec<String> {
    words(body[key].as_str().unwrap_or_default())
}

fn user_by_search(t: &mut Tape<'_>) -> Asked {
    let (search, meant) = *t.one_of(&[
        ("an", "an"),
        ("Lee", "lee"),
        ("bo@x", "bo@x"),
        ("ström", "strom"),
        ("+32 47", "3247"),
        ("0032 476", "32476"),
        ("org", "org"),
        ("e", "e"),
        ("", ""),
    ]);
    Asked::new(json!({"searchString": search}), move |seen| {
        let mut names: Vec<_> = ["name", "login", "email"].iter().map(|key| field(seen.body, key)).collect();
        let phone = field(seen.body, "mobilePhone").concat();
        names.push(vec![phone.strip_prefix("00").unwrap_or(&phone).to_owned()]);
        starts_a_word(&names, meant)
    })
}

fn party_by_name(t: &mut Tape<'_>) -> Asked {
    let search = *t.one_of(&["str", "Ström A", "annb", "rg", "GP", "o", "zz", ""]);
    let filter = json!({"name": search, "descending": t.chance()});
    let holds = move |seen: &Seen<'_>| {
        let [one, other] = both_ways(&seen.body["lastName"], &seen.body["firstName"]).map(|name| name.concat());
        [one, other, field(seen.body, "speciality").concat()].iter().any(|name| name.contains(&words(search).concat()))
    };
    let key = |seen: &Seen<'_>| Some([field(seen.body, "lastName"), field(seen.body, "firstName")].concat().concat());
    Asked::new(filter, holds).sorted(key)
}

fn party_by_number(t: &mut Tape<'_>) -> Asked {
    fn numbers(body: &Value) -> Vec<String> {
        let numbers = ["ssin", "nihii"].map(|key| field(body, key).concat());
        numbers.into_iter().filter(|number| !number.is_empty()).collect()
    }
    let start = *t.one_of(&["1", "1-1", "12", "3", "4"]);
    let filter = json!({"searchValue": start, "descending": t.chance()});
    Asked::new(filter, move |seen| numbers(seen.body).iter().any(|number| number.starts_with(&words(start).concat())))
        .sorted(|seen| numbers(seen.body).into_iter().min())
}

fn party_by_speciality(t: &mut Tape<'_>) -> Asked {
    let (speciality, code) = (*t.one_of(&["GP", "surgeon"]), *t.one_of(&["3", "4"]));
    let (start, end) = (*t.one_of(&["1000", "1001"]), *t.one_of(&["1500", "1999"]));
    let filter = json!({"specialty": speciality, "specCode": code, "startPostCode": start, "endPostCode": end});
    Asked::new(filter, move |seen| {
        let there = |place: &str| start <= place && place <= end;
        seen.body["speciality"] == speciality
            && seen.body["nihiiSpecCode"] == code
            && list(seen.body, "addresses").iter().any(|address| address["postalCode"].as_str().is_some_and(there))
    })
}

fn group_by_content(t: &mut Tape<'_>) -> Asked {
    let (super_group, search) =
        (*t.one_of(&["a", "b"]), *t.one_of(&["big", "hou", "Big h", "cli", "kind", "d1", "ig"]));
    Asked::new(json!({"superGroupId": super_group, "searchString": search}), move |seen| {
        let mut names = vec![field(seen.body, "name"), field(seen.body, "id")];
        for property in list(seen.body, "properties") {
            names.push(field(&property["type"], "identifier"));
            names.push(field(&property["typedValue"], "stringValue"));
        }
        seen.body["superGroup"] == super_group && starts_a_word(&names, search)
    })
}
