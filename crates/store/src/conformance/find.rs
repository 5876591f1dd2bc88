//! Stories of sets: every kind of query.

use std::sync::Arc;

use keystead_model::query::{Order, Query};

use super::samples::{CONTACT, GROUP, KEY, TAG, document, ids, nothing, put, put_in, question, texts};
use crate::documents::Written;
use crate::{Result, Store};

/// Six contacts of two patients.
async fn contacts(store: &Arc<dyn Store>) -> Result<()> {
    put(store, "a", nothing().sorted(KEY, "p1", 10).term(TAG, "red").reader("r")).await?;
    put(store, "b", nothing().sorted(KEY, "p1", 20).term(TAG, "blue").reader("r").reader("s")).await?;
    put(store, "c", nothing().sorted(KEY, "p1", 30).term(TAG, "red").term(TAG, "blue").reader("s")).await?;
    put(store, "d", nothing().term(KEY, "p1").term(TAG, "green").reader("r")).await?;
    put(store, "e", nothing().sorted(KEY, "p2", 15).term(TAG, "red")).await?;
    put(store, "f", nothing().sorted(KEY, "p2", 25).sorted(KEY, "p1", 25).reader("s")).await
}

fn term(index: &'static str, term: &str) -> Query {
    Query::term(index, term)
}

fn bounded(terms: &[&str], from: Option<i64>, to: Option<i64>) -> Query {
    Query::Term { index: KEY, terms: texts(terms), from, to }
}

fn prefix(prefix: &str) -> Query {
    Query::Prefix { index: TAG, prefix: prefix.to_owned() }
}

fn range(from: Option<&str>, to: Option<&str>) -> Query {
    Query::TermRange { index: TAG, from: from.map(str::to_owned), to: to.map(str::to_owned) }
}

fn accessible(keys: &[&str]) -> Query {
    Query::AccessibleTo(texts(keys))
}

fn without(of: Query, without: Query) -> Query {
    Query::Difference(Box::new(of), Box::new(without))
}

/// Asks every question, and expects the ids as they are concatenated.
async fn expect<const N: usize>(store: &Arc<dyn Store>, cases: [(Query, &str); N]) -> Result<()> {
    for (query, expected) in cases {
        assert_eq!(ids(store, question(query.clone())).await?.concat(), expected, "{query:?}");
    }
    Ok(())
}

/// Any of the terms, exactly.
pub async fn finds_terms(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (term(KEY, "p1"), "abcdf"),
            (term(KEY, "p2"), "ef"),
            (term(KEY, "p"), ""),
            (term(KEY, "P1"), ""),
            (Query::terms(KEY, texts(&["p2", "p1", "p2", "p3"])), "abcdef"),
            (term(TAG, "p1"), ""),
            (Query::terms(KEY, Vec::new()), ""),
        ],
    )
    .await
}

/// Bounds are inclusive, and leave out what has no sort value.
pub async fn finds_within_bounds(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    put(&store, "g", nothing().sorted(KEY, "p1", i64::MIN)).await?;
    expect(
        &store,
        [
            (bounded(&["p1"], Some(20), Some(25)), "bf"),
            (bounded(&["p1"], Some(21), None), "cf"),
            (bounded(&["p1"], None, Some(20)), "abg"),
            (bounded(&["p1", "p2"], Some(15), Some(20)), "be"),
            (bounded(&["p1"], Some(i64::MIN), Some(i64::MAX)), "abcfg"),
            (bounded(&["p1"], None, Some(i64::MAX)), "abcfg"),
            (bounded(&["p1"], Some(i64::MAX), None), ""),
            (bounded(&["p1"], None, Some(i64::MIN)), "g"),
            (bounded(&["p1"], Some(25), Some(20)), ""),
        ],
    )
    .await
}

