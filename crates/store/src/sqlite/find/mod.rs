//! Finds documents by index look-ups.
//!
//! A query is brought into a simpler form ([`node`]); in every intersection the smallest set is
//! chosen to drive ([`plan`]); the rows of the driving sets are listed in the requested order where
//! an index has that order ([`segment`], [`list`]), and whether a row is in the other sets is decided
//! by the facts of its document ([`evaluate`]). A page of a large result is read from the index up to
//! its last row; only what no index orders is collected whole ([`page`]).

mod evaluate;
mod latest;
mod list;
mod node;
mod page;
mod plan;
mod rank;
mod segment;
mod sql;
#[cfg(test)]
mod tests;

use rusqlite::Connection;

use self::node::{Leaf, Node, Postings, Terms};
use self::page::Page;
use self::plan::{Branch, LARGE, branches, count_leaf};
use self::rank::Sort;
use self::segment::{Listing, Segment};
use crate::Result;
use crate::documents::{Find, Hit};

/// So many keys are always listed one by one where a page is asked for.
const FEW_KEYS: usize = 4;

/// Answers a question.
pub(super) fn find(connection: &Connection, question: &Find) -> Result<Vec<Hit>> {
    let node = Node::new(&question.selection.query, question.readable_by.as_deref());
    if node.is_nothing() || question.limit == Some(0) {
        return Ok(Vec::new());
    }
    let search = Search { question, sort: Sort::new(&node, question.selection.order) };
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

impl Search<'_> {
    /// Whether hits are ordered by the sort values of `leaf` and nothing else.
    fn sorts_by(&self, leaf: &Leaf) -> bool {
        self.sort.as_ref().is_some_and(|sort| sort.is_by(leaf))
    }

    /// Whether an index lists `leaf`, one key at a time, in the requested order.
    fn streams(&self, leaf: &Leaf) -> bool {
        match (&self.sort, leaf) {
            (Some(_), _) => self.sorts_by(leaf),
            (None, Leaf::All | Leaf::Accessible(_)) => true,
            (None, Leaf::Postings(Postings { terms: Terms::Any(_), bounds, .. })) => bounds.is_none(),
            (None, _) => false,
        }
    }

    /// Lists the hits of a branch.
    fn run(&self, connection: &Connection, branch: &Branch<'_>, page: &mut Page) -> Result<()> {
        let keys = branch.leaf.by_key();
        // Of many keys most have little: one statement for all of them, unless that is a lot.
        let at_once = keys.len() > FEW_KEYS && count_leaf(connection, self, branch.leaf, LARGE)? < LARGE;
        if self.question.limit.is_none() || at_once || !self.streams(branch.leaf) {
            return self.list(connection, branch, branch.leaf, &Segment::Whole, &mut Listing::new(None), page);
        }
        for leaf in keys {
            let mut listing = Listing::new(self.question.limit);
            let segments = Segment::all(&leaf, self.question, self.sort.as_ref());
            let leaf = leaf.unbounded();
            for segment in segments {
                self.list(connection, branch, &leaf, &segment, &mut listing, page)?;
            }
        }
        Ok(())
    }
}
