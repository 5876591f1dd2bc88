//! Writes the rows that are derived from a document: postings, access, services, unique values.
//!
//! What is stored is known from the facts in the document's row, so only differences are written:
//! most changes of a document leave most of what is derived from it as it was.

use keystead_model::access::Level;
use rusqlite::{Connection, OptionalExtension, params};

use super::facts::{Fact, Facts, Version};
use crate::Result;

/// What identifies a document.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) group: &'a str,
    pub(super) class: &'a str,
    pub(super) id: &'a str,
}

/// A value among `unique` that another document has.
pub(super) fn taken(connection: &Connection, key: Key<'_>, unique: &[&str]) -> Result<Option<String>> {
    for value in unique {
        let other: Option<String> = connection
            .prepare_cached(
                "SELECT value FROM unique_value WHERE group_id = ?1 AND class = ?2 AND value = ?3 AND id <> ?4",
            )?
            .query_row([key.group, key.class, value, key.id], |row| row.get(0))
            .optional()?;
        if other.is_some() {
            return Ok(other);
        }
    }
    Ok(None)
}

/// Changes the derived rows of a document from `stored` to `wanted`. The grants of a deleted document
/// are not among them.
pub(super) fn change(connection: &Connection, key: Key<'_>, stored: &Facts<'_>, wanted: &Facts<'_>) -> Result<()> {
    change_postings(connection, key, &stored.postings, &wanted.postings)?;
    change_access(connection, key, &stored.grants, &wanted.grants)?;
    change_services(connection, key, &stored.services, &wanted.services)?;
    change_unique(connection, key, &stored.unique, &wanted.unique)
}

fn change_postings(connection: &Connection, key: Key<'_>, stored: &[Fact<'_>], wanted: &[Fact<'_>]) -> Result<()> {
    for posting in stored.iter().filter(|posting| wanted.binary_search(posting).is_err()) {
        connection
            .prepare_cached(
                "DELETE FROM posting
                 WHERE group_id = ?1 AND name = ?2 AND term = ?3 AND sort = ?4 AND id = ?5 AND part = ?6",
            )?
            .execute(params![key.group, posting.index, posting.term, posting.sort, key.id, posting.part])?;
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO posting (group_id, name, term, sort, id, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for posting in wanted.iter().filter(|posting| stored.binary_search(posting).is_err()) {
        insert.execute(params![key.group, posting.index, posting.term, posting.sort, key.id, posting.part])?;
    }
    Ok(())
}

fn change_access(
    connection: &Connection,
    key: Key<'_>,
    stored: &[(&str, Level)],
    wanted: &[(&str, Level)],
) -> Result<()> {
    let among = |grants: &[(&str, Level)], holder: &str| grants.binary_search_by_key(&holder, |grant| grant.0).is_ok();
    for (holder, _) in stored.iter().filter(|(holder, _)| !among(wanted, holder)) {
        connection
            .prepare_cached("DELETE FROM access WHERE group_id = ?1 AND class = ?2 AND holder = ?3 AND id = ?4")?
            .execute([key.group, key.class, holder, key.id])?;
    }
    let mut insert =
        connection.prepare_cached("INSERT INTO access (group_id, class, holder, id) VALUES (?1, ?2, ?3, ?4)")?;
    for (holder, _) in wanted.iter().filter(|(holder, _)| !among(stored, holder)) {
        insert.execute([key.group, key.class, holder, key.id])?;
    }
    Ok(())
}

fn change_services(
    connection: &Connection,
    key: Key<'_>,
    stored: &[Version<'_>],
    wanted: &[Version<'_>],
) -> Result<()> {
    for held in stored.iter().filter(|held| !wanted.iter().any(|other| other.service == held.service)) {
        connection
            .prepare_cached("DELETE FROM service_version WHERE group_id = ?1 AND service_id = ?2 AND contact_id = ?3")?
            .execute([key.group, held.service, key.id])?;
    }
    for held in wanted.iter().filter(|held| stored.binary_search(held).is_err()) {
        connection
            .prepare_cached(
                "INSERT INTO service_version (group_id, service_id, contact_id, version, contact_modified)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (group_id, service_id, contact_id) DO UPDATE
                 SET version = excluded.version, contact_modified = excluded.contact_modified",
            )?
            .execute(params![key.group, held.service, key.id, held.version, held.contact_modified])?;
    }
    Ok(())
}

fn change_unique(connection: &Connection, key: Key<'_>, stored: &[&str], wanted: &[&str]) -> Result<()> {
    for value in stored.iter().filter(|value| wanted.binary_search(value).is_err()) {
        connection
            .prepare_cached("DELETE FROM unique_value WHERE group_id = ?1 AND class = ?2 AND value = ?3")?
            .execute([key.group, key.class, value])?;
    }
    for value in wanted.iter().filter(|value| stored.binary_search(value).is_err()) {
        connection
            .prepare_cached("INSERT INTO unique_value (group_id, class, value, id) VALUES (?1, ?2, ?3, ?4)")?
            .execute([key.group, key.class, value, key.id])?;
    }
    Ok(())
}
