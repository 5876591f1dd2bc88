//! Reading clients: `GET /api/clients…` and its aliases.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::header::LINK;
use http::{HeaderValue, Uri};
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
/// The same for version 1, whose lists know no pages: so many are taken for all.
const TAKE_V1: usize = 1_000;

/// Query parameters of a list.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct Parameters {
    cursor: Option<String>,
    take: Option<String>,
}

impl Parameters {
    fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|cursor| !cursor.is_empty())
    }

    /// How many to take: `most` if nothing is said.
    fn take(&self, most: usize, expected: &'static str) -> PortalResult<usize> {
        match self.take.as_deref() {
            None | Some("") => Ok(most),
            Some(text) => {
                let take = text.parse().ok().filter(|take| (1..=most).contains(take));
                take.ok_or_else(|| Refusal::field("take", expected))
            }
        }
    }
}

/// Clients, oldest first, and whether there are more.
async fn some(
    tx: &mut (dyn Reading + '_),
    group: &str,
    cursor: Option<&str>,
    take: usize,
) -> PortalResult<(Vec<Client>, bool)> {
    // one more than asked for says whether there are more
    let mut found = clients::page(tx, group, cursor, take + 1).await?;
    let more = found.len() > take;
    found.truncate(take);
    Ok((found, more))
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
    Query(parameters): Query<Parameters>,
) -> PortalResult<Response> {
    let take = parameters.take(TAKE, "a number from 1 to 100")?;
    let mut tx = app.store.read().await?;
    let (found, more) = some(&mut *tx, custodian.group(), parameters.cursor(), take).await?;
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

/// Clients, oldest first, as version 1 has them: a list and nothing beside it. Where there are more than are told, the
/// header `Link` says where the list goes on (RFC 8288).
pub(in crate::portal) async fn list_v1(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    uri: Uri,
    Query(parameters): Query<Parameters>,
) -> PortalResult<Response> {
    let take = parameters.take(TAKE_V1, "a number from 1 to 1000")?;
    let mut tx = app.store.read().await?;
    let (found, more) = some(&mut *tx, custodian.group(), parameters.cursor(), take).await?;
    let mut listed: Vec<Value> = Vec::with_capacity(found.len());
    for client in &found {
        let wallet = access::find(&mut *tx, custodian.group(), &client.id).await?;
        listed.push(object::listed_v1(&client.id, wallet.as_ref()));
    }
    let mut response = json_body(&listed)?;
    if let Some(last) = found.last().filter(|_| more) {
        let next = format!("<{}?take={take}&cursor={}>; rel=\"next\"", uri.path(), last.id);
        if let Ok(next) = HeaderValue::try_from(next) {
            response.headers_mut().insert(LINK, next);
        }
    }
    Ok(response)
}
