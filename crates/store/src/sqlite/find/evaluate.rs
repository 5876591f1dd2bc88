//! Tests whether a candidate is in a set, by the facts in its row.

use super::node::{Leaf, Node, Postings, Terms};
use super::page::better;
use crate::facts::{Fact, Facts, UNSORTED};

/// A live document, or a part of one, that may be a hit.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    /// The service, where parts are looked for.
    pub(super) part: Option<&'a str>,
    pub(super) facts: &'a Facts<'a>,
}

impl Candidate<'_> {
    pub(super) fn is_in(self, node: &Node) -> bool {
        match node {
            Node::Leaf(leaf) => self.is_in_leaf(leaf),
            Node::Union(nodes) => nodes.iter().any(|node| self.is_in(node)),
            Node::Both { all, none } => {
                all.iter().all(|node| self.is_in(node)) && !none.iter().any(|node| self.is_in(node))
            }
        }
    }

    fn is_in_leaf(self, leaf: &Leaf) -> bool {
        match leaf {
            Leaf::All => true,
            Leaf::Ids(ids) => contains(ids, self.part.unwrap_or(self.id)),
            Leaf::Accessible(keys) => self.facts.grants.iter().any(|(key, _)| contains(keys, key)),
            Leaf::Postings(postings) => self.matching(postings).next().is_some(),
        }
    }

    /// The best sort value among the matching postings.
    pub(super) fn best(self, postings: &Postings, descending: bool) -> Option<i64> {
        self.matching(postings)
            .map(|posting| (posting.sort != UNSORTED).then_some(posting.sort))
            .fold(None, |best, sort| better(best, sort, descending))
    }

    fn matching<'p>(self, postings: &'p Postings) -> impl Iterator<Item = &'p Fact<'p>>
    where
        Self: 'p,
    {
        self.facts.of_index(postings.index).filter(move |posting| {
            self.part.is_none_or(|part| part == posting.part)
                && postings.terms.contain(posting.term)
                && postings.bounds.is_none_or(|(from, to)| (from..=to).contains(&posting.sort))
        })
    }
}

impl Terms {
    fn contain(&self, term: &str) -> bool {
        match self {
            Self::Any(terms) => contains(terms, term),
            Self::Before(from, before) => {
                term >= from.as_str() && before.as_ref().is_none_or(|before| term < before.as_str())
            }
            Self::Within(from, to) => {
                from.as_ref().is_none_or(|from| term >= from.as_str())
                    && to.as_ref().is_none_or(|to| term <= to.as_str())
            }
        }
    }
}

/// Whether a sorted list has a value.
fn contains(sorted: &[String], value: &str) -> bool {
    sorted.binary_search_by(|known| known.as_str().cmp(value)).is_ok()
}
