//! A process that is killed in the middle of its work loses nothing it has acknowledged and leaves
//! no half of a transaction.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keystead_model::access::{Grant, Level};
use keystead_model::query::{Posting, Query, Selection, ServiceVersion};
use keystead_store::documents::{Attachment, Document, Find, Projection, Written};
use keystead_store::jobs::Job;
use keystead_store::sqlite::{Options, SqliteStore};
use keystead_store::{Result, Store};

/// Tells the child where to write. Without it, `child` is an empty test.
const DIRECTORY: &str = "KEYSTEAD_STORE_CRASH_DIRECTORY";
const ROUND: &str = "KEYSTEAD_STORE_CRASH_ROUND";
const ROUNDS: u32 = 24;
const WRITERS: u32 = 8;

fn document(id: &str) -> Document {
    Document { id: id.to_owned(), rev: "1-a".to_owned(), deleted: false, body: "x".repeat(900), created_by: None }
}

fn projection(id: &str) -> Projection {
    Projection {
        postings: (0..6).map(|number| Posting::new("contact.by-key", format!("{id} {number}")).of_part("s")).collect(),
        grants: vec![Grant { key: id.to_owned(), level: Level::Write }],
        services: vec![ServiceVersion { service_id: format!("s-{id}"), version: 1, contact_modified: 1 }],
        unique: vec![id.to_owned()],
    }
}

/// One transaction that touches every kind of row.
async fn work(store: &Arc<dyn Store>, id: &str) -> Result<()> {
    let mut work = store.write().await?;
    assert_eq!(work.create("g", "Contact", &document(id), &projection(id)).await?, Written::Done);
    work.set_attachment("g", id, "", &Attachment { id: id.to_owned(), content: vec![1; 2_000] }).await?;
    let job = Job { id: id.to_owned(), kind: "k".to_owned(), payload: vec![1], attempts: 0, run_at: 0 };
    work.create_job(&job).await?;
    work.commit().await
}

/// The process that is killed: writes for ever and reports what was acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let round = std::env::var(ROUND).unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(&directory), Options::default()).unwrap());
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, round) = (Arc::clone(&store), round.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    let id = format!("{round}-{writer}-{number}");
                    work(&store, &id).await.unwrap();
                    // One write per line: a line is there whole or not at all.
                    std::io::stdout().write_all(format!("acknowledged {id}\n").as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

fn start(directory: &Path, round: u32) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_every_acknowledged_transaction_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = start(directory.path(), round);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = std::thread::spawn(move || {
            let mut ids = Vec::new();
            for line in lines.map_while(std::io::Result::ok) {
                // The test harness may print on the same line before the first.
                ids.extend(line.split_once("acknowledged ").map(|(_, id)| id.to_owned()));
            }
            ids
        });
        // From the middle of the opening to well under way.
        std::thread::sleep(Duration::from_millis(5 + u64::from(round) * 13));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());
        verify(directory.path(), &acknowledged).await;
    }
    assert!(acknowledged.len() > 100, "the child did its work: {}", acknowledged.len());
}

async fn verify(directory: &Path, acknowledged: &BTreeSet<String>) {
    let store = SqliteStore::open(directory, Options::default()).unwrap();
    let mut view = store.read().await.unwrap();
    let find = |query| Find {
        group: "g".to_owned(),
        class: "Contact",
        selection: Selection::unordered(query),
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    };
    let stored: BTreeSet<String> = view.find(&find(Query::All)).await.unwrap().into_iter().map(|hit| hit.id).collect();
    let lost: Vec<&String> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // Whatever is there is there whole, acknowledged or not.
    for id in &stored {
        assert_eq!(view.document("g", "Contact", id).await.unwrap(), Some(document(id)));
        let reached = view.reach("g", "Contact", id, std::slice::from_ref(id)).await.unwrap().unwrap();
        assert_eq!(reached.level, Some(Level::Write));
        assert!(view.attachment("g", id, "").await.unwrap().is_some());
        for number in 0..6 {
            let found = view.find(&find(Query::term("contact.by-key", format!("{id} {number}")))).await.unwrap();
            assert_eq!(found.len(), 1);
        }
        let service = [format!("s-{id}")];
        assert_eq!(view.latest_services("g", &service, std::slice::from_ref(id)).await.unwrap().len(), 1);
    }
    let count = stored.len() as u64;
    assert_eq!(view.waiting_jobs().await.unwrap(), (count, 0), "as many jobs as documents");
    let all = Query::Prefix { index: "contact.by-key", prefix: String::new() };
    assert_eq!(view.find(&find(all)).await.unwrap().len() as u64, count);
    drop(view);
    store.close().await;
}
