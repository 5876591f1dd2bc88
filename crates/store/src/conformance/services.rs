//! Stories of services: parts of contacts, of which only the latest version counts.

use std::sync::Arc;

use keystead_model::query::Order::{Ascending, Descending};
use keystead_model::query::Query;

use super::samples::{CONTACT, GROUP, KEY, TAG, document, hits, nothing, paged, put, question, texts};
use crate::documents::{Find, Written};
use crate::{Result, Store};

/// Hits as text: contact and service.
async fn listed(store: &Arc<dyn Store>, find: Find) -> Result<String> {
    let whole = hits(store, &find).await?;
    for size in [1, 2, 3] {
        assert_eq!(paged(store, &find, size).await?, whole, "in pages of {size}");
    }
    Ok(whole.into_iter().map(|hit| format!("{}{}", hit.id, hit.part)).collect::<Vec<_>>().join(" "))
}

fn parts(query: Query) -> Find {
    question(query).of_parts()
}

/// A part is found by what is said about it; what is said about the whole contact is not about its parts.
pub async fn finds_parts(store: Arc<dyn Store>) -> Result<()> {
    let a = nothing().service("1", 1, 1).service("2", 1, 1).term(KEY, "whole");
    put(&store, "a", a.part(TAG, "red", None, "1").part(TAG, "blue", None, "2").part(KEY, "k", None, "1")).await?;
    let b = nothing().service("3", 1, 1).part(TAG, "red", None, "3").part(TAG, "blue", None, "3");
    put(&store, "b", b).await?;
    let both = Query::Intersection(vec![Query::term(TAG, "red"), Query::term(TAG, "blue")]);
    let either = Query::Union(vec![Query::term(TAG, "blue"), Query::term(KEY, "k")]);
    let without = Query::Difference(Box::new(Query::term(TAG, "red")), Box::new(Query::term(TAG, "blue")));
    for (query, expected) in [
        (Query::term(TAG, "red"), "a1 b3"),
        (Query::term(KEY, "whole"), ""),
        (both.clone(), "b3"),
        (either, "a1 a2 b3"),
        (without, "a1"),
        (Query::All, "a1 a2 b3"),
    ] {
        assert_eq!(listed(&store, parts(query.clone())).await?, expected, "{query:?}");
    }
    // As documents, a contact is in both sets although no part of it is.
    let contacts: Vec<String> =
        hits(&store, &question(both)).await?.into_iter().map(|hit| hit.id + &hit.part).collect();
    assert_eq!(contacts, ["a", "b"]);
    Ok(())
}

/// A service that a newer contact holds is not found in the older one.
pub async fn finds_only_the_latest_version(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "old", nothing().service("s", 10, 10).part(TAG, "red", None, "s")).await?;
    assert_eq!(listed(&store, parts(Query::term(TAG, "red"))).await?, "olds");
    put(&store, "new", nothing().service("s", 20, 20).part(TAG, "blue", None, "s")).await?;
    assert_eq!(listed(&store, parts(Query::term(TAG, "red"))).await?, "");
    assert_eq!(listed(&store, parts(Query::term(TAG, "blue"))).await?, "news");
    assert_eq!(listed(&store, parts(Query::Ids(texts(&["s", "x"])))).await?, "news");
    // The contact as a document keeps what its old version says.
    assert_eq!(hits(&store, &question(Query::term(TAG, "red"))).await?.len(), 1);

    // A change can make the older contact hold the newer version.
    let mut work = store.write().await?;
    let newest = nothing().service("s", 30, 10).part(TAG, "red", None, "s");
    assert_eq!(work.replace(GROUP, CONTACT, &document("old", "2-b"), "1-a", &newest).await?, Written::Done);
    work.commit().await?;
    assert_eq!(listed(&store, parts(Query::All)).await?, "olds");
    let mut work = store.write().await?;
    let older = nothing().service("s", 10, 10).part(TAG, "red", None, "s");
    assert_eq!(work.replace(GROUP, CONTACT, &document("old", "3-c"), "2-b", &older).await?, Written::Done);
    work.commit().await?;
    assert_eq!(listed(&store, parts(Query::All)).await?, "news");

    // The older version counts again when the newer contact goes, or its service.
    let mut work = store.write().await?;
    let mut deleted = document("new", "2-b");
    deleted.deleted = true;
    assert_eq!(work.replace(GROUP, CONTACT, &deleted, "1-a", &nothing()).await?, Written::Done);
    work.commit().await?;
    assert_eq!(listed(&store, parts(Query::term(TAG, "red"))).await?, "olds");
    Ok(())
}

