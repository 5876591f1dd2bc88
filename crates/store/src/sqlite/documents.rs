//! Documents in SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::derived::{Key, change, taken};
use super::find::find;
use super::session::{Session, list};
use crate::documents::{Attachment, Document, Find, Hit, Projection, Reached, ReadDocuments, WriteDocuments, Written};
use crate::facts::{Facts, Keys};
use crate::{Result, StoreError};

#[async_trait]
impl<S: Session> ReadDocuments for S {
    async fn groups(&mut self) -> Result<Vec<String>> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id FROM document WHERE class = 'Group' ORDER BY id")?;
            let ids = statement.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn document(&mut self, group: &str, class: &str, id: &str) -> Result<Option<Document>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT id, rev, deleted, created_by, body FROM document
                     WHERE group_id = ?1 AND class = ?2 AND id = ?3",
                )?
                .query_row([group, class, id], document)
                .optional()?)
        })
    }

    async fn reach(&mut self, group: &str, class: &str, id: &str, keys: &[String]) -> Result<Option<Reached>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, rev, deleted, created_by, body, facts FROM document
                 WHERE group_id = ?1 AND class = ?2 AND id = ?3",
            )?;
            let mut rows = statement.query([group, class, id])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let level = Keys::Few(keys).level(bytes(row, 5)?)?;
            Ok(Some(Reached { document: document(row)?, level }))
        })
    }

    async fn documents(
        &mut self,
        group: &str,
        class: &str,
        ids: &[String],
        keys: Option<&[String]>,
    ) -> Result<Vec<Document>> {
        self.run(|connection| {
            let mut found = HashMap::with_capacity(ids.len());
            let mut statement = connection.prepare_cached(
                "SELECT id, rev, deleted, created_by, body, facts FROM document
                 WHERE group_id = ?1 AND class = ?2 AND id IN (SELECT value FROM rarray(?3)) AND NOT deleted",
            )?;
            let keys = keys.map(Keys::for_many);
            let mut rows = statement.query(params![group, class, list(ids)])?;
            while let Some(row) = rows.next()? {
                let reached = match &keys {
                    None => true,
                    Some(keys) => keys.level(bytes(row, 5)?)?.is_some(),
                };
                if reached {
                    let document = document(row)?;
                    found.insert(document.id.clone(), document);
                }
            }
            Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
        })
    }

    async fn find(&mut self, question: &Find) -> Result<Vec<Hit>> {
        self.run(|connection| find(connection, question))
    }

    async fn latest_services(
        &mut self,
        group: &str,
        services: &[String],
        keys: &[String],
    ) -> Result<Vec<(String, String)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.contact_id, d.facts FROM service_version AS v CROSS JOIN document AS d
                 WHERE v.namespace = (SELECT no FROM namespace WHERE group_id = ?1 AND name = 'Contact')
                   AND v.service_id = ?2
                   AND d.group_id = ?1 AND d.class = 'Contact' AND d.id = v.contact_id
                 ORDER BY v.version DESC, v.contact_modified DESC, v.contact_id DESC",
            )?;
            let keys = Keys::for_many(keys);
            let mut latest = Vec::new();
            for service in services {
                let mut rows = statement.query([group, service])?;
                while let Some(row) = rows.next()? {
                    if keys.level(bytes(row, 1)?)?.is_some() {
                        latest.push((service.clone(), row.get(0)?));
                        break;
                    }
                }
            }
            Ok(latest)
        })
    }

    async fn attachment(&mut self, group: &str, document: &str, key: &str) -> Result<Option<Attachment>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT id, content FROM attachment WHERE group_id = ?1 AND document_id = ?2 AND key = ?3",
                )?
                .query_row([group, document, key], |row| Ok(Attachment { id: row.get(0)?, content: row.get(1)? }))
                .optional()?)
        })
    }
}

