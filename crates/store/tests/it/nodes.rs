//! Several nodes on one PostgreSQL.

use std::collections::BTreeSet;
use std::time::Duration;

use keystead_store::changes::{ChangeKind, Heard};
use keystead_store::conformance::PostgresServer;
use keystead_store::documents::Document;
use keystead_store::jobs::Job;
use keystead_store::postgres::{Options, PostgresStore};
use keystead_store::{Store, StoreError};

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

async fn nodes(server: &PostgresServer) -> (PostgresStore, PostgresStore) {
    // both bring the tables up at the same moment
    let (one, other) = tokio::join!(PostgresStore::migrate(&server.url), PostgresStore::migrate(&server.url));
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    let connect = || PostgresStore::connect(&server.url, Options::default());
    (connect().await.unwrap(), connect().await.unwrap())
}

fn document(id: &str) -> Document {
    let (rev, body) = ("1-a".to_owned(), format!(r#"{{"id":"{id}"}}"#));
    Document { id: id.to_owned(), rev, deleted: false, body, created_by: None }
}

async fn write(store: &PostgresStore, id: &str) {
    let mut work = store.write().await.unwrap();
    work.create("g", "Contact", &document(id), &Default::default()).await.unwrap();
    work.announce("g", "Contact", ChangeKind::Created, &document(id), vec!["part".to_owned()]).await.unwrap();
    work.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_hears_of_every_change_once() {
    let server = PostgresServer::start().unwrap();
    let (one, other) = nodes(&server).await;
    let (mut here, mut there) = (one.changes(), other.changes());
    for number in 0..40 {
        write(if number % 2 == 0 { &one } else { &other }, &number.to_string()).await;
    }
    for changes in [&mut here, &mut there] {
        let mut heard = BTreeSet::new();
        while heard.len() < 40 {
            let Ok(Heard::Change(change)) = tokio::time::timeout(PATIENCE, changes.next()).await else {
                panic!("only {} were heard", heard.len());
            };
            assert_eq!((change.parts.as_slice(), change.kind), (&["part".to_owned()][..], ChangeKind::Created));
            assert_eq!(change.document, document(&change.document.id));
            assert!(heard.insert(change.document.id.clone()), "heard twice");
        }
    }
    // what came twice would come before the next one
    write(&one, "next").await;
    for changes in [&mut here, &mut there] {
        let Ok(Heard::Change(change)) = tokio::time::timeout(PATIENCE, changes.next()).await else {
            panic!("the next one is not heard");
        };
        assert_eq!(change.document.id, "next");
        assert_eq!(changes.waiting(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_claimed_by_one_node() {
    let server = PostgresServer::start().unwrap();
    let (one, other) = nodes(&server).await;
    let mut work = one.write().await.unwrap();
    for number in 0..60 {
        let id = number.to_string();
        work.create_job(&Job { id, kind: "k".to_owned(), payload: Vec::new(), attempts: 0, run_at: 1 }).await.unwrap();
    }
    work.commit().await.unwrap();
    let claim = async |store: &PostgresStore| {
        let mut claimed = Vec::new();
        loop {
            let mut work = store.write().await.unwrap();
            let jobs = work.claim_jobs(5, 1_000, 4).await.unwrap();
            work.commit().await.unwrap();
            if jobs.is_empty() {
                return claimed;
            }
            claimed.extend(jobs.into_iter().map(|job| job.id));
        }
    };
    let (here, there) = tokio::join!(claim(&one), claim(&other));
    assert_eq!(here.len() + there.len(), 60);
    assert_eq!(here.into_iter().chain(there).collect::<BTreeSet<_>>().len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_is_used_again() {
    let mut server = PostgresServer::start().unwrap();
    let (store, _) = nodes(&server).await;
    write(&store, "a").await;
    server.restart().unwrap();
    // what was open is broken, which the next ones find out
    let mut attempts = 0;
    while let Err(error) = async { store.look().await?.document("g", "Contact", "a").await }.await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        attempts += 1;
        assert!(attempts < 100, "{error}");
    }
    write(&store, "b").await;
    assert!(store.look().await.unwrap().document("g", "Contact", "b").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_which_a_statement_failed_is_not_acknowledged() {
    let server = PostgresServer::start().unwrap();
    let (store, _) = nodes(&server).await;
    let mut work = store.write().await.unwrap();
    work.create("g", "Contact", &document("a"), &Default::default()).await.unwrap();
    // a key that no index takes, nor when it is compressed
    let mut number = 1_u64;
    let mut next = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{number:016x}")
    };
    let long: String = (0..4_000).map(|_| next()).collect();
    work.create("g", "Contact", &document(&long), &Default::default()).await.unwrap_err();
    assert!(work.commit().await.is_err());
    assert_eq!(store.look().await.unwrap().document("g", "Contact", "a").await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_says_why() {
    let server = PostgresServer::start().unwrap();
    let refused = async |url: &str| match PostgresStore::connect(url, Options::default()).await {
        Err(StoreError::Unavailable(reason)) => reason,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{url} is used"),
    };
    assert!(refused(&server.url).await.contains("keystead migrate"));
    assert!(refused("nonsense").await.contains("postgres://"));
    assert!(refused("postgres://keystead@127.0.0.1:1/none").await.contains("connection"));
    let other = server.url.replace("/postgres?", "/nowhere?");
    assert!(refused(&other).await.contains("3D000"));
}
