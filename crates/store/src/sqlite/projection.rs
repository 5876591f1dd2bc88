//! What is derived from a document and kept beside it: postings, access, services, unique values.
//!
//! A change writes the differences only: most changes of a document leave most of what is derived
//! from it as it was, and every row written dirties two pages.

use std::collections::{BTreeMap, BTreeSet};

use keystead_model::access::Level;
use rusqlite::{Connection, OptionalExtension, params};

use crate::documents::Projection;
use crate::{Result, StoreError};

/// What stands for a missing sort value, so that it comes last in ascending order.
pub(super) const UNSORTED: i64 = i64::MAX;

/// The only class whose documents hold services.
pub(super) const CONTACT: &str = "Contact";

/// The only class whose documents have attachments.
const DOCUMENT: &str = "Document";

/// What identifies a document.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) group: &'a str,
    pub(super) class: &'a str,
    pub(super) id: &'a str,
}

impl Key<'_> {
    /// A unique value of `projection` that another document has.
    pub(super) fn taken(self, connection: &Connection, projection: &Projection) -> Result<Option<String>> {
        for value in &projection.unique {
            let other: Option<String> = connection
                .prepare_cached(
                    "SELECT value FROM unique_value WHERE group_id = ?1 AND class = ?2 AND value = ?3 AND id <> ?4",
                )?
                .query_row([self.group, self.class, value, self.id], |row| row.get(0))
                .optional()?;
            if other.is_some() {
                return Ok(other);
            }
        }
        Ok(None)
    }
}

/// Rows of the derived tables, without what is common to all rows of a document.
#[derive(Default)]
struct Rows {
    /// Name, term, sort value, part.
    postings: BTreeSet<(String, String, i64, String)>,
    /// Holder to level.
    access: BTreeMap<String, i64>,
    /// Service to version and `modified` of the contact.
    services: BTreeMap<String, (i64, i64)>,
    unique: BTreeSet<String>,
}

impl Rows {
    fn wanted(key: Key<'_>, projection: &Projection) -> Self {
        let mut rows = Self::default();
        for posting in &projection.postings {
            let sort = posting.sort.unwrap_or(UNSORTED);
            rows.postings.insert((posting.index.to_owned(), posting.term.clone(), sort, posting.part.clone()));
        }
        for grant in &projection.grants {
            let level = rows.access.entry(grant.key.clone()).or_default();
            *level = number(grant.level).max(*level);
        }
        for service in projection.services.iter().filter(|_| key.class == CONTACT) {
            let version = (service.version, service.contact_modified);
            let kept = rows.services.entry(service.service_id.clone()).or_insert(version);
            *kept = version.max(*kept);
        }
        rows.unique = projection.unique.iter().cloned().collect();
        rows
    }

