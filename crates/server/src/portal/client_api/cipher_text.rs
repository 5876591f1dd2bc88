//! Keeping the cipher text of a backup here, and getting it back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::wallet::PairId;
use keystead_store::Reading;
use serde_json::json;

use crate::app::App;
use crate::http::{Path, json_body, json_text};
use crate::portal::body::Body;
use crate::portal::callers::Caller;
use crate::portal::cipher_texts;
use crate::portal::environment::environment_of;
use crate::portal::error::{PortalResult, Refusal};
use crate::wallet::access::{self, Known};

/// The largest cipher text, in bytes.
const MAX_CIPHER_TEXT: usize = 64 * 1024;

/// `PATCH …/backup-share-pairs/{id}`
pub(in crate::portal) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(pair): Path<String>,
    body: Body,
) -> PortalResult<Response> {
    let expected = "the cipher text: 1 to 65536 bytes";
    let cipher_text = body.text("clientCipherText", expected)?;
    if cipher_text.len() > MAX_CIPHER_TEXT {
        return Err(Refusal::field("clientCipherText", expected));
    }
    let mut tx = app.store.write().await?;
    let (known, pair) = of_pair(&mut *tx, &caller, &pair).await?;
    let whose = (caller.group.as_str(), caller.id.as_str());
    cipher_texts::keep(&app, &mut *tx, whose, &known.state, pair, cipher_text).await?;
    tx.commit().await?;
    Ok(json_text("{}"))
}

/// `GET …/backup-share-pairs/{id}/cipher-text`
pub(in crate::portal) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(pair): Path<String>,
) -> PortalResult<Response> {
    let mut tx = app.store.read().await?;
    let (_, pair) = of_pair(&mut *tx, &caller, &pair).await?;
    let found = cipher_texts::find(&mut *tx, (&caller.group, &caller.id), pair).await?;
    let cipher_text = found.ok_or_else(|| Refusal::not_found("cipher text"))?;
    Ok(json_body(&json!({"cipherText": cipher_text}))?)
}

/// The caller's wallet, and one of its backup pairs that is not over, where cipher texts are kept here.
async fn of_pair(tx: &mut (dyn Reading + '_), caller: &Caller, pair: &str) -> PortalResult<(Known, PairId)> {
    if !environment_of(tx, &caller.group).await?.backup_with_portal_enabled {
        return Err(Refusal::state("the application keeps the cipher texts of this environment"));
    }
    let known = access::find(tx, &caller.group, &caller.id).await?;
    let pair = pair.parse().ok();
    let found = known.zip(pair).filter(|(known, pair)| cipher_texts::may_have(&known.state, *pair));
    found.ok_or_else(|| Refusal::not_found("backup share pair"))
}
