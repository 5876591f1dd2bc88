//! Patient: a person, found by name, birth, numbers and addresses.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, objects, text, texts};
use crate::entity::text::{entries, number, telecom};
use crate::error::FieldError;
use crate::filter::{Arguments, Bounds, FilterDef, all, by_ids};
use crate::query::{Posting, Query, Selection};

const ACTIVE: &str = "patient.active";
const ADDRESS: &str = "patient.address";
const ADDRESS_PLACE: &str = "patient.address-place";
const BIRTH: &str = "patient.birth";
const EDUCATION: &str = "patient.education";
const EXTERNAL_ID: &str = "patient.external-id";
const GENDER: &str = "patient.gender";
const IDENTIFIER: &str = "patient.identifier";
const LEGACY_EXCHANGE_KEYS_TO: &str = "patient.legacy-exchange-keys-to";
const MODIFIED: &str = "patient.modified";
const NAME: &str = "patient.name";
const PROFESSION: &str = "patient.profession";
const SSIN: &str = "patient.ssin";
const TELECOM: &str = "patient.telecom";

/// The values of `gender` (wire 8.6).
const GENDERS: &[&str] = &["male", "female", "indeterminate", "changed", "changedToMale", "changedToFemale", "unknown"];

/// The class of Patient documents.
pub static CLASS: Class = Class {
    name: "Patient",
    path: "patient",
    encryptable: true,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "AllPatientsFilter", compile: all },
        FilterDef { name: "PatientByIdsFilter", compile: by_ids },
        FilterDef { name: "PatientByHcPartyFilter", compile: |a| among(a, vec![]) },
        FilterDef { name: "PatientByHcPartyAndActiveFilter", compile: by_active },
        FilterDef { name: "PatientByHcPartyAndAddressFilter", compile: by_address },
        FilterDef { name: "PatientByHcPartyAndExternalIdFilter", compile: by_external_id },
        FilterDef { name: "PatientByHcPartyAndIdentifiersFilter", compile: by_identifiers },
        FilterDef { name: "PatientByHcPartyAndSsinFilter", compile: |a| by_ssins(a, &[a.text("ssin")?]) },
        FilterDef {
            name: "PatientByHcPartyAndSsinsFilter",
            compile: |a| by_ssins(a, &a.optional_texts("ssins")?.unwrap_or_default()),
        },
        FilterDef { name: "PatientByHcPartyAndTelecomFilter", compile: by_telecom },
        FilterDef {
            name: "PatientByHcPartyDateOfBirthBetweenFilter",
            compile: |a| by_birth(a, a.fuzzy("minDateOfBirth", "maxDateOfBirth")?),
        },
        FilterDef {
            name: "PatientByHcPartyDateOfBirthFilter",
            compile: |a| a.integer("dateOfBirth").and_then(|day| by_birth(a, Bounds::fuzzy(Some(day), Some(day)))),
        },
        FilterDef { name: "PatientByHcPartyGenderEducationProfession", compile: by_traits },
        FilterDef { name: "PatientByHcPartyNameFilter", compile: by_name },
        FilterDef { name: "PatientByDataOwnerModifiedAfterFilter", compile: by_modification },
    ],
    by_patient: None,
};

/// Patients who have made legacy exchange keys towards `delegate` (wire 6.1).
pub fn with_legacy_exchange_keys_to(delegate: &str) -> Query {
    index::any_of(LEGACY_EXCHANGE_KEYS_TO, [delegate])
}

/// The patient with the external id `id` (`GET patient/byExternalId`).
pub fn by_exact_external_id(id: &str) -> Query {
    index::any_of(EXTERNAL_ID, [index::start(id)])
}

