//! What is searchable of a stored document, and the questions that can be asked about it.
//!
//! A class projects each of its documents to [`Posting`]s (an index term with an optional sort
//! value) and a filter becomes a [`Query`] over postings. The store answers a `Find` with index
//! look-ups only; bodies are never scanned.

mod facts;

use crate::entity::{contact, service};

pub use facts::Facts;

/// One searchable fact about a document: under `index`, the document has the term `term`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posting {
    /// Name of the index, unique over all classes, e.g. `contact.opening-by-patient`.
    pub index: &'static str,
    /// The exact value looked up.
    pub term: String,
    /// What results are ordered and ranged by; documents without one come last.
    pub sort: Option<i64>,
    /// The part of the document that the fact is about: a service id inside a contact, else empty.
    pub part: String,
}

impl Posting {
    /// A fact about the whole document, without an order.
    pub fn new(index: &'static str, term: impl Into<String>) -> Self {
        Self { index, term: term.into(), sort: None, part: String::new() }
    }

    /// The same fact, ordered and ranged by `sort`.
    pub fn sorted(mut self, sort: Option<i64>) -> Self {
        self.sort = sort;
        self
    }

    /// The same fact, about the part `part` of the document.
    pub fn of_part(mut self, part: impl Into<String>) -> Self {
        self.part = part.into();
        self
    }
}

/// A version of a service: which contact holds it and how recent it is (wire 5.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceVersion {
    /// The service.
    pub service_id: String,
    /// Newest of the service's `modified`, `endOfLife` and `created` (epoch milliseconds), 0 if none.
    pub version: i64,
    /// The contact's `modified`, which breaks ties, 0 if none.
    pub contact_modified: i64,
}

/// A set of documents, or of parts of documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every live document of the class.
    All,
    /// The documents with these ids (for services: the services with these ids).
    Ids(Vec<String>),
    /// Documents with a posting under `index` for any of `terms`, its sort value within the bounds.
    Term {
        /// The index.
        index: &'static str,
        /// Any of these terms.
        terms: Vec<String>,
        /// Smallest sort value, inclusive. With a bound, postings without a sort value are left out.
        from: Option<i64>,
        /// Largest sort value, inclusive.
        to: Option<i64>,
    },
    /// Documents with a posting under `index` whose term starts with `prefix`.
    Prefix {
        /// The index.
        index: &'static str,
        /// How the term starts.
        prefix: String,
    },
    /// Documents with a posting under `index` whose term is within the bounds, inclusive, in byte order.
    TermRange {
        /// The index.
        index: &'static str,
        /// Smallest term.
        from: Option<String>,
        /// Largest term.
        to: Option<String>,
    },
    /// Documents that grant access to any of these access keys (data owner ids, delegation keys).
    AccessibleTo(Vec<String>),
    /// Documents in any of the sets.
    Union(Vec<Query>),
    /// Documents in all of the sets.
    Intersection(Vec<Query>),
    /// Documents in the first set that are not in the second.
    Difference(Box<Query>, Box<Query>),
}

/// Whether terms under `index` are only ever looked up whole, by [`Query::Term`]: nobody asks how they start, or for
/// those between two. A store need not keep such an index in order.
pub fn is_looked_up_whole(index: &str) -> bool {
    [contact::LOOKED_UP_WHOLE, service::LOOKED_UP_WHOLE].iter().any(|indexes| indexes.contains(&index))
}

/// The index that has everything in the order of the sort values under `index`, by the term "". Whatever has a sort
/// value under `index` has the same one there, for the same part. A store may look within bounds there, where many have
/// the term and few are within.
pub fn order_of(index: &str) -> Option<&'static str> {
    contact::order_of(index).or_else(|| service::order_of(index))
}

impl Query {
    /// Documents with the term `term` under `index`.
    pub fn term(index: &'static str, term: impl Into<String>) -> Self {
        Self::Term { index, terms: vec![term.into()], from: None, to: None }
    }

    /// Documents with any of `terms` under `index`.
    pub fn terms(index: &'static str, terms: Vec<String>) -> Self {
        Self::Term { index, terms, from: None, to: None }
    }

    /// The empty set.
    pub fn nothing() -> Self {
        Self::Union(Vec::new())
    }
}

/// How results are ordered by the sort values of the postings that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By id: stable, for filters without an order of their own.
    Id,
    /// Smallest sort value first, documents without one last; ties by id.
    Ascending,
    /// Largest sort value first, documents without one last; ties by id.
    Descending,
}

/// What a filter compiles to: a set and the order it is listed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The set.
    pub query: Query,
    /// The order; other than [`Order::Id`] only where `query` contains a sorted [`Query::Term`].
    pub order: Order,
}

impl Selection {
    /// A set without an order of its own.
    pub fn unordered(query: Query) -> Self {
        Self { query, order: Order::Id }
    }
}
