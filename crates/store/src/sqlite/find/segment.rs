//! Cuts a set into stretches, each of which an index lists in the requested order.

use super::Sort;
use super::node::{Leaf, Postings};
use super::page::Place;
use super::sql::Sql;
use crate::documents::Find;
use crate::sqlite::facts::UNSORTED;

/// A stretch of a set.
pub(super) enum Segment {
    /// All of it, in any order.
    Whole,
    /// All of it by id, beginning with this one.
    ById(Option<String>),
    /// Postings with a sort value, in any order.
    Sorted,
    /// Postings without a sort value by id, beginning with this one.
    Unsorted(Option<String>),
    /// All postings by sort value and id, beginning with these.
    Ascending(Option<(i64, String)>),
    /// Postings with this sort value by id, beginning with this one.
    Tied(i64, String),
    /// Postings with a smaller sort value than this, largest first.
    Descending(i64),
}

impl Segment {
    /// The segments of a set with one key.
    pub(super) fn all(leaf: &Leaf, question: &Find, sort: Option<&Sort<'_>>) -> Vec<Self> {
        let after = question.after.as_ref();
        let id = after.map(|after| after.id.clone());
        let Leaf::Postings(Postings { bounds, .. }) = leaf else { return vec![Self::ById(id)] };
        let mut segments = match (sort, after) {
            (None, _) => return vec![Self::Unsorted(id), Self::Sorted],
            (Some(Sort { descending: false, .. }), after) => {
                let from = after.map(|after| (after.sort.unwrap_or(UNSORTED), after.id.clone()));
                return vec![Self::Ascending(from)];
            }
            (Some(_), None) => vec![Self::Descending(UNSORTED), Self::Unsorted(None)],
            (Some(_), Some(after)) => match after.sort {
                Some(sort) => vec![Self::Tied(sort, after.id.clone()), Self::Descending(sort), Self::Unsorted(None)],
                None => vec![Self::Unsorted(id)],
            },
        };
        if bounds.is_some() {
            segments.retain(|segment| !matches!(segment, Self::Unsorted(_)));
        }
        segments
    }

    /// Adds the condition of the segment; the ORDER BY is returned.
    pub(super) fn write(&self, sql: &mut Sql, condition: &mut String) -> &'static str {
        let mut and = |test: String| condition.push_str(&format!(" AND {test}"));
        let from_id = |sql: &mut Sql, id: &Option<String>| id.as_ref().map(|id| format!("d.id >= {}", sql.text(id)));
        match self {
            Self::Whole => return "",
            Self::Sorted => {
                and(format!("d.sort < {UNSORTED}"));
                return "";
            }
            Self::ById(id) => {
                from_id(sql, id).into_iter().for_each(&mut and);
                return " ORDER BY d.id";
            }
            Self::Unsorted(id) => {
                and(format!("d.sort = {UNSORTED}"));
                from_id(sql, id).into_iter().for_each(&mut and);
            }
            Self::Ascending(from) => {
                if let Some((sort, id)) = from {
                    and(format!("(d.sort, d.id) >= ({}, {})", sql.number(*sort), sql.text(id)));
                }
                return " ORDER BY d.sort, d.id, d.part";
            }
            Self::Tied(sort, id) => {
                and(format!("d.sort = {} AND d.id >= {}", sql.number(*sort), sql.text(id)));
            }
            Self::Descending(before) => {
                and(format!("d.sort < {}", sql.number(*before)));
                return " ORDER BY d.sort DESC, d.id, d.part";
            }
        }
        " ORDER BY d.id, d.part"
    }

    /// Watches how many hits the segment gives.
    pub(super) fn listing(&self, limit: Option<usize>) -> Listing {
        let left = match self {
            Self::Whole | Self::Sorted => None,
            _ => limit,
        };
        Listing { left, last: None }
    }
}

/// How far the listing of a segment is.
pub(super) struct Listing {
    /// How many more hits can count, if that is limited.
    left: Option<usize>,
    last: Option<Place>,
}

impl Listing {
    /// Whether no row that follows can count any more.
    pub(super) fn is_full_after(&mut self, place: Place) -> bool {
        let Some(left) = self.left.as_mut() else { return false };
        if self.last.as_ref() != Some(&place) {
            *left = left.saturating_sub(1);
            self.last = Some(place);
        }
        *left == 0
    }
}
