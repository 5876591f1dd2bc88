//! What filters on patients mean.

use serde_json::{Value, json};

use super::*;
use crate::entity::patient;

pub(super) fn patients() -> Population {
    Population {
        name: "Patient",
        class: &patient::CLASS,
        document,
        filters: vec![
            ("AllPatientsFilter", all),
            ("PatientByIdsFilter", by_ids),
            ("PatientByHcPartyFilter", |t| all(t).of_owner("healthcarePartyId", t)),
            ("PatientByHcPartyAndActiveFilter", by_active),
            ("PatientByHcPartyAndAddressFilter", by_address),
            ("PatientByHcPartyAndExternalIdFilter", by_external_id),
            ("PatientByHcPartyAndIdentifiersFilter", by_identifiers),
            ("PatientByHcPartyAndSsinFilter", by_ssin),
            ("PatientByHcPartyAndSsinsFilter", by_ssins),
            ("PatientByHcPartyAndTelecomFilter", by_telecom),
            ("PatientByHcPartyDateOfBirthBetweenFilter", born_between),
            ("PatientByHcPartyDateOfBirthFilter", born_on),
            ("PatientByHcPartyGenderEducationProfession", by_traits),
            ("PatientByHcPartyNameFilter", by_name),
            ("PatientByDataOwnerModifiedAfterFilter", modified),
        ],
    }
}

const SSINS: &[&str] = &["03.04.11-000.01", "03041100001", "77"];

fn document(t: &mut Tape<'_>) -> Value {
    let mut patient = json!({
        "firstName": t.maybe(&["Max", "Ann Lee", "Jörg"]),
        "lastName": t.maybe(&["Stark", "van Dyck", "Ström-Berg"]),
        "maidenName": t.maybe(&["Berg", "Lee"]),
        "names": if t.chance() { json!([{"lastName": "Dyck", "firstNames": ["Max", "Jo"]}]) } else { json!([]) },
        "gender": t.maybe(&["male", "female"]),
        "education": t.maybe(&["e", "f"]),
        "profession": t.maybe(&["e", "g"]),
        "dateOfBirth": t.maybe(&[19800101, 19800102, 19800000, 19810101]),
        "modified": instant(t),
        "ssin": t.maybe(SSINS),
        "externalId": t.maybe(&["X-1", "X-2", "x"]),
        "identifier": identifiers(t),
        "addresses": (0..t.pick(3)).map(|_| address(t)).collect::<Vec<_>>(),
    });
    if let Some(active) = t.maybe(&[true, false]) {
        patient["active"] = json!(active);
    }
    patient
}

fn address(t: &mut Tape<'_>) -> Value {
    json!({
        "street": t.maybe(&["Rue Haute", "Haut Lane"]),
        "city": t.maybe(&["Köln", "Rueil"]),
        "postalCode": t.maybe(&["1000", "10"]),
        "houseNumber": t.maybe(&["1 A", "2"]),
        "telecoms": t.some_of(&[json!({"telecomNumber": "+32 475/12"}), json!({"telecomNumber": "a@x.org"})]),
    })
}

fn owned(filter: Value, t: &mut Tape<'_>, holds: impl Fn(&Seen<'_>) -> bool + 'static) -> Asked {
    Asked::new(filter, holds).of_owner("healthcarePartyId", t)
}

fn by_active(t: &mut Tape<'_>) -> Asked {
    let wanted = t.maybe(&[true, false]);
    let filter = wanted.map_or_else(|| json!({}), |wanted| json!({"active": wanted}));
    owned(filter, t, move |seen| (seen.body["active"] != false) == wanted.unwrap_or(false))
}

fn by_address(t: &mut Tape<'_>) -> Asked {
    let search = t.maybe(&["rue", "haut", "Haute K.", "10", "koln rue", "x"]);
    let code = t.maybe(&["1000", "10"]);
    let house = code.and_then(|_| t.maybe(&["1a", "2"]));
    let filter = json!({"searchString": search, "postalCode": code, "houseNumber": house});
    owned(filter, t, move |seen| {
        let addresses = list(seen.body, "addresses");
        let mut names: Vec<Vec<String>> = Vec::new();
        for address in addresses {
            names.extend(both_ways(&address["street"], &address["city"]));
            names.push(words(address["postalCode"].as_str().unwrap_or_default()));
        }
        let house_of = |address: &Value| words(address["houseNumber"].as_str().unwrap_or_default()).concat();
        let lies_there = |address: &Value| {
            address["postalCode"] == json!(code) && house.is_none_or(|house| house_of(address) == house)
        };
        search.is_none_or(|search| starts_a_word(&names, search))
            && (code.is_none() || addresses.iter().any(lies_there))
    })
}

