//! Documents in SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::find::find;
use super::projection::{Key, add, change, remove};
use super::session::{Session, list};
use crate::documents::{Attachment, Document, Find, Hit, Projection, Reached, ReadDocuments, WriteDocuments, Written};
use crate::Result;

#[async_trait]
impl<S: Session> ReadDocuments for S {
    async fn groups(&mut self) -> Result<Vec<String>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM document WHERE class = 'Group' ORDER BY id")?;
            let ids = statement.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn document(&mut self, group: &str, class: &str, id: &str) -> Result<Option<Document>> {
        self.run(|connection| {
            Ok(connection
                .prepare_cached(
                    "SELECT id, rev, deleted, body, created_by FROM document
                     WHERE group_id = ?1 AND class = ?2 AND id = ?3",
                )?
                .query_row([group, class, id], document)
                .optional()?)
        })
    }

    async fn reach(&mut self, group: &str, class: &str, id: &str, keys: &[String]) -> Result<Option<Reached>> {
        self.run(|connection| {
            let found = connection
                .prepare_cached(
                    "SELECT id, rev, deleted, body, created_by,
                       (SELECT max(level) FROM access
                        WHERE group_id = ?1 AND class = ?2 AND id = ?3
                          AND holder IN (SELECT value FROM rarray(?4)))
                     FROM document WHERE group_id = ?1 AND class = ?2 AND id = ?3",
                )?
                .query_row(params![group, class, id, list(keys)], |row| {
                    Ok((document(row)?, row.get::<_, Option<i64>>(5)?))
                })
                .optional()?;
            let Some((document, level)) = found else { return Ok(None) };
            Ok(Some(Reached { document, level: level.map(super::projection::level).transpose()? }))
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
            let mut statement = connection.prepare_cached(match keys {
                None => {
                    "SELECT id, rev, deleted, body, created_by FROM document
                     WHERE group_id = ?1 AND class = ?2 AND id IN (SELECT value FROM rarray(?3)) AND NOT deleted"
                }
                Some(_) => {
                    "SELECT id, rev, deleted, body, created_by FROM document AS d
                     WHERE group_id = ?1 AND class = ?2 AND id IN (SELECT value FROM rarray(?3)) AND NOT deleted
                       AND EXISTS (SELECT 1 FROM access AS a
                         WHERE a.group_id = ?1 AND a.class = ?2 AND a.id = d.id
                           AND a.holder IN (SELECT value FROM rarray(?4)))"
                }
            })?;
            let mut rows = match keys {
                None => statement.query(params![group, class, list(ids)])?,
                Some(keys) => statement.query(params![group, class, list(ids), list(keys)])?,
            };
            while let Some(row) = rows.next()? {
                let document = document(row)?;
                found.insert(document.id.clone(), document);
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
            let keys = list(keys);
            let mut statement = connection.prepare_cached(
                "SELECT v.contact_id FROM service_version AS v
                 WHERE v.group_id = ?1 AND v.service_id = ?2
                   AND EXISTS (SELECT 1 FROM access AS a
                     WHERE a.group_id = ?1 AND a.class = 'Contact' AND a.id = v.contact_id
                       AND a.holder IN (SELECT value FROM rarray(?3)))
                 ORDER BY v.version DESC, v.contact_modified DESC, v.contact_id DESC LIMIT 1",
            )?;
            let mut latest = Vec::new();
            for service in services {
                let contact =
                    statement.query_row(params![group, service, keys], |row| row.get(0)).optional()?;
                latest.extend(contact.map(|contact| (service.clone(), contact)));
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
            let created = connection
                .prepare_cached(
                    "INSERT INTO document (group_id, class, id, rev, deleted, created_by, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (group_id, class, id) DO NOTHING",
                )?
                .execute(params![
                    group,
                    class,
                    document.id,
                    document.rev,
                    document.deleted,
                    document.created_by,
                    document.body
                ])?;
            if created == 0 {
                return Ok(Written::Exists);
            }
            let key = Key { group, class, id: &document.id };
            if let Some(taken) = key.taken(connection, projection)? {
                forget(connection, key)?;
                return Ok(Written::Taken(taken));
            }
            add(connection, key, document.deleted, projection)?;
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
            if !is_current(connection, key, expected)? {
                return Ok(Written::Stale);
            }
            if let Some(taken) = key.taken(connection, projection)? {
                return Ok(Written::Taken(taken));
            }
            connection
                .prepare_cached(
                    "UPDATE document SET rev = ?4, deleted = ?5, created_by = ?6, body = ?7
                     WHERE group_id = ?1 AND class = ?2 AND id = ?3",
                )?
                .execute(params![
                    group,
                    class,
                    document.id,
                    document.rev,
                    document.deleted,
                    document.created_by,
                    document.body
                ])?;
            change(connection, key, document.deleted, projection)?;
            Ok(Written::Done)
        })
    }

    async fn purge(&mut self, group: &str, class: &str, id: &str, expected: &str) -> Result<Written> {
        self.run(|connection| {
            let key = Key { group, class, id };
            if !is_current(connection, key, expected)? {
                return Ok(Written::Stale);
            }
            remove(connection, key)?;
            forget(connection, key)?;
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

/// Whether `expected` is the stored revision.
fn is_current(connection: &Connection, key: Key<'_>, expected: &str) -> Result<bool> {
    let rev: Option<String> = connection
        .prepare_cached("SELECT rev FROM document WHERE group_id = ?1 AND class = ?2 AND id = ?3")?
        .query_row([key.group, key.class, key.id], |row| row.get(0))
        .optional()?;
    Ok(rev.as_deref() == Some(expected))
}

/// Removes the document itself.
fn forget(connection: &Connection, key: Key<'_>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM document WHERE group_id = ?1 AND class = ?2 AND id = ?3")?
        .execute([key.group, key.class, key.id])?;
    Ok(())
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        id: row.get(0)?,
        rev: row.get(1)?,
        deleted: row.get(2)?,
        body: row.get(3)?,
        created_by: row.get(4)?,
    })
}
