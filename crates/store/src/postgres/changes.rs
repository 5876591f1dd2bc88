//! What was committed, on every node.
//!
//! A unit of work writes a row for each change, in its own transaction. The node that committed tells it at once;
//! the others look for rows that they did not tell yet. A row can become visible after one that was written later,
//! so looks overlap: most by little, since most units of work end soon after their row was written, some by more, and
//! now and then one goes back further than any statement lasts. What was told is remembered for longer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use parking_lot::Mutex;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row as _};

use super::derived::Query as SqlQuery;
use super::held::{literal, quoted};
use super::session::Session;
use super::text::{escape, unescape};
use crate::changes::{Change, ChangeKind, Changes, Feed, WriteChanges};
use crate::documents::Document;
use crate::{EpochMs, Result, StoreError};

/// How often another node's changes are looked for while somebody listens.
const LOOK: Duration = Duration::from_millis(20);
/// How long after a failure.
const BREATH: Duration = Duration::from_secs(1);
/// Kinds of looks: how often there is one, and how far it goes back behind the one before of its kind, in milliseconds.
const KINDS: [(EpochMs, EpochMs); 3] = [(10_000, BACK), (500, 5_000), (0, 250)];
/// How far the deepest goes back: longer than a statement, and the clocks of two nodes, can be off.
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

    fn forget(&mut self, id: &str) {
        self.known.remove(id);
    }
}

impl Tail {
    pub(super) fn new(pool: PgPool) -> Arc<Self> {
        let (looking, closed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { pool, feed: Feed::default(), told: Mutex::default(), looking, closed })
    }

