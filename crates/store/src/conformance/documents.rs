//! Stories of documents.

use std::sync::Arc;

use keystead_model::access::Level;
use keystead_model::query::Query;

use super::samples::{CONTACT, GROUP, KEY, document, hits, ids, nothing, put, put_in, question, texts};
use crate::documents::{Attachment, Reached, Written};
use crate::{Result, Store};

/// A document comes back as it was written.
pub async fn creates_and_reads(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing()).await?;
    let mut view = store.read().await?;
    assert_eq!(view.document(GROUP, CONTACT, "a").await?, Some(document("a", "1-a")));
    assert_eq!(view.document(GROUP, CONTACT, "b").await?, None);
    assert_eq!(view.document(GROUP, "Patient", "a").await?, None);
    assert_eq!(view.document("other", CONTACT, "a").await?, None);
    Ok(())
}

/// An id can be used once in a group and class, also when its document is deleted.
pub async fn refuses_an_id_twice(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().term(KEY, "k").unique("login:x")).await?;
    let mut work = store.write().await?;
    let again = nothing().term(KEY, "other").reader("r").unique("login:x");
    assert_eq!(work.create(GROUP, CONTACT, &document("a", "1-b"), &again).await?, Written::Exists);
    let mut deleted = document("a", "2-a");
    deleted.deleted = true;
    assert_eq!(work.replace(GROUP, CONTACT, &deleted, "1-a", &nothing()).await?, Written::Done);
    assert_eq!(work.create(GROUP, CONTACT, &document("a", "1-b"), &again).await?, Written::Exists);
    assert_eq!(work.create(GROUP, "Patient", &document("a", "1-b"), &nothing()).await?, Written::Done);
    assert_eq!(work.create("other", CONTACT, &document("a", "1-b"), &nothing()).await?, Written::Done);
    work.commit().await?;
    let kept = store.read().await?.document(GROUP, CONTACT, "a").await?;
    assert_eq!(kept.map(|kept| kept.rev), Some("2-a".to_owned()));
    assert_eq!(hits(&store, &question(Query::term(KEY, "other"))).await?, []);
    Ok(())
}

/// A document is replaced or purged only where its revision is the expected one.
pub async fn replaces_only_the_expected_revision(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().term(KEY, "old")).await?;
    let mut work = store.write().await?;
    let new = nothing().term(KEY, "new");
    assert_eq!(work.replace(GROUP, CONTACT, &document("a", "2-b"), "1-x", &new).await?, Written::Stale);
    assert_eq!(work.replace(GROUP, CONTACT, &document("b", "2-b"), "1-a", &new).await?, Written::Stale);
    assert_eq!(work.purge(GROUP, CONTACT, "a", "1-x").await?, Written::Stale);
    assert_eq!(work.purge(GROUP, CONTACT, "b", "1-a").await?, Written::Stale);
    let mut changed = document("a", "2-b");
    changed.created_by = None;
    assert_eq!(work.replace(GROUP, CONTACT, &changed, "1-a", &new).await?, Written::Done);
    assert_eq!(work.replace(GROUP, CONTACT, &document("a", "3-c"), "1-a", &nothing()).await?, Written::Stale);
    work.commit().await?;
    assert_eq!(store.read().await?.document(GROUP, CONTACT, "a").await?, Some(changed));
    assert_eq!(ids(&store, question(Query::term(KEY, "old"))).await?, texts(&[]));
    assert_eq!(ids(&store, question(Query::term(KEY, "new"))).await?, texts(&["a"]));
    Ok(())
}