/// Whoever may not read the newest version gets the newest that is readable.
pub async fn decides_the_latest_for_each_reader(store: Arc<dyn Store>) -> Result<()> {
    let version = |age, tag| nothing().service("s", age, 0).part(TAG, tag, None, "s");
    put(&store, "a", version(1, "red").reader("r").reader("s")).await?;
    put(&store, "b", version(2, "blue").reader("s")).await?;
    put(&store, "c", version(3, "red").reader("t")).await?;
    for (keys, red, latest) in [
        (vec!["r"], "as", Some("a")),
        (vec!["s"], "", Some("b")),
        (vec!["r", "s"], "", Some("b")),
        (vec!["t", "r"], "cs", Some("c")),
        (vec!["x"], "", None),
    ] {
        assert_eq!(listed(&store, parts(Query::term(TAG, "red")).readable(&keys)).await?, red, "{keys:?}");
        let mut view = store.read().await?;
        let found = view.latest_services(GROUP, &texts(&["s"]), &texts(&keys)).await?;
        let expected: Vec<(String, String)> = latest.map(|id| ("s".to_owned(), id.to_owned())).into_iter().collect();
        assert_eq!(found, expected, "{keys:?}");
    }
    assert_eq!(listed(&store, parts(Query::term(TAG, "red"))).await?, "cs");
    Ok(())
}

/// Version, then the contact's modification, then its id decide; a service twice in a contact counts once.
pub async fn breaks_ties(store: Arc<dyn Store>) -> Result<()> {
    let version = |version, modified| nothing().service("s", version, modified).part(TAG, "t", None, "s").reader("r");
    put(&store, "d", version(5, 1)).await?;
    put(&store, "c", version(5, 2)).await?;
    assert_eq!(listed(&store, parts(Query::All)).await?, "cs");
    put(&store, "e", version(5, 2)).await?;
    assert_eq!(listed(&store, parts(Query::term(TAG, "t"))).await?, "es");
    put(&store, "f", version(3, 9).service("s", 6, 0).part(TAG, "u", None, "s")).await?;
    assert_eq!(listed(&store, parts(Query::terms(TAG, texts(&["t", "u"])))).await?, "fs");
    put(&store, "a", version(7, 0)).await?;
    assert_eq!(listed(&store, parts(Query::All)).await?, "as");
    let mut view = store.read().await?;
    let latest = view.latest_services(GROUP, &texts(&["s"]), &texts(&["r"])).await?;
    assert_eq!(latest, [("s".to_owned(), "a".to_owned())]);
    Ok(())
}

