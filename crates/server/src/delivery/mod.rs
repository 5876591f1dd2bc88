//! Messages to people: e-mail by SMTP, SMS by an HTTP provider, or the outbox of the development
//! mode.
//!
//! A message is a row of the transaction that caused it: a job that the worker of [`crate::jobs`]
//! carries out with retries, or a line in the outbox. So nothing is sent for work that was rolled
//! back, and nothing that was acknowledged is forgotten.

mod carriers;
mod message;
mod sms;
mod smtp;

use keystead_model::error::ErrorCode;
use keystead_store::Writing;
use keystead_store::jobs::{Job, OutboxMessage};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

pub use carriers::{Carriers, DeliveryError, SetupError};
pub use message::{Channel, Message};

/// The kind of the jobs that deliver a message.
pub(crate) const JOB: &str = "deliver";

/// Leaves `message` to be delivered once `tx` is committed. Call [`wake`] after the commit; without it
/// the message is found within a second all the same.
///
/// # Errors
/// Messages of this channel cannot be sent ([`require`]), or the store fails.
pub async fn send(app: &App, tx: &mut dyn Writing, message: Message) -> ApiResult<()> {
    if app.config.dev {
        let Message { channel, to, subject, body, code, .. } = message;
        let channel = channel.as_str().to_owned();
        return Ok(tx.add_to_outbox(&OutboxMessage { to, channel, subject, body, code, at: app.now() }).await?);
    }
    require(app, message.channel)?;
    let id = app.rng.uuid();
    let payload = message.seal(app, &id)?;
    Ok(tx.create_job(&Job { id, kind: JOB.into(), payload, attempts: 0, run_at: app.now() }).await?)
}

/// Wakes the worker for a message of a committed transaction. In development nothing waits for it.
pub fn wake(app: &App) {
    if !app.config.dev {
        app.jobs.wake();
    }
}

/// Checks that messages of `channel` can be sent: its section of the configuration is filled in, or
/// it is the development mode.
///
/// # Errors
/// They cannot.
pub fn require(app: &App, channel: Channel) -> ApiResult<()> {
    let (set, message) = match channel {
        Channel::Email => (app.config.smtp.is_set(), "this server sends no e-mail: its operator has to set [smtp]"),
        Channel::Sms => (app.config.sms.is_set(), "this server sends no SMS: its operator has to set [sms]"),
    };
    if set || app.config.dev {
        return Ok(());
    }
    let mut error = ApiError::new(ErrorCode::Unavailable, message);
    error.internal = Some("a process or an invitation needs a channel that is not configured".into());
    Err(error)
}
