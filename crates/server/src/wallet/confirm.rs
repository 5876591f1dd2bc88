//! What the client says of its own part: that it keeps its halves, that the application stored a text or could not,
//! that it gives an operation up. Saying the same again changes nothing; what belongs to an operation that is over is
//! refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::error::FieldError;
use keystead_model::wallet::{Event, Fence, PairId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::caller::Caller;
use super::change::{Missing, Whose, change};
use super::effects::now;
use super::state::describe;
use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Json, json_body};

pub(super) async fn confirm(State(app): State<Arc<App>>, caller: Caller, Json(body): Json) -> ApiResult<Response> {
    answer(&app, &caller, said(&body)?).await
}

pub(super) async fn abandon(State(app): State<Arc<App>>, caller: Caller, Json(body): Json) -> ApiResult<Response> {
    let event = Event::Abandoned { fence: fence(&body)?, at: now(&app) };
    answer(&app, &caller, event).await
}

async fn answer(app: &App, Caller { group, owner, .. }: &Caller, event: Event) -> ApiResult<Response> {
    let record = change(app, Whose { group, owner }, Missing::Refuse, |_| Ok(Some(event.clone()))).await?;
    json_body(&describe(&record))
}

fn said(body: &Value) -> Result<Event, FieldError> {
    let fence = fence(body)?;
    let pairs: BTreeSet<PairId> = field(body, "pairs", "the ids of the pairs")?;
    let stored: bool = field(body, "stored", "true or false")?;
    match body.get("what").and_then(Value::as_str) {
        Some("signing") if stored => Ok(Event::SigningHalfConfirmed { fence, pairs }),
        Some("key") if stored => Ok(Event::BackupKeyStored { fence, pairs }),
        Some("signing" | "key") => Err(FieldError::new("stored", "true: what cannot be stored is abandoned")),
        Some("backup") => Ok(Event::ClientBackupStored { fence, pairs, success: stored }),
        _ => Err(FieldError::new("what", "signing, key or backup")),
    }
}

pub(super) fn fence(body: &Value) -> Result<Fence, FieldError> {
    Ok(Fence {
        operation: field(body, "operation", "the id of the operation")?,
        generation: field(body, "generation", "the number of a generation")?,
    })
}

pub(super) fn field<T: DeserializeOwned>(body: &Value, name: &str, expected: &str) -> Result<T, FieldError> {
    let value = body.get(name).unwrap_or(&Value::Null);
    T::deserialize(value).map_err(|_| FieldError::new(name, expected))
}
