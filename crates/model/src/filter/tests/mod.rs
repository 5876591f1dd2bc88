//! What filters mean: composites, limits and data owner arguments by example, and every filter
//! against its meaning read off the JSON documents, for random documents and filters.

mod evaluate;
mod meaning;
mod tape;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use self::evaluate::{Stored, answer};
use self::meaning::{Asked, Population, Seen, populations};
use self::tape::Tape;
use super::*;
use crate::class::{ALL, Class};
use crate::entity::testing::{me, show_selection};
use crate::entity::{contact, document, maintenance_task, message, patient};

fn show(class: &Class, filter: Value, caller: &Caller) -> String {
    match compile(class, &filter, caller) {
        Ok(selection) => show_selection(&selection),
        Err(error) => format!("! {error}"),
    }
}

#[test]
fn a_recorded_composite_compiles() {
    let filter = json!({"$type": "IntersectionFilter", "filters": [
        {"$type": "MaintenanceTaskByHcPartyAndTypeFilter", "type": "OTHER", "healthcarePartyId": "hcp-master"},
        {"$type": "MaintenanceTaskAfterDateFilter", "healthcarePartyId": "hcp-master", "date": 0},
    ], "desc": null});
    assert_eq!(
        show(&maintenance_task::CLASS, filter, &me()),
        "(maintenance-task.type=OTHER & to(hcp-master) & maintenance-task.created=[1..] & to(hcp-master))"
    );
}

#[test]
fn composites_keep_the_order_of_their_first_filter() {
    let sorted = json!({"$type": "MaintenanceTaskAfterDateFilter", "date": 0});
    let unsorted = json!({"$type": "MaintenanceTaskByHcPartyAndTypeFilter", "type": "T"});
    let show = |filter| show(&maintenance_task::CLASS, filter, &me());
    let of = |kind: &str, filters: [&Value; 2]| json!({"$type": kind, "filters": filters, "extra": 1});
    let (created, kind) = ("maintenance-task.created=[1..]", "maintenance-task.type=T");
    assert_eq!(show(of("IntersectionFilter", [&sorted, &unsorted])), format!("asc ({created} & {kind})"));
    assert_eq!(show(of("IntersectionFilter", [&unsorted, &sorted])), format!("({kind} & {created})"));
    assert_eq!(show(of("UnionFilter", [&sorted, &unsorted])), format!("({created} + {kind})"));
    let difference = json!({"$type": "ComplementFilter", "superSet": sorted, "subSet": unsorted});
    assert_eq!(show(difference), format!("asc ({created} - {kind})"));
}

#[test]
fn errors_name_the_place() {
    let show = |filter| show(&patient::CLASS, filter, &me());
    let wrong = json!({"$type": "PatientByHcPartyFilter", "healthcarePartyId": 1});
    let nested = json!({"$type": "UnionFilter", "filters": [
        {"$type": "AllPatientsFilter"},
        {"$type": "ComplementFilter", "superSet": {"$type": "AllPatientsFilter"}, "subSet": wrong},
    ]});
    assert_eq!(show(nested), "! filters[1].subSet.healthcarePartyId: expected a string");
    assert_eq!(show(json!([])), "! the body: expected a filter: an object with a $type");
    assert_eq!(show(json!({"$type": 1})), "! $type: expected the name of a filter");
    assert_eq!(show(json!({"$type": "ContactByHcPartyFilter"})), "! $type: expected a filter of this class");
    assert_eq!(show(json!({"$type": "UnionFilter", "filters": {}})), "! filters: expected an array of filters");
    assert_eq!(
        show(json!({"$type": "UnionFilter", "filters": [7]})),
        "! filters[0]: expected a filter: an object with a $type"
    );
    assert_eq!(show(json!({"$type": "UnionFilter"})), "nothing");
    assert_eq!(show(json!({"$type": "IntersectionFilter", "filters": []})), "! filters: expected at least one filter");
    assert_eq!(show(json!({"$type": "ComplementFilter"})), "! superSet: expected a filter");
}

