//! What was committed, on every node.
//!
//! A unit of work writes a row for each change, in its own transaction. The node that committed tells it at once;
//! the others look for rows that they did not tell yet. A row can become visible after one that was written later,
//! so a look goes back further than any unit of work lasts, and what was told is remembered for as long.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};

use super::session::Session;
use super::text::{escape, unescape};
use crate::changes::{Change, ChangeKind, Changes, Feed, WriteChanges};
use crate::documents::Document;
use crate::{EpochMs, Result, StoreError};

/// How often another node's changes are looked for while somebody listens.
const LOOK: Duration = Duration::from_millis(20);
/// How long after a failure.
const BREATH: Duration = Duration::from_secs(1);
/// How far a look goes back, in milliseconds: longer than a statement, and the clocks of two nodes, can be off.
const BACK: EpochMs = 60_000;
/// How long own changes are remembered while nobody listens, in milliseconds.
const UNHEARD: EpochMs = 2_000;
/// How much two readings of clocks may be apart, in milliseconds.
const SLACK: EpochMs = 10;
/// How long rows are kept, in milliseconds.
pub(super) const KEPT: EpochMs = 300_000;

/// The feed of a node, and what keeps it filled.
pub(super) struct Tail {
    pool: PgPool,
    feed: Feed,
    told: Mutex<Told>,
    looking: AtomicBool,
    closed: AtomicBool,
}

/// Changes that were told, by their ids, the oldest first.
#[derive(Default)]
struct Told {
    known: HashMap<String, EpochMs>,
    order: VecDeque<String>,
}

impl Told {
    /// Notes a change, and forgets what is older by `horizon`; whether it is new.
    fn note(&mut self, id: &str, at: EpochMs, horizon: EpochMs) -> bool {
        if self.known.insert(id.to_owned(), at).is_some() {
            return false;
        }
        self.order.push_back(id.to_owned());
        while let Some(oldest) = self.order.front() {
            match self.known.get(oldest) {
                Some(when) if at.saturating_sub(*when) <= horizon => break,
                _ => {
                    self.known.remove(oldest);
                    self.order.pop_front();
                }
            }
        }
        true
    }
}

impl Tail {
    pub(super) fn new(pool: PgPool) -> Arc<Self> {
        let (looking, closed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { pool, feed: Feed::default(), told: Mutex::default(), looking, closed })
    }

    /// Tells what was committed on this node.
    pub(super) fn told_here(&self, changes: Vec<(String, Change)>) {
        // while nobody listens, what is younger than the first look could go back to
        let horizon = if self.looking.load(Ordering::SeqCst) { 2 * BACK } else { UNHEARD };
        for (id, change) in changes {
            if self.told.lock().note(&id, stamp(&id), horizon) {
                self.feed.tell([change]);
            }
        }
    }

    /// Listens from now on.
    pub(super) fn listen(self: &Arc<Self>) -> Changes {
        let changes = self.feed.listen();
        if !self.looking.swap(true, Ordering::SeqCst) {
            tokio::spawn(look(Arc::clone(self), Instant::now()));
        }
        changes
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Tells what other nodes committed.
    ///
    /// `begun` is when somebody began to listen, if this is the first look: what was committed before is old.
    async fn catch_up(&self, begun: Option<Instant>) -> Result<()> {
        let now: EpochMs = sqlx::query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
            .fetch_one(&self.pool)
            .await?
            .try_get(0)?;
        let old = begun.map_or(EpochMs::MIN, |begun| {
            let ago = EpochMs::try_from(begun.elapsed().as_millis()).unwrap_or(BACK);
            // two clocks are read one after the other: rather something old than something missed
            now.saturating_sub(ago).saturating_sub(SLACK)
        });
        let rows = sqlx::query(
            "SELECT group_id, id, class, kind, document, parts, last FROM change WHERE at > $1 ORDER BY at, id",
        )
        .bind(now.saturating_sub(BACK))
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let id: String = row.try_get(1)?;
            let new = self.told.lock().note(&id, stamp(&id), 2 * BACK);
            if new && stamp(&id) >= old {
                let change = self.change(&row).await?;
                self.feed.tell(change);
            }
        }
        Ok(())
    }

    /// The change of a row, with the document as it is now; none if it is gone since.
    async fn change(&self, row: &PgRow) -> Result<Option<Change>> {
        let (group, class): (String, String) = (row.try_get(0)?, row.try_get(2)?);
        let (kind, id, parts): (i64, String, Vec<String>) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let last: Option<String> = row.try_get(6)?;
        let stored = sqlx::query(
            "SELECT rev, deleted, created_by, body FROM document WHERE group_id = $1 AND class = $2 AND id = $3",
        )
        .bind(&group)
        .bind(&class)
        .bind(&id)
        .fetch_optional(&self.pool)
        .await?;
        let id = unescape(id);
        let document = match (stored, last) {
            (Some(row), _) => Document {
                id,
                rev: row.try_get(0)?,
                deleted: row.try_get(1)?,
                created_by: row.try_get(2)?,
                body: unescape(row.try_get(3)?),
            },
            (None, Some(body)) => {
                Document { id, rev: String::new(), deleted: false, created_by: None, body: unescape(body) }
            }
            (None, None) => return Ok(None),
        };
        let (group, parts) = (unescape(group), parts.into_iter().map(unescape).collect());
        Ok(Some(Change { group, class, kind: read_kind(kind)?, document, parts }))
    }
}

/// Looks as long as the store is open.
async fn look(tail: Arc<Tail>, begun: Instant) {
    let mut begun = Some(begun);
    while !tail.closed.load(Ordering::SeqCst) {
        match tail.catch_up(begun).await {
            Ok(()) => {
                begun = None;
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => {
                tracing::warn!(%error, "changes of other nodes cannot be looked for");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// When a change was written: the beginning of its id.
fn stamp(id: &str) -> EpochMs {
    id.split('-').next().and_then(|at| at.parse().ok()).unwrap_or_default()
}

fn write_kind(kind: ChangeKind) -> i64 {
    match kind {
        ChangeKind::Created => 1,
        ChangeKind::Updated => 2,
        ChangeKind::Deleted => 3,
    }
}

fn read_kind(kind: i64) -> Result<ChangeKind> {
    match kind {
        1 => Ok(ChangeKind::Created),
        2 => Ok(ChangeKind::Updated),
        3 => Ok(ChangeKind::Deleted),
        _ => Err(StoreError::Corrupt("a change is of an unknown kind")),
    }
}

#[async_trait]
impl WriteChanges for Session {
    async fn announce(
        &mut self,
        group: &str,
        class: &str,
        kind: ChangeKind,
        document: &Document,
        parts: Vec<String>,
    ) -> Result<()> {
        let gone = kind == ChangeKind::Deleted && !document.deleted;
        let row = sqlx::query(
            "INSERT INTO change (group_id, id, at, class, kind, document, parts, last)
             SELECT $1, at || '-' || gen_random_uuid(), at, $2, $3, $4, $5, $6
             FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at) AS now RETURNING id",
        )
        .bind(escape(group))
        .bind(class)
        .bind(write_kind(kind))
        .bind(escape(&document.id))
        .bind(parts.iter().map(|part| escape(part).into_owned()).collect::<Vec<_>>())
        .bind(gone.then(|| escape(&document.body)))
        .fetch_one(self.connection())
        .await?;
        let id: String = row.try_get(0)?;
        let (group, class, document) = (group.to_owned(), class.to_owned(), document.clone());
        self.changes()?.changes.push((id, Change { group, class, kind, document, parts }));
        Ok(())
    }
}