/// What is also in an order of everything: the tags of contacts and of their services, which an engine may look up there.
pub async fn finds_tags_within_bounds(store: Arc<dyn Store>) -> Result<()> {
    for (id, at, tag) in [("a", Some(10), "red"), ("b", Some(20), "blue"), ("c", Some(30), "red"), ("d", None, "red")] {
        let contact = ["contact.opening", "contact.tag"].into_iter().zip(["", tag]);
        let contact = contact.fold(nothing().reader("r").service(id, 1, 1), |held, (index, term)| match at {
            Some(at) => held.sorted(index, term, at),
            None => held.term(index, term),
        });
        let held = contact.part("service.date", "", at, id).part("service.tag", tag, at, id);
        put(&store, id, held.part("service.tag", "all", at, id)).await?;
    }
    let tagged = |index, tags: &[&str], from, to| Query::Term { index, terms: texts(tags), from, to };
    for index in ["contact.tag", "service.tag"] {
        for (query, expected) in [
            (tagged(index, &["red"], None, None), "acd"),
            (tagged(index, &["red"], Some(10), Some(30)), "ac"),
            (tagged(index, &["red"], Some(11), None), "c"),
            (tagged(index, &["red", "blue"], None, Some(20)), "ab"),
            (tagged(index, &["blue"], Some(21), None), ""),
            (without(tagged(index, &["red"], None, None), tagged(index, &["red"], None, Some(20))), "cd"),
        ] {
            for find in [question(query.clone()), question(query.clone()).readable(&["r", "x"])] {
                assert_eq!(ids(&store, find.clone()).await?.concat(), expected, "{query:?}");
                if index == "service.tag" {
                    assert_eq!(ids(&store, find.clone().of_parts()).await?.concat(), expected, "parts: {query:?}");
                }
                if !expected.is_empty() && !matches!(query, Query::Difference(..)) {
                    let descending: String = ids(&store, find.ordered(Order::Descending)).await?.concat();
                    let (dated, undated): (Vec<char>, Vec<char>) = expected.chars().partition(|id| *id != 'd');
                    let expected: String = dated.into_iter().rev().chain(undated).collect();
                    assert_eq!(descending, expected, "descending: {query:?}");
                }
            }
        }
    }
    Ok(())
}

/// Terms by how they start, whatever the characters.
pub async fn finds_prefixes(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    put(&store, "g", nothing().term(TAG, "\u{d7ff}x")).await?;
    put(&store, "h", nothing().term(TAG, "\u{10ffff}\u{10ffff}x")).await?;
    put(&store, "i", nothing().term(TAG, "z%")).await?;
    expect(
        &store,
        [
            (prefix("r"), "ace"),
            (prefix("red"), "ace"),
            (prefix("redd"), ""),
            (prefix("R"), ""),
            (prefix("\u{d7ff}"), "g"),
            (prefix("\u{10ffff}"), "h"),
            (prefix("%"), ""),
            (prefix("z%"), "i"),
            (prefix(""), "abcdeghi"),
        ],
    )
    .await
}

/// Terms between two, inclusive, in byte order.
pub async fn finds_ranges(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (range(Some("blue"), Some("green")), "bcd"),
            (range(Some("green"), None), "acde"),
            (range(None, Some("c")), "bc"),
            (range(None, None), "abcde"),
            (range(Some("h"), Some("g")), ""),
        ],
    )
    .await
}

/// Documents by their ids.
pub async fn finds_ids(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (Query::Ids(texts(&["c", "x", "a", "c"])), "ac"),
            (Query::Ids(texts(&["x"])), ""),
            (Query::Ids(Vec::new()), ""),
        ],
    )
    .await
}

/// Every live document of the class.
pub async fn finds_everything(store: Arc<dyn Store>) -> Result<()> {
    expect(&store, [(Query::All, "")]).await?;
    contacts(&store).await?;
    expect(&store, [(Query::All, "abcdef"), (Query::Intersection(Vec::new()), "abcdef")]).await
}

/// Documents that grant access to any of the keys.
pub async fn finds_what_is_accessible(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (accessible(&["r"]), "abd"),
            (accessible(&["s"]), "bcf"),
            (accessible(&["s", "r", "x"]), "abcdf"),
            (accessible(&["x"]), ""),
            (accessible(&[]), ""),
        ],
    )
    .await
}