#[test]
fn depth_and_size_are_limited() {
    let nested = |depth: usize| {
        (1..depth)
            .fold(json!({"$type": "AllPatientsFilter"}), |inner, _| json!({"$type": "UnionFilter", "filters": [inner]}))
    };
    assert!(compile(&patient::CLASS, &nested(MAX_DEPTH), &me()).is_ok());
    let error = compile(&patient::CLASS, &nested(MAX_DEPTH + 1), &me()).unwrap_err();
    assert_eq!(error.expected, "a filter nested at most 16 deep");

    let wide = |parts| json!({"$type": "UnionFilter", "filters": vec![json!({"$type": "AllPatientsFilter"}); parts]});
    assert!(compile(&patient::CLASS, &wide(MAX_PARTS - 1), &me()).is_ok());
    let error = compile(&patient::CLASS, &wide(MAX_PARTS), &me()).unwrap_err();
    assert_eq!(
        (error.path.as_str(), error.expected.as_str()),
        ("filters[999]", "a filter made of at most 1000 filters")
    );
}

#[test]
fn the_data_owner_argument_covers_what_it_names() {
    let by_type = |owner: Value| json!({"$type": "MaintenanceTaskByHcPartyAndTypeFilter", "type": "T", "healthcarePartyId": owner});
    let show = |owner, caller: &Caller| show(&maintenance_task::CLASS, by_type(owner), caller);
    let kind = "maintenance-task.type=T";

    let child = Caller { parents: vec!["boss".into()], ..me() };
    for owner in [json!(null), json!("me")] {
        assert_eq!(show(owner.clone(), &me()), kind, "reading is restricted to what is mine anyway");
        assert_eq!(show(owner, &child), format!("({kind} & to(me,k))"), "what is only my parent's is not mine");
    }
    assert_eq!(show(json!("boss"), &child), format!("({kind} & to(boss))"));

    let nobody = Caller { data_owner: None, ..me() };
    assert_eq!(show(json!("you"), &nobody), format!("({kind} & to(you))"));
    assert_eq!(
        show(json!(null), &nobody),
        "! healthcarePartyId: expected the id of a data owner, since the caller is none"
    );
}

#[test]
fn a_chain_wraps_a_filter() {
    let filter = json!({"$type": "AllPatientsFilter"});
    for chain in [
        json!({"filter": filter}),
        json!({"filter": filter, "predicate": null}),
        json!({"$type": "FilterChain", "filter": filter, "predicate": null}),
    ] {
        assert_eq!(from_chain(&chain), Ok(&filter));
    }
    let path = |chain: Value| from_chain(&chain).unwrap_err().path;
    assert_eq!(path(json!({"filter": filter, "predicate": {"$type": "AlwaysPredicate"}})), "predicate");
    assert_eq!(path(json!({"filter": null})), "filter");
    assert_eq!(path(json!({})), "filter");
    assert_eq!(path(filter), "filter");
    assert_eq!(path(json!("x")), "");
}

#[test]
fn the_lists_by_patient_compile() {
    let list = |class, owner, keys: &[&str], start, end, descending| {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        show_selection(&by_patient(class, owner, &keys, start, end, descending, &me()).unwrap())
    };
    assert_eq!(
        list(&contact::CLASS, Some("hcp"), &["p"], Some(20230101), None, false),
        "asc (contact.opening-by-patient=p[20230101000000..] & to(hcp))"
    );
    assert_eq!(
        list(&document::CLASS, None, &["p", "q"], Some(1), Some(2), true),
        "desc document.created-by-patient=p|q[1..2]"
    );
    assert_eq!(list(&message::CLASS, Some("me"), &[], None, None, false), "nothing");
    assert!(by_patient(&contact::CLASS, None, &[], None, None, false, &Caller::default()).is_err());
    assert!(by_patient(&patient::CLASS, None, &[], None, None, false, &me()).is_err());

    let paths: Vec<_> = ALL.iter().filter_map(|class| Some((class.path, class.by_patient.as_ref()?.path))).collect();
    assert_eq!(
        paths,
        [
            ("contact", "byDataOwnerPatientOpeningDate"),
            ("helement", "byDataOwnerPatientOpeningDate"),
            ("document", "byDataOwnerPatientCreated"),
            ("accesslog", "byDataOwnerPatientDate"),
            ("message", "byDataOwnerPatientSentDate"),
            ("form", "byDataOwnerPatientOpeningDate"),
            ("invoice", "byDataOwnerPatientInvoiceDate"),
            ("classification", "byDataOwnerPatientCreated"),
        ]
    );
}

