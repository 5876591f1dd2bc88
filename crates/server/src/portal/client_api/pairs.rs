//! What a client says of its halves.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use keystead_model::wallet::{BackupMethod, Event, WalletState};

use crate::app::App;
use crate::portal::body::Body;
use crate::portal::callers::Caller;
use crate::portal::error::{PortalResult, Refusal};
use crate::portal::said::{self, BackupSaid, NotSaid};
use crate::wallet::access;

/// `PATCH …/signing-share-pairs`
pub(in crate::portal) async fn signing(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> PortalResult<StatusCode> {
    let pairs = body.pairs("signingSharePairIds")?;
    let expected = "STORED_CLIENT";
    if body.text("status", expected)? != expected {
        return Err(Refusal::field("status", expected));
    }
    tell(&app, &caller, |state| said::signing_stored(state, &pairs)).await
}

/// `PATCH …/backup-share-pairs`
pub(in crate::portal) async fn backup(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> PortalResult<StatusCode> {
    let pairs = body.pairs("backupSharePairIds")?;
    let expected = "STORED_CLIENT_BACKUP_SHARE_KEY or STORED_CLIENT_BACKUP_SHARE";
    let what = BackupSaid::parse(body.text("status", expected)?).ok_or_else(|| Refusal::field("status", expected))?;
    tell(&app, &caller, |state| said::backup_stored(state, &pairs, what)).await
}

/// `PUT …/stored-client-backup-share`
pub(in crate::portal) async fn newest_backup(
    state: State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> PortalResult<StatusCode> {
    of_newest(state, caller, body, BackupSaid::CipherText).await
}

/// `PUT …/stored-client-backup-share-key`
pub(in crate::portal) async fn newest_backup_key(
    state: State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> PortalResult<StatusCode> {
    of_newest(state, caller, body, BackupSaid::Key).await
}

async fn of_newest(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
    what: BackupSaid,
) -> PortalResult<StatusCode> {
    let success = body.flag("success")?.ok_or_else(|| Refusal::field("success", "true or false"))?;
    let expected = "GDRIVE, ICLOUD, PASSKEY, PASSWORD, FIREBASE, CUSTOM or UNKNOWN";
    // the oldest clients name none
    let method = match body.optional_text("backupMethod", expected)? {
        Some(name) => Some(BackupMethod::parse(name).ok_or_else(|| Refusal::field("backupMethod", expected))?),
        None => None,
    };
    tell(&app, &caller, |state| said::newest_backup(state, method, what, success)).await
}

/// `PUT …/stored-client-signing-share`
pub(in crate::portal) async fn newest_signing(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Body,
) -> PortalResult<StatusCode> {
    match body.flag("success")? {
        // nothing is in force before it is said to be stored
        Some(false) => Ok(StatusCode::NO_CONTENT),
        Some(true) | None => tell(&app, &caller, said::newest_signing).await,
    }
}

async fn tell(
    app: &App,
    caller: &Caller,
    mut said: impl FnMut(&WalletState) -> Result<Option<Event>, NotSaid>,
) -> PortalResult<StatusCode> {
    access::tell(app, &caller.group, &caller.id, |known| said(&known.state)).await??;
    Ok(StatusCode::NO_CONTENT)
}