/// What is in any set, once.
pub async fn finds_unions(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (Query::Union(vec![term(TAG, "blue"), term(TAG, "red")]), "abce"),
            (Query::Union(vec![term(TAG, "green"), term(KEY, "p2"), Query::Ids(texts(&["d"]))]), "def"),
            (Query::Union(vec![Query::All, term(KEY, "p2")]), "abcdef"),
            (Query::Union(vec![Query::nothing(), Query::Union(vec![term(TAG, "green")])]), "d"),
            (Query::Union(vec![accessible(&["r"]), range(Some("red"), None), prefix("b")]), "abcde"),
        ],
    )
    .await
}

/// What is in every set.
pub async fn finds_intersections(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (Query::Intersection(vec![term(KEY, "p1"), term(TAG, "red")]), "ac"),
            (Query::Intersection(vec![term(TAG, "blue"), term(TAG, "red")]), "c"),
            (Query::Intersection(vec![Query::All, term(TAG, "red"), Query::All]), "ace"),
            (Query::Intersection(vec![term(TAG, "red"), Query::nothing()]), ""),
            (Query::Intersection(vec![term(TAG, "red"), Query::Intersection(vec![accessible(&["s"])])]), "c"),
            (
                Query::Intersection(vec![
                    Query::Union(vec![term(TAG, "green"), term(TAG, "red"), accessible(&["x"])]),
                    bounded(&["p1", "p2"], Some(10), Some(20)),
                ]),
                "ae",
            ),
            (Query::Intersection(vec![prefix("b"), range(Some("red"), None), Query::Ids(texts(&["c", "b"]))]), "c"),
        ],
    )
    .await
}

/// What is in the first set and not in the second.
pub async fn finds_differences(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (without(term(KEY, "p1"), term(TAG, "red")), "bdf"),
            (without(Query::All, accessible(&["r", "s"])), "e"),
            (without(Query::All, Query::nothing()), "abcdef"),
            (without(Query::nothing(), Query::All), ""),
            (without(term(KEY, "p1"), Query::All), ""),
            (without(Query::All, without(Query::All, term(TAG, "red"))), "ace"),
            (Query::Intersection(vec![without(Query::All, term(TAG, "red")), term(KEY, "p1")]), "bdf"),
            (without(Query::All, Query::Union(vec![term(TAG, "red"), prefix("b")])), "df"),
            (without(Query::All, Query::Intersection(vec![term(TAG, "red"), term(TAG, "blue")])), "abdef"),
            (Query::Union(vec![without(term(KEY, "p2"), term(TAG, "red")), term(TAG, "green")]), "df"),
        ],
    )
    .await
}

/// The empty set in every disguise.
pub async fn finds_nothing(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    expect(
        &store,
        [
            (Query::nothing(), ""),
            (Query::Union(vec![Query::nothing(), Query::Ids(Vec::new())]), ""),
            (Query::Intersection(vec![Query::All, Query::terms(KEY, Vec::new())]), ""),
        ],
    )
    .await?;
    let page = store.read().await?.find(&question(Query::All).first(0)).await?;
    assert_eq!(page, []);
    Ok(())
}

