//! New documents and all that is derived from them, column by column, as one statement takes them.

use std::borrow::Cow;

use super::derived::Query;
use super::text::{escape, term};
use crate::documents::{Document, Projection};
use crate::facts::Facts;

/// Rows of the four tables, of documents of one group.
#[derive(Default)]
pub(super) struct Columns<'a> {
    documents: Documents<'a>,
    postings: Postings<'a>,
    holders: Holders<'a>,
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
struct Holders<'a> {
    class: Vec<&'a str>,
    holder: Vec<Cow<'a, str>>,
    id: Vec<Cow<'a, str>>,
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
    pub(super) fn add(&mut self, class: &'a str, document: &'a Document, projection: &'a Projection) {
        let facts = Facts::new(class, projection);
        let Self { documents, postings, holders, services } = self;
        let id = escape(&document.id);
        documents.class.push(class);
        documents.id.push(id.clone());
        documents.rev.push(&document.rev);
        documents.deleted.push(document.deleted);
        documents.created_by.push(document.created_by.as_deref().map(escape));
        documents.facts.push(facts.write());
        documents.body.push(escape(&document.body));
        if document.deleted {
            return;
        }
        for posting in facts.postings {
            postings.index.push(posting.index);
            postings.term.push(term(posting.term));
            postings.sort.push(posting.sort);
            postings.id.push(id.clone());
            postings.part.push(escape(posting.part));
        }
        for (holder, _) in facts.grants {
            holders.class.push(class);
            holders.holder.push(term(holder));
            holders.id.push(id.clone());
        }
        for held in facts.services {
            services.service.push(escape(held.service));
            services.contact.push(id.clone());
            services.version.push(held.version);
            services.modified.push(held.contact_modified);
        }
    }

    /// Seven columns of documents, five of postings, three of holders, four of services.
    pub(super) fn bind<'q>(self, query: Query<'q>) -> Query<'q>
    where
        'a: 'q,
    {
        let Self { documents, postings, holders, services } = self;
        query
            .bind(documents.class)
            .bind(documents.id)
            .bind(documents.rev)
            .bind(documents.deleted)
            .bind(documents.created_by)
            .bind(documents.facts)
            .bind(documents.body)
            .bind(postings.index)
            .bind(postings.term)
            .bind(postings.sort)
            .bind(postings.id)
            .bind(postings.part)
            .bind(holders.class)
            .bind(holders.holder)
            .bind(holders.id)
            .bind(services.service)
            .bind(services.contact)
            .bind(services.version)
            .bind(services.modified)
    }
}
