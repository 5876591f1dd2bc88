//! Over SQLite.

use std::path::Path as Directory;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _};

/// Where statements run. Which is faster depends on the load, so both are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Threads {
    /// On the thread that serves the request.
    Inline,
    /// On a thread of the blocking pool.
    Blocking,
}

struct Bare {
    connection: Mutex<Connection>,
    threads: Threads,
}

impl Bare {
    async fn run<T: Send + 'static>(
        self: Arc<Self>,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StatusCode> {
        let answer = match self.threads {
            Threads::Inline => work(&self.connection.lock()),
            Threads::Blocking => tokio::task::spawn_blocking(move || work(&self.connection.lock()))
                .await
                .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?,
        };
        answer.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
    }
}

pub(super) fn router(data: &Directory, threads: Threads) -> anyhow::Result<Router> {
    let connection = Connection::open(data.join("bare.db")).context("the database")?;
    // Without it SQLite compiles a statement anew whenever another value is bound to it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, body BLOB NOT NULL);",
    )?;
    let bare = Arc::new(Bare { connection: Mutex::new(connection), threads });
    Ok(Router::new().route("/{id}", get(select).post(insert)).with_state(bare))
}

async fn insert(State(bare): State<Arc<Bare>>, Path(id): Path<String>, body: Bytes) -> Result<StatusCode, StatusCode> {
    bare.run(move |connection| {
        connection
            .prepare_cached("INSERT INTO item (id, body) VALUES (?1, ?2)")?
            .execute((id, &body[..]))
            .map(|_| StatusCode::CREATED)
    })
    .await
}

async fn select(State(bare): State<Arc<Bare>>, Path(id): Path<String>) -> Result<Response, StatusCode> {
    let body: Option<Vec<u8>> = bare
        .run(move |connection| {
            connection
                .prepare_cached("SELECT body FROM item WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()
        })
        .await?;
    Ok(match body {
        Some(body) => ([("content-type", "application/json")], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}
