//! Small documents for the stories.

use std::sync::Arc;

use keystead_model::access::{Grant, Level};
use keystead_model::query::{Posting, Query, Selection, ServiceVersion};

use crate::documents::{Creation, Document, Find, Hit, Projection, Written};
use crate::{Result, Store};

pub(super) const GROUP: &str = "group";
pub(super) const CONTACT: &str = "Contact";
pub(super) const KEY: &str = "contact.by-key";
pub(super) const TAG: &str = "contact.by-tag";

pub(super) fn document(id: &str, rev: &str) -> Document {
    let body = format!(r#"{{"id":"{id}","rev":"{rev}"}}"#);
    Document { id: id.to_owned(), rev: rev.to_owned(), deleted: false, body, created_by: Some("creator".to_owned()) }
}

pub(super) fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Builds what is derived from a document.
pub(super) fn nothing() -> Projection {
    Projection::default()
}

impl Projection {
    pub(super) fn term(mut self, index: &'static str, term: &str) -> Self {
        self.postings.push(Posting::new(index, term));
        self
    }

    pub(super) fn sorted(mut self, index: &'static str, term: &str, sort: i64) -> Self {
        self.postings.push(Posting::new(index, term).sorted(Some(sort)));
        self
    }

    pub(super) fn part(mut self, index: &'static str, term: &str, sort: Option<i64>, part: &str) -> Self {
        self.postings.push(Posting::new(index, term).sorted(sort).of_part(part));
        self
    }

    pub(super) fn reader(mut self, key: &str) -> Self {
        self.grants.push(Grant { key: key.to_owned(), level: Level::Read });
        self
    }

    pub(super) fn writer(mut self, key: &str) -> Self {
        self.grants.push(Grant { key: key.to_owned(), level: Level::Write });
        self
    }

    pub(super) fn service(mut self, id: &str, version: i64, contact_modified: i64) -> Self {
        self.services.push(ServiceVersion { service_id: id.to_owned(), version, contact_modified });
        self
    }

    pub(super) fn unique(mut self, value: &str) -> Self {
        self.unique.push(value.to_owned());
        self
    }
}

/// Creates a contact in a transaction of its own.
pub(super) async fn put(store: &Arc<dyn Store>, id: &str, projection: Projection) -> Result<()> {
    put_in(store, GROUP, CONTACT, id, projection).await
}

pub(super) async fn put_in(
    store: &Arc<dyn Store>,
    group: &str,
    class: &'static str,
    id: &str,
    projection: Projection,
) -> Result<()> {
    assert_eq!(store.create(creation(group, class, id, projection)).await?, Written::Done);
    Ok(())
}

pub(super) fn creation(group: &str, class: &'static str, id: &str, projection: Projection) -> Creation {
    let parts = projection.services.iter().map(|held| held.service_id.clone()).collect();
    Creation { group: group.to_owned(), class, document: document(id, "1-a"), projection, parts }
}

/// A question about contacts.
pub(super) fn question(query: Query) -> Find {
    Find {
        group: GROUP.to_owned(),
        class: CONTACT,
        selection: Selection::unordered(query),
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    }
}

impl Find {
    pub(super) fn readable(mut self, keys: &[&str]) -> Self {
        self.readable_by = Some(texts(keys));
        self
    }

    pub(super) fn ordered(mut self, order: keystead_model::query::Order) -> Self {
        self.selection.order = order;
        self
    }

    pub(super) fn of_parts(mut self) -> Self {
        self.parts = true;
        self
    }

    pub(super) fn first(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

pub(super) async fn hits(store: &Arc<dyn Store>, find: &Find) -> Result<Vec<Hit>> {
    store.read().await?.find(find).await
}

/// The ids that answer a question, also when it is asked page by page.
pub(super) async fn ids(store: &Arc<dyn Store>, find: Find) -> Result<Vec<String>> {
    let whole = hits(store, &find).await?;
    for size in [1, 2, 3] {
        assert_eq!(paged(store, &find, size).await?, whole, "in pages of {size}");
    }
    Ok(whole.into_iter().map(|hit| hit.id).collect())
}

/// All hits, asked for in pages.
pub(super) async fn paged(store: &Arc<dyn Store>, find: &Find, size: usize) -> Result<Vec<Hit>> {
    let mut find = find.clone().first(size);
    let mut all = Vec::new();
    loop {
        let page = hits(store, &find).await?;
        assert!(page.len() <= size);
        let full = page.len() == size;
        find.after = page.last().cloned();
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}
