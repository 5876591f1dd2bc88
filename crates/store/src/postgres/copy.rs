//! Copies an embedded database into an empty PostgreSQL, in pieces that are each whole: an interrupted copy goes on
//! where it was. Afterwards both sides are read to their ends and compared.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::PostgresStore;
use super::derived::{Key, change, claim};
use super::held::Held;
use super::text::escape;
use crate::facts::Facts;
use crate::{Result, StoreError};

/// Rows that are copied at a time, and octets of what may be large.
const BATCH: usize = 200;
const LARGE: usize = 4;

/// How a column is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Octets,
}

/// A table: its columns, and how many of the first are its key.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    key: usize,
    batch: usize,
}

use Kind::{Boolean, Integer, Octets, Text};

/// What is copied as it is. Postings and the like are made anew from the documents; the outbox stays behind.
const TABLES: &[Table] = &[
    Table {
        name: "document",
        columns: &[
            ("group_id", Text),
            ("class", Text),
            ("id", Text),
            ("rev", Text),
            ("deleted", Boolean),
            ("created_by", Text),
            ("facts", Octets),
            ("body", Text),
        ],
        key: 3,
        batch: BATCH,
    },
    Table {
        name: "attachment",
        columns: &[("group_id", Text), ("document_id", Text), ("key", Text), ("id", Text), ("content", Octets)],
        key: 3,
        batch: LARGE,
    },
    Table { name: "login", columns: &[("name", Text), ("group_id", Text), ("user_id", Text)], key: 2, batch: BATCH },
    Table {
        name: "secret",
        columns: &[
            ("group_id", Text),
            ("user_id", Text),
            ("kind", Integer),
            ("name", Text),
            ("digest", Octets),
            ("created", Integer),
            ("expires", Integer),
        ],
        key: 4,
        batch: BATCH,
    },
    Table {
        name: "session",
        columns: &[("id", Text), ("class", Integer), ("created", Integer), ("expires", Integer)],
        key: 1,
        batch: BATCH,
    },
    Table {
        name: "session_account",
        columns: &[("session_id", Text), ("group_id", Text), ("user_id", Text)],
        key: 3,
        batch: BATCH,
    },
    Table { name: "process", columns: &[("spec", Text), ("id", Text), ("settings", Text)], key: 2, batch: BATCH },
    Table {
        name: "code_request",
        columns: &[
            ("id", Text),
            ("spec", Text),
            ("process", Text),
            ("address", Octets),
            ("code", Octets),
            ("payload", Octets),
            ("tries_left", Integer),
            ("expires", Integer),
            ("used", Boolean),
        ],
        key: 1,
        batch: BATCH,
    },
    Table { name: "used_challenge", columns: &[("id", Text), ("expires", Integer)], key: 1, batch: BATCH },
    Table { name: "arrival", columns: &[("key", Text), ("at", Integer)], key: 1, batch: BATCH },
    Table {
        name: "job",
        columns: &[("id", Text), ("kind", Text), ("payload", Octets), ("attempts", Integer), ("run_at", Integer)],
        key: 1,
        batch: BATCH,
    },
];

/// What was copied of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// The SHA-256 of all of them, the same on both sides.
    pub digest: [u8; 32],
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: &'static str,
    /// Rows that are on the other side, or were compared.
    pub done: u64,
    /// Rows in all.
    pub all: u64,
    /// Whether it is being compared.
    pub comparing: bool,
}

