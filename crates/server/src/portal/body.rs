//! Bodies of this API: objects, small, and forgiven what they have too much.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use keystead_model::Object;
use keystead_model::wallet::PairId;
use serde_json::Value;

use super::error::{PortalResult, Refusal};
use crate::app::App;
use crate::http::{read_body, read_value};

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 128 * 1024;
/// The most pairs that are named at a time.
const MAX_PAIRS: usize = 64;

/// A body. None is an empty object.
pub(super) struct Body(Object);

impl FromRequest<Arc<App>> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<App>) -> PortalResult<Self> {
        match read_value(&read_body(request, MAX_BODY).await?)? {
            Value::Null => Ok(Self(Object::new())),
            Value::Object(object) => Ok(Self(object)),
            _ => Err(Refusal::field("", "an object")),
        }
    }
}

impl Body {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// The text at `key`, which is called `what`.
    pub(super) fn text(&self, key: &str, what: &str) -> PortalResult<&str> {
        self.optional_text(key, what)?.ok_or_else(|| Refusal::field(key, what))
    }

    /// The text at `key`, if there is one.
    pub(super) fn optional_text(&self, key: &str, what: &str) -> PortalResult<Option<&str>> {
        let text = |value: &'_ Value| value.as_str().map(str::len).is_some_and(|length| length > 0);
        match self.get(key) {
            Some(value) if !text(value) => Err(Refusal::field(key, what)),
            value => Ok(value.and_then(Value::as_str)),
        }
    }

    /// Whether it is so, if it is said.
    pub(super) fn flag(&self, key: &str) -> PortalResult<Option<bool>> {
        match self.get(key) {
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Refusal::field(key, "true or false")),
            None => Ok(None),
        }
    }

    /// The ids of pairs at `key`. Ids that cannot be of any pair are refused like those of foreign pairs.
    pub(super) fn pairs(&self, key: &str) -> PortalResult<Vec<PairId>> {
        let expected = || Refusal::field(key, "ids of pairs of this wallet: 1 to 64");
        let listed = self.get(key).and_then(Value::as_array).ok_or_else(expected)?;
        if listed.is_empty() || listed.len() > MAX_PAIRS {
            return Err(expected());
        }
        listed.iter().map(|id| id.as_str().and_then(|id| id.parse().ok()).ok_or_else(expected)).collect()
    }
}
