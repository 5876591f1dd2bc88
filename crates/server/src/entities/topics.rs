//! Who takes part in a topic: `POST topic/{id}/addParticipant` and `…/removeParticipant` (wire 5.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::Method;
use keystead_model::Object;
use keystead_model::access::Level;
use keystead_model::entity::topic::CLASS;
use keystead_model::error::FieldError;
use serde_json::Value;

use super::reach;
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Json, Path, Route, Shape, json_text};

pub(super) fn routes() -> Vec<Route> {
    let route = |path, summary, handler, takes| {
        Route::new(Method::POST, path, summary, handler)
            .access(Access::Keys)
            .takes(Shape::Object(takes))
            .gives(Shape::Object("Topic"))
    };
    vec![
        route("/rest/v2/topic/{id}/addParticipant", "Add a participant, or change a role", post(add), "AddParticipant"),
        route("/rest/v2/topic/{id}/removeParticipant", "Remove a participant", post(remove), "RemoveParticipant"),
    ]
}

async fn add(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Json(body): Json,
) -> ApiResult<Response> {
    let request = documents::check("AddParticipant", body)?;
    let role = request.get("topicRole").cloned().unwrap_or(Value::Null);
    change(&app, &session, &id, &request, |participants, owner| {
        participants.insert(owner.to_owned(), role);
    })
    .await
}

async fn remove(
    State(app): State<Arc<App>>,
    session: Session,
    Path(id): Path<String>,
    Json(body): Json,
) -> ApiResult<Response> {
    let request = documents::check("RemoveParticipant", body)?;
    change(&app, &session, &id, &request, |participants, owner| {
        participants.remove(owner);
    })
    .await
}

/// Applies `edit` to the participants, if the caller leads the topic, and not if nobody would own
/// it afterwards. Participants may leave by themselves.
async fn change(
    app: &App,
    session: &Session,
    id: &str,
    request: &Object,
    edit: impl FnOnce(&mut Object, &str),
) -> ApiResult<Response> {
    let participant = documents::text(request, "dataOwnerId").unwrap_or_default();
    let mut tx = app.store.write().await?;
    let stored = reach(&mut *tx, session, &CLASS, id, Level::Write).await?;
    let mut object = documents::parse(&stored)?;
    let mut participants = object.get("activeParticipants").and_then(Value::as_object).cloned().unwrap_or_default();
    let owned = |participants: &Object| participants.values().any(|role| role == "OWNER");

    let before = participants.clone();
    let own_role = session.data_owner().and_then(|me| before.get(me)).and_then(Value::as_str);
    edit(&mut participants, participant);
    let leaves = session.data_owner() == Some(participant) && !participants.contains_key(participant);
    if !leaves && !matches!(own_role, Some("OWNER" | "ADMIN")) {
        return Err(ApiError::forbidden("participants are changed by owners and administrators of the topic"));
    }
    let promotes = participants.iter().any(|(who, role)| role == "OWNER" && before.get(who) != Some(role));
    let demotes = before.iter().any(|(who, role)| role == "OWNER" && participants.get(who) != Some(role));
    if (promotes || demotes) && own_role != Some("OWNER") {
        return Err(ApiError::forbidden("owners are changed by owners of the topic"));
    }
    if owned(&before) && !owned(&participants) {
        return Err(FieldError::new("dataOwnerId", "not the last owner of the topic").into());
    }
    object.insert("activeParticipants".to_owned(), Value::Object(participants));
    let document = documents::update(app, &mut *tx, session.group(), &CLASS, &stored, object).await?;
    tx.commit().await?;
    Ok(json_text(document.body))
}
