//! Gives hits the sort values that they are ordered by.

use keystead_model::query::Order;

use super::evaluate::Candidate;
use super::node::{Leaf, Node, Postings};
use super::page::better;

/// An order by sort values.
pub(super) struct Sort<'q> {
    pub(super) descending: bool,
    /// Whose sort values count. A hit's value is the best of those it has.
    keys: Vec<SortKey<'q>>,
}

/// Postings whose sort values count for the hits that are in all of `when`.
struct SortKey<'q> {
    leaf: &'q Leaf,
    postings: &'q Postings,
    when: Vec<&'q Node>,
}

impl<'q> Sort<'q> {
    /// The order of a set, if it has one of its own and it is asked for.
    pub(super) fn new(node: &'q Node, order: Order) -> Option<Self> {
        let mut keys = Vec::new();
        if order != Order::Id {
            sort_keys(node, &mut Vec::new(), &mut keys);
        }
        (!keys.is_empty()).then_some(Self { descending: order == Order::Descending, keys })
    }

    /// Whether the sort values of `leaf` count and no others.
    pub(super) fn is_by(&self, leaf: &Leaf) -> bool {
        matches!(self.keys.as_slice(), [only] if std::ptr::eq(only.leaf, leaf))
    }

    fn best(&self, candidate: Candidate<'_>) -> Option<i64> {
        self.keys
            .iter()
            .filter(|key| key.when.iter().all(|node| candidate.is_in(node)))
            .map(|key| candidate.best(key.postings, self.descending))
            .fold(None, |best, value| better(best, value, self.descending))
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

/// How the hits of a branch get their sort values.
pub(super) enum Ranking<'s> {
    /// They have none.
    None,
    /// Each row has one; all rows of a hit are listed, and the best of them counts.
    Own,
    /// The best value is looked for. Where the rows come in their order (`in_place`), a hit counts
    /// only in the place that its best value gives it.
    Best { sort: &'s Sort<'s>, in_place: bool },
}

impl Ranking<'_> {
    pub(super) fn needs_facts(&self) -> bool {
        matches!(self, Self::Best { .. })
    }

    pub(super) fn own(&self, own: Option<i64>) -> Option<i64> {
        own.filter(|_| matches!(self, Self::Own))
    }

    /// The sort value of a hit; `None` where it does not count here.
    pub(super) fn rank(&self, candidate: Candidate<'_>, own: Option<i64>) -> Option<Option<i64>> {
        match self {
            Self::None | Self::Own => Some(self.own(own)),
            Self::Best { sort, in_place } => {
                let best = sort.best(candidate);
                (!in_place || best == own).then_some(best)
            }
        }
    }
}
