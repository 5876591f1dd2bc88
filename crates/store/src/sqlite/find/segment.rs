//! Cuts a set into stretches, each of which an index lists in the requested order.

use super::Sort;
use super::node::{Leaf, Postings};
use super::page::Place;
use super::sql::Sql;
use crate::documents::Find;
use crate::facts::UNSORTED;

/// A stretch of a set. Ids are where to begin; sort values are bounds, inclusive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// All of it, in any order.
    Whole,
    /// All of it by id.
    ById(Option<String>),
    /// Postings with these sort values, in any order.
    Any(i64, i64),
    /// Postings with this sort value by id.
    Tied(i64, Option<String>),
    /// Postings with these sort values, smallest first.
    Ascending(i64, i64),
    /// Postings with these sort values, largest first.
    Descending(i64, i64),
}

impl Segment {
    /// The segments of a set with one key, the earlier ones first.
    pub(super) fn all(leaf: &Leaf, question: &Find, sort: Option<&Sort<'_>>) -> Vec<Self> {
        let after = question.after.as_ref();
        let id = || after.map(|after| after.id.clone());
        let Leaf::Postings(Postings { bounds, .. }) = leaf else { return vec![Self::ById(id())] };
        let Some(sort) = sort else {
            return vec![Self::Tied(UNSORTED, id()), Self::Any(i64::MIN, UNSORTED - 1)];
        };
        let (from, to) = bounds.unwrap_or((i64::MIN, UNSORTED));
        let last = after.map(|after| after.sort.unwrap_or(UNSORTED));
        let mut segments = Vec::new();
        if let Some(last) = last.filter(|last| (from..=to).contains(last)) {
            segments.push(Self::Tied(last, id()));
        }
        // What has no sort value comes last in both orders.
        if last == Some(UNSORTED) {
            return segments;
        }
        if sort.descending {
            let below = last.map_or(UNSORTED - 1, |last| last.saturating_sub(1)).min(to);
            segments.push(Self::Descending(from, below));
            if to == UNSORTED {
                segments.push(Self::Tied(UNSORTED, None));
            }
        } else {
            segments.push(Self::Ascending(last.map_or(from, |last| last.saturating_add(1).max(from)), to));
        }
        segments
    }

    /// Whether the rows come in the requested order.
    pub(super) fn is_ordered(&self) -> bool {
        !matches!(self, Self::Whole | Self::Any(..))
    }

    /// Adds the condition of the segment; the ORDER BY is returned.
    pub(super) fn write(&self, sql: &mut Sql, condition: &mut String) -> &'static str {
        let mut and = |test: String| condition.push_str(&format!(" AND {test}"));
        match self {
            Self::Whole => "",
            Self::ById(id) => {
                if let Some(id) = id {
                    and(format!("d.id >= {}", sql.text(id)));
                }
                " ORDER BY d.id"
            }
            Self::Tied(sort, id) => {
                and(format!("d.sort = {}", sql.number(*sort)));
                if let Some(id) = id {
                    and(format!("d.id >= {}", sql.text(id)));
                }
                " ORDER BY d.id, d.part"
            }
            Self::Any(from, to) | Self::Ascending(from, to) | Self::Descending(from, to) => {
                and(format!("d.sort >= {}", sql.number(*from)));
                and(format!("d.sort <= {}", sql.number(*to)));
                match self {
                    Self::Ascending(..) => " ORDER BY d.sort, d.id, d.part",
                    Self::Descending(..) => " ORDER BY d.sort DESC, d.id, d.part",
                    _ => "",
                }
            }
        }
    }
}

/// How far the listing of the ordered segments of a set is.
pub(super) struct Listing {
    /// How many more hits can count, if that is limited.
    left: Option<usize>,
    last: Option<Place>,
}

impl Listing {
    pub(super) fn new(limit: Option<usize>) -> Self {
        Self { left: limit, last: None }
    }

    /// Whether no row that follows can count any more.
    pub(super) fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// Counts a hit, once.
    pub(super) fn count(&mut self, place: Place) {
        if let Some(left) = self.left.as_mut()
            && self.last.as_ref() != Some(&place)
        {
            *left = left.saturating_sub(1);
            self.last = Some(place);
        }
    }
}
