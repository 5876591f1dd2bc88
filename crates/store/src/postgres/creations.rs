//! Units of work that only add a document: one statement each instead of a transaction of several, and one for many
//! where they come faster than the database answers.
//!
//! A creation that finds no more than a few statements of its group under way is written at once, by whoever asks for
//! it. Others wait, and whoever is done first writes all that came meanwhile. Only creations of one group share a
//! statement, so that it stays with one shard.
//!
//! The statement expects nothing in its way. Where something is, the database undoes the whole of it, and each of its
//! creations is done by itself.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgPool};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::changes::{self, Tail};
use super::columns::Columns;
use super::derived::{Kept, addition, bind_new};
use super::error::is_refused;
use super::session::Session;
use super::text::escape;
use crate::changes::{Change, ChangeKind};
use crate::documents::{Creation, Projection, Written};
use crate::{Result, StoreError};

/// How many statements of one group are under way at a time.
const STATEMENTS: usize = 2;
/// How many documents one statement adds at most …
const DOCUMENTS: usize = 64;
/// … and how many octets of them, unless a single one has more.
const OCTETS: usize = 4 << 20;

/// The parameters of the statement are the group, the documents, their ordered postings and services, and the changes
/// that are told.
static STATEMENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH documents AS (
           INSERT INTO document (group_id, class, id, rev, deleted, created_by, facts, keys, sorts, parts, body)
           SELECT $1, x.c, x.i, x.r, x.d, x.b, x.f, x.k::bytea[], x.s::bigint[], x.p::text[], x.t
           FROM unnest($2::text[], $3::text[], $4::text[], $5::bool[], $6::text[], $7::bytea[], $8::text[], $9::text[],
                       $10::text[], $11::text[]) AS x (c, i, r, d, b, f, k, s, p, t)
         ), postings AS (
           INSERT INTO posting (group_id, index_name, term, sort, id, part)
           SELECT $1, x.* FROM unnest($12::text[], $13::text[], $14::bigint[], $15::text[], $16::text[]) AS x
         ), services AS (
           INSERT INTO service_version (group_id, service_id, contact_id, version, contact_modified)
           SELECT $1, x.* FROM unnest($17::text[], $18::text[], $19::bigint[], $20::bigint[]) AS x
         )
         {}",
        changes::insertion(21)
    )
});

/// The same for one document, whose values are parameters of their own: what takes lists costs more to begin. They are
/// those of a document, its ordered postings and services, and the parts that the change names.
static ALONE: LazyLock<String> = LazyLock::new(|| addition(false, changes::CREATION));

/// Creations that wait for their turn, by group.
pub(super) struct Creations {
    pool: PgPool,
    tail: Arc<Tail>,
    groups: Mutex<HashMap<String, Group>>,
}

#[derive(Default)]
struct Group {
    under_way: usize,
    waiting: VecDeque<Waiting>,
}

/// A creation, and who waits for what comes of it.
struct Waiting {
    new: New,
    answer: oneshot::Sender<Result<Written>>,
}

/// A creation, as it will be told.
struct New {
    change: Change,
    class: &'static str,
    projection: Projection,
}

impl New {
    fn of(creation: Creation) -> Self {
        let Creation { group, class, document, projection, parts } = creation;
        let change = Change { group, class: class.to_owned(), kind: ChangeKind::Created, document, parts };
        Self { change, class, projection }
    }

    fn creation(self) -> Creation {
        let Change { group, document, parts, .. } = self.change;
        Creation { group, class: self.class, document, projection: self.projection, parts }
    }
}

/// One of the statements that a group may have under way. Whoever gives it back starts the next, if there is one.
struct Place {
    creations: Arc<Creations>,
    group: String,
}

impl Creations {
    pub(super) fn new(pool: PgPool, tail: Arc<Tail>) -> Arc<Self> {
        Arc::new(Self { pool, tail, groups: Mutex::default() })
    }

    /// Adds a document that has no unique values.
    pub(super) async fn write(self: &Arc<Self>, creation: Creation) -> Result<Written> {
        let answered = match self.enter(New::of(creation)) {
            Entered::AtOnce(new, place) => {
                let written = self.together(vec![*new]).await.pop();
                drop(place);
                written
            }
            Entered::Waiting(answered) => answered.await.ok(),
        };
        answered.unwrap_or_else(|| Err(StoreError::Unavailable("it is closing".to_owned())))
    }

