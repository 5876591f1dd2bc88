//! What messages can do beyond other entities: read status, status bits, topics (wire 5.3).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post, put};
use http::{HeaderMap, Method};
use keystead_model::Object;
use keystead_model::access::Level;
use keystead_model::entity::message::{self, CLASS};
use keystead_model::error::FieldError;
use keystead_store::documents::Document;
use serde_json::{Value, json};

use super::batch::left_out;
use super::by_ids::list_of_ids;
use super::lists::{answer, list};
use super::{create, reach};
use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::ApiResult;
use crate::http::{Access, Json, Path, Route, Shape};

pub(super) fn routes() -> Vec<Route> {
    let route = |method, path, summary, handler| {
        Route::new(method, path, summary, handler).access(Access::Keys).gives(Shape::List("Message"))
    };
    vec![
        route(Method::POST, "/rest/v2/message/topic", "Create a message in a topic", post(create_in_topic))
            .takes(Shape::Object("Message"))
            .gives(Shape::Object("Message")),
        route(Method::PUT, "/rest/v2/message/readstatus", "Mark messages as read or unread", put(read_status))
            .takes(Shape::Object("MessagesReadStatusUpdate")),
        route(Method::PUT, "/rest/v2/message/status/{status}", "Add status bits to messages", put(status))
            .takes(Shape::Object("ListOfIds")),
        route(Method::GET, "/rest/v2/message/{id}/children", "The answers to a message", get(children)),
        route(Method::POST, "/rest/v2/message/children/batch", "The answers to many messages", post(children_of_many))
            .takes(Shape::Object("ListOfIds")),
    ]
}

async fn create_in_topic(
    State(app): State<Arc<App>>,
    session: Session,
    headers: HeaderMap,
    body: Json,
) -> ApiResult<Response> {
    create::create(app, &CLASS, (session, headers, body)).await
}

async fn read_status(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    let mut request = documents::check("MessagesReadStatusUpdate", body)?;
    let user = documents::text(&request, "userId").unwrap_or(&session.account.user).to_owned();
    if user != session.account.user {
        return Err(FieldError::new("userId", "the caller's own user id").into());
    }
    let time = request.get("time").cloned().unwrap_or_else(|| Value::from(app.now()));
    let read = request.get("status").cloned().unwrap_or(Value::Bool(true));
    let ids = request.remove("ids").unwrap_or_else(|| json!([]));
    change(&app, &session, list_of_ids(json!({"ids": ids}))?, Level::Read, |message| {
        let all = message.entry("readStatus").or_insert_with(|| json!({}));
        if let Some(all) = all.as_object_mut() {
            all.insert(user.clone(), json!({"time": time, "read": read}));
        }
    })
    .await
}

async fn status(
    State(app): State<Arc<App>>,
    session: Session,
    Path(status): Path<i32>,
    Json(body): Json,
) -> ApiResult<Response> {
    change(&app, &session, list_of_ids(body)?, Level::Write, |message| {
        let before = message.get("status").and_then(Value::as_i64).unwrap_or_default();
        message.insert("status".to_owned(), Value::from(before | i64::from(status)));
    })
    .await
}

async fn change(
    app: &App,
    session: &Session,
    ids: Vec<String>,
    level: Level,
    edit: impl Fn(&mut Object),
) -> ApiResult<Response> {
    let mut changed: Vec<Document> = Vec::new();
    let mut tx = app.store.write().await?;
    for id in ids {
        let stored = match reach(&mut *tx, session, &CLASS, &id, level).await {
            Ok(stored) => stored,
            Err(error) => {
                left_out(error)?;
                continue;
            }
        };
        let mut object = documents::parse(&stored)?;
        edit(&mut object);
        changed.push(documents::update(app, &mut *tx, session.group(), &CLASS, &stored, object).await?);
    }
    tx.commit().await?;
    Ok(answer(&changed))
}

async fn children(State(app): State<Arc<App>>, session: Session, Path(id): Path<String>) -> ApiResult<Response> {
    Ok(answer(&list(&app, &session, &CLASS, message::children(&[id])).await?))
}

async fn children_of_many(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    Ok(answer(&list(&app, &session, &CLASS, message::children(&list_of_ids(body)?)).await?))
}
