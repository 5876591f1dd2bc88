//! Finds by testing every document.

use keystead_model::query::{Facts, Order, Query};

use super::{State, Stored};
use crate::documents::{Find, Hit};

pub(super) fn find(state: &State, question: &Find) -> Vec<Hit> {
    let class = if question.parts { "Contact" } else { question.class };
    let query = &question.selection.query;
    let descending = question.selection.order == Order::Descending;
    let mut hits = Vec::new();
    for stored in state.all(&question.group, class).filter(|stored| !stored.document.deleted) {
        if question.readable_by.as_ref().is_some_and(|keys| stored.level(keys).is_none()) {
            continue;
        }
        for candidate in candidates(state, question, stored) {
            if candidate.facts().are_in(query) {
                let sort = if question.selection.order == Order::Id { None } else { candidate.sort(query, descending) };
                hits.push(Hit { id: stored.document.id.clone(), part: candidate.part.to_owned(), sort });
            }
        }
    }
    let place = |hit: &Hit| {
        let sort = hit.sort.map(i128::from);
        let sort = if descending { sort.map(|sort| -sort) } else { sort };
        (sort.is_none(), sort, hit.id.clone(), hit.part.clone())
    };
    hits.sort_by_key(place);
    if let Some(mut after) = question.after.clone() {
        after.sort = after.sort.filter(|_| question.selection.order != Order::Id);
        hits.retain(|hit| place(hit) > place(&after));
    }
    hits.truncate(question.limit.unwrap_or(usize::MAX));
    hits
}

/// What might be a hit: a document, or a part of it.
struct Candidate<'a> {
    stored: &'a Stored,
    part: &'a str,
    parts: bool,
}

fn candidates<'a>(state: &'a State, question: &'a Find, stored: &'a Stored) -> Vec<Candidate<'a>> {
    if !question.parts {
        return vec![Candidate { stored, part: "", parts: false }];
    }
    let mut services: Vec<&str> =
        stored.projection.services.iter().map(|service| service.service_id.as_str()).collect();
    services.sort_unstable();
    services.dedup();
    services.retain(|service| {
        let newest = state
            .versions(&question.group, service)
            .filter(|(_, contact)| question.readable_by.as_ref().is_none_or(|keys| contact.level(keys).is_some()))
            .max_by_key(|(version, _)| *version);
        newest.is_some_and(|(_, contact)| contact.document.id == stored.document.id)
    });
    services.into_iter().map(|part| Candidate { stored, part, parts: true }).collect()
}

impl Candidate<'_> {
    fn facts(&self) -> Facts<'_> {
        Facts {
            id: &self.stored.document.id,
            part: self.parts.then_some(self.part),
            postings: &self.stored.projection.postings,
            grants: &self.stored.projection.grants,
        }
    }

    fn sort(&self, query: &Query, descending: bool) -> Option<i64> {
        let best = |values: Vec<i64>| {
            if descending { values.into_iter().max() } else { values.into_iter().min() }
        };
        match query {
            Query::Term { .. } => best(self.facts().of_term(query).filter_map(|posting| posting.sort).collect()),
            Query::Union(queries) => best(
                queries
                    .iter()
                    .filter(|query| self.facts().are_in(query))
                    .filter_map(|query| self.sort(query, descending))
                    .collect(),
            ),
            Query::Intersection(queries) => {
                queries.iter().find(|query| is_sorted(query)).and_then(|query| self.sort(query, descending))
            }
            Query::Difference(of, _) => self.sort(of, descending),
            _ => None,
        }
    }
}

/// Whether a set has an order of its own.
fn is_sorted(query: &Query) -> bool {
    match query {
        Query::Term { .. } => true,
        Query::Union(queries) | Query::Intersection(queries) => queries.iter().any(is_sorted),
        Query::Difference(of, _) => is_sorted(of),
        _ => false,
    }
}
