//! New documents and all that is derived from them, column by column, as one statement takes them.

use std::borrow::Cow;

use super::derived::{Kept, Query};
use super::held::{Held, is_ordered};
use super::text::{escape, term};
use crate::documents::{Document, Projection};

/// Rows of the three tables, of documents of one group.
#[derive(Default)]
pub(super) struct Columns<'a> {
    documents: Documents<'a>,
    postings: Postings<'a>,
    services: Services<'a>,
}

#[derive(Default)]
struct Documents<'a> {
    class: Vec<&'a str>,
    id: Vec<Cow<'a, str>>,
    rev: Vec<&'a str>,
    deleted: Vec<bool>,
    created_by: Vec<Option<Cow<'a, str>>>,
    facts: Vec<Vec<u8>>,
    keys: Vec<String>,
    sorts: Vec<String>,
    parts: Vec<String>,
    body: Vec<Cow<'a, str>>,
}

#[derive(Default)]
struct Postings<'a> {
    index: Vec<&'a str>,
    term: Vec<Cow<'a, str>>,
    sort: Vec<i64>,
    id: Vec<Cow<'a, str>>,
    part: Vec<Cow<'a, str>>,
}

#[derive(Default)]
struct Services<'a> {
    service: Vec<Cow<'a, str>>,
    contact: Vec<Cow<'a, str>>,
    version: Vec<i64>,
    modified: Vec<i64>,
}

impl<'a> Columns<'a> {
    /// Adds a document.
    pub(super) fn add(&mut self, group: &'a str, class: &'a str, document: &'a Document, projection: &'a Projection) {
        let Kept { written, facts, .. } = Kept::new(group, class, document, projection);
        let Self { documents, postings, services } = self;
        let id = escape(&document.id);
        documents.class.push(class);
        documents.id.push(id.clone());
        documents.rev.push(&document.rev);
        documents.deleted.push(document.deleted);
        documents.created_by.push(document.created_by.as_deref().map(escape));
        documents.facts.push(written);
        documents.body.push(escape(&document.body));
        let [keys, sorts, parts] = Held::of(group, class, &facts).literals();
        documents.keys.push(keys);
        documents.sorts.push(sorts);
        documents.parts.push(parts);
        for posting in facts.postings.into_iter().filter(is_ordered) {
            postings.index.push(posting.index);
            postings.term.push(term(posting.term));
            postings.sort.push(posting.sort);
            postings.id.push(id.clone());
            postings.part.push(escape(posting.part));
        }
        for held in facts.services {
            services.service.push(escape(held.service));
            services.contact.push(id.clone());
            services.version.push(held.version);
            services.modified.push(held.contact_modified);
        }
    }

    /// Ten columns of documents, five of postings, four of services.
    pub(super) fn bind<'q>(self, query: Query<'q>) -> Query<'q>
    where
        'a: 'q,
    {
        let Self { documents, postings, services } = self;
        query
            .bind(documents.class)
            .bind(documents.id)
            .bind(documents.rev)
            .bind(documents.deleted)
            .bind(documents.created_by)
            .bind(documents.facts)
            .bind(documents.keys)
            .bind(documents.sorts)
            .bind(documents.parts)
            .bind(documents.body)
            .bind(postings.index)
            .bind(postings.term)
            .bind(postings.sort)
            .bind(postings.id)
            .bind(postings.part)
            .bind(services.service)
            .bind(services.contact)
            .bind(services.version)
            .bind(services.modified)
    }
}