#[test]
fn only_the_latest_message_is_limited() {
    assert_eq!(limit(&json!({"$type": "LatestMessageByHcPartyTransportGuidFilter"})), Some(1));
    assert_eq!(limit(&json!({"$type": "MessageByHcPartyTransportGuidFilter"})), None);
    assert_eq!(limit(&json!(7)), None);
}

#[test]
fn every_filter_has_a_meaning_here() {
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    for class in ALL {
        known.extend(class.filters.iter().map(|filter| (class.name, filter.name)));
    }
    known.extend(service::FILTERS.iter().map(|filter| ("Service", filter.name)));
    let meant = populations()
        .iter()
        .flat_map(|population| population.filters.iter().map(|(name, _)| (population.name, *name)))
        .collect::<BTreeSet<_>>();
    assert_eq!(known, meant);
}

#[test]
fn index_names_are_unique_to_their_class() {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for population in populations().iter().filter(|population| population.name != "Service") {
        for seed in 0..200u64 {
            let body = (population.document)(&mut Tape::new(&seed_bytes(seed)));
            for posting in (population.class.postings)(body.as_object().unwrap()) {
                let first = *owner.entry(posting.index).or_insert(population.name);
                assert_eq!(first, population.name, "{}", posting.index);
            }
        }
    }
}

/// Bytes that differ in every place from seed to seed.
fn seed_bytes(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678_9abc_def1);
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some((state >> 24) as u8)
    };
    std::iter::from_fn(next).take(2000).collect()
}

/// Who asks: with or without delegation keys and parents.
fn caller(tape: &mut Tape<'_>) -> Caller {
    Caller {
        data_owner: Some("me".into()),
        parents: if tape.chance() { vec!["boss".into()] } else { vec![] },
        delegation_keys: if tape.chance() { vec!["k".into()] } else { vec![] },
    }
}

fn stored(population: &Population, tape: &mut Tape<'_>) -> Vec<Stored> {
    let document = |at| {
        let mut body = (population.document)(tape);
        body["id"] = json!(format!("d{at}"));
        let grants = ["me", "boss", "you", "k"].into_iter().filter(|_| tape.chance()).map(str::to_owned).collect();
        Stored::new(population.class, body, grants)
    };
    (0..6).map(document).collect()
}

/// A filter of the population with its meaning: the one at `which`, or composites of any.
fn asked(population: &Population, tape: &mut Tape<'_>, which: Option<usize>, depth: usize) -> Asked {
    let inner = |tape: &mut Tape<'_>| asked(population, tape, None, depth - 1);
    match if depth == 0 { 0 } else { tape.pick(6) } {
        3 => Asked::union((0..tape.pick(4)).map(|_| inner(tape)).collect()),
        4 => Asked::intersection((0..=tape.pick(3)).map(|_| inner(tape)).collect()),
        5 => Asked::difference(inner(tape), inner(tape)),
        _ => {
            let (name, ask) = population.filters[which.unwrap_or_else(|| tape.pick(population.filters.len()))];
            let mut asked = ask(tape);
            asked.filter["$type"] = json!(name);
            if tape.chance() {
                asked.filter["desc"] = json!(null);
            }
            asked
        }
    }
}