/// A refused unique value leaves nothing of the write.
pub async fn keeps_unique_values_unique(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().unique("login:x").unique("email:x").unique("login:x")).await?;
    put(&store, "b", nothing().unique("login:y").term(KEY, "before")).await?;
    let mut work = store.write().await?;
    let clash = nothing().unique("login:z").unique("email:x").term(KEY, "k").reader("r").service("s", 1, 1);
    let taken = Written::Taken("email:x".to_owned());
    assert_eq!(work.create(GROUP, CONTACT, &document("c", "1-c"), &clash).await?, taken);
    assert_eq!(work.replace(GROUP, CONTACT, &document("b", "2-b"), "1-a", &clash).await?, taken);
    // Nothing is left of either, and the work can go on.
    assert_eq!(work.document(GROUP, CONTACT, "c").await?, None);
    assert_eq!(work.find(&question(Query::term(KEY, "k"))).await?, []);
    let free = nothing().unique("login:z");
    assert_eq!(work.create(GROUP, CONTACT, &document("d", "1-d"), &free).await?, Written::Done);
    assert_eq!(work.create(GROUP, "Patient", &document("d", "1-d"), &clash).await?, Written::Done);
    assert_eq!(work.create("other", CONTACT, &document("d", "1-d"), &clash).await?, Written::Done);
    work.commit().await?;
    assert_eq!(ids(&store, question(Query::All)).await?, texts(&["a", "b", "d"]));
    assert_eq!(ids(&store, question(Query::term(KEY, "before"))).await?, texts(&["b"]));
    let mut view = store.read().await?;
    assert_eq!(view.document(GROUP, CONTACT, "b").await?, Some(document("b", "1-a")));
    assert_eq!(view.latest_services(GROUP, &texts(&["s"]), &texts(&["r"])).await?, []);
    Ok(())
}

/// A unique value is free again when its document changes it, is deleted or is purged.
pub async fn releases_unique_values(store: Arc<dyn Store>) -> Result<()> {
    for id in ["a", "b", "c"] {
        put(&store, id, nothing().unique(&format!("login:{id}"))).await?;
    }
    let mut work = store.write().await?;
    let changed = nothing().unique("login:new");
    assert_eq!(work.replace(GROUP, CONTACT, &document("a", "2-a"), "1-a", &changed).await?, Written::Done);
    let mut deleted = document("b", "2-b");
    deleted.deleted = true;
    assert_eq!(work.replace(GROUP, CONTACT, &deleted, "1-a", &nothing()).await?, Written::Done);
    assert_eq!(work.purge(GROUP, CONTACT, "c", "1-a").await?, Written::Done);
    let all = nothing().unique("login:a").unique("login:b").unique("login:c");
    assert_eq!(work.create(GROUP, CONTACT, &document("d", "1-d"), &all).await?, Written::Done);
    // Undeleting has to claim the value again.
    let undeleted = document("b", "3-b");
    let claim = nothing().unique("login:b");
    let taken = Written::Taken("login:b".to_owned());
    assert_eq!(work.replace(GROUP, CONTACT, &undeleted, "2-b", &claim).await?, taken);
    work.commit().await
}

/// Reaching a document tells the highest level of the asking keys, deleted or not.
pub async fn reaches_with_the_highest_level(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().reader("r").writer("w").reader("w").reader("both").writer("both")).await?;
    let mut deleted = document("a", "2-a");
    deleted.deleted = true;
    for current in [document("a", "1-a"), deleted] {
        if current.deleted {
            let mut work = store.write().await?;
            let grants = nothing().writer("w").reader("r").writer("both");
            assert_eq!(work.replace(GROUP, CONTACT, &current, "1-a", &grants).await?, Written::Done);
            work.commit().await?;
        }
        let mut view = store.read().await?;
        for (keys, level) in [
            (texts(&["r"]), Some(Level::Read)),
            (texts(&["w"]), Some(Level::Write)),
            (texts(&["both"]), Some(Level::Write)),
            (texts(&["r", "x", "w"]), Some(Level::Write)),
            (texts(&["x"]), None),
            (texts(&[]), None),
        ] {
            let reached = Some(Reached { document: current.clone(), level });
            assert_eq!(view.reach(GROUP, CONTACT, "a", &keys).await?, reached);
        }
        assert_eq!(view.reach(GROUP, CONTACT, "b", &texts(&["r"])).await?, None);
        assert_eq!(view.reach("other", CONTACT, "a", &texts(&["r"])).await?, None);
    }
    Ok(())
}

