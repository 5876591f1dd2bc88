//! Collects hits: each once, in order, and no more of them than are asked for.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::Sort;
use crate::documents::{Find, Hit};

/// Where a hit stands: hits without a sort value come last, ties are in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    unsorted: bool,
    sort: i64,
    id: String,
    part: String,
}

impl Place {
    fn of(hit: Hit, descending: bool) -> Self {
        // The complement reverses the order of all integers, the smallest included.
        let sort = hit.sort.map_or(0, |sort| if descending { !sort } else { sort });
        Self { unsorted: hit.sort.is_none(), sort, id: hit.id, part: hit.part }
    }

    fn hit(self, descending: bool) -> Hit {
        let sort = if descending { !self.sort } else { self.sort };
        Hit { id: self.id, part: self.part, sort: (!self.unsorted).then_some(sort) }
    }
}

/// The hits so far.
pub(super) struct Page {
    descending: bool,
    after: Option<Place>,
    hits: Hits,
}

enum Hits {
    /// Every hit, with the best of its sort values so far.
    All(HashMap<(String, String), Option<i64>>),
    /// The first so many.
    First(usize, BTreeSet<Place>),
}

impl Page {
    pub(super) fn new(question: &Find, sort: Option<&Sort<'_>>) -> Self {
        let descending = sort.is_some_and(|sort| sort.descending);
        let after = question.after.clone().map(|mut hit| {
            hit.sort = hit.sort.filter(|_| sort.is_some());
            Place::of(hit, descending)
        });
        let hits = match question.limit {
            None => Hits::All(HashMap::new()),
            Some(limit) => Hits::First(limit, BTreeSet::new()),
        };
        Self { descending, after, hits }
    }

    /// Takes a hit. Answers its place where a limit counts it.
    pub(super) fn offer(&mut self, hit: Hit) -> Option<Place> {
        match &mut self.hits {
            Hits::All(hits) => {
                match hits.entry((hit.id, hit.part)) {
                    Entry::Vacant(entry) => {
                        entry.insert(hit.sort);
                    }
                    Entry::Occupied(mut entry) => {
                        let best = better(*entry.get(), hit.sort, self.descending);
                        entry.insert(best);
                    }
                }
                None
            }
            Hits::First(limit, places) => {
                let place = Place::of(hit, self.descending);
                if self.after.as_ref().is_some_and(|after| place <= *after) {
                    return None;
                }
                if places.len() < *limit || places.last().is_some_and(|last| place < *last) {
                    places.insert(place.clone());
                    if places.len() > *limit {
                        places.pop_last();
                    }
                }
                Some(place)
            }
        }
    }

    pub(super) fn hits(self) -> Vec<Hit> {
        let descending = self.descending;
        match self.hits {
            Hits::First(_, places) => places.into_iter().map(|place| place.hit(descending)).collect(),
            Hits::All(hits) => {
                let mut places: Vec<Place> = hits
                    .into_iter()
                    .map(|((id, part), sort)| Place::of(Hit { id, part, sort }, descending))
                    .filter(|place| self.after.as_ref().is_none_or(|after| place > after))
                    .collect();
                places.sort_unstable();
                places.into_iter().map(|place| place.hit(descending)).collect()
            }
        }
    }
}

/// The value that gives a hit the earlier place.
pub(super) fn better(one: Option<i64>, other: Option<i64>, descending: bool) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) if descending => Some(one.max(other)),
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
