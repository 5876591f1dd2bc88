//! Over PostgreSQL.

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sqlx::postgres::{PgPool, PgPoolOptions};

/// As many as Keystead has unless it is told otherwise.
const CONNECTIONS: u32 = 16;

pub(super) async fn router(url: &str) -> anyhow::Result<Router> {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
    let pool = options.connect(url).await.context("the database")?;
    sqlx::query("CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, body BYTEA NOT NULL)").execute(&pool).await?;
    Ok(Router::new().route("/{id}", get(select).post(insert)).with_state(pool))
}

async fn insert(State(pool): State<PgPool>, Path(id): Path<String>, body: Bytes) -> Result<StatusCode, StatusCode> {
    let query = sqlx::query("INSERT INTO item (id, body) VALUES ($1, $2)").bind(id).bind(&body[..]);
    match query.execute(&pool).await {
        Ok(_) => Ok(StatusCode::CREATED),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn select(State(pool): State<PgPool>, Path(id): Path<String>) -> Result<Response, StatusCode> {
    let query = sqlx::query_scalar::<_, Vec<u8>>("SELECT body FROM item WHERE id = $1").bind(id);
    Ok(match query.fetch_optional(&pool).await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)? {
        Some(body) => ([("content-type", "application/json")], body).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}
