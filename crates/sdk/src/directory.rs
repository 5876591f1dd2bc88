//! What healthcare professionals and devices have in common: reading one or several, making one.

use keystead_model::Object;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::error::{RequestError, WriteError};

/// Ids that are asked for in one request.
const BATCH: usize = 100;

/// `GET {class}/{id}`
pub(crate) async fn get<T: DeserializeOwned>(core: &Core, class: &str, id: &str) -> Result<T, RequestError> {
    core.caller.read(Call::get(&[class, id])).await
}

/// `POST {class}/byIds`, in batches: those of the ids that exist, in their order.
pub(crate) async fn list<T: DeserializeOwned>(core: &Core, class: &str, ids: &[&str]) -> Result<Vec<T>, RequestError> {
    let mut found = Vec::new();
    for batch in ids.chunks(BATCH) {
        let call = Call::post(&[class, "byIds"]).json(&json!({ "ids": batch })).repeatable();
        found.extend(core.caller.read::<Vec<T>>(call).await?);
    }
    Ok(found)
}

/// `POST {class}` with an id that is chosen here unless there is one, so that an attempt whose answer was
/// lost is recognised when it is made again.
pub(crate) async fn create<T>(core: &Core, class: &str, new: &T) -> Result<T, WriteError>
where
    T: Serialize + DeserializeOwned,
{
    let Ok(Value::Object(mut fields)) = serde_json::to_value(new) else { return Err(RequestError::Unreadable.into()) };
    if text(&fields, "id").is_none() {
        fields.insert("id".to_owned(), json!(core.uuid()));
    }
    let call = Call::post(&[class]).json(&fields).repeatable();
    match core.caller.write(call).await {
        Err(WriteError::AlreadyExists(refusal) | WriteError::Conflict(refusal)) if refusal.after_repetition() => {
            let id = text(&fields, "id").unwrap_or_default();
            let found: Object = get(core, class, id).await?;
            let is_ours = fields.iter().all(|(key, value)| found.get(key) == Some(value));
            let found = serde_json::from_value(Value::Object(found)).map_err(|_| RequestError::Unreadable)?;
            if is_ours { Ok(found) } else { Err(WriteError::AlreadyExists(refusal)) }
        }
        outcome => outcome,
    }
}
