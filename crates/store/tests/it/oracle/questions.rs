//! Random questions, over few values so that they meet.

use keystead_model::query::{Order, Query, Selection};
use keystead_store::documents::Find;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(super) const GROUPS: [&str; 4] = ["g", "g", "g", "h"];
pub(super) const CLASSES: [&str; 2] = ["Contact", "Document"];
pub(super) const IDS: [&str; 4] = ["1", "2", "3", "4"];
pub(super) const KEYS: [&str; 4] = ["k", "l", "m", "n"];
pub(super) const SERVICES: [&str; 3] = ["2", "s", "t"];
pub(super) const TERMS: [&str; 5] = ["", "a", "ab", "b", "\u{10ffff}"];

/// The indexes of a class.
pub(super) fn indexes(class: &str) -> [&'static str; 2] {
    if class == "Contact" { ["contact.x", "contact.y"] } else { ["document.x", "document.y"] }
}

pub(super) fn some_of<const N: usize>(values: [&'static str; N], most: usize) -> impl Strategy<Value = Vec<String>> {
    subsequence(values.to_vec(), 0..=most).prop_map(|values| values.into_iter().map(str::to_owned).collect())
}

pub(super) fn one_of<const N: usize>(values: [&'static str; N]) -> impl Strategy<Value = String> {
    select(values.to_vec()).prop_map(str::to_owned)
}

fn bound() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![4 => Just(None), 3 => (-1..4_i64).prop_map(Some), 1 => Just(Some(i64::MAX)), 1 => Just(Some(i64::MIN))]
}

fn leaf(class: &'static str) -> BoxedStrategy<Query> {
    let index = || select(indexes(class).to_vec());
    prop_oneof![
        1 => Just(Query::All),
        2 => prop_oneof![some_of(IDS, 4), some_of(SERVICES, 3)].prop_map(Query::Ids),
        6 => (index(), prop_oneof![4 => some_of(TERMS, 2), 1 => some_of(TERMS, 5)], bound(), bound())
            .prop_filter("the order of a set without terms is not defined", |(_, terms, _, _)| !terms.is_empty())
            .prop_map(|(index, terms, from, to)| Query::Term { index, terms, from, to }),
        1 => (index(), one_of(TERMS)).prop_map(|(index, prefix)| Query::Prefix { index, prefix }),
        1 => (index(), prop::option::of(one_of(TERMS)), prop::option::of(one_of(TERMS)))
            .prop_map(|(index, from, to)| Query::TermRange { index, from, to }),
        2 => some_of(KEYS, 3).prop_map(Query::AccessibleTo),
    ]
    .boxed()
}

fn query(class: &'static str) -> impl Strategy<Value = Query> {
    leaf(class).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::Union),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Query::Intersection),
            (inner.clone(), inner).prop_map(|(of, without)| Query::Difference(Box::new(of), Box::new(without))),
        ]
    })
}

pub(super) fn question() -> impl Strategy<Value = Find> {
    (select(CLASSES.to_vec()), any::<bool>()).prop_flat_map(|(class, parts)| {
        (
            one_of(GROUPS),
            query(class),
            select(vec![Order::Id, Order::Ascending, Order::Descending]),
            prop::option::of(some_of(KEYS, 3)),
            prop::option::of(0..5_usize),
        )
            .prop_map(move |(group, query, order, readable_by, limit)| Find {
                group,
                class,
                selection: Selection { query, order },
                readable_by,
                parts: parts && class == "Contact",
                after: None,
                limit,
            })
    })
}
