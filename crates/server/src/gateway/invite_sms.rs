//! `POST /gw/{spec}/sms/to/{number}`: an SMS from a healthcare party to somebody it invites
//! (wire 2.4). Only older clients send one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::routing::post;
use http::Method;
use keystead_model::error::FieldError;
use serde_json::Value;

use super::invitation::{self, Inviter, LIFETIME_MS};
use super::{body, pending};
use crate::app::App;
use crate::auth::ClientIp;
use crate::delivery::{self, Channel, Message};
use crate::error::ApiResult;
use crate::http::{Access, Path, Route, Shape, Text};

/// What providers send as one message, in parts.
const MESSAGE_LIMIT: usize = 1_600;

pub(super) fn route() -> Route {
    Route::new(Method::POST, "/gw/{spec}/sms/to/{number}", "Send an invitation by SMS", post(handler))
        .access(Access::Public)
        .takes(Shape::Json("message"))
        .gives(Shape::Text)
}

/// # Errors
/// As for an e-mail.
async fn handler(
    State(app): State<Arc<App>>,
    Path((spec, to)): Path<(String, String)>,
    ip: ClientIp,
    request: Request,
) -> ApiResult<Text> {
    let to = invitation::address(&app, Channel::Sms, &to)?;
    let inviter = Inviter::authenticate(&app, request.headers(), ip).await?;
    let fields = body::object(request).await?;
    let text = fields
        .get("message")
        .and_then(Value::as_str)
        .filter(|text| !text.trim().is_empty() && text.chars().count() <= MESSAGE_LIMIT)
        .ok_or_else(|| FieldError::new("message", format!("a text of 1 to {MESSAGE_LIMIT} characters")))?;

    let expires = app.now().saturating_add(LIFETIME_MS);
    let message = Message::new(Channel::Sms, pending::text(&to).to_owned(), "", text.to_owned(), expires);

    let mut tx = app.store.write().await?;
    inviter.take(&app, &mut *tx, &spec, &to).await?;
    delivery::send(&app, &mut *tx, message).await?;
    tx.commit().await?;
    delivery::wake(&app);
    Ok(Text("sent".to_owned()))
}
