//! Finds documents by index look-ups.
//!
//! A query is brought into a simpler form ([`node`]); in every intersection the smallest set is
//! chosen to drive ([`plan`]); the rows of the driving sets are listed in the requested order where
//! an index has that order ([`segment`]), and every other set is a probe per row ([`sql`]). A page of
//! a large result is read from the index up to its last row; only what no index orders is collected
//! whole ([`page`]).

mod node;
mod page;
mod plan;
mod segment;
mod sql;

use keystead_model::query::Order;
use rusqlite::{Connection, params_from_iter};

use self::node::{Leaf, Node, Postings, Terms};
use self::page::Page;
use self::plan::{Branch, branches};
use self::segment::Segment;
use self::sql::{Source, Sql};
use super::projection::UNSORTED;
use crate::Result;
use crate::documents::{Find, Hit};

/// Answers a question.
pub(super) fn find(connection: &Connection, question: &Find) -> Result<Vec<Hit>> {
    let node = Node::new(&question.selection.query, question.readable_by.as_deref());
    if node.is_nothing() || question.limit == Some(0) {
        return Ok(Vec::new());
    }
    let search = Search::new(question, &node);
    let mut page = Page::new(question, search.sort.as_ref());
    for branch in branches(connection, &search, &node)? {
        search.run(connection, &branch, &mut page)?;
    }
    Ok(page.hits())
}

/// A question on its way to being answered.
struct Search<'q> {
    question: &'q Find,
    /// What hits are ordered by besides their id, if anything.
    sort: Option<Sort<'q>>,
}

/// The order by sort values.
struct Sort<'q> {
    descending: bool,
    /// Whose sort values count. A hit's value is the best of those it has.
    keys: Vec<SortKey<'q>>,
}

/// Postings whose sort values count for the hits that are in all of `when`.
struct SortKey<'q> {
    leaf: &'q Leaf,
    postings: &'q Postings,
    when: Vec<&'q Node>,
}

impl<'q> Search<'q> {
    fn new(question: &'q Find, node: &'q Node) -> Self {
        let descending = question.selection.order == Order::Descending;
        let mut keys = Vec::new();
        if question.selection.order != Order::Id {
            sort_keys(node, &mut Vec::new(), &mut keys);
        }
        let sort = (!keys.is_empty()).then_some(Sort { descending, keys });
        Self { question, sort }
    }

    fn descends(&self) -> bool {
        self.sort.as_ref().is_some_and(|sort| sort.descending)
    }

    /// Whether hits are ordered by the sort values of `leaf` and nothing else.
    fn sorts_by(&self, leaf: &Leaf) -> bool {
        self.sort
            .as_ref()
            .is_some_and(|sort| matches!(sort.keys.as_slice(), [only] if std::ptr::eq(only.leaf, leaf)))
    }

    /// Whether an index lists `leaf`, one key at a time, in the requested order.
    fn streams(&self, leaf: &Leaf) -> bool {
        match (&self.sort, leaf) {
            (Some(_), _) => self.sorts_by(leaf),
            (None, Leaf::All) => !self.question.parts,
            (None, Leaf::Accessible(_)) => true,
            (None, Leaf::Postings(Postings { terms: Terms::Any(_), bounds, .. })) => bounds.is_none(),
            (None, _) => false,
        }
    }

    /// Lists the hits of a branch.
    fn run(&self, connection: &Connection, branch: &Branch<'_>, page: &mut Page) -> Result<()> {
        if self.question.limit.is_none() || !self.streams(branch.leaf) {
            return self.list(connection, branch, branch.leaf, &Segment::Whole, page);
        }
        for leaf in branch.leaf.by_key() {
            for segment in Segment::all(&leaf, self.question, self.sort.as_ref()) {
                self.list(connection, branch, &leaf, &segment, page)?;
            }
        }
        Ok(())
    }

    /// Lists the hits of a segment of a branch; `leaf` is the branch's, or one key of it.
    fn list(
        &self,
        connection: &Connection,
        branch: &Branch<'_>,
        leaf: &Leaf,
        segment: &Segment,
        page: &mut Page,
    ) -> Result<()> {
        let mut sql = Sql::new(self.question);
        let Source { from, mut condition } = sql.source(leaf);
        for node in &branch.all {
            condition.push_str(&format!(" AND {}", sql.holds(node)));
        }
        for node in &branch.none {
            condition.push_str(&format!(" AND NOT {}", sql.holds(node)));
        }
        if self.question.parts {
            condition.push_str(&format!(" AND {}", sql.is_latest(self.question.readable_by.as_deref())));
        }
        let order = segment.write(&mut sql, &mut condition);
        // Where all rows of a hit are listed, their own values give the best one; else it is asked for,
        // and in an ordered segment the hit counts only in the place that its best value gives it.
        let own = self.sorts_by(branch.leaf);
        let best = self.sort.as_ref().filter(|_| !own || self.question.limit.is_some());
        let mut columns = format!("{}, {}", sql.id(), sql.part());
        if own {
            columns.push_str(", d.sort");
        }
        for key in best.iter().flat_map(|sort| &sort.keys) {
            columns.push_str(&format!(", {}", key.write(&mut sql, self.descends())));
        }

        let text = format!("SELECT {columns} FROM {from} WHERE {condition}{order}");
        let mut statement = connection.prepare_cached(&text)?;
        let first = if own { 3 } else { 2 };
        let last = statement.column_count();
        // The class comes second, and not every statement asks for it.
        let params = sql.params.iter().take(statement.parameter_count());
        let mut rows = statement.query(params_from_iter(params))?;
        let mut listed = segment.listing(self.question.limit);
        while let Some(row) = rows.next()? {
            let own_value = if own { value(row.get(2)?) } else { None };
            let mut sort = own_value;
            if best.is_some() {
                sort = None;
                for column in first..last {
                    sort = page::better(sort, row.get::<_, Option<i64>>(column)?.and_then(value), self.descends());
                }
                if own && sort != own_value {
                    continue;
                }
            }
            let hit = Hit { id: row.get(0)?, part: row.get(1)?, sort };
            if let Some(place) = page.offer(hit)
                && listed.is_full_after(place)
            {
                break;
            }
        }
        Ok(())
    }
}

impl SortKey<'_> {
    /// The column with the best value of the row's hit.
    fn write(&self, sql: &mut Sql, descending: bool) -> String {
        let mut column = sql.best(self.postings, descending);
        for node in &self.when {
            column = format!("CASE WHEN {} THEN {column} END", sql.holds(node));
        }
        column
    }
}

/// Collects the sorted leaves that give the hits of `node` their order: in an intersection those of
/// the first set that has any, in a union those of every set, each for its own hits.
fn sort_keys<'q>(node: &'q Node, when: &mut Vec<&'q Node>, keys: &mut Vec<SortKey<'q>>) {
    match node {
        Node::Leaf(leaf) => {
            if let Leaf::Postings(postings) = leaf
                && leaf.is_sorted()
            {
                keys.push(SortKey { leaf, postings, when: when.clone() });
            }
        }
        Node::Union(nodes) => {
            for node in nodes {
                let conditional = !matches!(node, Node::Leaf(_));
                if conditional {
                    when.push(node);
                }
                sort_keys(node, when, keys);
                if conditional {
                    when.pop();
                }
            }
        }
        Node::Both { all, .. } => {
            if let Some(first) = all.iter().find(|node| node.is_sorted()) {
                sort_keys(first, when, keys);
            }
        }
    }
}

fn value(stored: i64) -> Option<i64> {
    (stored != UNSORTED).then_some(stored)
}
