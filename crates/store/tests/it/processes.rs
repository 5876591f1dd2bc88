//! Several stores on one file, as when `keystead admin` works while the server runs.

use std::sync::Arc;
use std::time::Duration;

use keystead_store::documents::{Document, Projection, Written};
use keystead_store::gateway::Process;
use keystead_store::sqlite::{Options, SqliteStore};
use keystead_store::{Result, Store, StoreError};

fn open(directory: &tempfile::TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(directory.path(), Options::default()).unwrap())
}

async fn put(store: &Arc<dyn Store>, id: &str) -> Result<()> {
    let document =
        Document { id: id.to_owned(), rev: "1".to_owned(), deleted: false, body: "{}".to_owned(), created_by: None };
    let mut work = store.write().await?;
    assert_eq!(work.create("g", "Contact", &document, &Projection::default()).await?, Written::Done);
    work.commit().await
}

/// Both get their turns, and see each other's work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn share_a_file_under_load() {
    let directory = tempfile::tempdir().unwrap();
    let stores = [open(&directory), open(&directory)];
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let stores = stores.clone();
            tokio::spawn(async move {
                for number in 0..20 {
                    let [one, other] = if task % 2 == 0 { [0, 1] } else { [1, 0] };
                    let id = format!("{task}-{number}");
                    put(&stores[one], &id).await.unwrap();
                    let seen = stores[other].read().await.unwrap().document("g", "Contact", &id).await.unwrap();
                    assert!(seen.is_some(), "{id} is visible to the other at once");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// A writer that holds the file for long makes others give up, with a reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn give_up_when_the_other_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let holder = open(&directory);
    let mut work = holder.write().await.unwrap();
    work.set_process(&Process { spec: "s".to_owned(), id: "p".to_owned(), settings: "{}".to_owned() }).await.unwrap();
    let options = Options { busy_timeout: Duration::from_millis(50), ..Options::default() };
    let waiting: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), options).unwrap());
    assert!(matches!(put(&waiting, "a").await, Err(StoreError::Unavailable(_))));
    assert!(waiting.read().await.unwrap().processes().await.unwrap().is_empty(), "readers do not wait");
    work.commit().await.unwrap();
    put(&waiting, "a").await.unwrap();
    assert_eq!(waiting.read().await.unwrap().processes().await.unwrap().len(), 1);
}

/// Starting twice at the same moment migrates once.
#[test]
fn migrate_once() {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let path = directory.path().join("made").join("deep");
                std::thread::spawn(move || SqliteStore::open(&path, Options::default()).map(drop))
            })
            .collect();
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    }
}

/// Nobody but the owner can read the file.
#[cfg(unix)]
#[tokio::test]
async fn keep_the_file_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Options::default()).unwrap());
    put(&store, "a").await.unwrap();
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
}