impl PostgresStore {
    /// Copies the embedded database in the file `from`, which nobody may write meanwhile, and compares.
    ///
    /// # Errors
    /// A side cannot be read or written; somebody wrote to the file; or the two differ at the end, which happens when
    /// the PostgreSQL database was in use before.
    pub async fn copy_from_sqlite(&self, from: &Path, mut progress: impl FnMut(Progress)) -> Result<Vec<Copied>> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(from, flags)?;
        source.pragma_update(None, "query_only", true)?;
        let version = |source: &Connection| source.query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0));
        let before = version(&source)?;
        let mut copied = Vec::new();
        for table in TABLES {
            let all =
                source.query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get::<_, i64>(0))?;
            let all = all.unsigned_abs();
            let mut tell = |done, comparing| progress(Progress { table: table.name, done, all, comparing });
            self.copy(&source, table, &mut tell).await?;
            copied.push(self.compare(&source, table, &mut tell).await?);
        }
        if version(&source)? != before {
            return Err(StoreError::Failed("somebody wrote to the embedded database during the copy".to_owned()));
        }
        Ok(copied)
    }

    async fn copy(&self, source: &Connection, table: &Table, tell: &mut impl FnMut(u64, bool)) -> Result<()> {
        let mark = format!("copied:{}", table.name);
        let (mut after, mut done) = self.resume(&mark, table).await?;
        loop {
            let rows = read(source, table, after.as_deref())?;
            let Some(last) = rows.last() else { return Ok(()) };
            let place: Vec<Value> = last.iter().take(table.key).cloned().collect();
            done += rows.len() as u64;
            let mut tx = self.pool.begin().await?;
            match table.name {
                "document" => {
                    insert(&mut tx, table, &rows, Some(held(&rows)?)).await?;
                    derive(&mut tx, &rows).await?;
                }
                _ => insert(&mut tx, table, &rows, None).await?,
            }
            let note = serde_json::to_vec(&(done, place.iter().map(written).collect::<Vec<_>>())).unwrap_or_default();
            sqlx::query("INSERT INTO agreed (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2")
                .bind(&mark)
                .bind(note)
                .execute(&mut *tx)
                .await?;
            tx.commit().await?;
            after = Some(place);
            tell(done, false);
        }
    }

    /// Where an interrupted copy was.
    async fn resume(&self, mark: &str, table: &Table) -> Result<(Option<Vec<Value>>, u64)> {
        let row = sqlx::query("SELECT value FROM agreed WHERE name = $1").bind(mark).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok((None, 0)) };
        let note: Vec<u8> = row.try_get(0)?;
        let corrupt = |_| StoreError::Corrupt("how far the copy was");
        let (done, place): (u64, Vec<serde_json::Value>) = serde_json::from_slice(&note).map_err(corrupt)?;
        let kinds = table.columns.iter().map(|(_, kind)| *kind);
        let place = place.into_iter().zip(kinds).map(|(value, kind)| match (kind, value) {
            (Integer | Boolean, value) => Value::Integer(value.as_i64().unwrap_or_default()),
            (_, value) => Value::Text(value.as_str().unwrap_or_default().to_owned()),
        });
        Ok((Some(place.collect()), done))
    }

    /// Reads both sides to their ends.
    async fn compare(&self, source: &Connection, table: &Table, tell: &mut impl FnMut(u64, bool)) -> Result<Copied> {
        let (mut here, mut there, mut rows) = (Sha256::new(), Sha256::new(), 0);
        let mut after: Option<Vec<Value>> = None;
        loop {
            let left = read(source, table, after.as_deref())?;
            let right = self.stored(table, after.as_deref()).await?;
            for (digest, side) in [(&mut here, &left), (&mut there, &right)] {
                side.iter().flatten().for_each(|value| feed(digest, value));
            }
            rows += left.len() as u64;
            tell(rows, true);
            let (digest, other) = (here.clone().finalize(), there.clone().finalize());
            if left.len() != right.len() || digest != other {
                return Err(StoreError::Failed(format!("the two differ in the table {}", table.name)));
            }
            match left.last() {
                Some(last) => after = Some(last.iter().take(table.key).cloned().collect()),
                None => return Ok(Copied { table: table.name, rows, digest: digest.into() }),
            }
        }
    }

    /// The next rows on the other side, as the embedded engine gives them.
    async fn stored(&self, table: &Table, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>> {
        let sql = page(
            table,
            after.is_some(),
            |number| format!("${number}"),
            |column, kind| match kind {
                Text => format!(r#"{column} COLLATE "C""#),
                _ => column.to_owned(),
            },
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in after.into_iter().flatten() {
            query = match value {
                Value::Integer(integer) => query.bind(*integer),
                Value::Text(text) => query.bind(escape(text).into_owned()),
                _ => query.bind(Option::<String>::None),
            };
        }
        let rows = query.fetch_all(&self.pool).await?;
        let value = |row: &sqlx::postgres::PgRow, at: usize, kind: Kind| -> Result<Value> {
            Ok(match kind {
                Text => row
                    .try_get::<Option<String>, _>(at)?
                    .map_or(Value::Null, |text| Value::Text(super::text::unescape(text))),
                Integer => row.try_get::<Option<i64>, _>(at)?.map_or(Value::Null, Value::Integer),
                Boolean => Value::Integer(i64::from(row.try_get::<bool, _>(at)?)),
                Octets => Value::Blob(row.try_get(at)?),
            })
        };
        rows.iter()
            .map(|row| table.columns.iter().enumerate().map(|(at, (_, kind))| value(row, at, *kind)).collect())
            .collect()
    }
}

/// The statement for a page of a table in the order of its key.
fn page(
    table: &Table,
    after: bool,
    parameter: impl Fn(usize) -> String,
    ordered: impl Fn(&str, Kind) -> String,
) -> String {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let key: Vec<String> = table.columns.iter().take(table.key).map(|(name, kind)| ordered(name, *kind)).collect();
    let key = key.join(", ");
    let condition = match after {
        false => String::new(),
        true => {
            let parameters: Vec<String> = (1..=table.key).map(parameter).collect();
            format!("WHERE ({key}) > ({})", parameters.join(", "))
        }
    };
    format!("SELECT {} FROM {} {condition} ORDER BY {key} LIMIT {}", names.join(", "), table.name, table.batch)
}

fn read(source: &Connection, table: &Table, after: Option<&[Value]>) -> Result<Vec<Vec<Value>>> {
    let sql = page(table, after.is_some(), |number| format!("?{number}"), |column, _| column.to_owned());
    let mut statement = source.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(after.unwrap_or_default()))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let values = (0..table.columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
        found.push(values);
    }
    Ok(found)
}

/// Adds rows, with further columns of arrays that the embedded engine has no need of.
async fn insert(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Vec<Value>],
    further: Option<[Array; 3]>,
) -> Result<()> {
    let further = further.into_iter().flatten();
    let (mut names, mut parameters, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (name, kind)) in table.columns.iter().enumerate() {
        let kind = match kind {
            Text => "text",
            Integer => "bigint",
            Boolean => "boolean",
            Octets => "bytea",
        };
        parameters.push(format!("${}::{kind}[]", at + 1));
        names.push(*name);
        values.push(format!("x.{name}"));
    }
    let mut literals = Vec::new();
    for Array { name, kind, literals: of } in further {
        literals.push(of);
        parameters.push(format!("${}::text[]", table.columns.len() + literals.len()));
        names.push(name);
        values.push(format!("x.{name}::{kind}[]"));
    }
    let (names, values, parameters) = (names.join(", "), values.join(", "), parameters.join(", "));
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {values} FROM unnest({parameters}) AS x ({names}) ON CONFLICT DO NOTHING",
        table.name
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (at, (_, kind)) in table.columns.iter().enumerate() {
        let column = rows.iter().map(|row| row.get(at).unwrap_or(&Value::Null));
        query = match kind {
            Text => query.bind(column.map(as_text).collect::<Vec<Option<String>>>()),
            Integer => query.bind(column.map(as_integer).collect::<Vec<Option<i64>>>()),
            Boolean => query.bind(column.map(|value| as_integer(value) == Some(1)).collect::<Vec<bool>>()),
            Octets => query.bind(column.map(as_octets).collect::<Vec<Vec<u8>>>()),
        };
    }
    for literals in literals {
        query = query.bind(literals);
    }
    query.execute(connection).await?;
    Ok(())
}

