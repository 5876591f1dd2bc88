//! From the embedded database to PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keystead_model::access::{Grant, Level};
use keystead_model::query::{Order, Posting, Query, Selection, ServiceVersion};
use keystead_store::accounts::{Account, Secret, SecretKind, Session};
use keystead_store::conformance::PostgresServer;
use keystead_store::documents::{Attachment, Document, Find, Projection};
use keystead_store::gateway::{Limit, Process};
use keystead_store::postgres::{Options, PostgresStore};
use keystead_store::sqlite::SqliteStore;
use keystead_store::{Store, StoreError};

const INDEX: &str = "contact.tag";

fn document(number: usize) -> (Document, Projection) {
    let (id, deleted) = (format!("{number}é\0"), number.is_multiple_of(7));
    let document = Document {
        rev: format!("{}-a", number + 1),
        deleted,
        body: format!(r#"{{"id":{number}}}"#),
        created_by: number.is_multiple_of(2).then(|| "somebody".to_owned()),
        id,
    };
    let grants = vec![Grant { key: format!("reader {}", number % 3), level: Level::Read }];
    let mut projection = Projection { grants, ..Projection::default() };
    if !deleted {
        let sort = i64::try_from(number).ok().filter(|_| !number.is_multiple_of(5));
        projection.postings =
            vec![Posting::new(INDEX, format!("term {}", number % 4)).sorted(sort).of_part(format!("s{}", number % 10))];
        projection.services = vec![ServiceVersion {
            service_id: format!("s{}", number % 10),
            version: number as i64,
            contact_modified: 0,
        }];
        projection.unique = vec![format!("number:{number}")];
    }
    (document, projection)
}

async fn fill(store: &SqliteStore) {
    let account = Account { group: "g".to_owned(), user: "u".to_owned() };
    let mut work = store.write().await.unwrap();
    for number in 0..450 {
        let (document, projection) = document(number);
        work.create("g", "Contact", &document, &projection).await.unwrap();
    }
    let attachment = Attachment { id: "a".to_owned(), content: vec![0, 255, 1] };
    work.set_attachment("g", "d", "", &attachment).await.unwrap();
    work.set_names(&account, &["jorah".to_owned()]).await.unwrap();
    let (name, digest) = ("token".to_owned(), vec![1, 2]);
    let secret = Secret { kind: SecretKind::Token, name, digest, created: 1, expires: Some(9) };
    work.set_secret(&account, &secret).await.unwrap();
    let session = Session { id: "s".to_owned(), accounts: vec![account], class: 20, created: 1, expires: 9 };
    work.create_session(&session).await.unwrap();
    let process = Process { spec: "dev".to_owned(), id: "p".to_owned(), settings: "{}".to_owned() };
    work.set_process(&process).await.unwrap();
    work.use_challenge("c", 9).await.unwrap();
    work.take("limit", Limit { burst: 1, interval: 1_000 }, 5).await.unwrap();
    work.commit().await.unwrap();
}

async fn compare(one: &dyn Store, other: &dyn Store) {
    let account = Account { group: "g".to_owned(), user: "u".to_owned() };
    let (mut one, mut other) = (one.read().await.unwrap(), other.read().await.unwrap());
    for query in [
        Query::All,
        Query::terms(INDEX, vec!["term 1".to_owned(), "term 3".to_owned()]),
        Query::AccessibleTo(vec!["reader 2".to_owned()]),
    ] {
        for (order, parts) in [(Order::Id, false), (Order::Descending, false), (Order::Ascending, true)] {
            let find = Find {
                group: "g".to_owned(),
                class: "Contact",
                selection: Selection { query: query.clone(), order },
                readable_by: None,
                parts,
                after: None,
                limit: None,
            };
            let expected = one.find(&find).await.unwrap();
            assert!(!expected.is_empty());
            assert_eq!(other.find(&find).await.unwrap(), expected, "{find:?}");
        }
    }
    for number in [0, 1, 449] {
        let (document, _) = document(number);
        assert_eq!(other.document("g", "Contact", &document.id).await.unwrap(), Some(document));
    }
    assert_eq!(other.attachment("g", "d", "").await.unwrap(), one.attachment("g", "d", "").await.unwrap());
    assert_eq!(other.accounts("jorah").await.unwrap(), std::slice::from_ref(&account));
    let (found, expected) = (other.secrets(&account, 5).await.unwrap(), one.secrets(&account, 5).await.unwrap());
    assert!(found == expected && found.len() == 1);
    assert_eq!(other.session("s", 5).await.unwrap(), one.session("s", 5).await.unwrap());
    assert_eq!(other.processes().await.unwrap(), one.processes().await.unwrap());
    let limit = Limit { burst: 1, interval: 1_000 };
    assert_eq!(other.peek("limit", limit, 6).await.unwrap(), one.peek("limit", limit, 6).await.unwrap());
}

#[tokio::test]
async fn everything_arrives_though_the_copy_was_interrupted() {
    let (dir, server) = (tempfile::tempdir().unwrap(), PostgresServer::start().unwrap());
    let source = SqliteStore::open(dir.path(), Default::default()).unwrap();
    fill(&source).await;
    PostgresStore::migrate(&server.url).await.unwrap();
    let target = PostgresStore::connect(&server.url, Options::default()).await.unwrap();

    // the first attempt ends in the middle of the documents
    let arrived = Arc::new(AtomicU64::new(0));
    let attempt = target.copy_from_sqlite(source.path(), |progress| {
        arrived.store(progress.done, Ordering::SeqCst);
    });
    let mut attempt = Box::pin(attempt);
    while arrived.load(Ordering::SeqCst) == 0 {
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), &mut attempt).await.is_err());
    }
    drop(attempt);

    let mut seen = Vec::new();
    let copied = target.copy_from_sqlite(source.path(), |progress| seen.push(progress)).await.unwrap();
    assert!(seen[0].done > 200, "begun again: {:?}", seen[0]);
    let rows = |table: &str| copied.iter().find(|copied| copied.table == table).unwrap().rows;
    assert_eq!((rows("document"), rows("attachment"), rows("secret"), rows("arrival")), (450, 1, 1, 1));
    compare(&source, &target).await;
    // once more: everything is there already, and still the same
    assert_eq!(target.copy_from_sqlite(source.path(), |_| {}).await.unwrap(), copied);

    // whoever wrote to the other side first is told
    let mut work = target.write().await.unwrap();
    let process = Process { spec: "dev".to_owned(), id: "p".to_owned(), settings: "other".to_owned() };
    work.set_process(&process).await.unwrap();
    work.commit().await.unwrap();
    let refused = target.copy_from_sqlite(source.path(), |_| {}).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Failed(reason) if reason.contains("process")), "{refused}");
}
