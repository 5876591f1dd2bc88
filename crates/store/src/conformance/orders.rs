//! Stories of the order of hits, and of pages.

use std::sync::Arc;

use keystead_model::query::Order::{Ascending, Descending, Id};
use keystead_model::query::{Order, Query};

use super::samples::{KEY, TAG, hits, nothing, paged, put, question, texts};
use crate::documents::Find;
use crate::{Result, Store};

/// Hits as text: ids with their sort values.
async fn listed(store: &Arc<dyn Store>, find: Find) -> Result<String> {
    let whole = hits(store, &find).await?;
    for size in [1, 2, 3, 4, 5, 100] {
        assert_eq!(paged(store, &find, size).await?, whole, "in pages of {size}");
    }
    let texts: Vec<String> = whole
        .into_iter()
        .map(|hit| format!("{}{}", hit.id, hit.sort.map(|sort| sort.to_string()).unwrap_or_default()))
        .collect();
    Ok(texts.join(" "))
}

async fn expect<const N: usize>(store: &Arc<dyn Store>, cases: [(Query, Order, &str); N]) -> Result<()> {
    for (query, order, expected) in cases {
        let find = question(query.clone()).ordered(order);
        assert_eq!(listed(store, find).await?, expected, "{query:?} {order:?}");
    }
    Ok(())
}

fn accessible(key: &str) -> Query {
    Query::AccessibleTo(texts(&[key]))
}

/// By sort value in both directions; documents without one come last in both.
pub async fn orders_by_sort_value(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().sorted(KEY, "k", 20)).await?;
    put(&store, "b", nothing().sorted(KEY, "k", -5)).await?;
    put(&store, "c", nothing().term(KEY, "k")).await?;
    put(&store, "d", nothing().sorted(KEY, "k", 20)).await?;
    put(&store, "e", nothing().sorted(KEY, "k", 7)).await?;
    put(&store, "f", nothing().term(KEY, "k")).await?;
    let all = || Query::term(KEY, "k");
    let bounded = || Query::Term { index: KEY, terms: texts(&["k"]), from: Some(0), to: None };
    expect(
        &store,
        [
            (all(), Ascending, "b-5 e7 a20 d20 c f"),
            (all(), Descending, "a20 d20 e7 b-5 c f"),
            (all(), Id, "a b c d e f"),
            (bounded(), Ascending, "e7 a20 d20"),
            (bounded(), Descending, "a20 d20 e7"),
            (bounded(), Id, "a d e"),
            (Query::All, Ascending, "a b c d e f"),
            (Query::All, Descending, "a b c d e f"),
        ],
    )
    .await
}

/// A document with several matching postings stands where the best of them puts it, once.
pub async fn orders_by_the_best_value(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().sorted(KEY, "k", 1).sorted(KEY, "k", 9)).await?;
    put(&store, "b", nothing().sorted(KEY, "k", 5).sorted(KEY, "l", 2).term(KEY, "k")).await?;
    put(&store, "c", nothing().part(KEY, "k", Some(3), "s").part(KEY, "k", Some(3), "t")).await?;
    put(&store, "d", nothing().sorted(KEY, "l", 4).part(KEY, "l", None, "u")).await?;
    put(&store, "e", nothing().sorted(KEY, "k", 12)).await?;
    let both = || Query::terms(KEY, texts(&["l", "k"]));
    let few = || Query::Term { index: KEY, terms: texts(&["k", "l"]), from: Some(2), to: Some(8) };
    expect(
        &store,
        [
            (Query::term(KEY, "k"), Ascending, "a1 c3 b5 e12"),
            (Query::term(KEY, "k"), Descending, "e12 a9 b5 c3"),
            (both(), Ascending, "a1 b2 c3 d4 e12"),
            (both(), Descending, "e12 a9 b5 d4 c3"),
            (few(), Ascending, "b2 c3 d4"),
            (few(), Descending, "b5 d4 c3"),
        ],
    )
    .await
}

/// In an intersection the first set with sort values gives the order, whichever drives the search.
pub async fn orders_by_the_first_sorted_set(store: Arc<dyn Store>) -> Result<()> {
    for number in 0..20 {
        let many = nothing().sorted(KEY, "k", 100 - number).sorted(TAG, "many", number).reader("r");
        let projection = if number % 7 == 0 { many.sorted(TAG, "few", 50 + number).reader("s") } else { many };
        put(&store, &format!("{number:02}"), projection).await?;
    }
    let both = |queries: [Query; 2]| Query::Intersection(queries.into());
    let key = || Query::term(KEY, "k");
    let few = || Query::term(TAG, "few");
    let not_first = || Query::Difference(Box::new(key()), Box::new(Query::Ids(texts(&["00"]))));
    expect(
        &store,
        [
            (both([key(), few()]), Ascending, "1486 0793 00100"),
            (both([few(), key()]), Ascending, "0050 0757 1464"),
            (both([few(), key()]), Descending, "1464 0757 0050"),
            (both([accessible("s"), key()]), Descending, "00100 0793 1486"),
            (both([Query::All, key()]), Ascending, &ascending(0..20)),
            (both([not_first(), few()]), Ascending, "1486 0793"),
            (both([Query::Difference(Box::new(Query::All), Box::new(few())), key()]), Descending, &without_few()),
            (both([Query::Ids(texts(&["03", "14"])), key()]), Ascending, "1486 0397"),
            (both([key(), few()]), Id, "00 07 14"),
        ],
    )
    .await?;
    for (query, expected) in [(Query::All, "00 07 14"), (key(), "1486 0793 00100"), (few(), "0050 0757 1464")] {
        let find = question(query).ordered(Ascending).readable(&["s", "x"]);
        assert_eq!(listed(&store, find).await?, expected);
    }
    let find = question(key()).ordered(Descending).readable(&["r", "s"]);
    assert_eq!(listed(&store, find).await?.split(' ').count(), 20);
    Ok(())
}