    fn enter(self: &Arc<Self>, new: New) -> Entered {
        let mut groups = self.groups.lock();
        let name = new.change.group.clone();
        let group = groups.entry(name.clone()).or_default();
        if group.under_way < STATEMENTS {
            group.under_way += 1;
            return Entered::AtOnce(Box::new(new), Place { creations: Arc::clone(self), group: name });
        }
        let (answer, answered) = oneshot::channel();
        group.waiting.push_back(Waiting { new, answer });
        Entered::Waiting(answered)
    }

    /// Answers those who waited.
    async fn serve(&self, waiting: Vec<Waiting>) {
        let (news, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(|one| (one.new, one.answer)).unzip();
        for (answer, written) in answers.into_iter().zip(self.together(news).await) {
            // whoever does not wait any more does not want to know
            let _ = answer.send(written);
        }
    }

    /// Adds documents of one group in one statement, or each by itself where something is in the way of any of them;
    /// what came of each.
    async fn together(&self, news: Vec<New>) -> Vec<Result<Written>> {
        match insert(&self.pool, &news).await {
            Ok(rows) => {
                let done = news.iter().map(|_| Ok(Written::Done)).collect();
                // what is not told here is found in the table, as another node's
                if let Ok(ids) = changes::ids(&rows) {
                    self.tail.told_here(ids.into_iter().zip(news.into_iter().map(|new| new.change)));
                }
                done
            }
            Err(error) if is_refused(&error) => {
                let mut written = Vec::with_capacity(news.len());
                for new in news {
                    written.push(self.by_itself(new).await);
                }
                written
            }
            Err(error) => {
                let error = StoreError::from(error);
                news.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// As a unit of work like any other, which says what is in the way.
    async fn by_itself(&self, new: New) -> Result<Written> {
        crate::create(Box::new(Session::work(&self.pool, &self.tail).await?), new.creation()).await
    }
}

enum Entered {
    AtOnce(Box<New>, Place),
    Waiting(oneshot::Receiver<Result<Written>>),
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut groups = self.creations.groups.lock();
        let Some(group) = groups.get_mut(&self.group) else { return };
        let next = next(&mut group.waiting);
        match Handle::try_current() {
            Ok(runtime) if !next.is_empty() => {
                let place = Self { creations: Arc::clone(&self.creations), group: self.group.clone() };
                runtime.spawn(async move { place.creations.serve(next).await });
            }
            // without a runtime everything is over, and those who wait hear so
            _ => {
                group.under_way = group.under_way.saturating_sub(1);
                if group.under_way == 0 && group.waiting.is_empty() {
                    groups.remove(&self.group);
                }
            }
        }
    }
}

/// Takes what one statement may add.
fn next(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut octets = 0_usize;
    let fits = |one: &&Waiting| {
        let first = octets == 0;
        octets = octets.saturating_add(one.new.change.document.body.len());
        first || octets <= OCTETS
    };
    let count = waiting.iter().take(DOCUMENTS).take_while(fits).count();
    waiting.drain(..count).collect()
}

/// The rows with the ids under which the changes were written.
async fn insert(pool: &PgPool, news: &[New]) -> std::result::Result<Vec<PgRow>, sqlx::Error> {
    if let [new] = news {
        let kept = Kept::new(&new.change.group, new.class, &new.change.document, &new.projection);
        let query = bind_new(sqlx::query(AssertSqlSafe(ALONE.as_str())), &kept);
        return query.bind(changes::parts(&new.change)).fetch_all(pool).await;
    }
    let mut columns = Columns::default();
    for new in news {
        columns.add(&new.change.group, new.class, &new.change.document, &new.projection);
    }
    let group = news.first().map(|new| escape(&new.change.group)).unwrap_or_default();
    let query = columns.bind(sqlx::query(AssertSqlSafe(STATEMENT.as_str())).bind(group));
    changes::bind(query, news.iter().map(|new| &new.change)).fetch_all(pool).await
}
