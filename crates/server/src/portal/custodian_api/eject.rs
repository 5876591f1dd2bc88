//! The window in which a client may take its key out, which only the custodian opens.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::wallet::Event;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action};
use crate::http::{Path, json_body};
use crate::portal::body::Body;
use crate::portal::callers::Custodian;
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::object::facts;
use crate::portal::view::iso;
use crate::portal::{clients, release};
use crate::wallet::access;

/// How long the window is open where nothing else is said, in milliseconds (portal 2.1).
const WINDOW: i64 = 5 * 60_000;

/// `PATCH …/enable-eject`
pub(in crate::portal) async fn enable(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
    body: Body,
) -> PortalResult<Response> {
    let expected = "a moment as ISO 8601 has it, with its time zone, at least a minute ahead";
    let until = body.optional_text("ejectableUntil", expected)?;
    let until = until.map(|until| until.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond));
    let until = until.transpose().map_err(|_| Refusal::field("ejectableUntil", expected))?;
    let until = open(&app, &custodian, &id, &body, until).await?;
    Ok(json_body(&json!({"ejectableUntil": until}))?)
}

/// `POST …/prepare-eject`, which says the moment alone.
pub(in crate::portal) async fn prepare(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path(id): Path<String>,
    body: Body,
) -> PortalResult<Response> {
    let until = open(&app, &custodian, &id, &body, None).await?;
    Ok(json_body(&until)?)
}

/// `GET …/ejectable-backup-shares`
pub(in crate::portal) async fn shares(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    Path((id, wallet)): Path<(String, String)>,
) -> PortalResult<Response> {
    let group = custodian.group();
    let client = clients::find(&mut *app.store.look().await?, group, &id).await?;
    let client = client.ok_or_else(|| Refusal::not_found("client"))?;
    Ok(json_body(&release::both(&app, (group, &client.id), &wallet, &custodian.actor()).await?)?)
}

async fn open(app: &App, custodian: &Custodian, id: &str, body: &Body, until: Option<i64>) -> PortalResult<String> {
    let group = custodian.group();
    let expected = "the id of a wallet of the client";
    let wallet = body.text("walletId", expected)?;
    let client = clients::find(&mut *app.store.look().await?, group, id).await?;
    let client = client.ok_or_else(|| Refusal::not_found("client"))?;
    let now = app.now();
    let until = until.unwrap_or_else(|| now.saturating_add(WINDOW));
    let millis = |at: i64| u64::try_from(at).unwrap_or_default();
    access::tell(app, group, &client.id, |known| match facts(known).curve_of(wallet) {
        Some(_) => Ok(Some(Event::EjectWindowOpened { until: millis(until), at: millis(now) })),
        None => Err(Refusal::field("walletId", expected)),
    })
    .await??;
    let mut tx = app.store.write().await?;
    audit::note(app, &mut *tx, group, &custodian.actor(), Action::EjectWindowOpened, &client.id).await?;
    tx.commit().await?;
    Ok(iso(until))
}
