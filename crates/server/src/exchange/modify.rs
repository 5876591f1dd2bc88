//! `PUT exchangedata`: either side adds entries for more keys (wire 6.1, giving access back).
//!
//! Clients send the stored document with entries added and a new shared signature. Whatever was
//! there stays: a delegate who could take away or replace an entry could lock the delegator out of
//! everything shared with it, and the other way round.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::exchange_data::CLASS;
use keystead_model::error::FieldError;
use serde_json::Value;

use super::get::require_participant;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Json, json_text};

/// The maps by key fingerprint that only grow.
const MAPS: [&str; 4] = ["exchangeKey", "accessControlSecret", "sharedSignatureKey", "delegatorSignature"];

pub(super) async fn modify(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let object = documents::check(CLASS.name, body)?;
    let mut tx = app.store.write().await?;
    let (stored, before) = documents::load(&mut *tx, session.group(), &CLASS, documents::id(&object)?).await?;
    require_participant(&session, &before)?;
    documents::check_rev(&stored, documents::text(&object, "rev"), true)?;
    check_changes(&before, &object)?;
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Refuses everything but additions and a new shared signature.
fn check_changes(before: &Object, after: &Object) -> Result<(), FieldError> {
    if after.contains_key("deletionDate") {
        return Err(FieldError::new("deletionDate", "nothing: exchange data is not deleted"));
    }
    for party in ["delegator", "delegate"] {
        if before.get(party) != after.get(party) {
            return Err(FieldError::new(party, "no change"));
        }
    }
    for map in MAPS {
        let kept = |(fingerprint, value): (&String, &Value)| {
            after.get(map).and_then(|entries| entries.get(fingerprint)) == Some(value)
        };
        if !before.get(map).and_then(Value::as_object).into_iter().flatten().all(kept) {
            return Err(FieldError::new(map, "every entry already there, besides new ones"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let before = json!({
            "delegator": "a", "delegate": "b", "exchangeKey": {"1": "x"}, "accessControlSecret": {"1": "x"},
            "sharedSignatureKey": {"1": "x"}, "delegatorSignature": {}, "sharedSignature": "s",
        });
        let mut after = before.clone();
        change(&mut after);
        check_changes(before.as_object().unwrap(), after.as_object().unwrap()).map_err(|error| error.path)
    }

    #[test]
    fn entries_are_added_and_the_shared_signature_is_renewed() {
        assert_eq!(checked(|after| after["exchangeKey"]["2"] = json!("y")), Ok(()));
        assert_eq!(checked(|after| after["delegatorSignature"]["2"] = json!("y")), Ok(()));
        assert_eq!(checked(|after| after["sharedSignature"] = json!("t")), Ok(()));
    }

    #[test]
    fn nothing_is_replaced_or_taken_away() {
        for map in ["exchangeKey", "accessControlSecret", "sharedSignatureKey"] {
            assert_eq!(checked(|after| after[map] = json!({"1": "y"})), Err(map.to_owned()));
            assert_eq!(checked(|after| after[map] = json!({"2": "x"})), Err(map.to_owned()));
        }
        for party in ["delegator", "delegate"] {
            assert_eq!(checked(|after| after[party] = json!("c")), Err(party.to_owned()));
        }
    }
}