fn by_external_id(t: &mut Tape<'_>) -> Asked {
    let start = t.maybe(&["X", "X-1", "x", "y"]);
    owned(json!({"externalId": start}), t, move |seen| {
        start.is_none_or(|start| seen.body["externalId"].as_str().is_some_and(|id| id.starts_with(start)))
    })
}

fn by_identifiers(t: &mut Tape<'_>) -> Asked {
    let wanted = identifiers(t);
    owned(json!({"identifiers": wanted}), t, move |seen| has_identifier(seen.body, "identifier", &wanted))
}

fn same_ssin(body: &Value, wanted: &str) -> bool {
    body["ssin"].as_str().is_some_and(|ssin| words(ssin).concat() == words(wanted).concat())
}

fn by_ssin(t: &mut Tape<'_>) -> Asked {
    let wanted = *t.one_of(SSINS);
    owned(json!({"ssin": wanted}), t, move |seen| same_ssin(seen.body, wanted))
}

fn by_ssins(t: &mut Tape<'_>) -> Asked {
    let wanted = t.some_of(SSINS);
    owned(json!({"ssins": wanted}), t, move |seen| wanted.iter().any(|wanted| same_ssin(seen.body, wanted)))
}

fn by_telecom(t: &mut Tape<'_>) -> Asked {
    let (search, meant) = *t.one_of(&[("+32 4", "324"), ("0032", "32"), ("a@X", "ax"), ("475", "475"), ("", "")]);
    owned(json!({"searchString": search}), t, move |seen| {
        let telecoms = list(seen.body, "addresses").iter().flat_map(|address| list(address, "telecoms"));
        let mut numbers = telecoms.map(|telecom| words(telecom["telecomNumber"].as_str().unwrap()).concat());
        search.is_empty() || numbers.any(|number| number.starts_with(meant))
    })
}

fn born_between(t: &mut Tape<'_>) -> Asked {
    let (min, max) = (t.maybe(&[19800101, 19800102]), t.maybe(&[19800101, 19801231, 19790101]));
    let born =
        move |seen: &Seen<'_>| !seen.body["dateOfBirth"].is_null() && fuzzy_within(&seen.body["dateOfBirth"], min, max);
    owned(json!({"minDateOfBirth": min, "maxDateOfBirth": max}), t, born)
        .sorted(|seen| fuzzy_key(&seen.body["dateOfBirth"]))
}

fn born_on(t: &mut Tape<'_>) -> Asked {
    let day = *t.one_of(&[19800101, 19800000, 19990101]);
    owned(json!({"dateOfBirth": day}), t, move |seen| seen.body["dateOfBirth"] == day)
}

fn by_traits(t: &mut Tape<'_>) -> Asked {
    let wanted = [
        ("gender", t.maybe(&["male", "female", "unknown"])),
        ("education", t.maybe(&["e", "f"])),
        ("profession", t.maybe(&["e", "g"])),
    ];
    let filter = json!({"gender": wanted[0].1, "education": wanted[1].1, "profession": wanted[2].1});
    owned(filter, t, move |seen| {
        wanted.iter().all(|(key, wanted)| wanted.is_none_or(|wanted| seen.body[*key] == wanted))
    })
}

fn by_name(t: &mut Tape<'_>) -> Asked {
    let searches = ["st", "Stark", "Max S", "van", "dyck max", "dyckm", "ström", "berg j", "lee", "max jo", "ark", ""];
    let search = t.maybe(&searches);
    owned(json!({"name": search}), t, move |seen| {
        let mut names = both_ways(&seen.body["lastName"], &seen.body["firstName"]).to_vec();
        names.push(words(seen.body["maidenName"].as_str().unwrap_or_default()));
        for name in list(seen.body, "names") {
            let first: Vec<_> = list(name, "firstNames").iter().filter_map(Value::as_str).collect();
            names.extend(both_ways(&name["lastName"], &json!(first.join(" "))));
        }
        search.is_none_or(|search| starts_a_word(&names, search))
    })
}

fn modified(t: &mut Tape<'_>) -> Asked {
    let (start, end) = (instant(t), instant(t));
    let filter = json!({"startDate": start, "endDate": end, "descending": t.chance()});
    Asked::new(filter, move |seen| instant_within(&seen.body["modified"], start, end))
        .sorted(|seen| instant_key(&seen.body["modified"]))
        .of_owner("dataOwnerId", t)
}