#[async_trait]
impl<S: Session> WriteDocuments for S {
    async fn create(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        projection: &Projection,
    ) -> Result<Written> {
        self.run(|connection| {
            let key = Key { group, class, id: &document.id };
            let facts = Facts::new(class, projection);
            let created = connection
                .prepare_cached(
                    "INSERT INTO document (group_id, class, id, rev, deleted, created_by, facts, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (group_id, class, id) DO NOTHING",
                )?
                .execute(params![
                    group,
                    class,
                    document.id,
                    document.rev,
                    document.deleted,
                    document.created_by,
                    facts.write(),
                    document.body
                ])?;
            if created == 0 {
                return Ok(Written::Exists);
            }
            if let Some(taken) = taken(connection, key, &facts.unique)? {
                delete(connection, key)?;
                return Ok(Written::Taken(taken));
            }
            change(connection, key, &Facts::default(), &derived(facts, document.deleted))?;
            Ok(Written::Done)
        })
    }

    async fn replace(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        expected: &str,
        projection: &Projection,
    ) -> Result<Written> {
        self.run(|connection| {
            let key = Key { group, class, id: &document.id };
            let Some(stored) = current(connection, key, expected)? else { return Ok(Written::Stale) };
            let facts = Facts::new(class, projection);
            if let Some(taken) = taken(connection, key, &facts.unique)? {
                return Ok(Written::Taken(taken));
            }
            connection
                .prepare_cached(
                    "UPDATE document SET rev = ?4, deleted = ?5, created_by = ?6, facts = ?7, body = ?8
                     WHERE group_id = ?1 AND class = ?2 AND id = ?3",
                )?
                .execute(params![
                    group,
                    class,
                    document.id,
                    document.rev,
                    document.deleted,
                    document.created_by,
                    facts.write(),
                    document.body
                ])?;
            change(connection, key, &stored.derived()?, &derived(facts, document.deleted))?;
            Ok(Written::Done)
        })
    }

    async fn purge(&mut self, group: &str, class: &str, id: &str, expected: &str) -> Result<Written> {
        self.run(|connection| {
            let key = Key { group, class, id };
            let Some(stored) = current(connection, key, expected)? else { return Ok(Written::Stale) };
            change(connection, key, &stored.derived()?, &Facts::default())?;
            delete(connection, key)?;
            // Only documents of the class of this name have attachments.
            if class == "Document" {
                connection
                    .prepare_cached("DELETE FROM attachment WHERE group_id = ?1 AND document_id = ?2")?
                    .execute([group, id])?;
            }
            Ok(Written::Done)
        })
    }

    async fn set_attachment(&mut self, group: &str, document: &str, key: &str, attachment: &Attachment) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached(
                    "INSERT INTO attachment (group_id, document_id, key, id, content) VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (group_id, document_id, key) DO UPDATE
                     SET id = excluded.id, content = excluded.content",
                )?
                .execute(params![group, document, key, attachment.id, attachment.content])?;
            Ok(())
        })
    }

    async fn remove_attachment(&mut self, group: &str, document: &str, key: &str) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("DELETE FROM attachment WHERE group_id = ?1 AND document_id = ?2 AND key = ?3")?
                .execute([group, document, key])?;
            Ok(())
        })
    }
}

/// What a stored document has in the derived tables.
struct Stored {
    deleted: bool,
    facts: Vec<u8>,
}

impl Stored {
    fn derived(&self) -> Result<Facts<'_>> {
        Ok(derived(Facts::read(&self.facts)?, self.deleted))
    }
}

/// A deleted document is in none of the derived tables.
fn derived(facts: Facts<'_>, deleted: bool) -> Facts<'_> {
    if deleted { Facts::default() } else { facts }
}

/// The stored document, if `expected` is its revision.
fn current(connection: &Connection, key: Key<'_>, expected: &str) -> Result<Option<Stored>> {
    Ok(connection
        .prepare_cached(
            "SELECT deleted, facts FROM document WHERE group_id = ?1 AND class = ?2 AND id = ?3 AND rev = ?4",
        )?
        .query_row([key.group, key.class, key.id, expected], |row| {
            Ok(Stored { deleted: row.get(0)?, facts: row.get(1)? })
        })
        .optional()?)
}

/// Removes the document's own row.
fn delete(connection: &Connection, key: Key<'_>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM document WHERE group_id = ?1 AND class = ?2 AND id = ?3")?
        .execute([key.group, key.class, key.id])?;
    Ok(())
}

/// The octets in a column, without copying them.
pub(super) fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8]> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        _ => Err(StoreError::Corrupt("a column holds another type than was written")),
    }
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document { id: row.get(0)?, rev: row.get(1)?, deleted: row.get(2)?, created_by: row.get(3)?, body: row.get(4)? })
}