/// What the filter means for the documents, without a query or a posting.
fn expected(asked: &Asked, documents: &[Stored], caller: &Caller, parts: bool) -> Vec<(String, String)> {
    let readable: Vec<&Stored> = documents.iter().filter(|stored| stored.readable_by(caller)).collect();
    let mut hits = Vec::new();
    for stored in &readable {
        let nothing = [Value::Null];
        let units = if parts { stored.body["services"].as_array().map_or(&[][..], Vec::as_slice) } else { &nothing };
        for part in units {
            let seen = Seen { body: &stored.body, part, grants: &stored.grants, caller };
            let latest = !parts || meaning::is_latest(&stored.body, part, readable.iter().map(|stored| &stored.body));
            if latest && (asked.holds)(&seen) {
                let text = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
                let key = asked.order.as_ref().map(|order| (order.key)(&seen));
                hits.push((key, (text(&stored.body), text(part))));
            }
        }
    }
    hits.sort_by(|(a, a_id), (b, b_id)| {
        let by_key = match (a.as_ref().and_then(Option::as_ref), b.as_ref().and_then(Option::as_ref)) {
            (Some(a), Some(b)) if asked.order.as_ref().is_some_and(|order| order.descending) => b.cmp(a),
            (a, b) => a.is_none().cmp(&b.is_none()).then(a.cmp(&b)),
        };
        by_key.then(a_id.cmp(b_id))
    });
    hits.into_iter().map(|(_, id)| id).collect()
}

/// Compiles and answers what is asked, and compares with what it means.
fn check(population: &Population, which: Option<usize>, depth: usize, bytes: &[u8]) -> Result<Checked, TestCaseError> {
    let mut tape = Tape::new(bytes);
    let caller = caller(&mut tape);
    let asked = asked(population, &mut tape, which, depth);
    let documents = stored(population, &mut tape);
    let parts = population.name == "Service";
    let selection = match parts {
        true => compile_service(&asked.filter, &caller),
        false => compile(population.class, &asked.filter, &caller),
    };
    let selection = selection.map_err(|error| TestCaseError::fail(format!("{error}: {}", asked.filter)))?;
    let found = answer(&documents, &selection, &caller, parts);
    let expected = expected(&asked, &documents, &caller, parts);
    let bodies: Vec<_> = documents.iter().map(|stored| format!("{:?} {}", stored.grants, stored.body)).collect();
    prop_assert_eq!(
        &found,
        &expected,
        "\n{}\n{}\n{:?}\n{}",
        asked.filter,
        show_selection(&selection),
        caller,
        bodies.join("\n")
    );
    Ok(Checked { count: found.len(), sorted: asked.order.is_some(), reordered: !found.is_sorted() })
}

/// What a check was about.
struct Checked {
    /// How many were found.
    count: usize,
    /// Whether they have an order.
    sorted: bool,
    /// Whether that is not just the order of the ids.
    reordered: bool,
}

/// Bytes that nobody wants to read when a test fails.
struct Choices(Vec<u8>);

impl std::fmt::Debug for Choices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} choices", self.0.len())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    /// Compiled filters find, in order, what the filters mean.
    #[test]
    fn filters_find_what_they_mean(which in 0..17usize, choices in prop::collection::vec(any::<u8>(), 0..2000).prop_map(Choices)) {
        let populations = populations();
        prop_assert_eq!(populations.len(), 17);
        check(&populations[which], None, 3, &choices.0)?;
    }
}

/// No filter passes because it never finds anything, or everything, or only in the order of the ids.
#[test]
fn every_filter_finds_some_and_not_all() {
    for population in populations() {
        for (which, (name, _)) in population.filters.iter().enumerate() {
            let (mut some, mut few, mut order) = (false, false, false);
            let tried = (0..5000).find(|seed| {
                let checked = check(&population, Some(which), 0, &seed_bytes(*seed)).unwrap();
                some |= checked.count > 0;
                few |= checked.count < 2;
                order |= checked.reordered || !checked.sorted;
                *seed > 40 && some && few && order
            });
            assert!(tried.is_some(), "{name}: found some {some}, few {few}, in order {order}");
        }
    }
}
