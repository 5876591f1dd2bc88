//! `GET {class}/{id}/aesExchangeKeys`: the legacy exchange keys that data owners of one kind made
//! towards a data owner (wire 6.1, 7.2).

use std::sync::Arc;

use axum::response::Response;
use keystead_model::Object;
use keystead_model::access::DataOwnerType;
use keystead_model::entity::{device, healthcare_party, patient};
use keystead_model::query::Selection;
use serde_json::{Value, json};

use super::{directory, kind};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::json_body;

/// Length of a fingerprint of version 1: the last hex characters of a public key.
const FINGERPRINT: usize = 32;

/// `{delegator: {fingerprint of its key: {fingerprint of a key of the delegate: hex}}}`. Entries
/// without a fingerprint, which only older clients can read, are left out.
pub(super) async fn towards(
    app: Arc<App>,
    kind: DataOwnerType,
    session: Session,
    delegate: String,
) -> ApiResult<Response> {
    if !session.caller().acts_as(&delegate) {
        return Err(ApiError::forbidden("exchange keys are listed for their delegate only"));
    }
    let class = kind::class(kind);
    let sought = match kind {
        DataOwnerType::Hcp => healthcare_party::with_legacy_exchange_keys_to(&delegate),
        DataOwnerType::Patient => patient::with_legacy_exchange_keys_to(&delegate),
        DataOwnerType::Device => device::with_legacy_exchange_keys_to(&delegate),
    };
    let mut tx = app.store.read().await?;
    let ids = directory::ids(&mut *tx, session.group(), class, Selection::unordered(sought)).await?;
    let mut towards = Object::new();
    for delegator in tx.documents(session.group(), class.name, &ids, None).await? {
        let keys = of_delegator(&documents::parse(&delegator)?, &delegate);
        if !keys.is_empty() {
            towards.insert(delegator.id, Value::Object(keys));
        }
    }
    json_body(&towards)
}

fn of_delegator(delegator: &Object, delegate: &str) -> Object {
    let own_keys = delegator.get("aesExchangeKeys").and_then(Value::as_object).into_iter().flatten();
    let entries = own_keys.filter_map(|(own_key, by_delegate)| {
        let start = own_key.len().checked_sub(FINGERPRINT)?;
        let sealed = by_delegate.get(delegate)?.as_object()?.iter();
        let sealed: Object = sealed.filter(|(key, _)| !key.is_empty()).map(|(k, v)| (k.clone(), v.clone())).collect();
        (!sealed.is_empty()).then_some((own_key.get(start..)?.to_owned(), json!(sealed)))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_by_their_fingerprints() {
        let (own, fingerprint) = (format!("30{}", "ab".repeat(16)), "ab".repeat(16));
        let delegator = json!({"aesExchangeKeys": {
            own: {"me": {"cd": "00", "": "11"}, "other": {"cd": "22"}},
            "": {"me": {"cd": "33"}},
            format!("31{}", "ef".repeat(16)): {"me": {"": "44"}},
        }});
        let found = of_delegator(delegator.as_object().unwrap(), "me");
        assert_eq!(Value::Object(found), json!({fingerprint: {"cd": "00"}}));
    }
}
