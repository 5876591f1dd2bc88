//! Documents of every class, what is searchable of them, and who may reach them.

use async_trait::async_trait;
use keystead_model::access::{Grant, Level};
use keystead_model::query::{Posting, Selection, ServiceVersion};

use crate::Result;

/// A stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id, unique within group and class.
    pub id: String,
    /// Its current revision.
    pub rev: String,
    /// Whether it is deleted but can be undeleted.
    pub deleted: bool,
    /// The JSON text as it is sent to clients.
    pub body: String,
    /// The user who created it.
    pub created_by: Option<String>,
}

/// Everything that is derived from a document's body and kept beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    /// What is searchable. Empty for a deleted document.
    pub postings: Vec<Posting>,
    /// Who may reach it.
    pub grants: Vec<Grant>,
    /// The services it holds. Empty for a deleted document.
    pub services: Vec<ServiceVersion>,
    /// Values that no other document of the group and class may have. Empty for a deleted document.
    pub unique: Vec<String>,
}

/// A unit of work that is only this: a new document, which is told as [`ChangeKind::Created`](crate::changes::ChangeKind).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// The group.
    pub group: String,
    /// The class name.
    pub class: &'static str,
    /// The document.
    pub document: Document,
    /// What is derived from it.
    pub projection: Projection,
    /// The parts (services) that are told as new.
    pub parts: Vec<String>,
}

/// What happened to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was done.
    Done,
    /// There is a document with this id already, deleted or not.
    Exists,
    /// The stored revision is not the expected one, or there is no such document.
    Stale,
    /// Another document has this unique value (`kind:value`).
    Taken(String),
}

/// A document with what the asking keys may do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The document.
    pub document: Document,
    /// The highest level any of the keys has, if any has one.
    pub level: Option<Level>,
}

/// A question about the documents of one class.
#[derive(Debug, Clone)]
pub struct Find {
    /// The group.
    pub group: String,
    /// The class name.
    pub class: &'static str,
    /// What is looked for, and in which order.
    pub selection: Selection,
    /// Restricts to documents that grant any of these keys access; `None` for no restriction.
    pub readable_by: Option<Vec<String>>,
    /// Whether parts (services) are looked for, in their latest readable version, instead of documents.
    pub parts: bool,
    /// Continue after this hit of an earlier page.
    pub after: Option<Hit>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// One answer to a [`Find`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The document.
    pub id: String,
    /// The part, where parts were looked for, else empty.
    pub part: String,
    /// The value it was ordered by, where there was one.
    pub sort: Option<i64>,
}

/// A binary attachment of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its id, new with every upload.
    pub id: String,
    /// The octets, as the client sealed them.
    pub content: Vec<u8>,
}

/// Reading documents.
#[async_trait]
pub trait ReadDocuments {
    /// The ids of every group that has a document of the class `Group`, in order.
    async fn groups(&mut self) -> Result<Vec<String>>;

    /// One document, deleted or not.
    async fn document(&mut self, group: &str, class: &str, id: &str) -> Result<Option<Document>>;

    /// One document, deleted or not, and what holders of `keys` may do with it.
    async fn reach(&mut self, group: &str, class: &str, id: &str, keys: &[String]) -> Result<Option<Reached>>;

    /// The live documents among `ids` in the order of `ids`, restricted to those that grant any of
    /// `keys` access where `keys` is given.
    async fn documents(
        &mut self,
        group: &str,
        class: &str,
        ids: &[String],
        keys: Option<&[String]>,
    ) -> Result<Vec<Document>>;

    /// The ids of live documents that answer `find`.
    async fn find(&mut self, find: &Find) -> Result<Vec<Hit>>;

    /// For each of `services` that exists in a live contact that grants any of `keys` access: the
    /// contact that holds its latest version, as (service, contact), in the order of `services`.
    async fn latest_services(
        &mut self,
        group: &str,
        services: &[String],
        keys: &[String],
    ) -> Result<Vec<(String, String)>>;

    /// The attachment of a document under `key`; the empty key is the main attachment.
    async fn attachment(&mut self, group: &str, document: &str, key: &str) -> Result<Option<Attachment>>;
}

/// Writing documents.
#[async_trait]
pub trait WriteDocuments {
    /// Adds a document.
    async fn create(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        projection: &Projection,
    ) -> Result<Written>;

    /// Replaces the document whose revision is `expected` with all that is derived from it.
    async fn replace(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        expected: &str,
        projection: &Projection,
    ) -> Result<Written>;

    /// Removes a document for good, with all that is derived from it and its attachments.
    async fn purge(&mut self, group: &str, class: &str, id: &str, expected: &str) -> Result<Written>;

    /// Sets the attachment of a document under `key`, replacing an earlier one.
    async fn set_attachment(&mut self, group: &str, document: &str, key: &str, attachment: &Attachment) -> Result<()>;

    /// Removes the attachment of a document under `key`.
    async fn remove_attachment(&mut self, group: &str, document: &str, key: &str) -> Result<()>;
}
