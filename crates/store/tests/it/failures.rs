//! What SQLite refuses in the middle of a group fails those it undid, and nobody else.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use keystead_store::documents::{Document, Projection, Written};
use keystead_store::sqlite::{Options, SqliteStore};
use keystead_store::{Result, Store, StoreError};

fn document(id: &str, size: usize) -> Document {
    Document { id: id.to_owned(), rev: "1".to_owned(), deleted: false, body: "x".repeat(size), created_by: None }
}

async fn put(store: &Arc<dyn Store>, id: &str, size: usize) -> Result<()> {
    let mut work = store.write().await?;
    assert_eq!(work.create("g", "Contact", &document(id, size), &Projection::default()).await?, Written::Done);
    work.commit().await
}

async fn exists(store: &Arc<dyn Store>, id: &str) -> bool {
    store.read().await.unwrap().document("g", "Contact", id).await.unwrap().is_some()
}

/// Many write at once while the file may not grow: whoever got an answer has what the answer says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledges_nothing_that_a_full_disk_undid() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { max_pages: Some(400), ..Options::default() };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), options).unwrap());
    let tasks: Vec<_> = (0..400)
        .map(|task| {
            let store = Arc::clone(&store);
            // Some fit where others no longer do.
            let size = if task % 5 == 0 { 60_000 } else { 300 };
            tokio::spawn(async move { (task, put(&store, &task.to_string(), size).await) })
        })
        .collect();
    let (mut done, mut failed) = (Vec::new(), 0);
    for task in tasks {
        let (task, outcome) = task.await.unwrap();
        assert_eq!(exists(&store, &task.to_string()).await, outcome.is_ok(), "{task}: {outcome:?}");
        match outcome {
            Ok(()) => done.push(task.to_string()),
            // Everybody in an undone group hears why.
            Err(StoreError::Unavailable(reason)) if reason.contains("space") => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(!done.is_empty() && failed > 0, "{} done, {failed} failed", done.len());
    // What needs no space still works, and makes some.
    let mut work = store.write().await.unwrap();
    for id in &done {
        assert_eq!(work.purge("g", "Contact", id, "1").await.unwrap(), Written::Done);
    }
    work.commit().await.unwrap();
    put(&store, "again", 60_000).await.unwrap();
}

/// Whoever waits for the connection keeps the group open for it; when it gives up, somebody else has
/// to commit what was left to it.
#[tokio::test]
async fn commits_what_was_left_to_a_cancelled_caller() {
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), Options::default()).unwrap());
    for _ in 0..20 {
        let work = store.write().await.unwrap();
        let mut waiting = store.write();
        assert!(is_pending(&mut waiting).await);
        let mut commit = work.commit();
        assert!(is_pending(&mut commit).await, "it is left to the next");
        drop(waiting);
        tokio::time::timeout(Duration::from_secs(10), commit).await.expect("nobody commits").unwrap();
    }
}

async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())).await
}

/// A unit of work that failed can do nothing more, and its commit is refused.
#[tokio::test]
async fn refuses_to_commit_what_failed() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { max_pages: Some(200), ..Options::default() };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), options).unwrap());
    let mut work = store.write().await.unwrap();
    work.create("g", "Contact", &document("small", 1), &Projection::default()).await.unwrap();
    let full = work.create("g", "Contact", &document("large", 4_000_000), &Projection::default()).await;
    assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
    assert!(work.document("g", "Contact", "small").await.is_err());
    assert!(work.commit().await.is_err());
    assert!(!exists(&store, "small").await);
    put(&store, "other", 1).await.unwrap();
    assert!(exists(&store, "other").await);
}

/// Errors never quote what was stored.
#[tokio::test]
async fn tells_nothing_of_what_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("keystead.db"), "secret text that is no database at all").unwrap();
    let error = SqliteStore::open(directory.path(), Options::default()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
    assert!(!error.to_string().contains("secret"));
}