    /// Tells what was committed on this node.
    pub(super) fn told_here(&self, changes: impl Iterator<Item = (String, Change)>) {
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

    /// Tells what other nodes committed since the looks before.
    ///
    /// `begun` is when somebody began to listen, if this is the first look: what was committed before is old.
    async fn catch_up(&self, looks: &mut Looks, begun: Option<Instant>) -> Result<()> {
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
        .bind(looks.from(now))
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let id: String = row.try_get(1)?;
            let new = self.told.lock().note(&id, stamp(&id), 2 * BACK);
            if new && stamp(&id) >= old {
                match self.change(&row).await {
                    Ok(change) => self.feed.tell(change),
                    Err(error) => {
                        // it was not told: the next look does
                        self.told.lock().forget(&id);
                        return Err(error);
                    }
                }
            }
        }
        looks.done(now);
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
    let (mut begun, mut looks) = (Some(begun), Looks::default());
    while !tail.closed.load(Ordering::SeqCst) {
        match tail.catch_up(&mut looks, begun).await {
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

/// When the last look of each kind was, by the clock of the database.
#[derive(Default)]
struct Looks {
    last: [Option<EpochMs>; KINDS.len()],
}

impl Looks {
    /// The deepest kind that is due: the first one at first.
    fn due(&self, now: EpochMs) -> usize {
        let is_due = |(last, (every, _)): (&Option<EpochMs>, &(EpochMs, EpochMs))| {
            last.is_none_or(|last| now.saturating_sub(last) >= *every || now < last)
        };
        self.last.iter().zip(&KINDS).position(is_due).unwrap_or_default()
    }

    /// From when on a look reads. Never what may have been forgotten, and would be told again.
    fn from(&self, now: EpochMs) -> EpochMs {
        let due = self.due(now);
        let last = self.last.get(due).copied().flatten().unwrap_or(now).min(now);
        let depth = KINDS.get(due).map_or(BACK, |(_, depth)| *depth);
        last.saturating_sub(depth).max(now.saturating_sub(2 * BACK - SLACK))
    }

    /// A look was taken: it saw what lighter ones would.
    fn done(&mut self, now: EpochMs) {
        let due = self.due(now);
        self.last.iter_mut().skip(due).for_each(|last| *last = Some(now));
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
        let (group, class, document) = (group.to_owned(), class.to_owned(), document.clone());
        self.changes()?.changes.push(Change { group, class, kind, document, parts });
        Ok(())
    }
}

/// The statement that writes changes, whose parameters begin with `$from`; it gives the ids under which other nodes find
/// them.
pub(super) fn insertion(from: usize) -> String {
    let columns = ["text", "text", "bigint", "text", "text", "text"].iter().zip(from..);
    let columns: Vec<String> = columns.map(|(kind, number)| format!("${number}::{kind}[]")).collect();
    let columns = columns.join(", ");
    format!(
        "INSERT INTO change (group_id, id, at, class, kind, document, parts, last)
         SELECT x.g, now.at || '-' || lpad(x.n::text, 8, '0') || '-' || gen_random_uuid(), now.at, x.c, x.k, x.d,
                x.p::text[], x.l
         FROM unnest({columns}) WITH ORDINALITY AS x (g, c, k, d, p, l, n),
              (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at) AS now
         RETURNING id"
    )
}

/// The statement that writes one, of a document that was created ([`write_kind`]): its group, class and id are `$1` to
/// `$3`, its parts `$19`.
pub(super) const CREATION: &str = "INSERT INTO change (group_id, id, at, class, kind, document, parts)
         SELECT $1, now.at || '-' || gen_random_uuid(), now.at, $2, 1, $3, $19
         FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at) AS now
         RETURNING id";

/// The parts that a change names.
pub(super) fn parts(change: &Change) -> Vec<String> {
    change.parts.iter().map(|part| escape(part).into_owned()).collect()
}

/// Binds the six parameters of [`insertion`].
pub(super) fn bind<'a, 'c>(query: SqlQuery<'a>, changes: impl Iterator<Item = &'c Change> + Clone) -> SqlQuery<'a> {
    let gone = |change: &Change| change.kind == ChangeKind::Deleted && !change.document.deleted;
    let last = |change: &Change| gone(change).then(|| escape(&change.document.body).into_owned());
    let column = |of: &dyn Fn(&Change) -> String| changes.clone().map(of).collect::<Vec<_>>();
    query
        .bind(column(&|change| escape(&change.group).into_owned()))
        .bind(column(&|change| change.class.clone()))
        .bind(changes.clone().map(|change| write_kind(change.kind)).collect::<Vec<_>>())
        .bind(column(&|change| escape(&change.document.id).into_owned()))
        .bind(column(&|change| literal(parts(change).iter().map(|part| quoted(part)))))
        .bind(changes.clone().map(last).collect::<Vec<_>>())
}

/// The ids that [`insertion`] gave, in the order of the changes.
pub(super) fn ids(rows: &[PgRow]) -> Result<Vec<String>> {
    let mut ids = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>>>()?;
    // the numbers in them are that order
    ids.sort();
    Ok(ids)
}

/// Writes what a unit of work changed, for other nodes; the ids under which they find it.
pub(super) async fn write(connection: &mut PgConnection, changes: &[Change]) -> Result<Vec<String>> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| insertion(1));
    // without changes it still fails in a unit of work of which a statement failed
    let query = bind(sqlx::query(AssertSqlSafe(STATEMENT.as_str())), changes.iter());
    ids(&query.fetch_all(connection).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `from` for a look every so many milliseconds, for a minute.
    fn minute(rhythm: EpochMs) -> Vec<(EpochMs, EpochMs)> {
        let mut looks = Looks::default();
        (0..60_000 / rhythm)
            .map(|number| {
                let now = 1_000_000 + number * rhythm;
                let from = looks.from(now);
                looks.done(now);
                (now, from)
            })
            .collect()
    }

    /// Whatever becomes visible later than it was written, by as much as a minute, is read by a look after that.
    #[test]
    fn nothing_that_comes_late_is_missed() {
        for rhythm in [20, 150, 700, 15_000] {
            let looks = minute(rhythm);
            for late in [0, 200, 4_000, 30_000, 59_000] {
                for visible in (1_000_000..1_030_000).step_by(97) {
                    let written = visible - late;
                    let read = looks.iter().any(|(now, from)| *now >= visible && *from <= written);
                    assert!(read, "every {rhythm} ms: visible at {visible}, {late} ms late");
                }
            }
        }
    }

    /// With many writes the database would do nothing else.
    #[test]
    fn most_looks_read_little_again() {
        let read: EpochMs = minute(20).iter().map(|(now, from)| now - from).sum();
        assert!(read < 60 * 60_000, "{read} ms of changes in a minute");
        assert_eq!(minute(20)[0].1, 1_000_000 - BACK);
    }

    #[test]
    fn a_look_after_a_long_silence_reads_nothing_that_was_forgotten() {
        let mut looks = Looks::default();
        looks.done(1_000_000);
        assert!(looks.from(9_000_000) > 9_000_000 - 2 * BACK);
    }
}
