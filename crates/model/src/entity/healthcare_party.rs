//! HealthcareParty: a professional or an organisation.

use crate::Object;
use crate::class::{Class, no_services, nothing_unique};
use crate::entity::index::{self, EVERY, Postings, objects, text, texts};
use crate::entity::text::{compact, number, rank, suffixes};
use crate::error::FieldError;
use crate::filter::{Arguments, FilterDef, all, by_ids};
use crate::query::{Posting, Query, Selection};

const CODE: &str = "healthcare-party.code";
const IDENTIFIER: &str = "healthcare-party.identifier";
const LEGACY_EXCHANGE_KEYS_TO: &str = "healthcare-party.legacy-exchange-keys-to";
const NAME: &str = "healthcare-party.name";
const NAME_ORDER: &str = "healthcare-party.name-order";
const NATIONAL_NUMBER: &str = "healthcare-party.national-number";
const NATIONAL_NUMBER_ORDER: &str = "healthcare-party.national-number-order";
const PARENT: &str = "healthcare-party.parent";
const SPECIALITY_POSTAL_CODE: &str = "healthcare-party.speciality-postal-code";
const TAG: &str = "healthcare-party.tag";

/// The class of HealthcareParty documents.
pub static CLASS: Class = Class {
    name: "HealthcareParty",
    path: "hcparty",
    encryptable: false,
    postings,
    services: no_services,
    unique: nothing_unique,
    filters: &[
        FilterDef { name: "AllHealthcarePartiesFilter", compile: all },
        FilterDef { name: "HealthcarePartyByIdsFilter", compile: by_ids },
        FilterDef { name: "HealthcarePartyByIdentifiersFilter", compile: by_identifiers },
        FilterDef { name: "HealthcarePartyByNameFilter", compile: |a| a.sorted(named(a.text("name")?)) },
        FilterDef {
            name: "HealthcarePartyByNationalIdentifierFilter",
            compile: |a| a.sorted(with_national_number(a.text("searchValue")?)),
        },
        FilterDef {
            name: "HealthcarePartyByParentIdFilter",
            compile: |a| Ok(Selection::unordered(children(a.text("parentId")?))),
        },
        FilterDef { name: "HealthcarePartyByTagCodeFilter", compile: by_tag_code },
        FilterDef { name: "HealthcarePartyByTypeSpecialtyPostCodeFilter", compile: by_speciality },
    ],
    by_patient: None,
};

/// Healthcare parties whose name or speciality has `name` in it, to be listed by name
/// (`GET hcparty/byName`); all of them for an empty name (`GET hcparty`).
pub fn named(name: &str) -> Query {
    among_ordered(NAME_ORDER, NAME, clip(&compact(name)))
}

/// Healthcare parties with a national number (SSIN, NIHII, CBE, EHP) that starts with `start`, to be
/// listed by number (`GET hcparty/byNihiiOrSsin/{start}`).
pub fn with_national_number(start: &str) -> Query {
    among_ordered(NATIONAL_NUMBER_ORDER, NATIONAL_NUMBER, index::start(&number(start)))
}

/// Healthcare parties below the parent `id` (`GET hcparty/{id}/children`).
pub fn children(id: &str) -> Query {
    index::any_of(PARENT, [id])
}

/// Healthcare parties that have made legacy exchange keys towards `delegate` (wire 6.1).
pub fn with_legacy_exchange_keys_to(delegate: &str) -> Query {
    index::any_of(LEGACY_EXCHANGE_KEYS_TO, [delegate])
}

fn postings(party: &Object) -> Vec<Posting> {
    let mut postings = Postings::default();
    names(&mut postings, party);
    let numbers = ["ssin", "nihii", "cbe", "ehp"].map(|key| text(party, key).map(number).unwrap_or_default());
    let mut numbers: Vec<String> =
        numbers.iter().filter(|number| !number.is_empty()).map(|it| index::start(it)).collect();
    if let Some(first) = numbers.iter().min() {
        postings.sorted(NATIONAL_NUMBER_ORDER, [EVERY], Some(rank(first)));
    }
    postings.entries(NATIONAL_NUMBER, std::mem::take(&mut numbers));
    postings.term(PARENT, text(party, "parentId"));
    postings.codes(TAG, party, "tags", None, "");
    postings.codes(CODE, party, "codes", None, "");
    postings.identifiers(IDENTIFIER, party, "identifier", "");
    if let (Some(speciality), Some(code)) = (text(party, "speciality"), text(party, "nihiiSpecCode")) {
        let places = objects(party, "addresses").filter_map(|address| text(address, "postalCode"));
        postings.entries(SPECIALITY_POSTAL_CODE, places.map(|place| place_term(speciality, code, place)).collect());
    }
    postings.legacy_exchange_keys(LEGACY_EXCHANGE_KEYS_TO, party);
    postings.finish()
}

/// Names are found by any piece of them, unlike those of patients: there are few healthcare parties.
fn names(postings: &mut Postings, party: &Object) {
    let field = |key| text(party, key).unwrap_or_default();
    let own = (
        format!("{} {}", field("lastName"), field("firstName")),
        format!("{} {}", field("firstName"), field("lastName")),
    );
    let others = objects(party, "names").map(|name| {
        let first = texts(name, "firstNames").collect::<Vec<_>>().join(" ");
        format!("{} {first}", text(name, "lastName").unwrap_or_default())
    });
    let whole = [own.0.as_str(), field("name"), field("companyName")];
    let order = whole.into_iter().find(|name| !compact(name).is_empty()).unwrap_or_default();
    postings.sorted(NAME_ORDER, [EVERY], Some(rank(order)));
    for name in [&own.0, &own.1, field("name"), field("companyName"), field("speciality")] {
        postings.entries(NAME, suffixes(name));
    }
    for name in others {
        postings.entries(NAME, suffixes(&name));
    }
}

