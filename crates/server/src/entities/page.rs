//! Pages of a filter's result (wire 1.6). The key of the next page is opaque to clients: the
//! place where the last one ended.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keystead_store::documents::Hit;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};

/// Entities on a page where the request does not say how many.
const DEFAULT: usize = 1000;
/// The most entities on a page.
const LARGEST: usize = 10_000;

/// Query parameters of a page.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameters {
    #[serde(rename = "startDocumentId")]
    start: Option<String>,
    limit: Option<usize>,
}

impl Parameters {
    /// How many entities the page may have.
    pub(crate) fn limit(&self) -> usize {
        self.limit.unwrap_or(DEFAULT).clamp(1, LARGEST)
    }

    /// Where the last page ended.
    ///
    /// # Errors
    /// The parameter is not a key that an earlier page gave.
    pub(crate) fn after(&self) -> ApiResult<Option<Hit>> {
        let Some(start) = self.start.as_deref().filter(|start| !start.is_empty()) else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(start).ok();
        let hit = bytes.and_then(|bytes| serde_json::from_slice::<(Option<i64>, String, String)>(&bytes).ok());
        let (sort, id, part) =
            hit.ok_or_else(|| ApiError::malformed("startDocumentId: expected the key that the last page gave"))?;
        Ok(Some(Hit { id, part, sort }))
    }
}

/// The key of the page after `last`.
pub(crate) fn next(last: &Hit) -> Value {
    let place = json!([last.sort, last.id, last.part]).to_string();
    json!({"startKeyDocId": URL_SAFE_NO_PAD.encode(place)})
}

/// A page of the entities `bodies`, a JSON array.
pub(crate) fn body(bodies: &str, next: Option<&Value>) -> String {
    match next {
        Some(next) => format!(r#"{{"rows":{bodies},"nextKeyPair":{next}}}"#),
        None => format!(r#"{{"rows":{bodies}}}"#),
    }
}