fn postings(patient: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    let active = patient.get("active").and_then(serde_json::Value::as_bool).unwrap_or(true);
    postings.term(ACTIVE, if active { "true" } else { "false" });
    postings.sorted(MODIFIED, [EVERY], index::integer(patient, "modified"));
    if let Some(birth) = index::fuzzy(patient, "dateOfBirth") {
        postings.sorted(BIRTH, [EVERY], Some(birth));
    }
    postings.term(GENDER, text(patient, "gender"));
    postings.term(EDUCATION, text(patient, "education"));
    postings.term(PROFESSION, text(patient, "profession"));
    postings.term(SSIN, text(patient, "ssin").map(number).as_deref());
    postings.term(EXTERNAL_ID, text(patient, "externalId").map(index::start).as_deref());
    postings.identifiers(IDENTIFIER, patient, "identifier", "");
    postings.legacy_exchange_keys(LEGACY_EXCHANGE_KEYS_TO, patient);
    names(&mut postings, patient);
    for address in objects(patient, "addresses") {
        places(&mut postings, address);
    }
    postings.finish()
}

fn names(postings: &mut Postings, patient: &Object) {
    let name = |key| text(patient, key).unwrap_or_default();
    postings.entries(NAME, entries(name("lastName"), name("firstName")));
    for key in ["maidenName", "spouseName", "partnerName", "alias"] {
        postings.entries(NAME, entries(name(key), ""));
    }
    for name in objects(patient, "names") {
        let first = texts(name, "firstNames").collect::<Vec<_>>().join(" ");
        postings.entries(NAME, entries(text(name, "lastName").unwrap_or_default(), &first));
        postings.entries(NAME, entries(text(name, "text").unwrap_or_default(), ""));
    }
}

fn places(postings: &mut Postings, address: &Object) {
    let field = |key| text(address, key).unwrap_or_default();
    postings.entries(ADDRESS, entries(field("street"), field("city")));
    if let Some(code) = text(address, "postalCode") {
        postings.entries(ADDRESS, entries(code, ""));
        postings.term(ADDRESS_PLACE, index::pair(&number(code), &number(field("houseNumber"))).as_str());
    }
    for entry in objects(address, "telecoms").filter_map(|entry| text(entry, "telecomNumber")) {
        postings.entries(TELECOM, vec![index::start(&telecom(entry))]);
    }
}

fn among(arguments: &Arguments<'_>, parts: Vec<Query>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(arguments.among("healthcarePartyId", parts)?))
}

/// RC.7 leaves `active` out when it asks for the inactive ones: false is the default of the argument.
fn by_active(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let active = if arguments.flag("active")? { "true" } else { "false" };
    among(arguments, vec![index::any_of(ACTIVE, [active])])
}

/// Looks for the start of any word of street and city, or of the postal code. With `postalCode`, and
/// `houseNumber` beside it, these have to be the ones of some address of the patient, which need not
/// be the address that has the street.
fn by_address(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let search = arguments.optional_text("searchString")?.unwrap_or_default();
    let mut parts: Vec<Query> = index::search(ADDRESS, search).into_iter().collect();
    match (arguments.optional_text("postalCode")?, arguments.optional_text("houseNumber")?) {
        (Some(code), Some(house)) => {
            parts.push(index::any_of(ADDRESS_PLACE, [index::pair(&number(code), &number(house))]));
        }
        (Some(code), None) => {
            parts.push(Query::Prefix { index: ADDRESS_PLACE, prefix: index::pair(&number(code), "") });
        }
        (None, Some(_)) => return Err(FieldError::new("postalCode", "a string, since houseNumber is given")),
        (None, None) => {}
    }
    among(arguments, parts)
}

fn by_external_id(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let start = arguments.optional_text("externalId")?.map(index::start);
    among(arguments, start.into_iter().map(|prefix| Query::Prefix { index: EXTERNAL_ID, prefix }).collect())
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    among(arguments, vec![index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?)])
}

fn by_ssins(arguments: &Arguments<'_>, ssins: &[&str]) -> Result<Selection, FieldError> {
    among(arguments, vec![index::any_of(SSIN, ssins.iter().map(|ssin| number(ssin)))])
}

fn by_telecom(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let prefix = index::start(&telecom(arguments.optional_text("searchString")?.unwrap_or_default()));
    let asked = !prefix.is_empty();
    among(arguments, asked.then_some(Query::Prefix { index: TELECOM, prefix }).into_iter().collect())
}

