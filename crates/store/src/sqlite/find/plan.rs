//! Decides which set of a query drives the search: its rows are listed, all others are only probed.

use rusqlite::{Connection, params_from_iter};

use super::Search;
use super::evaluate::Candidate;
use super::node::{Leaf, Node};
use super::sql::{Source, Sql};
use crate::Result;

/// How many rows of the candidates are counted before one is chosen, in rounds: the counting costs
/// little compared with what the wrong choice costs.
const FIRST_ROUND: usize = 64;
const ROUND_FACTOR: usize = 8;

/// Sets of so many rows are too large to be listed whole when only a page is asked for.
pub(super) const LARGE: usize = 4_096;

/// One statement's worth of a search: the rows of `leaf` that are in `all` and in none of `none`.
pub(super) struct Branch<'n> {
    pub(super) leaf: &'n Leaf,
    pub(super) all: Vec<&'n Node>,
    pub(super) none: Vec<&'n Node>,
}

impl Branch<'_> {
    /// Whether there is anything to test.
    pub(super) fn probes(&self) -> bool {
        !(self.all.is_empty() && self.none.is_empty())
    }

    /// Whether a row of the leaf is in the other sets as well.
    pub(super) fn has(&self, candidate: Candidate<'_>) -> bool {
        self.all.iter().all(|node| candidate.is_in(node)) && !self.none.iter().any(|node| candidate.is_in(node))
    }
}

/// The branches that together list `node`.
pub(super) fn branches<'n>(connection: &Connection, search: &Search<'_>, node: &'n Node) -> Result<Vec<Branch<'n>>> {
    match node {
        Node::Leaf(leaf) => Ok(vec![Branch { leaf, all: Vec::new(), none: Vec::new() }]),
        Node::Union(nodes) => {
            let mut found = Vec::new();
            for node in nodes {
                found.extend(branches(connection, search, node)?);
            }
            Ok(found)
        }
        Node::Both { all, none } => {
            let driving = choose(connection, search, all)?;
            let mut found = Vec::new();
            for (position, node) in all.iter().enumerate() {
                if position == driving {
                    found = branches(connection, search, node)?;
                }
            }
            for branch in &mut found {
                let others = all.iter().enumerate().filter(|(position, _)| *position != driving);
                branch.all.extend(others.map(|(_, node)| node));
                branch.none.extend(none);
            }
            Ok(found)
        }
    }
}

/// Which of the sets to list.
fn choose(connection: &Connection, search: &Search<'_>, sets: &[Node]) -> Result<usize> {
    if sets.len() < 2 {
        return Ok(0);
    }
    let mut cap = FIRST_ROUND;
    loop {
        let mut smallest = (cap, 0);
        for (position, set) in sets.iter().enumerate() {
            smallest = smallest.min((count(connection, search, set, smallest.0)?, position));
        }
        if smallest.0 < cap {
            return Ok(smallest.1);
        }
        let streaming = sets.iter().position(|set| matches!(set, Node::Leaf(leaf) if search.streams(leaf)));
        if let Some(streaming) = streaming
            && search.question.limit.is_some()
            && cap >= LARGE
        {
            return Ok(streaming);
        }
        match cap.checked_mul(ROUND_FACTOR) {
            Some(next) if next < 1 << 30 => cap = next,
            _ => return Ok(streaming.unwrap_or(0)),
        }
    }
}

/// How many rows a set has, at most `cap`.
fn count(connection: &Connection, search: &Search<'_>, node: &Node, cap: usize) -> Result<usize> {
    match node {
        Node::Leaf(Leaf::All) => Ok(cap),
        Node::Leaf(Leaf::Ids(ids)) => Ok(ids.len().min(cap)),
        Node::Leaf(leaf) => count_leaf(connection, search, leaf, cap),
        Node::Union(nodes) => {
            let mut total = 0_usize;
            for node in nodes {
                if total < cap {
                    total += count(connection, search, node, cap - total)?;
                }
            }
            Ok(total)
        }
        Node::Both { all, .. } => {
            let mut least = cap;
            for node in all {
                least = count(connection, search, node, least)?;
            }
            Ok(least)
        }
    }
}

/// How many rows a leaf has, at most `cap`.
pub(super) fn count_leaf(connection: &Connection, search: &Search<'_>, leaf: &Leaf, cap: usize) -> Result<usize> {
    let mut sql = Sql::new(search.question);
    let Source { table, condition, .. } = sql.source(leaf);
    let limit = sql.number(i64::try_from(cap).unwrap_or(i64::MAX));
    let counted: i64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} AS d WHERE {condition} LIMIT {limit}) AS c"
        ))?
        .query_row(params_from_iter(&sql.params), |row| row.get(0))?;
    Ok(usize::try_from(counted).unwrap_or(cap))
}
