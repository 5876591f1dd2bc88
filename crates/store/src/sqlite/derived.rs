//! Writes the rows that are derived from a document: postings, access, services, unique values.
//!
//! What is stored is known from the facts in the document's row, so only differences are written:
//! most changes of a document leave most of what is derived from it as it was.

use keystead_model::access::Level;
use rusqlite::{Connection, OptionalExtension, params};

use crate::Result;
use crate::facts::{Fact, Facts, Version};

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
    let mut delete = connection.prepare_cached(
        "DELETE FROM posting WHERE namespace = ?1 AND term = ?2 AND sort = ?3 AND id = ?4 AND part = ?5",
    )?;
    for of_index in stored.chunk_by(|one, next| one.index == next.index) {
        let mut space = None;
        for posting in of_index.iter().filter(|posting| wanted.binary_search(posting).is_err()) {
            let space = known(&mut space, || namespace(connection, key.group, posting.index))?;
            delete.execute(params![space, posting.term, posting.sort, key.id, posting.part])?;
        }
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO posting (namespace, term, sort, id, part) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for of_index in wanted.chunk_by(|one, next| one.index == next.index) {
        let mut space = None;
        for posting in of_index.iter().filter(|posting| stored.binary_search(posting).is_err()) {
            let space = known(&mut space, || namespace(connection, key.group, posting.index))?;
            insert.execute(params![space, posting.term, posting.sort, key.id, posting.part])?;
        }
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
    let mut space = None;
    for (holder, _) in stored.iter().filter(|(holder, _)| !among(wanted, holder)) {
        let space = known(&mut space, || namespace(connection, key.group, key.class))?;
        connection
            .prepare_cached("DELETE FROM access WHERE namespace = ?1 AND holder = ?2 AND id = ?3")?
            .execute(params![space, holder, key.id])?;
    }
    let mut insert = connection.prepare_cached("INSERT INTO access (namespace, holder, id) VALUES (?1, ?2, ?3)")?;
    for (holder, _) in wanted.iter().filter(|(holder, _)| !among(stored, holder)) {
        let space = known(&mut space, || namespace(connection, key.group, key.class))?;
        insert.execute(params![space, holder, key.id])?;
    }
    Ok(())
}

fn change_services(
    connection: &Connection,
    key: Key<'_>,
    stored: &[Version<'_>],
    wanted: &[Version<'_>],
) -> Result<()> {
    let mut space = None;
    for held in stored.iter().filter(|held| !wanted.iter().any(|other| other.service == held.service)) {
        let space = known(&mut space, || namespace(connection, key.group, key.class))?;
        connection
            .prepare_cached("DELETE FROM service_version WHERE namespace = ?1 AND service_id = ?2 AND contact_id = ?3")?
            .execute(params![space, held.service, key.id])?;
    }
    for held in wanted.iter().filter(|held| stored.binary_search(held).is_err()) {
        let space = known(&mut space, || namespace(connection, key.group, key.class))?;
        connection
            .prepare_cached(
                "INSERT INTO service_version (namespace, service_id, contact_id, version, contact_modified)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (namespace, service_id, contact_id) DO UPDATE
                 SET version = excluded.version, contact_modified = excluded.contact_modified",
            )?
            .execute(params![space, held.service, key.id, held.version, held.contact_modified])?;
    }
    Ok(())
}

/// What was found out before, or is now.
fn known(found: &mut Option<i64>, find: impl FnOnce() -> Result<i64>) -> Result<i64> {
    match found {
        Some(known) => Ok(*known),
        None => Ok(*found.insert(find()?)),
    }
}

/// The number of a namespace, which is given one where it has none.
fn namespace(connection: &Connection, group: &str, name: &str) -> Result<i64> {
    let known = connection
        .prepare_cached("SELECT no FROM namespace WHERE group_id = ?1 AND name = ?2")?
        .query_row([group, name], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        return Ok(known);
    }
    Ok(connection
        .prepare_cached("INSERT INTO namespace (group_id, name) VALUES (?1, ?2) RETURNING no")?
        .query_row([group, name], |row| row.get(0))?)
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
