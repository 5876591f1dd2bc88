//! Whether one document, or one part of it, is in a set: for what is asked about a single change and not about
//! everything that is stored.

use super::{Posting, Query};
use crate::access::Grant;

/// What is known of a document, or of a part of it.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The document.
    pub id: &'a str,
    /// The part that is asked about; `None` for the whole document.
    pub part: Option<&'a str>,
    /// What is searchable of the document.
    pub postings: &'a [Posting],
    /// Who may reach it.
    pub grants: &'a [Grant],
}

impl<'a> Facts<'a> {
    /// Whether any of `keys` gives access.
    pub fn grant(&self, keys: &[String]) -> bool {
        self.grants.iter().any(|grant| keys.contains(&grant.key))
    }

    /// The postings under `index` that are about what is asked for.
    pub fn of_index(&self, index: &str) -> impl Iterator<Item = &'a Posting> {
        let part = self.part;
        let postings = self.postings.iter().filter(move |posting| posting.index == index);
        postings.filter(move |posting| part.is_none_or(|part| posting.part == part))
    }

    /// The postings that make it an answer to a [`Query::Term`]; none for any other query.
    pub fn of_term(&self, query: &Query) -> impl Iterator<Item = &'a Posting> {
        let (index, terms, from, to) = match query {
            Query::Term { index, terms, from, to } => (*index, terms.as_slice(), *from, *to),
            _ => ("", [].as_slice(), None, None),
        };
        self.of_index(index).filter(move |posting| {
            terms.contains(&posting.term)
                && from.is_none_or(|from| posting.sort.is_some_and(|sort| sort >= from))
                && to.is_none_or(|to| posting.sort.is_some_and(|sort| sort <= to))
        })
    }

    /// Whether it is in the set.
    pub fn are_in(&self, query: &Query) -> bool {
        let terms = |index| self.of_index(index).map(|posting| posting.term.as_str());
        match query {
            Query::All => true,
            Query::Ids(ids) => ids.iter().any(|id| id == self.part.unwrap_or(self.id)),
            Query::Term { .. } => self.of_term(query).next().is_some(),
            Query::Prefix { index, prefix } => terms(index).any(|term| term.starts_with(prefix)),
            Query::TermRange { index, from, to } => terms(index).any(|term| {
                from.as_deref().is_none_or(|from| term >= from) && to.as_deref().is_none_or(|to| term <= to)
            }),
            Query::AccessibleTo(keys) => self.grant(keys),
            Query::Union(queries) => queries.iter().any(|query| self.are_in(query)),
            Query::Intersection(queries) => queries.iter().all(|query| self.are_in(query)),
            Query::Difference(of, without) => self.are_in(of) && !self.are_in(without),
        }
    }
}
