//! Reading clients: `GET /api/clients…` and its aliases.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_store::Reading;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::http::{Path, Query, json_body};
use crate::portal::callers::Custodian;
use crate::portal::clients::{self, Client};
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::object::{self, Of};
use crate::wallet::access;

/// The most clients on a page, and as many as there are on one that does not say (portal 2.1).
const TAKE: usize = 100;

/// Query parameters of a list.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct Parameters {
    cursor: Option<String>,
    take: Option<String>,
}

async fn find(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> PortalResult<Client> {
    clients::find(tx, group, id).await?.ok_or_else(|| Refusal::not_found("client"))
}

/// A client, as version 3 has it.
pub(in crate::portal) async fn get(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
) -> PortalResult<Response> {
    let mut tx = app.store.read().await?;
    let client = find(&mut *tx, custodian.group(), &id).await?;
    Ok(json_body(&whole(&mut *tx, &custodian, &client).await?)?)
}

async fn whole(tx: &mut (dyn Reading + '_), custodian: &Custodian, client: &Client) -> PortalResult<Value> {
    let wallet = access::find(tx, custodian.group(), &client.id).await?;
    let of = Of {
        environment: &custodian.environment,
        id: &client.id,
        created: Some(client.created),
        is_account_abstracted: client.is_account_abstracted,
    };
    Ok(object::client(&of, wallet.as_ref()))
}

/// A page of clients, oldest first.
pub(in crate::portal) async fn page(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Query(Parameters { cursor, take }): Query<Parameters>,
) -> PortalResult<Response> {
    let take = match take.as_deref() {
        None | Some("") => TAKE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|take| (1..=TAKE).contains(take))
            .ok_or_else(|| Refusal::field("take", "a number from 1 to 100"))?,
    };
    let cursor = cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let mut tx = app.store.read().await?;
    // one more than asked for says whether there are more
    let mut found = clients::page(&mut *tx, custodian.group(), cursor, take + 1).await?;
    let more = found.len() > take;
    found.truncate(take);
    let mut results = Vec::with_capacity(found.len());
    for client in &found {
        results.push(whole(&mut *tx, &custodian, client).await?);
    }
    let total = clients::count(&mut *tx, custodian.group()).await?;
    let cursor = found.last().filter(|_| more).map(|client| client.id.as_str());
    Ok(json_body(&json!({"results": results, "metadata": {"cursor": cursor, "take": take, "total": total}}))?)
}

/// A client, as version 1 has it.
pub(in crate::portal) async fn get_v1(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
) -> PortalResult<Response> {
    let mut tx = app.store.read().await?;
    let client = find(&mut *tx, custodian.group(), &id).await?;
    let wallet = access::find(&mut *tx, custodian.group(), &client.id).await?;
    Ok(json_body(&object::client_v1(&client.id, client.is_account_abstracted, wallet.as_ref()))?)
}

/// All clients, as version 1 has them.
pub(in crate::portal) async fn list_v1(State(app): State<Arc<App>>, custodian: Custodian) -> PortalResult<Response> {
    let mut tx = app.store.read().await?;
    let mut listed: Vec<Value> = Vec::new();
    let mut last: Option<String> = None;
    loop {
        let page = clients::page(&mut *tx, custodian.group(), last.as_deref(), TAKE).await?;
        let Some(end) = page.last() else { return Ok(json_body(&listed)?) };
        last = Some(end.id.clone());
        for client in &page {
            let wallet = access::find(&mut *tx, custodian.group(), &client.id).await?;
            listed.push(object::listed_v1(&client.id, wallet.as_ref()));
        }
    }
}
