//! `PUT user/{userId}/properties`: what applications remember about a user.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use serde_json::{Value, json};

use super::{read, rules};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Json, Path};

/// Sets the given properties and leaves the others: a property takes the place of the one with the same
/// `type.identifier`, or, where it has none, with the same id.
pub(super) async fn put(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Json(body): Json,
) -> ApiResult<Response> {
    let given = documents::check_list("PropertyStub", if body.is_null() { json!([]) } else { body })?;
    let mut tx = app.store.write().await?;
    let (stored, mut user, _) = rules::changeable(&mut *tx, &session, &id).await?;
    let mut properties = user.get("properties").and_then(Value::as_array).cloned().unwrap_or_default();
    for property in given {
        let name = name(&property);
        let same = |other: &&mut Value| name.is_some() && other.as_object().and_then(self::name) == name;
        match properties.iter_mut().find(same) {
            Some(place) => *place = Value::Object(property),
            None => properties.push(Value::Object(property)),
        }
    }
    user.insert("properties".to_owned(), Value::Array(properties));
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, user).await?;
    let answer = read::answer(&app, &mut *tx, &session, document).await?;
    tx.commit().await?;
    Ok(answer)
}

/// What a property is known by.
fn name(property: &Object) -> Option<(bool, String)> {
    let identifier = property.get("type").and_then(|kind| kind.get("identifier")).and_then(Value::as_str);
    let named = identifier.map(|identifier| (true, identifier.to_owned()));
    named.or_else(|| documents::text(property, "id").map(|id| (false, id.to_owned())))
}