/// A list of ids answers live documents in its order, each once, restricted where keys are given.
pub async fn lists_in_the_order_asked_for(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().reader("r")).await?;
    put(&store, "b", nothing().writer("w")).await?;
    put(&store, "c", nothing().reader("r").reader("w")).await?;
    put(&store, "d", nothing().reader("r")).await?;
    let mut work = store.write().await?;
    let mut deleted = document("d", "2-d");
    deleted.deleted = true;
    work.replace(GROUP, CONTACT, &deleted, "1-a", &nothing().reader("r")).await?;
    work.commit().await?;
    let mut view = store.read().await?;
    for (keys, expected) in [
        (None, vec!["c", "a", "b"]),
        (Some(texts(&["r"])), vec!["c", "a"]),
        (Some(texts(&["w", "x"])), vec!["c", "b"]),
        (Some(texts(&["w", "r"])), vec!["c", "a", "b"]),
        (Some(texts(&[])), vec![]),
    ] {
        let asked = texts(&["c", "nowhere", "a", "d", "c", "b"]);
        let found = view.documents(GROUP, CONTACT, &asked, keys.as_deref()).await?;
        assert_eq!(found.iter().map(|document| document.id.as_str()).collect::<Vec<_>>(), expected);
    }
    assert_eq!(view.documents(GROUP, CONTACT, &[], None).await?, []);
    Ok(())
}

/// A deleted document is found by nothing but its id, and is back when it is undeleted.
pub async fn hides_deleted_documents(store: Arc<dyn Store>) -> Result<()> {
    let live = nothing().term(KEY, "k").reader("r");
    put(&store, "a", live.clone()).await?;
    put(&store, "b", live.clone()).await?;
    let mut deleted = document("a", "2-a");
    deleted.deleted = true;
    let steps =
        [(deleted, "1-a", nothing().reader("r"), vec!["b"]), (document("a", "3-a"), "2-a", live, vec!["a", "b"])];
    for (document, expected, projection, found) in steps {
        let mut work = store.write().await?;
        assert_eq!(work.replace(GROUP, CONTACT, &document, expected, &projection).await?, Written::Done);
        work.commit().await?;
        for query in [
            Query::All,
            Query::term(KEY, "k"),
            Query::Ids(texts(&["b", "a"])),
            Query::AccessibleTo(texts(&["r"])),
            Query::AccessibleTo(texts(&["r", "s"])),
        ] {
            assert_eq!(ids(&store, question(query.clone())).await?, found, "{query:?}");
            assert_eq!(ids(&store, question(query.clone()).readable(&["r"])).await?, found, "{query:?}");
        }
        assert_eq!(store.read().await?.document(GROUP, CONTACT, "a").await?, Some(document));
    }
    Ok(())
}

/// Purging removes all that belongs to a document, and nothing of others with the same id.
pub async fn purges_everything(store: Arc<dyn Store>) -> Result<()> {
    let all = nothing().term(KEY, "k").reader("r").service("s", 1, 1).unique("login:x");
    put(&store, "a", all.clone()).await?;
    put_in(&store, GROUP, "Document", "a", nothing().reader("r").term("document.by-key", "k")).await?;
    put_in(&store, "other", CONTACT, "a", all.clone()).await?;
    let content = Attachment { id: "x".to_owned(), content: vec![0, 255, 7] };
    let mut work = store.write().await?;
    work.set_attachment(GROUP, "a", "", &content).await?;
    work.set_attachment("other", "a", "", &content).await?;
    assert_eq!(work.purge(GROUP, CONTACT, "a", "1-a").await?, Written::Done);
    work.commit().await?;

    let mut view = store.read().await?;
    assert_eq!(view.document(GROUP, CONTACT, "a").await?, None);
    assert_eq!(view.reach(GROUP, "Document", "a", &texts(&["r"])).await?.and_then(|a| a.level), Some(Level::Read));
    assert_eq!(view.latest_services(GROUP, &texts(&["s"]), &texts(&["r"])).await?, []);
    assert_eq!(view.latest_services("other", &texts(&["s"]), &texts(&["r"])).await?.len(), 1);
    assert_eq!(view.attachment(GROUP, "a", "").await?, Some(content.clone()));
    drop(view);
    for query in [Query::All, Query::term(KEY, "k"), Query::AccessibleTo(texts(&["r"])), Query::Ids(texts(&["a"]))] {
        assert_eq!(ids(&store, question(query)).await?, texts(&[]));
    }
    let mut others = question(Query::term("document.by-key", "k")).readable(&["r"]);
    others.class = "Document";
    assert_eq!(ids(&store, others).await?, texts(&["a"]));

    let mut work = store.write().await?;
    assert_eq!(work.purge(GROUP, "Document", "a", "1-a").await?, Written::Done);
    assert_eq!(work.create(GROUP, CONTACT, &document("a", "1-n"), &nothing()).await?, Written::Done);
    assert_eq!(work.create(GROUP, CONTACT, &document("n", "1-n"), &nothing().unique("login:x")).await?, Written::Done);
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.attachment(GROUP, "a", "").await?, None);
    assert_eq!(view.attachment("other", "a", "").await?, Some(content));
    assert_eq!(view.reach(GROUP, CONTACT, "a", &texts(&["r"])).await?.and_then(|a| a.level), None);
    Ok(())
}

