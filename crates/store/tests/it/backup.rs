//! Copies of a database that is in use.

use std::path::Path;
use std::sync::Arc;

use keystead_model::query::{Posting, Query, Selection};
use keystead_store::documents::{Document, Find, Hit, Projection, Written};
use keystead_store::sqlite::{Options, SqliteStore};
use keystead_store::{Result, Store, StoreError};

fn open(directory: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(directory, Options::default()).unwrap())
}

/// One transaction with two documents.
async fn put_two(store: &SqliteStore, number: u32) -> Result<()> {
    let mut work = store.write().await?;
    for half in ["a", "b"] {
        let id = format!("{number:05}{half}");
        let document = Document { id, rev: "1".to_owned(), deleted: false, body: "x".repeat(2_000), created_by: None };
        let projection = Projection { postings: vec![Posting::new("contact.half", half)], ..Projection::default() };
        assert_eq!(work.create("g", "Contact", &document, &projection).await?, Written::Done);
    }
    work.commit().await
}

async fn halves(store: &SqliteStore, half: &str) -> Vec<Hit> {
    let find = Find {
        group: "g".to_owned(),
        class: "Contact",
        selection: Selection::unordered(Query::term("contact.half", half)),
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    };
    store.read().await.unwrap().find(&find).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_one_state_of_a_busy_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("data"));
    for number in 0..200 {
        put_two(&store, number).await.unwrap();
    }
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 200..600 {
                put_two(&store, number).await.unwrap();
            }
        })
    };
    let restored = directory.path().join("restored");
    std::fs::create_dir(&restored).unwrap();
    store.backup(&restored.join("keystead.db")).await.unwrap();
    writer.await.unwrap();

    let copy = open(&restored);
    let (left, right) = (halves(&copy, "a").await, halves(&copy, "b").await);
    assert!(left.len() >= 200, "what was acknowledged before is there");
    assert_eq!(left.len(), right.len(), "no half of a transaction is there");
    put_two(&copy, 10_000).await.unwrap();
    assert_eq!(halves(&store, "a").await.len(), 600);
}

#[tokio::test]
async fn overwrites_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("data"));
    let to = directory.path().join("copy.db");
    std::fs::write(&to, "precious").unwrap();
    assert!(matches!(store.backup(&to).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.backup(&directory.path().join("no/where.db")).await, Err(StoreError::Unavailable(_))));
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "precious");
}

#[cfg(unix)]
#[tokio::test]
async fn is_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("data"));
    let to = directory.path().join("copy.db");
    store.backup(&to).await.unwrap();
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
}