/// A column of arrays, as PostgreSQL writes them, row by row.
struct Array {
    name: &'static str,
    kind: &'static str,
    literals: Vec<String>,
}

/// A document that is not deleted: a deleted one is in none of the derived tables.
fn live(row: &[Value]) -> Result<Option<(Key<'_>, Facts<'_>)>> {
    match row {
        [Value::Text(group), Value::Text(class), Value::Text(id), _, Value::Integer(0), _, Value::Blob(facts), _] => {
            Ok(Some((Key { group, class, id }, Facts::read(facts)?)))
        }
        _ => Ok(None),
    }
}

/// What a search asks of documents.
fn held(rows: &[Vec<Value>]) -> Result<[Array; 3]> {
    let column = |name, kind| Array { name, kind, literals: Vec::with_capacity(rows.len()) };
    let mut columns = [column("keys", "bytea"), column("sorts", "bigint"), column("parts", "text")];
    for row in rows {
        let held = live(row)?.map(|(key, facts)| Held::of(key.group, key.class, &facts)).unwrap_or_default();
        columns.iter_mut().zip(held.literals()).for_each(|(column, literal)| column.literals.push(literal));
    }
    Ok(columns)
}

/// Makes what is derived from documents.
async fn derive(connection: &mut PgConnection, rows: &[Vec<Value>]) -> Result<()> {
    for row in rows {
        let Some((key, facts)) = live(row)? else { continue };
        claim(connection, key, &[], &facts.unique).await?;
        change(connection, key, &Facts::default(), &facts).await?;
    }
    Ok(())
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(escape(text).into_owned()),
        _ => None,
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        _ => None,
    }
}

fn as_octets(value: &Value) -> Vec<u8> {
    match value {
        Value::Blob(octets) => octets.clone(),
        _ => Vec::new(),
    }
}

fn written(value: &Value) -> serde_json::Value {
    match value {
        Value::Integer(integer) => (*integer).into(),
        Value::Text(text) => text.as_str().into(),
        _ => serde_json::Value::Null,
    }
}

/// Adds a value to a digest, so that no two rows can be taken for each other.
fn feed(digest: &mut Sha256, value: &Value) {
    let (kind, octets): (u8, &[u8]) = match value {
        Value::Null => (0, &[]),
        Value::Integer(integer) => {
            digest.update([1]);
            return digest.update(integer.to_be_bytes());
        }
        Value::Text(text) => (2, text.as_bytes()),
        Value::Blob(octets) => (3, octets),
        Value::Real(_) => (4, &[]),
    };
    digest.update([kind]);
    digest.update((octets.len() as u64).to_be_bytes());
    digest.update(octets);
}