/// Only what the readers may read.
pub async fn restricts_to_readers(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    for (query, keys, expected) in [
        (Query::All, vec!["r"], "abd"),
        (Query::All, vec!["r", "s"], "abcdf"),
        (Query::All, vec![], ""),
        (term(KEY, "p1"), vec!["s"], "bcf"),
        (term(TAG, "red"), vec!["s", "x"], "c"),
        (Query::Ids(texts(&["a", "b", "e"])), vec!["s", "r"], "ab"),
        (Query::Union(vec![term(TAG, "red"), term(TAG, "green")]), vec!["r"], "ad"),
        (without(Query::All, term(TAG, "red")), vec!["r"], "bd"),
        (accessible(&["s"]), vec!["r"], "b"),
        (prefix(""), vec!["s"], "bc"),
    ] {
        let found = ids(&store, question(query.clone()).readable(&keys)).await?;
        assert_eq!(found.concat(), expected, "{query:?} for {keys:?}");
        // a caller may have thousands of keys
        let many: Vec<String> = (0..40).map(|number| format!("key {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(keys.iter().copied()).collect();
        let found = ids(&store, question(query.clone()).readable(&many)).await?;
        assert_eq!(found.concat(), expected, "{query:?} for {keys:?} and many more");
    }
    Ok(())
}

/// Groups and classes do not see each other's documents, whatever ids they use.
pub async fn keeps_groups_and_classes_apart(store: Arc<dyn Store>) -> Result<()> {
    let all = || nothing().sorted(KEY, "k", 1).reader("r");
    put(&store, "a", all()).await?;
    put_in(&store, "other", CONTACT, "a", all()).await?;
    put_in(&store, "other", CONTACT, "b", all()).await?;
    put_in(&store, GROUP, "Patient", "c", nothing().term("patient.by-key", "k").reader("r")).await?;
    put_in(&store, GROUP, "Patient", "a", nothing().term("patient.by-key", "k").writer("w")).await?;
    for query in [Query::All, term(KEY, "k"), accessible(&["r"]), Query::Ids(texts(&["a", "b", "c"]))] {
        assert_eq!(ids(&store, question(query.clone())).await?.concat(), "a", "{query:?}");
        let mut others = question(query.clone());
        others.group = "other".to_owned();
        assert_eq!(ids(&store, others).await?.concat(), "ab", "{query:?}");
    }
    let mut patients = question(term("patient.by-key", "k")).readable(&["r"]);
    patients.class = "Patient";
    assert_eq!(ids(&store, patients).await?.concat(), "c");
    // A change of one class leaves the other's postings of the same id alone.
    let mut work = store.write().await?;
    assert_eq!(work.replace(GROUP, "Patient", &document("a", "2-a"), "1-a", &nothing()).await?, Written::Done);
    work.commit().await?;
    assert_eq!(ids(&store, question(term(KEY, "k")).readable(&["r"])).await?.concat(), "a");
    Ok(())
}

/// A changed document is found by what it is now.
pub async fn follows_changes(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    let mut work = store.write().await?;
    let changed = nothing().sorted(KEY, "p1", 11).term(TAG, "blue").reader("s").writer("t");
    assert_eq!(work.replace(GROUP, CONTACT, &document("a", "2-a"), "1-a", &changed).await?, Written::Done);
    work.commit().await?;
    expect(
        &store,
        [
            (term(TAG, "red"), "ce"),
            (term(TAG, "blue"), "abc"),
            (bounded(&["p1"], None, Some(10)), ""),
            (bounded(&["p1"], None, Some(11)), "a"),
            (accessible(&["r"]), "bd"),
            (accessible(&["t"]), "a"),
            (accessible(&["s"]), "abcf"),
        ],
    )
    .await
}

/// Filters of clients can be large; they are answered all the same.
pub async fn answers_wide_and_deep_questions(store: Arc<dyn Store>) -> Result<()> {
    contacts(&store).await?;
    let many: Vec<String> = (0..2_000).map(|number| format!("p{number}")).collect();
    let unions: Vec<Query> = (0..300).map(|number| prefix(if number == 7 { "blue" } else { "x" })).collect();
    let intersections: Vec<Query> = (0..100).map(|_| Query::Union(vec![prefix("re"), accessible(&["s"])])).collect();
    let mut deep = term(TAG, "red");
    for level in 0..40 {
        deep = match level % 3 {
            0 => Query::Union(vec![deep, term(TAG, "nowhere"), accessible(&["x"])]),
            1 => Query::Intersection(vec![deep, Query::Union(vec![prefix("r"), term(KEY, "p2")])]),
            _ => without(deep, prefix("nowhere")),
        };
    }
    expect(
        &store,
        [
            (Query::terms(KEY, many.clone()), "abcdef"),
            (Query::Intersection(vec![term(TAG, "red"), Query::terms(KEY, many)]), "ace"),
            (Query::Union(unions.clone()), "bc"),
            (Query::Intersection(vec![term(KEY, "p1"), Query::Union(unions)]), "bc"),
            (Query::Intersection(intersections), "abcef"),
            (deep, "ace"),
        ],
    )
    .await
}