fn ascending(numbers: std::ops::Range<i64>) -> String {
    numbers.rev().map(|number| format!("{number:02}{}", 100 - number)).collect::<Vec<_>>().join(" ")
}

fn without_few() -> String {
    (0..20)
        .filter(|number| number % 7 != 0)
        .map(|number| format!("{number:02}{}", 100 - number))
        .collect::<Vec<_>>()
        .join(" ")
}

/// In a union a hit stands where the best of the sets that it is in puts it.
pub async fn orders_unions(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().sorted(KEY, "k", 5).sorted(TAG, "t", 1)).await?;
    put(&store, "b", nothing().sorted(KEY, "k", 3).reader("r")).await?;
    put(&store, "c", nothing().sorted(TAG, "t", 4)).await?;
    put(&store, "d", nothing().reader("r").sorted(TAG, "u", 0)).await?;
    let sorted = || Query::Union(vec![Query::term(KEY, "k"), Query::term(TAG, "t"), accessible("r")]);
    // Here `a` is not in the second set, so its value there does not count.
    let conditional = || {
        let readable = Query::Intersection(vec![Query::term(TAG, "t"), accessible("r")]);
        Query::Union(vec![Query::term(KEY, "k"), readable, Query::Ids(texts(&["c"]))])
    };
    expect(
        &store,
        [
            (sorted(), Ascending, "a1 b3 c4 d"),
            (sorted(), Descending, "a5 c4 b3 d"),
            (conditional(), Ascending, "b3 a5 c"),
            (conditional(), Descending, "a5 b3 c"),
            (Query::Intersection(vec![sorted(), Query::Ids(texts(&["d", "c", "a"]))]), Ascending, "a1 c4 d"),
        ],
    )
    .await
}

/// Pages by id of every kind of set.
pub async fn pages_by_id(store: Arc<dyn Store>) -> Result<()> {
    for number in 0..25 {
        let keys = ["r", "s"].into_iter().cycle().skip(number % 2).take(1 + number % 2);
        let mut projection = nothing().term(KEY, "k").sorted(TAG, "t", -(number as i64));
        for key in keys {
            projection = projection.reader(key);
        }
        put(&store, &format!("{number:02}"), projection).await?;
    }
    for query in [
        Query::All,
        Query::term(KEY, "k"),
        Query::term(TAG, "t"),
        Query::terms(TAG, texts(&["t", "u"])),
        Query::AccessibleTo(texts(&["r", "s", "x"])),
        Query::Prefix { index: KEY, prefix: "k".to_owned() },
        Query::Union(vec![accessible("r"), accessible("s"), Query::term(TAG, "t")]),
    ] {
        for find in [question(query.clone()), question(query).readable(&["s", "r"])] {
            let whole = hits(&store, &find).await?;
            assert_eq!(whole.len(), 25);
            assert!(whole.is_sorted_by_key(|hit| hit.id.clone()));
            for size in [1, 2, 3, 7, 25, 26] {
                assert_eq!(paged(&store, &find, size).await?, whole, "{find:?} in pages of {size}");
            }
        }
    }
    Ok(())
}

/// Pages by sort value, restricted or not, by any set that drives.
pub async fn pages_in_every_order(store: Arc<dyn Store>) -> Result<()> {
    for number in 0..30_i64 {
        let mut projection = nothing().reader(if number % 3 == 0 { "s" } else { "r" });
        projection = if number % 5 == 0 { projection.term(KEY, "k") } else { projection.sorted(KEY, "k", number % 4) };
        projection = projection.sorted(KEY, "l", number % 6);
        put(&store, &format!("{number:02}"), projection).await?;
    }
    let from = Query::Term { index: KEY, terms: texts(&["k"]), from: Some(1), to: Some(2) };
    for query in [Query::term(KEY, "k"), Query::terms(KEY, texts(&["k", "l"])), from] {
        for order in [Id, Ascending, Descending] {
            let find = question(query.clone()).ordered(order);
            listed(&store, find.clone()).await?;
            listed(&store, find.clone().readable(&["s"])).await?;
            listed(&store, find.readable(&["s", "r"])).await?;
        }
    }
    Ok(())
}

/// Many documents with the same sort value do not stop a pager.
pub async fn pages_through_ties(store: Arc<dyn Store>) -> Result<()> {
    for number in 0..12 {
        put(&store, &format!("{number:02}"), nothing().sorted(KEY, "k", 1).sorted(TAG, "t", number / 6)).await?;
    }
    for (query, order) in [
        (Query::term(KEY, "k"), Ascending),
        (Query::term(KEY, "k"), Descending),
        (Query::term(TAG, "t"), Ascending),
        (Query::term(TAG, "t"), Descending),
    ] {
        assert_eq!(listed(&store, question(query).ordered(order)).await?.split(' ').count(), 12);
    }
    Ok(())
}
