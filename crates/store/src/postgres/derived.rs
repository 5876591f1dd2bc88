//! Writes the rows that are derived from a document: ordered postings, services, unique values. What is stored is
//! known from the facts in the document's row, so only differences are written, each kind in one statement; a new
//! document is written with all of them in one.

use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::held::{Held, is_ordered};
use super::text::{escape, term, terms, unescape};
use crate::Result;
use crate::documents::{Document, Projection};
use crate::facts::{Fact, Facts, Version, derived};

/// What identifies a document.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    pub(super) group: &'a str,
    pub(super) class: &'a str,
    pub(super) id: &'a str,
}

/// Takes unique values for a document; one that another document has comes back.
pub(super) async fn claim(
    connection: &mut PgConnection,
    key: Key<'_>,
    stored: &[&str],
    wanted: &[&str],
) -> Result<Option<String>> {
    for value in wanted.iter().filter(|value| stored.binary_search(value).is_err()) {
        // waits for whoever takes the same value at this moment
        let owner = sqlx::query(
            "INSERT INTO unique_value AS known (group_id, class, value, id) VALUES ($1, $2, $3, $4)
             ON CONFLICT (group_id, class, value) DO UPDATE SET id = known.id RETURNING id",
        )
        .bind(escape(key.group))
        .bind(key.class)
        .bind(term(value))
        .bind(escape(key.id))
        .fetch_one(&mut *connection)
        .await?;
        let owner: String = owner.try_get(0)?;
        if unescape(owner) != key.id {
            return Ok(Some((*value).to_owned()));
        }
    }
    Ok(None)
}

