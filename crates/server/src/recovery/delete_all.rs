//! `DELETE recoverydata/forRecipient/{recipient}`, of all types or one, for good.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::entity::recovery_data::{CLASS, for_recipient};
use keystead_model::query::Selection;
use keystead_store::documents::Written;
use serde_json::json;

use super::has_expired;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Path, json_body};
use crate::owners::directory;

pub(super) async fn delete_all(
    State(app): State<Arc<App>>,
    session: Session,
    Path(recipient): Path<String>,
) -> ApiResult<Response> {
    delete(&app, &session, &recipient, None).await
}

pub(super) async fn delete_of_type(
    State(app): State<Arc<App>>,
    session: Session,
    Path((recipient, kind)): Path<(String, String)>,
) -> ApiResult<Response> {
    // RC.7 writes the Kotlin names of the types
    let kind = match kind.as_str() {
        "KEYPAIR_RECOVERY" | "KeypairRecovery" => "KEYPAIR_RECOVERY",
        "EXCHANGE_KEY_RECOVERY" | "ExchangeKeyRecovery" => "EXCHANGE_KEY_RECOVERY",
        _ => return Err(ApiError::malformed("the type: expected KEYPAIR_RECOVERY or EXCHANGE_KEY_RECOVERY")),
    };
    delete(&app, &session, &recipient, Some(kind)).await
}

async fn delete(app: &App, session: &Session, recipient: &str, kind: Option<&str>) -> ApiResult<Response> {
    if session.data_owner() != Some(recipient) && !session.is_admin() {
        return Err(ApiError::forbidden("recovery data is for its recipient"));
    }
    let mut count = 0_u64;
    let mut tx = app.store.write().await?;
    let sought = Selection::unordered(for_recipient(recipient, kind));
    let ids = directory::ids(&mut *tx, session.group(), &CLASS, sought).await?;
    for document in tx.documents(session.group(), CLASS.name, &ids, None).await? {
        // what has expired goes as well, but nobody knew that it was still there
        count += u64::from(!has_expired(app, &documents::parse(&document)?));
        if tx.purge(session.group(), CLASS.name, &document.id, &document.rev).await? != Written::Done {
            return Err(ApiError::stale());
        }
    }
    tx.commit().await?;
    json_body(&json!({"numberValue": count}))
}
