//! How finding scales: the same questions, with answers of the same size, on a small and a large store.

use std::path::Path;
use std::time::{Duration, Instant};

use keystead_model::query::{Order, Query, Selection};
use keystead_store::Store;
use keystead_store::documents::{Find, Hit};
use keystead_store::sqlite::{Options, SqliteStore};

use crate::Outcome;
use crate::contacts::{
    BY_PATIENT, CLASS, COMMON, EVERYTHING, FEW, GROUP, OF_PATIENT, RARE, TAG, contact, delegation_key, mix, patient,
};
use crate::report::{Report, median, p99};

const SMALL: u64 = 10_000;
const LARGE: u64 = 1_000_000;
const OF_TRANSACTION: u64 = 5_000;
const TIMES: u64 = 300;

pub(crate) fn run(directory: &Path, only: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(directory, only))
}

async fn measure(directory: &Path, only: &str) -> Outcome<()> {
    let small = build(directory, SMALL).await?;
    let large = build(directory, LARGE).await?;
    let mut report = Report::default();
    for (name, goal, ask) in QUESTIONS.iter().filter(|question| question.0.contains(only)) {
        let mut one = Vec::new();
        let mut other = Vec::new();
        let (mut few, mut many) = (0, 0);
        for time in 0..TIMES {
            // The first rounds fill the caches.
            let (left, hits) = timed(&small, SMALL, *ask, time).await?;
            let (right, more) = timed(&large, LARGE, *ask, time).await?;
            if time >= TIMES / 10 {
                one.push(left);
                other.push(right);
                few += hits;
                many += more;
            }
        }
        let rounds = one.len().max(1);
        report.note(format!("{name}: hits in 10,000 and 1,000,000: {} and", few / rounds), (many / rounds) as f64, "");
        report.note(format!("{name}: at 10,000"), median(one.clone()), "us");
        report.note(format!("{name}: at 1,000,000"), median(other.clone()), "us");
        report.note(format!("{name}: at 1,000,000, p99"), p99(other.clone()), "us");
        let ratio = median(other) / median(one);
        match goal {
            Some(goal) => report.at_most(format!("{name}: ratio"), ratio, "times", *goal),
            None => report.note(format!("{name}: ratio"), ratio, "times"),
        }
    }
    report.finish("find")
}

/// Asks, and fetches what was found, as the server does: how long it took, and how many there were.
async fn timed(store: &SqliteStore, size: u64, ask: fn(u64, u64) -> Find, time: u64) -> Outcome<(Duration, usize)> {
    let find = ask(mix(time), size);
    let start = Instant::now();
    let mut view = store.read().await?;
    let hits = view.find(&find).await?;
    let ids: Vec<String> = hits.iter().take(100).map(|hit| hit.id.clone()).collect();
    let documents = view.documents(GROUP, CLASS, &ids, find.readable_by.as_deref()).await?;
    let took = start.elapsed();
    if documents.is_empty() {
        return Err("nothing was found".into());
    }
    Ok((took, hits.len()))
}

