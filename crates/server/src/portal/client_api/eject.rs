//! Taking the key out. The custodian, who opened the window, knows who the client is: that is what makes it enough.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keystead_model::wallet::BackupMethod;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Action};
use crate::http::{Path, json_body};
use crate::portal::body::Body;
use crate::portal::callers::Caller;
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::release;
use crate::wallet::release as wallet;

/// `POST …/wallets/{walletId}/prepare-eject`
pub(in crate::portal) async fn prepare(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wallet): Path<String>,
    body: Body,
) -> PortalResult<Response> {
    let expected = "GDRIVE, ICLOUD, PASSKEY, PASSWORD, FIREBASE, CUSTOM or UNKNOWN";
    let method = match body.optional_text("backupMethod", expected)? {
        Some(name) => Some(BackupMethod::parse(name).ok_or_else(|| Refusal::field("backupMethod", expected))?),
        None => None,
    };
    let released = release::custodians(&app, (&caller.group, &caller.id), &wallet, method, &caller.id).await?;
    Ok(json_body(&json!({"share": released.share.as_str()}))?)
}

/// `GET …/wallets/{walletId}/ejectable-backup-shares`
pub(in crate::portal) async fn shares(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(wallet): Path<String>,
) -> PortalResult<Response> {
    Ok(json_body(&release::both(&app, (&caller.group, &caller.id), &wallet, &caller.id).await?)?)
}

/// `POST …/eject`
pub(in crate::portal) async fn done(State(app): State<Arc<App>>, caller: Caller, _: Body) -> PortalResult<StatusCode> {
    wallet::done(&app, &caller.group, &caller.id).await?;
    let mut tx = app.store.write().await?;
    audit::note(&app, &mut *tx, &caller.group, &caller.id, Action::KeyEjected, &caller.id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
