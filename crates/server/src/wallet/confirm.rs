//! `POST wallet/confirm`: the client says whether its part of a generation is stored. The last word that is needed
//! puts everything new into force and destroys the server halves of what was, in one transaction.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::error::FieldError;
use serde_json::Value;

use super::lifecycle::Kind;
use super::record::{Missing, change};
use super::state::describe;
use crate::app::App;
use crate::auth::Session;
use crate::error::ApiResult;
use crate::http::{Json, json_body};

pub(super) async fn confirm(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let owner = session.require_data_owner()?;
    let (generation, kind, stored) = read(&body)?;
    let changed = change(&app, (session.group(), owner), Missing::Refuse, &[], |record| {
        let before = record.lifecycle.signing();
        record.lifecycle.confirm(generation, kind, stored)?;
        if before.is_some() && record.lifecycle.signing() != before {
            // what a cheater learned was of transfers that are gone; after too many times it stays locked
            let mut bans = record.bans();
            if bans.unfreeze().is_ok() {
                record.set_bans(bans);
            }
        }
        Ok(())
    });
    let ((), record) = changed.await?;
    json_body(&describe(&record))
}

fn read(body: &Value) -> ApiResult<(u32, Kind, bool)> {
    let generation = body.get("generation").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
    let kind = match body.get("what").and_then(Value::as_str) {
        Some("signing") => Some(Kind::Signing),
        Some("backup") => Some(Kind::Backup),
        _ => None,
    };
    let stored = body.get("stored").and_then(Value::as_bool);
    Ok((
        generation.ok_or_else(|| FieldError::new("generation", "the number of a generation"))?,
        kind.ok_or_else(|| FieldError::new("what", "signing or backup"))?,
        stored.ok_or_else(|| FieldError::new("stored", "true or false"))?,
    ))
}
