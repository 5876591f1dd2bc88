//! A store in miniature: answers a query over the postings of a few documents.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::access::Caller;
use crate::class::Class;
use crate::query::{Order, Posting, Query, Selection, ServiceVersion, is_looked_up_whole};

/// A document with what a store keeps beside it.
pub(super) struct Stored {
    pub(super) body: Value,
    pub(super) grants: BTreeSet<String>,
    id: String,
    postings: Vec<Posting>,
    services: Vec<ServiceVersion>,
}

/// A document and a part of it, empty where documents are looked for.
type Hit = (String, String);

impl Stored {
    pub(super) fn new(class: &Class, body: Value, grants: BTreeSet<String>) -> Self {
        let object = body.as_object().unwrap();
        let (postings, services) = ((class.postings)(object), (class.services)(object));
        let keys: BTreeSet<_> = postings.iter().map(|it| (it.index, &it.term, &it.part)).collect();
        assert_eq!(keys.len(), postings.len(), "the store keeps each index, term and part once");
        Self { id: body["id"].as_str().unwrap().to_owned(), body, grants, postings, services }
    }

    pub(super) fn readable_by(&self, caller: &Caller) -> bool {
        self.grants_any(&caller.access_keys())
    }

    fn grants_any(&self, keys: &[String]) -> bool {
        keys.iter().any(|key| self.grants.contains(key))
    }
}

/// What a store answers to the caller, in order.
pub(super) fn answer(documents: &[Stored], selection: &Selection, caller: &Caller, parts: bool) -> Vec<Hit> {
    let mut hits = evaluate(documents, &selection.query, parts);
    hits.retain(|(id, part)| {
        let readable: Vec<&Stored> = documents.iter().filter(|stored| stored.readable_by(caller)).collect();
        readable.iter().any(|stored| stored.id == *id) && (!parts || latest(&readable, part) == Some(id))
    });
    let sort = |hit: &Hit| sort_value(documents, first_term(&selection.query), hit, parts);
    let mut hits: Vec<Hit> = hits.into_iter().collect();
    match selection.order {
        Order::Id => {}
        Order::Ascending => hits.sort_by_key(|hit| (sort(hit).is_none(), sort(hit), hit.clone())),
        Order::Descending => {
            hits.sort_by_key(|hit| (sort(hit).is_none(), sort(hit).map(std::cmp::Reverse), hit.clone()))
        }
    }
    hits
}

/// The contact among `readable` that holds the latest version of a service.
fn latest<'a>(readable: &[&'a Stored], service: &str) -> Option<&'a String> {
    let versions = readable.iter().flat_map(|stored| stored.services.iter().map(move |version| (version, &stored.id)));
    let of_service = versions.filter(|(version, _)| version.service_id == service);
    of_service.max_by_key(|(version, id)| (version.version, version.contact_modified, *id)).map(|(_, id)| id)
}

fn evaluate(documents: &[Stored], query: &Query, parts: bool) -> BTreeSet<Hit> {
    let units = |stored: &Stored| -> Vec<Hit> {
        match parts {
            true => stored.services.iter().map(|version| (stored.id.clone(), version.service_id.clone())).collect(),
            false => vec![(stored.id.clone(), String::new())],
        }
    };
    let posted = |wanted: &dyn Fn(&Posting) -> bool| {
        let of = |stored: &Stored| -> Vec<Hit> {
            let postings =
                stored.postings.iter().filter(|posting| wanted(posting) && !(parts && posting.part.is_empty()));
            postings
                .map(|posting| (stored.id.clone(), if parts { posting.part.clone() } else { String::new() }))
                .collect()
        };
        documents.iter().flat_map(of).collect()
    };
    match query {
        Query::All => documents.iter().flat_map(units).collect(),
        Query::Ids(ids) => {
            let all = documents.iter().flat_map(units);
            all.filter(|(id, part)| ids.contains(if parts { part } else { id })).collect()
        }
        Query::Term { .. } => posted(&|posting| matches_term(query, posting)),
        Query::Prefix { index, prefix } => {
            assert!(!is_looked_up_whole(index), "{index}");
            posted(&|posting| posting.index == *index && posting.term.starts_with(prefix))
        }
        Query::TermRange { index, from, to } => {
            assert!(!is_looked_up_whole(index), "{index}");
            posted(&|posting| {
                posting.index == *index
                    && from.as_ref().is_none_or(|from| *from <= posting.term)
                    && to.as_ref().is_none_or(|to| posting.term <= *to)
            })
        }
        Query::AccessibleTo(keys) => {
            documents.iter().filter(|stored| stored.grants_any(keys)).flat_map(units).collect()
        }
        Query::Union(queries) => queries.iter().flat_map(|query| evaluate(documents, query, parts)).collect(),
        Query::Intersection(queries) => {
            let sets = queries.iter().map(|query| evaluate(documents, query, parts));
            sets.reduce(|a, b| a.intersection(&b).cloned().collect()).expect("an intersection of something")
        }
        Query::Difference(of, without) => {
            let without = evaluate(documents, without, parts);
            evaluate(documents, of, parts).difference(&without).cloned().collect()
        }
    }
}

fn matches_term(query: &Query, posting: &Posting) -> bool {
    let Query::Term { index, terms, from, to } = query else { return false };
    let within = match posting.sort {
        Some(sort) => from.is_none_or(|from| from <= sort) && to.is_none_or(|to| sort <= to),
        None => from.is_none() && to.is_none(),
    };
    posting.index == *index && terms.contains(&posting.term) && within
}

fn sort_value(documents: &[Stored], term: Option<&Query>, (id, part): &Hit, parts: bool) -> Option<i64> {
    let stored = documents.iter().find(|stored| stored.id == *id)?;
    let about = stored.postings.iter().filter(|posting| !parts || posting.part == *part);
    about
        .filter(|posting| matches_term(term.expect("an order has a term"), posting))
        .filter_map(|posting| posting.sort)
        .min()
}

fn first_term(query: &Query) -> Option<&Query> {
    match query {
        Query::Term { .. } => Some(query),
        Query::Union(parts) | Query::Intersection(parts) => parts.iter().find_map(first_term),
        Query::Difference(of, _) => first_term(of),
        _ => None,
    }
}
