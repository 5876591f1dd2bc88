//! `GET|PUT dataowner/stub`: the keys of a data owner, and how it publishes one (wire 2.2, 4.3).
//!
//! Everybody in the group reads stubs, because sharing starts with the other side's public keys. Only
//! the owner writes them, and only adds to them. An administrator is no exception: a server that let
//! its administrator replace a public key would let the administrator read what is shared from then on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::access::{self, DataOwnerType};
use keystead_model::error::FieldError;
use serde_json::{Value, json};

use super::{ids, kind};
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Path, json_body};

/// `GET dataowner/stub/{id}`
pub(super) async fn get(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let found = ids::find(&mut *tx, session.group(), &id).await?;
    let (kind, document) = found.ok_or_else(|| ApiError::not_found("data owner"))?;
    answer(&session, kind, &documents::parse(&document)?)
}

/// `PUT dataowner/stub`
pub(super) async fn put(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let body = documents::check("CryptoActorStubWithType", body)?;
    let kind = documents::text(&body, "type").and_then(kind::named);
    let (Some(kind), Some(stub)) = (kind, body.get("stub").and_then(Value::as_object)) else {
        return Err(ApiError::internal("a checked stub has no type"));
    };
    let class = kind::class(kind);
    let mut tx = app.store.write().await?;
    let (stored, before) = documents::load(&mut *tx, session.group(), class, documents::id(stub)?).await?;
    documents::check_rev(&stored, documents::text(stub, "rev"), true).map_err(in_stub)?;
    let after = access::put_stub(&before, stub, &session.caller()).map_err(|error| in_stub(error.into()))?;
    // nobody may change the revision of another data owner, and thereby hinder it, with nothing to add
    if after == before {
        return answer(&session, kind, &before);
    }
    let document = documents::update(&app, &mut *tx, session.group(), class, &stored, after).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::KeysChanged, &stored.id).await?;
    tx.commit().await?;
    answer(&session, kind, &documents::parse(&document)?)
}

/// The same error, about the object in the field `stub`.
fn in_stub(mut error: ApiError) -> ApiError {
    if let Some(path) = error.field.take() {
        let expected = error.message.split_once(": expected ").map(|(_, expected)| expected.to_owned());
        return ApiError::field(error.code, FieldError::new(path, expected.unwrap_or_default()).under("stub"));
    }
    error
}

fn answer(session: &Session, kind: DataOwnerType, owner: &Object) -> ApiResult<Response> {
    let mut stub = Object::new();
    for key in ["id", "rev"] {
        stub.insert(key.to_owned(), owner.get(key).cloned().unwrap_or_default());
    }
    // the client demands this one even when there is none (wire 2.2)
    stub.insert("publicKeysForOaepWithSha256".to_owned(), json!([]));
    stub.extend(access::key_fields(owner));
    // a patient's tags are for those who have access to the patient
    let own = session.data_owner() == documents::text(owner, "id");
    if let Some(tags) = owner.get("tags").filter(|_| own || kind != DataOwnerType::Patient) {
        stub.insert("tags".to_owned(), tags.clone());
    }
    json_body(&json!({"type": kind::name(kind), "stub": stub}))
}
