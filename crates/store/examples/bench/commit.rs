//! What a transaction costs: alone, and when many write at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use keystead_store::Store;
use keystead_store::documents::{Document, Projection};
use keystead_store::sqlite::{Options, SqliteStore};
use rusqlite::Connection;

use crate::Outcome;
use crate::contacts::{CLASS, GROUP, contact, id};
use crate::report::{Report, median, p99};

const ROUNDS: u64 = 10;
const OF_ROUND: u64 = 200;
const WRITERS: u64 = 32;
const OF_WRITER: u64 = 100;

pub(crate) fn run() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

/// A table with a document in it and nothing else.
fn bare(directory: &std::path::Path) -> Outcome<Connection> {
    let connection = Connection::open(directory.join("bare.db"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE document (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
    )?;
    Ok(connection)
}

fn insert_bare(connection: &Connection, document: &Document) -> Outcome<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    connection
        .prepare_cached("INSERT INTO document (id, body) VALUES (?1, ?2)")?
        .execute([&document.id, &document.body])?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

async fn insert(store: &dyn Store, document: &Document, projection: &Projection) -> Outcome<()> {
    let mut work = store.write().await?;
    work.create(GROUP, CLASS, document, projection).await?;
    work.commit().await?;
    Ok(())
}

async fn measure() -> Outcome<()> {
    let mut report = Report::default();
    one_client(&mut report).await?;
    many_clients(&mut report).await?;
    readers(&mut report).await?;
    report.finish("commit")
}

async fn one_client(report: &mut Report) -> Outcome<()> {
    let directory = tempfile::tempdir_in(".")?;
    let connection = bare(directory.path())?;
    let store = SqliteStore::open(directory.path(), Options::default())?;
    let (mut bare, mut plain, mut whole, mut empty) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    // In turns, so that all meet the same disk.
    for _ in 0..ROUNDS {
        for _ in 0..OF_ROUND {
            let (document, projection) = contact(number, 1_000_000);
            bare.push(timed(async || insert_bare(&connection, &document)).await?);
            let mut other = document.clone();
            other.id.push('p');
            plain.push(timed(async || insert(&store, &other, &Projection::default()).await).await?);
            whole.push(timed(async || insert(&store, &document, &projection).await).await?);
            empty.push(timed(async || Ok(store.write().await?.commit().await?)).await?);
            number += 1;
        }
    }
    let baseline = median(bare.clone());
    report.note("one client: bare BEGIN, INSERT, COMMIT", baseline, "us");
    report.note("one client: bare, p99", p99(bare), "us");
    report.at_most(
        "one client: document without index entries, over bare",
        median(plain.clone()) - baseline,
        "us",
        100.0,
    );
    report.note("one client: document without index entries, p99", p99(plain), "us");
    report.note("one client: contact with 7 index entries, 2 grants", median(whole.clone()), "us");
    report.note("one client: contact, p99", p99(whole), "us");
    report.note("one client: transaction that does nothing", median(empty), "us");
    Ok(())
}

async fn timed(work: impl AsyncFnOnce() -> Outcome<()>) -> Outcome<Duration> {
    let start = Instant::now();
    work().await?;
    Ok(start.elapsed())
}

async fn many_clients(report: &mut Report) -> Outcome<()> {
    let directory = tempfile::tempdir_in(".")?;
    let connection = Arc::new(tokio::sync::Mutex::new(bare(directory.path())?));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path(), Options::default())?);
    let (mut bare, mut plain, mut whole) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut latencies = Vec::new();
    for round in 0..4 {
        let base = round * 10_000_000;
        let shared = Arc::clone(&connection);
        bare += together(base, move |number| {
            let shared = Arc::clone(&shared);
            async move { insert_bare(&*shared.lock().await, &contact(number, 1_000_000).0) }
        })
        .await?
        .0;
        let shared = Arc::clone(&store);
        plain += together(base + 1_000_000, move |number| {
            let shared = Arc::clone(&shared);
            async move { insert(&*shared, &contact(number, 1_000_000).0, &Projection::default()).await }
        })
        .await?
        .0;
        let shared = Arc::clone(&store);
        let (time, each) = together(base + 2_000_000, move |number| {
            let shared = Arc::clone(&shared);
            async move {
                let (document, projection) = contact(number, 1_000_000);
                insert(&*shared, &document, &projection).await
            }
        })
        .await?;
        whole += time;
        latencies.extend(each);
    }
    let rate = |time: Duration| (4 * WRITERS * OF_WRITER) as f64 / time.as_secs_f64();
    report.note("32 writers: bare, one transaction each", rate(bare), "1/s");
    report.at_least("32 writers: document without index entries, of bare", rate(plain) / rate(bare), "times", 1.0);
    report.at_least("32 writers: contact, of bare document", rate(whole) / rate(bare), "times", 1.0);
    report.note("32 writers: contact", rate(whole), "1/s");
    report.note("32 writers: contact, median", median(latencies.clone()), "us");
    report.note("32 writers: contact, p99", p99(latencies), "us");
    Ok(())
}

/// Runs `work` for many writers at once: how long it took, and how long each piece took.
async fn together<F>(base: u64, work: impl Fn(u64) -> F + Clone + Send + 'static) -> Outcome<(Duration, Vec<Duration>)>
where
    F: Future<Output = Outcome<()>> + Send + 'static,
{
    let start = Instant::now();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let work = work.clone();
        writers.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for number in 0..OF_WRITER {
                let start = Instant::now();
                work(base + writer * OF_WRITER + number).await?;
                times.push(start.elapsed());
            }
            Outcome::Ok(times)
        }));
    }
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await??);
    }
    Ok((start.elapsed(), times))
}

async fn readers(report: &mut Report) -> Outcome<()> {
    let directory = tempfile::tempdir_in(".")?;
    let connection = bare(directory.path())?;
    let store = SqliteStore::open(directory.path(), Options::default())?;
    let mut work = store.write().await?;
    connection.execute_batch("BEGIN")?;
    for number in 0..5_000 {
        let (document, projection) = contact(number, 5_000);
        work.create(GROUP, CLASS, &document, &projection).await?;
        connection.execute("INSERT INTO document (id, body) VALUES (?1, ?2)", [&document.id, &document.body])?;
    }
    connection.execute_batch("COMMIT")?;
    work.commit().await?;
    let keys = vec!["somebody".to_owned(), crate::contacts::EVERYTHING.to_owned()];
    let (mut bare, mut reached) = (Vec::new(), Vec::new());
    for number in 0..20_000 {
        let id = id(number % 5_000);
        let select = async || {
            let mut statement = connection.prepare_cached("SELECT body FROM document WHERE id = ?1")?;
            let body: String = statement.query_row([&id], |row| row.get(0))?;
            std::hint::black_box(body);
            Ok(())
        };
        bare.push(timed(select).await?);
        let reach = async || {
            std::hint::black_box(store.read().await?.reach(GROUP, CLASS, &id, &keys).await?);
            Ok(())
        };
        reached.push(timed(reach).await?);
    }
    report.note("read: bare SELECT by id", median(bare), "us");
    report.note("read: document by id with the level of 2 keys", median(reached.clone()), "us");
    report.note("read: document by id, p99", p99(reached), "us");
    Ok(())
}
