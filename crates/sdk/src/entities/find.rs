//! Reading, finding and deleting entities.

use std::collections::HashMap;

use keystead_model::Object;
use serde_json::{Value, json};

use super::open::{open, open_one};
use super::record::split;
use super::{Kind, Record, RecordError, Records};
use crate::api::Core;
use crate::call::Call;
use crate::document::text;

/// Entities that are asked for in one request.
const BATCH: usize = 500;

/// `GET {class}/{id}`, opened.
pub(crate) async fn get(core: &Core, kind: Kind, id: &str) -> Result<Record, RecordError> {
    let call = core.with_access(Call::get(&[kind.path, id]), kind.entity_type).await?;
    let before = core.seen.before();
    let stored: Object = core.caller.read(call).await?;
    if text(&stored, "id") != Some(id) {
        return Err(RecordError::Malformed("id"));
    }
    core.seen.note(before, [&stored])?;
    open_one(core, kind, stored).await
}

/// `POST {class}/byIds`, in batches: those of the ids that exist, in their order, as the server has them.
pub(crate) async fn list(core: &Core, kind: Kind, ids: &[&str]) -> Result<Vec<Object>, RecordError> {
    let mut found = Vec::new();
    for batch in ids.chunks(BATCH) {
        let call = Call::post(&[kind.path, "byIds"]).json(&json!({ "ids": batch })).repeatable();
        let call = core.with_access(call, kind.entity_type).await?;
        let before = core.seen.before();
        let stored: Vec<Object> = core.caller.read(call).await?;
        core.seen.note(before, &stored)?;
        let mut by_id: HashMap<String, Object> =
            stored.into_iter().filter_map(|body| Some((text(&body, "id")?.to_owned(), body))).collect();
        found.extend(batch.iter().filter_map(|id| by_id.remove(*id)));
    }
    Ok(found)
}

/// Those of the ids that exist, opened.
pub(crate) async fn get_all<T: From<Record>>(core: &Core, kind: Kind, ids: &[&str]) -> Result<Records<T>, RecordError> {
    let stored = list(core, kind, ids).await?;
    Ok(split(open(core, kind, stored).await?))
}

/// `POST {class}/match`: the ids of what a filter finds.
pub(crate) async fn matching(core: &Core, kind: Kind, filter: &Value) -> Result<Vec<String>, RecordError> {
    let call = Call::post(&[kind.path, "match"]).json(filter).repeatable();
    let call = core.with_access(call, kind.entity_type).await?;
    Ok(core.caller.read(call).await?)
}

/// `DELETE {class}/{id}`: marks it as deleted, if it is at this revision.
pub(crate) async fn delete(core: &Core, kind: Kind, id: &str, rev: Option<&str>) -> Result<(), RecordError> {
    let mut call = Call::delete(&[kind.path, id]);
    if let Some(rev) = rev {
        call = call.query("rev", rev);
    }
    let call = core.with_access(call, kind.entity_type).await?;
    core.caller.write::<Value>(call).await?;
    Ok(())
}