/// Groups are the documents of the class of this name, in whichever group they are kept.
pub async fn lists_groups(store: Arc<dyn Store>) -> Result<()> {
    put_in(&store, "root", "Group", "b", nothing()).await?;
    put_in(&store, "b", "Group", "a", nothing()).await?;
    put_in(&store, "b", "Patient", "c", nothing()).await?;
    assert_eq!(store.read().await?.groups().await?, texts(&["a", "b"]));
    Ok(())
}

/// Attachments are kept byte by byte, by document and key.
pub async fn keeps_attachments(store: Arc<dyn Store>) -> Result<()> {
    let main = Attachment { id: "1".to_owned(), content: (0..=255).collect() };
    let large = Attachment { id: "2".to_owned(), content: vec![3; 300_000] };
    let mut work = store.write().await?;
    work.set_attachment(GROUP, "a", "", &large).await?;
    work.set_attachment(GROUP, "a", "", &main).await?;
    work.set_attachment(GROUP, "a", "second", &large).await?;
    work.remove_attachment(GROUP, "a", "third").await?;
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.attachment(GROUP, "a", "").await?, Some(main));
    assert_eq!(view.attachment(GROUP, "a", "second").await?, Some(large.clone()));
    assert_eq!(view.attachment(GROUP, "b", "").await?, None);
    assert_eq!(view.attachment("other", "a", "").await?, None);
    drop(view);
    let mut work = store.write().await?;
    work.remove_attachment(GROUP, "a", "").await?;
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.attachment(GROUP, "a", "").await?, None);
    assert_eq!(view.attachment(GROUP, "a", "second").await?, Some(large));
    Ok(())
}

/// Ids and terms may be any text.
pub async fn keeps_any_text(store: Arc<dyn Store>) -> Result<()> {
    for text in ["", "'", "\"; DROP TABLE document; --", "%", "_", "?1", "é🜚", "\u{10ffff}", "a\u{0}b", " "] {
        let mut work = store.write().await?;
        let written = document(text, "1-a");
        let projection = nothing().term(KEY, text).reader(text).unique(text).service(text, 1, 1);
        assert_eq!(work.create(GROUP, CONTACT, &written, &projection).await?, Written::Done);
        work.commit().await?;
        let mut view = store.read().await?;
        assert_eq!(view.document(GROUP, CONTACT, text).await?, Some(written));
        assert!(view.reach(GROUP, CONTACT, text, &texts(&[text, "x"])).await?.is_some_and(|a| a.level.is_some()));
        drop(view);
        for query in [
            Query::term(KEY, text),
            Query::Ids(texts(&[text, "x"])),
            Query::AccessibleTo(texts(&[text, "x"])),
            Query::TermRange { index: KEY, from: Some(text.to_owned()), to: Some(text.to_owned()) },
        ] {
            assert_eq!(ids(&store, question(query)).await?, texts(&[text]));
        }
    }
    let everything = Query::Prefix { index: KEY, prefix: String::new() };
    assert_eq!(ids(&store, question(everything)).await?.len(), 10);
    Ok(())
}

/// Of many who take a unique value at the same time one gets it.
pub async fn gives_a_unique_value_to_one_of_many(store: Arc<dyn Store>) -> Result<()> {
    let takers: Vec<_> = (0..16)
        .map(|taker| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut work = store.write().await?;
                let document = document(&taker.to_string(), "1-a");
                let written = work.create(GROUP, CONTACT, &document, &nothing().unique("login:x")).await?;
                if written == Written::Done {
                    work.commit().await?;
                }
                Ok::<Written, crate::StoreError>(written)
            })
        })
        .collect();
    let mut done = 0;
    for taker in takers {
        match taker.await.map_err(|_| crate::StoreError::Corrupt("a taker"))?? {
            Written::Done => done += 1,
            written => assert_eq!(written, Written::Taken("login:x".to_owned())),
        }
    }
    assert_eq!(done, 1);
    Ok(())
}
