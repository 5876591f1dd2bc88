//! `PUT exchangedata`: either side adds entries for more keys (wire 6.1, giving access back).
//!
//! Clients send the stored document with entries added and a new shared signature. Whatever was
//! there stays: a delegate who could take away or replace an entry could lock the delegator out of
//! everything shared with it, and the other way round. Only signatures of the delegator are the
//! delegator's to renew: ours name the keys that they vouch for.

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
const MAPS: [&str; 4] = ["exchangeKey", "accessControlSecret", "sharedSignatureKey", SIGNATURES];

/// What the delegator signs with.
const SIGNATURES: &str = "delegatorSignature";

pub(super) async fn modify(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let object = documents::check(CLASS.name, body)?;
    let mut tx = app.store.write().await?;
    let (stored, before) = documents::load(&mut *tx, session.group(), &CLASS, documents::id(&object)?).await?;
    require_participant(&session, &before)?;
    documents::check_rev(&stored, documents::text(&object, "rev"), true)?;
    let by_delegator = documents::text(&before, "delegator") == session.caller().data_owner.as_deref();
    check_changes(&before, &object, by_delegator)?;
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}

/// Refuses everything but additions and a new shared signature.
fn check_changes(before: &Object, after: &Object, by_delegator: bool) -> Result<(), FieldError> {
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
            let now = after.get(map).and_then(|entries| entries.get(fingerprint));
            now == Some(value) || (now.is_some() && by_delegator && map == SIGNATURES)
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
        checked_of(false, change)
    }

    fn checked_of(by_delegator: bool, change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let before = json!({
            "delegator": "a", "delegate": "b", "exchangeKey": {"1": "x"}, "accessControlSecret": {"1": "x"},
            "sharedSignatureKey": {"1": "x"}, "delegatorSignature": {"1": "x"}, "sharedSignature": "s",
        });
        let mut after = before.clone();
        change(&mut after);
        check_changes(before.as_object().unwrap(), after.as_object().unwrap(), by_delegator).map_err(|error| error.path)
    }

    #[test]
    fn entries_are_added_and_the_shared_signature_is_renewed() {
        assert_eq!(checked(|after| after["exchangeKey"]["2"] = json!("y")), Ok(()));
        assert_eq!(checked(|after| after["delegatorSignature"]["2"] = json!("y")), Ok(()));
        assert_eq!(checked(|after| after["sharedSignature"] = json!("t")), Ok(()));
    }

    #[test]
    fn the_delegator_renews_signatures_and_takes_none_away() {
        assert_eq!(checked_of(true, |after| after[SIGNATURES]["1"] = json!("y")), Ok(()));
        assert_eq!(checked_of(true, |after| after[SIGNATURES] = json!({})), Err(SIGNATURES.to_owned()));
        assert_eq!(checked_of(true, |after| after["exchangeKey"]["1"] = json!("y")), Err("exchangeKey".to_owned()));
    }

    #[test]
    fn nothing_is_replaced_or_taken_away() {
        for map in MAPS {
            assert_eq!(checked(|after| after[map] = json!({"1": "y"})), Err(map.to_owned()));
            assert_eq!(checked(|after| after[map] = json!({"2": "x"})), Err(map.to_owned()));
        }
        for party in ["delegator", "delegate"] {
            assert_eq!(checked(|after| after[party] = json!("c")), Err(party.to_owned()));
        }
    }
}
