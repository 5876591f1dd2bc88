//! `GET /dev/outbox?to=ADDRESS`: the messages to an address, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, Method, header};
use keystead_store::jobs::OutboxMessage;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Access, Query, Route, Shape, json_body};
use crate::users::names;

/// The most messages that are shown at once.
pub(super) const MOST: usize = 200;

pub(super) fn route() -> Route {
    Route::new(Method::GET, "/dev/outbox", "The messages of the development mode, newest first", get(handler))
        .access(Access::Public)
        .query(&["to"])
        .gives(Shape::Json("a list of messages: to, channel, subject, body, code, at"))
}

#[derive(Deserialize)]
struct Parameters {
    to: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    to: &'a str,
    channel: &'a str,
    subject: &'a str,
    body: &'a str,
    code: Option<&'a str>,
    at: i64,
}

impl<'a> From<&'a OutboxMessage> for Shown<'a> {
    fn from(message: &'a OutboxMessage) -> Self {
        let OutboxMessage { to, channel, subject, body, code, at } = message;
        Self { to, channel, subject, body, code: code.as_deref(), at: *at }
    }
}

async fn handler(State(app): State<Arc<App>>, Query(parameters): Query<Parameters>) -> ApiResult<Response> {
    let to = parameters.to.as_deref().filter(|text| !text.is_empty()).map(names::typed);
    let messages = app.store.read().await?.outbox(to.as_deref(), MOST).await?;
    let shown: Vec<Shown<'_>> = messages.iter().map(Shown::from).collect();
    let mut response = json_body(&shown)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