/// Changes the derived rows of a document from `stored` to `wanted`; its new unique values were claimed.
pub(super) async fn change(
    connection: &mut PgConnection,
    key: Key<'_>,
    stored: &Facts<'_>,
    wanted: &Facts<'_>,
) -> Result<()> {
    change_postings(connection, key, &ordered(stored), &ordered(wanted)).await?;
    change_services(connection, key, stored, wanted).await?;
    let gone: Vec<&str> = missing(&stored.unique, &wanted.unique);
    if !gone.is_empty() {
        sqlx::query("DELETE FROM unique_value WHERE group_id = $1 AND class = $2 AND value = ANY($3) AND id = $4")
            .bind(escape(key.group))
            .bind(key.class)
            .bind(terms(gone))
            .bind(escape(key.id))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// What is in `from` and not in `other`; both are sorted.
fn missing<T: Ord + Copy>(from: &[T], other: &[T]) -> Vec<T> {
    from.iter().filter(|one| other.binary_search(one).is_err()).copied().collect()
}

async fn change_postings(
    connection: &mut PgConnection,
    key: Key<'_>,
    stored: &[Fact<'_>],
    wanted: &[Fact<'_>],
) -> Result<()> {
    let statements = [
        (
            missing(stored, wanted),
            "DELETE FROM posting AS p USING unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) AS x (i, t, s, r)
             WHERE p.group_id = $1 AND p.index_name = x.i AND p.term = x.t AND p.sort = x.s AND p.id = $2 AND p.part = x.r",
        ),
        (
            missing(wanted, stored),
            "INSERT INTO posting (group_id, id, index_name, term, sort, part) SELECT $1, $2, x.i, x.t, x.s, x.r
             FROM unnest($3::text[], $4::text[], $5::bigint[], $6::text[]) AS x (i, t, s, r) ON CONFLICT DO NOTHING",
        ),
    ];
    for (postings, statement) in statements {
        if !postings.is_empty() {
            let query = sqlx::query(statement).bind(escape(key.group)).bind(escape(key.id));
            bind_postings(query, &postings).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

async fn change_services(
    connection: &mut PgConnection,
    key: Key<'_>,
    stored: &Facts<'_>,
    wanted: &Facts<'_>,
) -> Result<()> {
    let gone: Vec<&str> =
        stored.services.iter().map(|held| held.service).filter(|service| wanted.version(service).is_none()).collect();
    if !gone.is_empty() {
        sqlx::query("DELETE FROM service_version WHERE group_id = $1 AND service_id = ANY($2) AND contact_id = $3")
            .bind(escape(key.group))
            .bind(gone.into_iter().map(|service| escape(service).into_owned()).collect::<Vec<_>>())
            .bind(escape(key.id))
            .execute(&mut *connection)
            .await?;
    }
    let new = missing(&wanted.services, &stored.services);
    if !new.is_empty() {
        let query = sqlx::query(
            "INSERT INTO service_version (group_id, contact_id, service_id, version, contact_modified)
             SELECT $1, $2, x.s, x.v, x.m FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS x (s, v, m)
             ON CONFLICT (group_id, service_id, contact_id) DO UPDATE
             SET version = excluded.version, contact_modified = excluded.contact_modified",
        );
        bind_services(query.bind(escape(key.group)).bind(escape(key.id)), &new).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A document with everything that is kept beside it.
pub(super) struct Kept<'a> {
    pub(super) key: Key<'a>,
    pub(super) document: &'a Document,
    /// The column `facts`.
    pub(super) written: Vec<u8>,
    /// What there are rows and keys of.
    pub(super) facts: Facts<'a>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(group: &'a str, class: &'a str, document: &'a Document, projection: &'a Projection) -> Self {
        let facts = Facts::new(class, projection);
        let written = facts.write();
        let key = Key { group, class, id: &document.id };
        Self { key, document, written, facts: derived(facts, document.deleted) }
    }
}

/// The statement that adds a document and its rows, whose parameters [`bind_new`] binds, and ends with `last`. What is in
/// the way of it is an error; where `forgiving`, a document that is there is left alone, and `made` is empty.
pub(super) fn addition(forgiving: bool, last: &str) -> String {
    let (there, made, skip) = match forgiving {
        true => (" ON CONFLICT (group_id, class, id) DO NOTHING RETURNING 1", "made, ", " ON CONFLICT DO NOTHING"),
        false => ("", "", ""),
    };
    format!(
        "WITH made AS (
           INSERT INTO document (group_id, class, id, rev, deleted, created_by, facts, keys, sorts, parts, body)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11){there}
         ), postings AS (
           INSERT INTO posting (group_id, index_name, term, sort, id, part)
           SELECT $1, x.i, x.t, x.s, $3, x.r
           FROM {made}unnest($12::text[], $13::text[], $14::bigint[], $15::text[]) AS x (i, t, s, r){skip}
         ), services AS (
           INSERT INTO service_version (group_id, service_id, contact_id, version, contact_modified)
           SELECT $1, x.s, $3, x.v, x.m
           FROM {made}unnest($16::text[], $17::bigint[], $18::bigint[]) AS x (s, v, m)
         )
         {last}"
    )
}

/// Writes a document that is not there yet, and its rows; false if it is there.
pub(super) async fn insert(connection: &mut PgConnection, kept: &Kept<'_>) -> Result<bool> {
    static STATEMENT: LazyLock<String> = LazyLock::new(|| addition(true, "SELECT count(*) FROM made"));
    let row = bind_new(sqlx::query(AssertSqlSafe(STATEMENT.as_str())), kept).fetch_one(connection).await?;
    Ok(row.try_get::<i64, _>(0)? == 1)
}

pub(super) type Query<'a> = sqlx::query::Query<'a, sqlx::Postgres, sqlx::postgres::PgArguments>;

/// What [`bind_document`] binds, then ordered postings (4) and services (3): 18 parameters.
pub(super) fn bind_new<'a>(query: Query<'a>, kept: &'a Kept<'_>) -> Query<'a> {
    bind_services(bind_postings(bind_document(query, kept), &ordered(&kept.facts)), &kept.facts.services)
}

/// Group, class, id, rev, deleted, created_by, facts, keys, sort values, parts, body.
pub(super) fn bind_document<'a>(query: Query<'a>, kept: &'a Kept<'_>) -> Query<'a> {
    let Kept { key, document, written, facts } = kept;
    let held = Held::of(key.group, key.class, facts);
    query
        .bind(escape(key.group))
        .bind(key.class)
        .bind(escape(key.id))
        .bind(&document.rev)
        .bind(document.deleted)
        .bind(document.created_by.as_deref().map(escape))
        .bind(written.as_slice())
        .bind(held.keys)
        .bind(held.sorts)
        .bind(held.parts)
        .bind(escape(&document.body))
}

/// Indexes, terms, sort values, parts.
fn bind_postings<'a>(query: Query<'a>, postings: &[Fact<'_>]) -> Query<'a> {
    query
        .bind(postings.iter().map(|posting| posting.index.to_owned()).collect::<Vec<_>>())
        .bind(terms(postings.iter().map(|posting| posting.term)))
        .bind(postings.iter().map(|posting| posting.sort).collect::<Vec<_>>())
        .bind(postings.iter().map(|posting| escape(posting.part).into_owned()).collect::<Vec<_>>())
}

/// Services, versions, when their contact was modified.
fn bind_services<'a>(query: Query<'a>, services: &[Version<'_>]) -> Query<'a> {
    query
        .bind(services.iter().map(|held| escape(held.service).into_owned()).collect::<Vec<_>>())
        .bind(services.iter().map(|held| held.version).collect::<Vec<_>>())
        .bind(services.iter().map(|held| held.contact_modified).collect::<Vec<_>>())
}

/// The postings that have rows.
fn ordered<'a>(facts: &Facts<'a>) -> Vec<Fact<'a>> {
    facts.postings.iter().copied().filter(is_ordered).collect()
}