fn by_birth(arguments: &Arguments<'_>, bounds: Bounds) -> Result<Selection, FieldError> {
    arguments.sorted(arguments.among("healthcarePartyId", vec![bounds.every(BIRTH)])?)
}

fn by_traits(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let mut parts = Vec::new();
    for (name, index) in [("gender", GENDER), ("education", EDUCATION), ("profession", PROFESSION)] {
        let Some(value) = arguments.optional_text(name)? else { continue };
        if index == GENDER && !GENDERS.contains(&value) {
            return Err(FieldError::new(name, format!("one of {}", GENDERS.join(", "))));
        }
        parts.push(index::any_of(index, [value]));
    }
    among(arguments, parts)
}

fn by_name(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let name = arguments.optional_text("name")?.unwrap_or_default();
    among(arguments, index::search(NAME, name).into_iter().collect())
}

fn by_modification(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let bounds = arguments.instants("startDate", "endDate")?;
    arguments.sorted(arguments.among("dataOwnerId", vec![bounds.every(MODIFIED)])?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_patient() {
        let patient = json!({
            "id": "p", "firstName": "Jean", "lastName": "Van Damme", "maidenName": "Dupont", "modified": 7,
            "names": [{"lastName": "Van Damme", "firstNames": ["Jean"], "use": "official"}],
            "gender": "male", "dateOfBirth": 19601018, "ssin": "60.10.18-123.45", "externalId": "X-1",
            "education": "master", "profession": "actor",
            "identifier": [{"system": "s", "value": "v"}, {"system": "s"}],
            "addresses": [{
                "street": "Rue Haute", "houseNumber": "1 A", "postalCode": "1000", "city": "Bruxelles",
                "telecoms": [{"telecomNumber": "+32 475"}, {"telecomNumber": "j@x.org"}],
            }],
            "aesExchangeKeys": {"key": {"hcp": {"fp": "00"}, "p": {"fp": "00"}}},
        });
        assert_eq!(
            postings(&CLASS, &patient),
            [
                "patient.active true",
                "patient.address 1000",
                "patient.address bruxellesruehaute",
                "patient.address hautebruxelles",
                "patient.address ruehautebruxelles",
                "patient.address-place 1000/1a",
                "patient.birth  @19601018000000",
                "patient.education master",
                "patient.external-id X-1",
                "patient.gender male",
                "patient.identifier 1:sv",
                "patient.legacy-exchange-keys-to hcp",
                "patient.legacy-exchange-keys-to p",
                "patient.modified  @7",
                "patient.name dammejean",
                "patient.name dupont",
                "patient.name jeanvandamme",
                "patient.name vandammejean",
                "patient.profession actor",
                "patient.ssin 60101812345",
                "patient.telecom 32475",
                "patient.telecom jxorg",
            ]
        );
        let stub = json!({"id": "p", "modified": 7, "active": false});
        assert_eq!(postings(&CLASS, &stub), ["patient.active false", "patient.modified  @7"]);
    }

    #[test]
    fn filters_on_patients() {
        check(
            &CLASS,
            &[
                ("AllPatientsFilter", json!({}), "all"),
                ("PatientByIdsFilter", json!({"ids": ["a", "b"]}), "ids(a,b)"),
                ("PatientByIdsFilter", json!({}), "! ids: expected an array of strings"),
                ("PatientByHcPartyFilter", json!({}), "to(me,k)"),
                ("PatientByHcPartyFilter", json!({"healthcarePartyId": "you"}), "to(you)"),
                ("PatientByHcPartyAndActiveFilter", json!({"active": true}), "patient.active=true"),
                ("PatientByHcPartyAndActiveFilter", json!({"active": null}), "patient.active=false"),
                ("PatientByHcPartyAndActiveFilter", json!({"active": 1}), "! active: expected true or false"),
                (
                    "PatientByHcPartyAndAddressFilter",
                    json!({"searchString": "Rue H.", "healthcarePartyId": "you"}),
                    "((patient.address~rueh + (patient.address~rue & patient.address~h)) & to(you))",
                ),
                (
                    "PatientByHcPartyAndAddressFilter",
                    json!({"searchString": "haute", "postalCode": "1000", "houseNumber": "1A"}),
                    "(patient.address~haute & patient.address-place=1000/1a)",
                ),
                ("PatientByHcPartyAndAddressFilter", json!({"postalCode": "1000"}), "patient.address-place~1000/"),
                (
                    "PatientByHcPartyAndAddressFilter",
                    json!({"houseNumber": "1"}),
                    "! postalCode: expected a string, since houseNumber is given",
                ),
                ("PatientByHcPartyAndExternalIdFilter", json!({"externalId": "X"}), "patient.external-id~X"),
                ("PatientByHcPartyAndExternalIdFilter", json!({}), "to(me,k)"),
                (
                    "PatientByHcPartyAndIdentifiersFilter",
                    json!({"identifiers": [{"id": "i", "system": "s", "value": "v"}, {"value": "w"}]}),
                    "patient.identifier=1:sv|:w",
                ),
                ("PatientByHcPartyAndIdentifiersFilter", json!({}), "nothing"),
                (
                    "PatientByHcPartyAndIdentifiersFilter",
                    json!({"identifiers": [{"value": "v"}, {"system": "s"}]}),
                    "! identifiers[1].value: expected a string",
                ),
                ("PatientByHcPartyAndSsinFilter", json!({"ssin": "1-2"}), "patient.ssin=12"),
                ("PatientByHcPartyAndSsinFilter", json!({}), "! ssin: expected a string"),
                ("PatientByHcPartyAndSsinsFilter", json!({"ssins": ["1-2", "3"]}), "patient.ssin=12|3"),
                ("PatientByHcPartyAndSsinsFilter", json!({"ssins": [1]}), "! ssins[0]: expected a string"),
                ("PatientByHcPartyAndTelecomFilter", json!({"searchString": "0032/4"}), "patient.telecom~324"),
                ("PatientByHcPartyAndTelecomFilter", json!({}), "to(me,k)"),
                (
                    "PatientByHcPartyDateOfBirthBetweenFilter",
                    json!({"minDateOfBirth": 19600101, "maxDateOfBirth": 19601231}),
                    "asc patient.birth=[19600101000000..19601231235959]",
                ),
                (
                    "PatientByHcPartyDateOfBirthFilter",
                    json!({"dateOfBirth": 19600101, "healthcarePartyId": "you"}),
                    "asc (patient.birth=[19600101000000..19600101235959] & to(you))",
                ),
                (
                    "PatientByHcPartyDateOfBirthFilter",
                    json!({"dateOfBirth": "x"}),
                    "! dateOfBirth: expected an integer",
                ),
                (
                    "PatientByHcPartyGenderEducationProfession",
                    json!({"gender": "female", "education": "e", "profession": "p"}),
                    "(patient.gender=female & patient.education=e & patient.profession=p)",
                ),
                (
                    "PatientByHcPartyGenderEducationProfession",
                    json!({"gender": "girl"}),
                    "! gender: expected one of male, female, indeterminate, changed, changedToMale, changedToFemale, unknown",
                ),
                ("PatientByHcPartyNameFilter", json!({"name": "Ström"}), "patient.name~strom"),
                (
                    "PatientByHcPartyNameFilter",
                    json!({"name": "Jean Da"}),
                    "(patient.name~jeanda + (patient.name~jean & patient.name~da))",
                ),
                ("PatientByHcPartyNameFilter", json!({"name": ""}), "to(me,k)"),
                (
                    "PatientByDataOwnerModifiedAfterFilter",
                    json!({"dataOwnerId": "me", "startDate": 5, "descending": true}),
                    "desc patient.modified=[5..]",
                ),
            ],
        );
    }

    #[test]
    fn lookups_of_patients() {
        assert_eq!(show(&with_legacy_exchange_keys_to("h")), "patient.legacy-exchange-keys-to=h");
        assert_eq!(show(&by_exact_external_id("X")), "patient.external-id=X");
    }
}