/// Every kind of set, restricted and not.
pub async fn finds_parts_of_every_kind(store: Arc<dyn Store>) -> Result<()> {
    let a = nothing().service("1", 1, 1).service("2", 1, 1).reader("r").reader("s");
    put(&store, "a", a.part(TAG, "red", Some(5), "1").part(TAG, "green", Some(3), "2")).await?;
    let b = nothing().service("1", 2, 1).service("3", 1, 1).reader("s");
    put(&store, "b", b.part(TAG, "red", Some(4), "1").part(TAG, "rose", None, "3")).await?;
    put(&store, "c", nothing().service("4", 1, 1).part(TAG, "red", None, "4")).await?;
    for (query, everybody, r, s) in [
        (Query::All, "a2 b1 b3 c4", "a1 a2", "a2 b1 b3"),
        (Query::Ids(texts(&["1", "2", "x"])), "a2 b1", "a1 a2", "a2 b1"),
        (Query::AccessibleTo(texts(&["r"])), "a2", "a1 a2", "a2"),
        (Query::AccessibleTo(texts(&["r", "s"])), "a2 b1 b3", "a1 a2", "a2 b1 b3"),
        (Query::Prefix { index: TAG, prefix: "r".to_owned() }, "b1 b3 c4", "a1", "b1 b3"),
        (Query::TermRange { index: TAG, from: None, to: Some("red".to_owned()) }, "a2 b1 c4", "a1 a2", "a2 b1"),
        (Query::Term { index: TAG, terms: texts(&["red", "green"]), from: None, to: Some(4) }, "a2 b1", "a2", "a2 b1"),
        (Query::Intersection(vec![Query::term(TAG, "red"), Query::AccessibleTo(texts(&["s"]))]), "b1", "a1", "b1"),
        (Query::Difference(Box::new(Query::All), Box::new(Query::Ids(texts(&["1"])))), "a2 b3 c4", "a2", "a2 b3"),
    ] {
        assert_eq!(listed(&store, parts(query.clone())).await?, everybody, "{query:?}");
        assert_eq!(listed(&store, parts(query.clone()).readable(&["r"])).await?, r, "{query:?} for r");
        assert_eq!(listed(&store, parts(query.clone()).readable(&["s", "x"])).await?, s, "{query:?} for s");
        let many: Vec<String> = (0..40).map(|number| format!("key {number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).chain(["s"]).collect();
        assert_eq!(listed(&store, parts(query.clone()).readable(&many)).await?, s, "{query:?} for s and many more");
    }
    for (order, expected) in [(Ascending, "b1 c4"), (Descending, "b1 c4")] {
        assert_eq!(listed(&store, parts(Query::term(TAG, "red")).ordered(order)).await?, expected);
    }
    Ok(())
}

/// Pages of parts in every order.
pub async fn pages_parts(store: Arc<dyn Store>) -> Result<()> {
    for contact in 0..8_i64 {
        let mut projection = nothing().reader(if contact % 2 == 0 { "r" } else { "s" });
        for service in 0..4 {
            let id = format!("{}", (contact + service) % 9);
            projection = projection.service(&id, contact, service).part(
                KEY,
                "k",
                (service != 2).then_some((contact * 7 + service) % 5),
                &id,
            );
        }
        put(&store, &format!("c{contact}"), projection).await?;
    }
    for order in [keystead_model::query::Order::Id, Ascending, Descending] {
        for query in [Query::term(KEY, "k"), Query::All, Query::AccessibleTo(texts(&["r", "s"]))] {
            let find = parts(query).ordered(order);
            let all = listed(&store, find.clone()).await?;
            assert_eq!(all.split(' ').count(), 9);
            listed(&store, find.clone().readable(&["r"])).await?;
            listed(&store, find.readable(&["r", "s"])).await?;
        }
    }
    Ok(())
}

/// The contacts of the latest versions come in the order of the services asked for.
pub async fn names_the_contact_of_the_latest(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().service("1", 1, 1).service("2", 5, 1).reader("r")).await?;
    put(&store, "b", nothing().service("1", 2, 1).service("2", 3, 1).reader("r").reader("s")).await?;
    let mut view = store.read().await?;
    let mut latest = async |services: &[&str], keys: &[&str]| {
        let found = view.latest_services(GROUP, &texts(services), &texts(keys)).await?;
        Ok::<_, crate::StoreError>(found.into_iter().map(|(service, id)| service + &id).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(latest(&["2", "x", "1"], &["r"]).await?, "2a 1b");
    assert_eq!(latest(&["1", "2"], &["s"]).await?, "1b 2b");
    assert_eq!(latest(&["1", "2"], &[]).await?, "");
    assert_eq!(latest(&[], &["r"]).await?, "");
    Ok(())
}
