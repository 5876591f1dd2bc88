//! Documents in PostgreSQL.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::derived::{Kept, Key, bind_document, change, claim, insert};
use super::find::find;
use super::session::Session;
use super::text::{escape, terms, unescape};
use crate::Result;
use crate::documents::{Attachment, Document, Find, Hit, Projection, Reached, ReadDocuments, WriteDocuments, Written};
use crate::facts::{Facts, Keys, derived};

const ONE: &str = "SELECT id, rev, deleted, created_by, body, facts FROM document
     WHERE group_id = $1 AND class = $2 AND id = $3";
/// Whoever reads a document in order to change it is alone with it.
const ONE_LOCKED: &str = "SELECT id, rev, deleted, created_by, body, facts FROM document
     WHERE group_id = $1 AND class = $2 AND id = $3 FOR NO KEY UPDATE";

impl Session {
    async fn one(&mut self, group: &str, class: &str, id: &str) -> Result<Option<PgRow>> {
        let statement = self.either(ONE, ONE_LOCKED);
        let query = sqlx::query(statement).bind(escape(group)).bind(class.to_owned()).bind(escape(id));
        Ok(query.fetch_optional(self.connection()).await?)
    }
}

#[async_trait]
impl ReadDocuments for Session {
    async fn groups(&mut self) -> Result<Vec<String>> {
        let query = sqlx::query("SELECT id FROM document WHERE class = 'Group' ORDER BY id");
        let rows = query.fetch_all(self.connection()).await?;
        rows.iter().map(|row| Ok(unescape(row.try_get(0)?))).collect()
    }

    async fn document(&mut self, group: &str, class: &str, id: &str) -> Result<Option<Document>> {
        self.one(group, class, id).await?.map(|row| document(&row)).transpose()
    }

    async fn reach(&mut self, group: &str, class: &str, id: &str, keys: &[String]) -> Result<Option<Reached>> {
        let Some(row) = self.one(group, class, id).await? else { return Ok(None) };
        let level = Keys::Few(keys).level(row.try_get(5)?)?;
        Ok(Some(Reached { document: document(&row)?, level }))
    }

