//! What a client reads of itself.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::wallet::Curve;

use crate::app::App;
use crate::http::{Path, json_body};
use crate::portal::callers::Caller;
use crate::portal::environment::environment_of;
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::object::{self, Of, facts};
use crate::wallet::access::{self, Known};

/// `GET /api/v3/clients/me`
pub(in crate::portal) async fn get(State(app): State<Arc<App>>, caller: Caller) -> PortalResult<Response> {
    let mut tx = app.store.read().await?;
    let environment = environment_of(&mut *tx, &caller.group).await?;
    let wallet = access::find(&mut *tx, &caller.group, &caller.id).await?;
    let client = caller.client.as_ref();
    let of = Of {
        environment: &environment,
        id: &caller.id,
        created: client.map(|client| client.created),
        is_account_abstracted: client.is_some_and(|client| client.is_account_abstracted),
    };
    Ok(json_body(&object::client(&of, wallet.as_ref()))?)
}

/// `GET …/wallets/{walletId}/signing-share-pairs`
pub(in crate::portal) async fn signing_pairs(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wallet): Path<String>,
) -> PortalResult<Response> {
    let (known, curve) = of_curve(&app, &caller, &wallet).await?;
    Ok(json_body(&facts(&known).signing_pairs(curve))?)
}

/// `GET …/wallets/{walletId}/backup-share-pairs`
pub(in crate::portal) async fn backup_pairs(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wallet): Path<String>,
) -> PortalResult<Response> {
    let (known, curve) = of_curve(&app, &caller, &wallet).await?;
    Ok(json_body(&facts(&known).backup_pairs(curve))?)
}

/// The caller's wallet of this id, and the curve it is on.
async fn of_curve(app: &App, caller: &Caller, wallet: &str) -> PortalResult<(Known, Curve)> {
    let known = access::find(&mut *app.store.look().await?, &caller.group, &caller.id).await?;
    let found = known.and_then(|known| facts(&known).curve_of(wallet).map(|curve| (known, curve)));
    found.ok_or_else(|| Refusal::not_found("wallet"))
}
