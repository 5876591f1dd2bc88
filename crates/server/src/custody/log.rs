//! The record of calls, for an operator: when, where, how it went. No share, no secret. The newest are kept.

use keystead_model::rev::Rev;
use keystead_store::Reading;
use keystead_store::documents::{Document, Projection, Written};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The class of the documents, internal, one in a group.
const CLASS: &str = "WalletCustodianCalls";
const ID: &str = "calls";
/// How many calls are kept.
const MOST: usize = 100;
/// How often writing is begun again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// One call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    /// When it began.
    pub(super) at: i64,
    /// `backup`, `backup/fetch` or `preSign`.
    pub(super) call: String,
    pub(super) client_id: String,
    /// Host, port and path.
    pub(super) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backup_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<u16>,
    pub(super) duration_ms: u64,
    /// `ok`, or what went wrong.
    pub(super) outcome: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    rev: String,
    calls: Vec<Entry>,
}

async fn load(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Option<(Document, Stored)>> {
    let Some(document) = tx.document(group, CLASS, ID).await? else { return Ok(None) };
    let stored =
        serde_json::from_str(&document.body).map_err(|_| ApiError::internal("a record of calls is damaged"))?;
    Ok(Some((document, stored)))
}

/// The calls, newest first.
pub(super) async fn calls(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Vec<Entry>> {
    let calls = load(tx, group).await?.map(|(_, stored)| stored.calls).unwrap_or_default();
    Ok(calls.into_iter().rev().collect())
}

/// Adds a call. One that cannot be recorded was made all the same.
pub(super) async fn add(app: &App, group: &str, entry: Entry) {
    for _ in 0..ATTEMPTS {
        match try_add(app, group, &entry).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "a call of a custodian could not be recorded");
                return;
            }
        }
    }
    tracing::warn!("a call of a custodian could not be recorded: others are always faster");
}

async fn try_add(app: &App, group: &str, entry: &Entry) -> ApiResult<bool> {
    let mut tx = app.store.write().await?;
    let (before, mut calls) = match load(&mut *tx, group).await? {
        Some((document, stored)) => (Some(document), stored.calls),
        None => (None, Vec::new()),
    };
    calls.push(entry.clone());
    let surplus = calls.len().saturating_sub(MOST);
    calls.drain(..surplus);
    let damaged = || ApiError::internal("a record of calls is damaged");
    let rev = match &before {
        Some(before) => Rev::parse(&before.rev).ok_or_else(damaged)?.make_next(app.rng.bytes()),
        None => Rev::make_first(app.rng.bytes()),
    };
    let rev = rev.as_str().to_owned();
    let stored = Stored { id: ID.to_owned(), rev: rev.clone(), calls };
    let body = serde_json::to_string(&stored).map_err(|_| damaged())?;
    let document = Document { id: ID.to_owned(), rev, deleted: false, body, created_by: None };
    let none = Projection::default();
    let written = match &before {
        Some(before) => tx.replace(group, CLASS, &document, &before.rev, &none).await?,
        None => tx.create(group, CLASS, &document, &none).await?,
    };
    tx.commit().await?;
    Ok(written == Written::Done)
}