    async fn documents(
        &mut self,
        group: &str,
        class: &str,
        ids: &[String],
        keys: Option<&[String]>,
    ) -> Result<Vec<Document>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query(
            "SELECT id, rev, deleted, created_by, body, facts FROM document
             WHERE group_id = $1 AND class = $2 AND id = ANY($3) AND NOT deleted",
        );
        let wanted: Vec<String> = ids.iter().map(|id| escape(id).into_owned()).collect();
        let rows = query.bind(escape(group)).bind(class).bind(wanted).fetch_all(self.connection()).await?;
        let keys = keys.map(Keys::for_many);
        let mut found = HashMap::with_capacity(rows.len());
        for row in rows {
            let reached = match &keys {
                None => true,
                Some(keys) => keys.level(row.try_get(5)?)?.is_some(),
            };
            if reached {
                let document = document(&row)?;
                found.insert(document.id.clone(), document);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn find(&mut self, question: &Find) -> Result<Vec<Hit>> {
        find(self.connection(), question).await
    }

    async fn latest_services(
        &mut self,
        group: &str,
        services: &[String],
        keys: &[String],
    ) -> Result<Vec<(String, String)>> {
        let query = sqlx::query(
            "SELECT v.service_id, v.contact_id, d.facts FROM service_version AS v
             JOIN document AS d ON d.group_id = $1 AND d.class = 'Contact' AND d.id = v.contact_id
             WHERE v.group_id = $1 AND v.service_id = ANY($2)
             ORDER BY v.service_id, v.version DESC, v.contact_modified DESC, v.contact_id DESC",
        );
        let wanted: Vec<String> = services.iter().map(|service| escape(service).into_owned()).collect();
        let rows = query.bind(escape(group)).bind(wanted).fetch_all(self.connection()).await?;
        let keys = Keys::for_many(keys);
        let mut latest: HashMap<String, String> = HashMap::new();
        for row in rows {
            let service: String = row.try_get(0)?;
            if !latest.contains_key(&service) && keys.level(row.try_get(2)?)?.is_some() {
                latest.insert(service, unescape(row.try_get(1)?));
            }
        }
        let found = |service: &String| Some((service.clone(), latest.get(escape(service).as_ref())?.clone()));
        Ok(services.iter().filter_map(found).collect())
    }

    async fn attachment(&mut self, group: &str, document: &str, key: &str) -> Result<Option<Attachment>> {
        let query =
            sqlx::query("SELECT id, content FROM attachment WHERE group_id = $1 AND document_id = $2 AND key = $3");
        let row = query.bind(escape(group)).bind(escape(document)).bind(escape(key));
        let row = row.fetch_optional(self.connection()).await?;
        row.map(|row| Ok(Attachment { id: row.try_get(0)?, content: row.try_get(1)? })).transpose()
    }
}

#[async_trait]
impl WriteDocuments for Session {
    async fn create(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        projection: &Projection,
    ) -> Result<Written> {
        let kept = Kept::new(group, class, document, projection);
        let connection = self.connection();
        if !insert(connection, &kept).await? {
            return Ok(Written::Exists);
        }
        let Kept { key, facts: rows, .. } = kept;
        if let Some(taken) = claim(connection, key, &[], &rows.unique).await? {
            release(connection, key, &[], &rows.unique).await?;
            let without = Facts { unique: Vec::new(), ..rows };
            change(connection, key, &without, &Facts::default()).await?;
            delete(connection, key).await?;
            return Ok(Written::Taken(taken));
        }
        Ok(Written::Done)
    }

    async fn replace(
        &mut self,
        group: &str,
        class: &str,
        document: &Document,
        expected: &str,
        projection: &Projection,
    ) -> Result<Written> {
        let key = Key { group, class, id: &document.id };
        let connection = self.connection();
        let Some(stored) = current(connection, key, expected).await? else { return Ok(Written::Stale) };
        let before = stored.derived()?;
        let kept = Kept::new(group, class, document, projection);
        let after = &kept.facts;
        if let Some(taken) = claim(connection, key, &before.unique, &after.unique).await? {
            release(connection, key, &before.unique, &after.unique).await?;
            return Ok(Written::Taken(taken));
        }
        let query = sqlx::query(
            "UPDATE document SET rev = $4, deleted = $5, created_by = $6, facts = $7, keys = $8, sorts = $9, parts = $10,
               body = $11
             WHERE group_id = $1 AND class = $2 AND id = $3",
        );
        bind_document(query, &kept).execute(&mut *connection).await?;
        change(connection, key, &before, after).await?;
        Ok(Written::Done)
    }

    async fn purge(&mut self, group: &str, class: &str, id: &str, expected: &str) -> Result<Written> {
        let key = Key { group, class, id };
        let connection = self.connection();
        let Some(stored) = current(connection, key, expected).await? else { return Ok(Written::Stale) };
        change(connection, key, &stored.derived()?, &Facts::default()).await?;
        delete(connection, key).await?;
        // Only documents of the class of this name have attachments.
        if class == "Document" {
            let query = sqlx::query("DELETE FROM attachment WHERE group_id = $1 AND document_id = $2");
            query.bind(escape(group)).bind(escape(id)).execute(connection).await?;
        }
        Ok(Written::Done)
    }

    async fn set_attachment(&mut self, group: &str, document: &str, key: &str, attachment: &Attachment) -> Result<()> {
        let query = sqlx::query(
            "INSERT INTO attachment (group_id, document_id, key, id, content) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (group_id, document_id, key) DO UPDATE SET id = excluded.id, content = excluded.content",
        );
        let query = query.bind(escape(group)).bind(escape(document)).bind(escape(key));
        query.bind(&attachment.id).bind(&attachment.content).execute(self.connection()).await?;
        Ok(())
    }

    async fn remove_attachment(&mut self, group: &str, document: &str, key: &str) -> Result<()> {
        let query = sqlx::query("DELETE FROM attachment WHERE group_id = $1 AND document_id = $2 AND key = $3");
        query.bind(escape(group)).bind(escape(document)).bind(escape(key)).execute(self.connection()).await?;
        Ok(())
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

/// The stored document, if `expected` is its revision, locked.
async fn current(connection: &mut PgConnection, key: Key<'_>, expected: &str) -> Result<Option<Stored>> {
    let query = sqlx::query(
        "SELECT deleted, facts FROM document WHERE group_id = $1 AND class = $2 AND id = $3 AND rev = $4
         FOR NO KEY UPDATE",
    );
    let row = query.bind(escape(key.group)).bind(key.class).bind(escape(key.id)).bind(expected);
    let row = row.fetch_optional(connection).await?;
    row.map(|row| Ok(Stored { deleted: row.try_get(0)?, facts: row.try_get(1)? })).transpose()
}

/// Gives unique values back that were claimed for nothing.
async fn release(connection: &mut PgConnection, key: Key<'_>, stored: &[&str], wanted: &[&str]) -> Result<()> {
    let claimed = wanted.iter().filter(|value| stored.binary_search(value).is_err());
    let query =
        sqlx::query("DELETE FROM unique_value WHERE group_id = $1 AND class = $2 AND value = ANY($3) AND id = $4");
    let query = query.bind(escape(key.group)).bind(key.class).bind(terms(claimed)).bind(escape(key.id));
    query.execute(connection).await?;
    Ok(())
}

/// Removes the document's own row.
async fn delete(connection: &mut PgConnection, key: Key<'_>) -> Result<()> {
    let query = sqlx::query("DELETE FROM document WHERE group_id = $1 AND class = $2 AND id = $3");
    query.bind(escape(key.group)).bind(key.class).bind(escape(key.id)).execute(connection).await?;
    Ok(())
}

fn document(row: &PgRow) -> Result<Document> {
    let created_by: Option<String> = row.try_get(3)?;
    Ok(Document {
        id: unescape(row.try_get(0)?),
        rev: row.try_get(1)?,
        deleted: row.try_get(2)?,
        created_by: created_by.map(unescape),
        body: unescape(row.try_get(4)?),
    })
}
