//! Exchange data maps: from a delegation key to the id of the exchange data behind it, sealed for the
//! explicit side of a delegation whose other side is hidden (wire 5.2).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::access::delegation_key;
use keystead_model::entity::exchange_data_map::CLASS;
use keystead_store::Writing;
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::entities::by_ids::list_of_ids;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Text, json_text};

const ENTRIES: &str = "encryptedExchangeDataIds";

/// `PUT exchangedatamap/batch`: answers the raw text `ok`.
///
/// The request names access control keys, whose digests are the ids: only who knows a key can add to
/// its map.
pub(super) async fn put(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Text> {
    let body = if body.is_null() { json!({}) } else { body };
    let request = documents::check("ExchangeDataMapCreationBatch", body)?;
    let mut maps = BTreeMap::new();
    for (key, entries) in request.get("batch").and_then(Value::as_object).into_iter().flatten() {
        let mut bytes = [0; 16];
        hex::decode_to_slice(key, &mut bytes).map_err(|_| ApiError::internal("a checked key is not hex"))?;
        let entries = entries.as_object().into_iter().flatten();
        let texts = entries.filter_map(|(fingerprint, id)| Some((fingerprint.clone(), id.as_str()?.to_owned())));
        maps.insert(delegation_key(&bytes), texts.collect());
    }
    if !maps.is_empty() {
        let mut tx = app.store.write().await?;
        for (key, entries) in &maps {
            merge_map(&app, &mut *tx, session.group(), key, entries).await?;
        }
        tx.commit().await?;
    }
    Ok(Text("ok".to_owned()))
}

/// `POST exchangedatamap/batch`: the maps that exist, in the order of the delegation keys asked for.
pub(super) async fn by_ids(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let ids = list_of_ids(body)?;
    let mut tx = app.store.read().await?;
    let found = tx.documents(session.group(), CLASS.name, &ids, None).await?;
    Ok(json_text(documents::array(found.iter().map(|document| document.body.as_str()))))
}

/// Creates the map of a delegation key, or adds the entries whose fingerprints it lacks. Entries that
/// are there are never replaced (wire 4.3).
///
/// # Errors
/// The store fails.
pub async fn merge_map(
    app: &App,
    tx: &mut (dyn Writing + '_),
    group: &str,
    delegation_key: &str,
    entries: &BTreeMap<String, String>,
) -> ApiResult<()> {
    let Some(stored) = tx.document(group, CLASS.name, delegation_key).await? else {
        let map = documents::check(CLASS.name, json!({"id": delegation_key, ENTRIES: entries}))?;
        documents::insert(app, tx, group, &CLASS, None, map).await?;
        return Ok(());
    };
    let mut map = documents::parse(&stored)?;
    let kept = map.entry(ENTRIES).or_insert_with(|| json!({}));
    let Value::Object(kept) = kept else { return Err(ApiError::internal("a stored exchange data map is no map")) };
    let before = kept.len();
    for (fingerprint, id) in entries {
        kept.entry(fingerprint.as_str()).or_insert_with(|| Value::from(id.as_str()));
    }
    if kept.len() > before {
        documents::update(app, tx, group, &CLASS, &stored, map).await?;
    }
    Ok(())
}
