//! `POST /api/webhook`: where the custodian's webhooks are, and the secret that they know us by.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::audit::{self, Action};
use crate::custody;
use crate::http::json_text;
use crate::portal::body::Body;
use crate::portal::callers::Custodian;
use crate::portal::error::{PortalResult, Refusal};

/// The built-in custodian is replaced: halves of backups go there from now on.
pub(in crate::portal) async fn set(
    State(app): State<Arc<App>>,
    custodian: Custodian,
    body: Body,
) -> PortalResult<Response> {
    let group = custodian.group();
    let expected = "the base URL of the webhooks: https, of a public host, without user, query and fragment";
    let url = body.text("webhook", expected)?;
    let secret = body.text("secret", "1 to 2048 printable ASCII characters")?;
    custody::configure(&app, group, url, secret).await.map_err(|error| match error.field.as_deref() {
        Some("url") => Refusal::field("webhook", expected),
        _ => error.into(),
    })?;
    let mut tx = app.store.write().await?;
    audit::note(&app, &mut *tx, group, &custodian.actor(), Action::WebhooksSet, group).await?;
    tx.commit().await?;
    Ok(json_text(r#"{"success":true}"#))
}
