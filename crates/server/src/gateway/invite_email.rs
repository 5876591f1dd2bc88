//! `POST /gw/{spec}/email/to/{address}`: an e-mail from a healthcare party to somebody it invites
//! (wire 2.4). Only older clients send one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::routing::post;
use http::Method;
use keystead_model::error::FieldError;
use serde_json::{Map, Value};

use super::invitation::{self, Inviter, LIFETIME_MS};
use super::{body, pending};
use crate::app::App;
use crate::auth::ClientIp;
use crate::delivery::{self, Channel, Message};
use crate::error::ApiResult;
use crate::http::{Access, Path, Route, Shape, Text};

const SUBJECT_LIMIT: usize = 200;
const FROM_LIMIT: usize = 320;

pub(super) fn route() -> Route {
    Route::new(Method::POST, "/gw/{spec}/email/to/{address}", "Send an invitation by e-mail", post(handler))
        .access(Access::Public)
        .takes(Shape::Json("from, html and subject"))
        .gives(Shape::Text)
}

/// # Errors
/// 400 for a body or an address that is not in order, 401 for a wrong secret, 403 for callers who may
/// not invite, 404 for a spec of another group, 429 where a limit is reached.
async fn handler(
    State(app): State<Arc<App>>,
    Path((spec, to)): Path<(String, String)>,
    ip: ClientIp,
    request: Request,
) -> ApiResult<Text> {
    let to = invitation::address(&app, Channel::Email, &to)?;
    let inviter = Inviter::authenticate(&app, request.headers(), ip).await?;
    let invitation = Invitation::read(&body::object(request).await?)?;

    let address = pending::text(&to).to_owned();
    let expires = app.now().saturating_add(LIFETIME_MS);
    let mut message = Message::new(Channel::Email, address, &invitation.subject, invitation.html, expires);
    message.html = true;
    // the sender is always the server's own; what the client wrote is at most where answers go
    message.reply_to = inviter.own_address(&invitation.from);

    let mut tx = app.store.write().await?;
    inviter.take(&app, &mut *tx, &spec, &to).await?;
    delivery::send(&app, &mut *tx, message).await?;
    tx.commit().await?;
    delivery::wake(&app);
    Ok(Text("sent".to_owned()))
}

struct Invitation {
    from: String,
    subject: String,
    html: String,
}

impl Invitation {
    fn read(fields: &Map<String, Value>) -> Result<Self, FieldError> {
        let from = body::line(fields, "from", FROM_LIMIT)?;
        let subject = body::line(fields, "subject", SUBJECT_LIMIT)?;
        if subject.is_empty() {
            return Err(FieldError::new("subject", "a text"));
        }
        let html = fields.get("html").and_then(Value::as_str).filter(|html| !html.trim().is_empty());
        let html = html.ok_or_else(|| FieldError::new("html", "a text"))?.to_owned();
        Ok(Self { from, subject, html })
    }
}