async fn build(directory: &Path, size: u64) -> Outcome<SqliteStore> {
    let directory = directory.join(format!("contacts-{size}"));
    // A large cache and rare checkpoints: the pages that random ids touch are written once, not often.
    let options = Options { writer_cache_kib: 2 << 20, checkpoint_pages: 200_000, ..Options::default() };
    let store = SqliteStore::open(&directory, options)?;
    let start = Instant::now();
    let mut from = 0;
    // Continues where an earlier run was interrupted.
    while from < size && store.read().await?.document(GROUP, CLASS, &contact(from, size).0.id).await?.is_some() {
        from += OF_TRANSACTION;
    }
    let found = from;
    while from < size {
        let mut work = store.write().await?;
        for number in from..from + OF_TRANSACTION {
            let (document, projection) = contact(number, size);
            work.create(GROUP, CLASS, &document, &projection).await?;
        }
        work.commit().await?;
        from += OF_TRANSACTION;
        if from % 100_000 == 0 {
            eprintln!("{from} of {size} contacts after {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    if found < size {
        store.close().await;
    } else {
        return Ok(store);
    }
    Ok(SqliteStore::open(&directory, Options::default())?)
}

type Question = (&'static str, Option<f64>, fn(u64, u64) -> Find);

const GOAL: Option<f64> = Some(1.5);

const QUESTIONS: &[Question] = &[
    ("one patient, by HCP who reads all", GOAL, |random, size| {
        sorted(by_patient(random, size, None, None), Order::Ascending).readable(&[EVERYTHING])
    }),
    ("one patient, by the patient", GOAL, |random, size| {
        let number = random % (size / OF_PATIENT);
        sorted(by_patient(random, size, None, None), Order::Descending).readable(&[&delegation_key(number)])
    }),
    ("one patient within two years", GOAL, |random, size| {
        let query = by_patient(random, size, Some(20_210_000_000_000), Some(20_230_000_000_000));
        sorted(query, Order::Ascending).readable(&[EVERYTHING])
    }),
    ("three patients, first 20", GOAL, |random, size| {
        let terms = (0..3).map(|more| patient((random + more) % (size / OF_PATIENT))).collect();
        sorted(Query::terms(BY_PATIENT, terms), Order::Descending).readable(&[EVERYTHING]).first(20)
    }),
    ("rare tag within two years", GOAL, |_, _| {
        sorted(tag(RARE, Some(20_210_000_000_000), Some(20_230_000_000_000)), Order::Ascending).readable(&[EVERYTHING])
    }),
    ("common tag and rare tag", GOAL, |_, _| {
        let both = Query::Intersection(vec![tag(COMMON, None, None), tag(RARE, None, None)]);
        sorted(both, Order::Id).readable(&[EVERYTHING])
    }),
    ("common tag by date, first 20", GOAL, |_, _| {
        sorted(tag(COMMON, None, None), Order::Descending).readable(&[EVERYTHING]).first(20)
    }),
    ("common tag from a date on, next 20", GOAL, |_, _| {
        let mut find = sorted(tag(COMMON, Some(20_220_000_000_000), None), Order::Ascending);
        find.after = Some(Hit { id: "8".to_owned(), part: String::new(), sort: Some(20_230_615_120_000) });
        find.readable(&[EVERYTHING]).first(20)
    }),
    ("common tag, by HCP who reads few", GOAL, |_, _| {
        sorted(tag(COMMON, None, None), Order::Ascending).readable(&[FEW])
    }),
    ("common tag and one patient", GOAL, |random, size| {
        let both = Query::Intersection(vec![tag(COMMON, None, None), by_patient(random, size, None, None)]);
        sorted(both, Order::Ascending).readable(&[EVERYTHING])
    }),
    ("everything, by HCP who reads few", GOAL, |_, _| sorted(Query::All, Order::Id).readable(&[FEW])),
    ("everything but the rare tag, by HCP who reads few", GOAL, |_, _| {
        let query = Query::Difference(Box::new(Query::All), Box::new(Query::term(TAG, RARE)));
        Find {
            limit: Some(1),
            ..sorted(Query::Union(vec![query, Query::AccessibleTo(vec![FEW.to_owned()])]), Order::Id)
        }
        .readable(&[FEW])
    }),
    ("everything accessible, first 100", GOAL, |_, _| sorted(Query::All, Order::Id).readable(&[EVERYTHING]).first(100)),
    ("everything accessible, 100 from the middle", GOAL, |random, _| {
        let mut find = sorted(Query::AccessibleTo(vec![EVERYTHING.to_owned()]), Order::Id);
        find.after = Some(Hit { id: format!("{:02x}", random % 200), part: String::new(), sort: None });
        find.readable(&[EVERYTHING, FEW]).first(100)
    }),
    ("services of one patient", GOAL, |random, size| {
        let terms = vec![patient(random % (size / OF_PATIENT))];
        let find = sorted(Query::terms("service.date-by-patient", terms), Order::Ascending);
        Find { parts: true, ..find }.readable(&[EVERYTHING])
    }),
    ("services with a common and a rare tag", GOAL, |_, _| {
        let both = Query::Intersection(vec![tag(COMMON, None, None), tag(RARE, None, None)]);
        Find { parts: true, ..sorted(both, Order::Id) }.readable(&[EVERYTHING])
    }),
    ("services, first 100", GOAL, |_, _| {
        let find = sorted(Query::AccessibleTo(vec![EVERYTHING.to_owned()]), Order::Id).first(100);
        Find { parts: true, ..find }.readable(&[EVERYTHING])
    }),
];

fn by_patient(random: u64, size: u64, from: Option<i64>, to: Option<i64>) -> Query {
    Query::Term { index: BY_PATIENT, terms: vec![patient(random % (size / OF_PATIENT))], from, to }
}

fn tag(tag: &str, from: Option<i64>, to: Option<i64>) -> Query {
    Query::Term { index: TAG, terms: vec![tag.to_owned()], from, to }
}

fn sorted(query: Query, order: Order) -> Find {
    Find {
        group: GROUP.to_owned(),
        class: CLASS,
        selection: Selection { query, order },
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    }
}

/// Shortens the questions.
trait Asked {
    fn readable(self, keys: &[&str]) -> Self;
    fn first(self, limit: usize) -> Self;
}

impl Asked for Find {
    fn readable(mut self, keys: &[&str]) -> Self {
        self.readable_by = Some(keys.iter().map(|key| (*key).to_owned()).collect());
        self
    }

    fn first(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}