/// The documents under `index` that start with `prefix`, in the order of `order`.
fn among_ordered(order: &'static str, index: &'static str, prefix: String) -> Query {
    let mut parts = vec![index::any_of(order, [EVERY])];
    if !prefix.is_empty() {
        parts.push(Query::Prefix { index, prefix });
    }
    index::intersection(parts)
}

fn by_identifiers(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    Ok(Selection::unordered(index::any_of(IDENTIFIER, arguments.identifiers("identifiers")?)))
}

fn by_tag_code(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let tag = arguments.code("tagType", "tagCode")?.map(|tag| index::any_of(TAG, [tag]));
    let code = arguments.code("codeType", "codeCode")?.map(|code| index::any_of(CODE, [code]));
    let parts: Vec<Query> = tag.into_iter().chain(code).collect();
    Ok(Selection::unordered(if parts.is_empty() { Query::All } else { index::intersection(parts) }))
}

fn by_speciality(arguments: &Arguments<'_>) -> Result<Selection, FieldError> {
    let (speciality, code) = (arguments.text("specialty")?, arguments.text("specCode")?);
    let place = |name| arguments.text(name).map(|place| Some(place_term(speciality, code, place)));
    let (from, to) = (place("startPostCode")?, place("endPostCode")?);
    Ok(Selection::unordered(Query::TermRange { index: SPECIALITY_POSTAL_CODE, from, to }))
}

fn place_term(speciality: &str, code: &str, place: &str) -> String {
    format!("{}{}{}", index::pair(speciality, code), index::SEPARATOR, index::start(place))
}

/// A search for a piece of a name can be no longer than the pieces that are indexed.
fn clip(text: &str) -> String {
    text.chars().take(crate::entity::text::MAX_ENTRY).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entity::testing::{check, postings, show};

    #[test]
    fn postings_of_a_healthcare_party() {
        let party = json!({
            "id": "h", "lastName": "Ås", "firstName": "Bo", "speciality": "GP", "nihiiSpecCode": "003",
            "nihii": "1-2", "ssin": "0.9", "parentId": "org",
            "names": [{"lastName": "Ås", "firstNames": ["Bo"]}],
            "tags": [{"type": "T", "code": "1"}], "codes": [{"type": "C"}], "identifier": [{"value": "v"}],
            "addresses": [{"postalCode": "1000"}, {"postalCode": "5000"}],
            "aesExchangeKeys": {"k": {"p": {}}},
        });
        assert_eq!(
            postings(&CLASS, &party),
            [
                "healthcare-party.code C",
                "healthcare-party.identifier :v",
                "healthcare-party.legacy-exchange-keys-to p",
                "healthcare-party.name as",
                "healthcare-party.name asbo",
                "healthcare-party.name bo",
                "healthcare-party.name boas",
                "healthcare-party.name gp",
                "healthcare-party.name o",
                "healthcare-party.name oas",
                "healthcare-party.name p",
                "healthcare-party.name s",
                "healthcare-party.name sbo",
                &format!("healthcare-party.name-order  @{}", rank("as bo")),
                "healthcare-party.national-number 09",
                "healthcare-party.national-number 12",
                &format!("healthcare-party.national-number-order  @{}", rank("09")),
                "healthcare-party.parent org",
                "healthcare-party.speciality-postal-code GP/003/1000",
                "healthcare-party.speciality-postal-code GP/003/5000",
                "healthcare-party.tag T",
                "healthcare-party.tag T/1",
            ]
        );
    }

    #[test]
    fn filters_on_healthcare_parties() {
        check(
            &CLASS,
            &[
                ("AllHealthcarePartiesFilter", json!({}), "all"),
                ("HealthcarePartyByIdsFilter", json!({"ids": ["h"]}), "ids(h)"),
                (
                    "HealthcarePartyByIdentifiersFilter",
                    json!({"identifiers": [{"system": "s", "value": "v"}]}),
                    "healthcare-party.identifier=1:sv",
                ),
                (
                    "HealthcarePartyByNameFilter",
                    json!({"name": "Ås B.", "descending": true}),
                    "desc (healthcare-party.name-order= & healthcare-party.name~asb)",
                ),
                ("HealthcarePartyByNameFilter", json!({"name": ""}), "asc healthcare-party.name-order="),
                ("HealthcarePartyByNameFilter", json!({}), "! name: expected a string"),
                (
                    "HealthcarePartyByNationalIdentifierFilter",
                    json!({"searchValue": "1-2"}),
                    "asc (healthcare-party.national-number-order= & healthcare-party.national-number~12)",
                ),
                ("HealthcarePartyByParentIdFilter", json!({"parentId": "org"}), "healthcare-party.parent=org"),
                (
                    "HealthcarePartyByTagCodeFilter",
                    json!({"tagType": "T", "codeType": "C", "codeCode": "2"}),
                    "(healthcare-party.tag=T & healthcare-party.code=C/2)",
                ),
                ("HealthcarePartyByTagCodeFilter", json!({}), "all"),
                (
                    "HealthcarePartyByTypeSpecialtyPostCodeFilter",
                    json!({"specialty": "GP", "specCode": "003", "startPostCode": "1000", "endPostCode": "1999"}),
                    "healthcare-party.speciality-postal-code=[GP/003/1000..GP/003/1999]",
                ),
            ],
        );
    }

    #[test]
    fn lookups_of_healthcare_parties() {
        assert_eq!(show(&children("org")), "healthcare-party.parent=org");
        assert_eq!(show(&with_legacy_exchange_keys_to("p")), "healthcare-party.legacy-exchange-keys-to=p");
    }
}