    fn stored(connection: &Connection, key: Key<'_>) -> Result<Self> {
        let postings = connection
            .prepare_cached(
                "SELECT name, term, sort, part FROM posting WHERE group_id = ?1 AND class = ?2 AND id = ?3",
            )?
            .query_map([key.group, key.class, key.id], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        let access = connection
            .prepare_cached("SELECT holder, level FROM access WHERE group_id = ?1 AND class = ?2 AND id = ?3")?
            .query_map([key.group, key.class, key.id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let services = if key.class == CONTACT {
            connection
                .prepare_cached(
                    "SELECT service_id, version, contact_modified FROM service_version
                     WHERE group_id = ?1 AND contact_id = ?2",
                )?
                .query_map([key.group, key.id], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
                .collect::<rusqlite::Result<_>>()?
        } else {
            BTreeMap::new()
        };
        let unique = connection
            .prepare_cached("SELECT value FROM unique_value WHERE group_id = ?1 AND class = ?2 AND id = ?3")?
            .query_map([key.group, key.class, key.id], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { postings, access, services, unique })
    }
}

/// Adds what is derived from a new document.
pub(super) fn add(connection: &Connection, key: Key<'_>, deleted: bool, projection: &Projection) -> Result<()> {
    write(connection, key, deleted, &Rows::default(), &Rows::wanted(key, projection))
}

/// Makes what is stored what `projection` says.
pub(super) fn change(connection: &Connection, key: Key<'_>, deleted: bool, projection: &Projection) -> Result<()> {
    let wanted = Rows::wanted(key, projection);
    let stored = Rows::stored(connection, key)?;
    write(connection, key, deleted, &stored, &wanted)?;
    // Grants that stay as they are follow the document when it is deleted or undeleted.
    connection
        .prepare_cached(
            "UPDATE access SET live = ?4 WHERE group_id = ?1 AND class = ?2 AND id = ?3 AND live <> ?4",
        )?
        .execute(params![key.group, key.class, key.id, !deleted])?;
    Ok(())
}

/// Removes everything that is derived from a document, and its attachments.
pub(super) fn remove(connection: &Connection, key: Key<'_>) -> Result<()> {
    let stored = Rows::stored(connection, key)?;
    write(connection, key, true, &stored, &Rows::default())?;
    if key.class == DOCUMENT {
        connection
            .prepare_cached("DELETE FROM attachment WHERE group_id = ?1 AND document_id = ?2")?
            .execute([key.group, key.id])?;
    }
    Ok(())
}

fn write(connection: &Connection, key: Key<'_>, deleted: bool, stored: &Rows, wanted: &Rows) -> Result<()> {
    write_postings(connection, key, stored, wanted)?;
    write_access(connection, key, deleted, stored, wanted)?;
    write_services(connection, key, stored, wanted)?;
    write_unique(connection, key, stored, wanted)
}

fn write_postings(connection: &Connection, key: Key<'_>, stored: &Rows, wanted: &Rows) -> Result<()> {
    for (name, term, sort, part) in stored.postings.difference(&wanted.postings) {
        connection
            .prepare_cached(
                "DELETE FROM posting
                 WHERE group_id = ?1 AND name = ?2 AND term = ?3 AND sort = ?4 AND id = ?5 AND part = ?6",
            )?
            .execute(params![key.group, name, term, sort, key.id, part])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO posting (group_id, name, term, sort, id, part, class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (name, term, sort, part) in wanted.postings.difference(&stored.postings) {
        insert.execute(params![key.group, name, term, sort, key.id, part, key.class])?;
    }
    Ok(())
}

fn write_access(
    connection: &Connection,
    key: Key<'_>,
    deleted: bool,
    stored: &Rows,
    wanted: &Rows,
) -> Result<()> {
    for holder in stored.access.keys().filter(|holder| !wanted.access.contains_key(*holder)) {
        connection
            .prepare_cached("DELETE FROM access WHERE group_id = ?1 AND class = ?2 AND id = ?3 AND holder = ?4")?
            .execute([key.group, key.class, key.id, holder])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO access (group_id, class, id, holder, level, live) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (group_id, class, id, holder) DO UPDATE SET level = excluded.level, live = excluded.live",
    )?;
    for (holder, level) in wanted.access.iter().filter(|(holder, level)| stored.access.get(*holder) != Some(level)) {
        insert.execute(params![key.group, key.class, key.id, holder, level, !deleted])?;
    }
    Ok(())
}

fn write_services(connection: &Connection, key: Key<'_>, stored: &Rows, wanted: &Rows) -> Result<()> {
    for service in stored.services.keys().filter(|service| !wanted.services.contains_key(*service)) {
        connection
            .prepare_cached("DELETE FROM service_version WHERE group_id = ?1 AND service_id = ?2 AND contact_id = ?3")?
            .execute([key.group, service, key.id])?;
    }
    for (service, version) in &wanted.services {
        if stored.services.get(service) != Some(version) {
            connection
                .prepare_cached(
                    "INSERT INTO service_version (group_id, service_id, contact_id, version, contact_modified)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (group_id, service_id, contact_id) DO UPDATE
                     SET version = excluded.version, contact_modified = excluded.contact_modified",
                )?
                .execute(params![key.group, service, key.id, version.0, version.1])?;
        }
    }
    Ok(())
}

fn write_unique(connection: &Connection, key: Key<'_>, stored: &Rows, wanted: &Rows) -> Result<()> {
    for value in stored.unique.difference(&wanted.unique) {
        connection
            .prepare_cached("DELETE FROM unique_value WHERE group_id = ?1 AND class = ?2 AND value = ?3")?
            .execute([key.group, key.class, value])?;
    }
    for value in wanted.unique.difference(&stored.unique) {
        connection
            .prepare_cached("INSERT INTO unique_value (group_id, class, value, id) VALUES (?1, ?2, ?3, ?4)")?
            .execute([key.group, key.class, value, key.id])?;
    }
    Ok(())
}

/// How a level is stored. Never change one.
fn number(level: Level) -> i64 {
    match level {
        Level::Read => 1,
        Level::Write => 2,
    }
}

/// The level behind a stored number.
pub(super) fn level(number: i64) -> Result<Level> {
    match number {
        1 => Ok(Level::Read),
        2 => Ok(Level::Write),
        _ => Err(StoreError::Corrupt("a grant has an unknown level")),
    }
}
