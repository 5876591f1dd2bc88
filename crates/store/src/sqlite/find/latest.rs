//! Decides whether a contact holds the latest version of a service that somebody can read.

use rusqlite::{Connection, params};

use super::evaluate::Candidate;
use crate::Result;
use crate::documents::Find;
use crate::facts::Keys;
use crate::sqlite::documents::bytes;

/// The versions of services, as the asking keys see them.
pub(super) struct Latest<'c> {
    connection: &'c Connection,
    group: &'c str,
    readable_by: Option<Keys<'c>>,
}

impl<'c> Latest<'c> {
    pub(super) fn new(connection: &'c Connection, question: &'c Find) -> Self {
        Self { connection, group: &question.group, readable_by: question.readable_by.as_deref().map(Keys::for_many) }
    }

    /// Whether no other readable contact holds a newer version; always so for whole documents. What is
    /// no service of its contact has no version at all.
    pub(super) fn is_latest(&self, candidate: Candidate<'_>) -> Result<bool> {
        let Some(service) = candidate.part else { return Ok(true) };
        let Some(held) = candidate.facts.version(service) else { return Ok(false) };
        let mut statement = self.connection.prepare_cached(
            "SELECT d.facts FROM service_version AS v CROSS JOIN document AS d
             WHERE v.namespace = (SELECT no FROM namespace WHERE group_id = ?1 AND name = 'Contact')
               AND v.service_id = ?2
               AND (v.version, v.contact_modified, v.contact_id) > (?3, ?4, ?5)
               AND d.group_id = ?1 AND d.class = 'Contact' AND d.id = v.contact_id",
        )?;
        let mut newer =
            statement.query(params![self.group, service, held.version, held.contact_modified, candidate.id])?;
        while let Some(row) = newer.next()? {
            let readable = match &self.readable_by {
                None => true,
                Some(keys) => keys.level(bytes(row, 0)?)?.is_some(),
            };
            if readable {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
