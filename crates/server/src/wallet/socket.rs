//! `GET /ws/v2/wallet/{operation}`: one protocol session over one socket.
//!
//! The client sends a text with its nonce and what it wishes; the server answers with a text that has the wallet, the
//! generation and its own nonce. Then come the messages of the protocol as binary messages, the client first, and at
//! the end a text of the server: `{"done": true, "generation": n}` or `{"error": {code, message, field}}`. A session
//! that breaks is begun again from the start, with new nonces, under the same id of the operation.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, State};
use axum::response::Response;
use http::request::Parts;
use keystead_model::error::ErrorCode;
use keystead_model::wallet::{Event, Generation, OperationId};
use keystead_mpc::{MAX_MESSAGE, MpcError};
use keystead_store::accounts::Account;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::caller::{Caller, StepUp};
use super::change::{Missing, Whose, change};
use super::failure::Failure;
use super::operations;
use super::wish::{Purpose, Wish};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::http::Path;

/// The subprotocol.
const PROTOCOL: &str = "keystead.wallet.v1";
/// How long the client may take for all that it has to say.
const LIMIT: Duration = Duration::from_secs(45);
/// How long it may take to receive one message.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a wallet belongs to a session whose server died, in milliseconds: longer than any session lasts.
const LEASE_MS: i64 = 120_000;

/// Why a session ends without an outcome.
pub(super) enum Stop {
    /// The client is gone.
    Gone,
    /// It is told why.
    Failed(Failure),
    /// The protocol failed.
    Protocol(MpcError),
}

impl<F: Into<Failure>> From<F> for Stop {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// Who runs a session, and under which lease.
pub(super) struct Running<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    /// Whether they proved a moment ago who they are.
    pub(super) stepped_up: bool,
    pub(super) lease: String,
}

impl Running<'_> {
    pub(super) fn until(&self) -> i64 {
        self.app.now().saturating_add(LEASE_MS)
    }
}

/// The handshake.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    caller: Caller,
    StepUp(stepped_up): StepUp,
    Path(purpose): Path<String>,
    mut parts: Parts,
) -> ApiResult<Response> {
    let purpose = Purpose::named(&purpose).ok_or_else(|| ApiError::not_found("endpoint"))?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| {
        ApiError::malformed("expected a web socket handshake (RFC 6455): Connection, Upgrade, Sec-WebSocket-Key")
    })?;
    if app.events.is_stopping() {
        return Err(ApiError::new(ErrorCode::Unavailable, "the server restarts: come back in a moment"));
    }
    let account = Account { group: caller.group.clone(), user: caller.account.clone() };
    let place = app.events.enter(&account, app.config.events.sockets_per_user);
    let place = place.ok_or_else(|| ApiError::too_many("the user has too many sockets open: close some", 60_000))?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).protocols([PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let lease = app.rng.bytes::<16>();
        let running = Running { app: &app, caller: &caller, stepped_up, lease: hex::encode(lease) };
        serve(&running, OperationId(lease), purpose, socket).await;
        drop(place);
    }))
}

async fn serve(running: &Running<'_>, session: OperationId, purpose: Purpose, socket: WebSocket) {
    let mut link = Link { socket, deadline: Instant::now() + LIMIT };
    let stop = match operations::run(running, purpose, &mut link).await {
        Ok(()) => None,
        Err(stop) => {
            // stored before anything is answered (`spec/wallet.md` 5.4)
            settle(running, session, purpose, &stop).await;
            Some(stop)
        }
    };
    let failure = match stop {
        None | Some(Stop::Gone) => None,
        Some(Stop::Failed(failure)) => Some(failure),
        Some(Stop::Protocol(error)) => Some(error.into()),
    };
    if let Some(failure) = failure {
        tracing::info!(code = failure.code(), internal = failure.internal(), "a wallet session failed");
        let _ = link.tell(&failure.to_json()).await;
    }
    let _ = timeout(PATIENCE, link.socket.send(Message::Close(None))).await;
}

/// Gives the wallet free, and counts what a cheater did to the pair in force. What is done to a pair that is being made
/// ends with the session.
async fn settle(running: &Running<'_>, session: OperationId, purpose: Purpose, stop: &Stop) {
    let Running { app, caller: Caller { group, owner, .. }, lease, .. } = running;
    let banned = matches!(stop, Stop::Protocol(error) if error.is_ban());
    let settled = change(app, Whose { group, owner }, Missing::Refuse, |record| {
        if !record.is_leased_to(lease) {
            return Ok(None);
        }
        record.release(lease);
        if matches!(stop, Stop::Protocol(_)) {
            record.aborted(app.now());
        }
        let generation = record.state.active_signing().map(|set| set.generation);
        let uses_it = banned && matches!(purpose, Purpose::Sign | Purpose::Backup);
        Ok(generation.filter(|_| uses_it).map(|generation| Event::BanReported { generation, session }))
    });
    match settled.await {
        Err(failure) if failure.code() != "NO_WALLET" => {
            // the lease ends by itself; a ban that is not stored must not be silent
            let code = failure.code();
            tracing::error!(code, internal = failure.internal(), "a wallet could not be given free");
        }
        _ => {}
    }
}

/// A socket on which one side speaks at a time.
pub(super) struct Link {
    socket: WebSocket,
    deadline: Instant,
}

impl Link {
    /// What the client wishes.
    pub(super) async fn wish(&mut self) -> Result<Wish, Stop> {
        match self.next().await? {
            Message::Text(text) => Ok(Wish::read(&text)?),
            _ => Err(Failure::protocol("expected a text with what is wished").into()),
        }
    }

    /// The next message of the protocol.
    pub(super) async fn receive(&mut self) -> Result<Vec<u8>, Stop> {
        match self.next().await? {
            Message::Binary(bytes) => Ok(bytes.to_vec()),
            _ => Err(Failure::protocol("expected a binary message").into()),
        }
    }

    async fn next(&mut self) -> Result<Message, Stop> {
        loop {
            match timeout_at(self.deadline, self.socket.recv()).await {
                Err(_) => return Err(Failure::protocol("the session took too long").into()),
                Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return Err(Stop::Gone),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(message))) => return Ok(message),
            }
        }
    }

    /// Sends a message of the protocol.
    pub(super) async fn send(&mut self, message: Vec<u8>) -> Result<(), Stop> {
        self.put(Message::Binary(message.into())).await
    }

    /// Sends a text.
    pub(super) async fn tell(&mut self, value: &Value) -> Result<(), Stop> {
        self.put(Message::Text(Utf8Bytes::from(value.to_string()))).await
    }

    /// The last text.
    pub(super) async fn done(&mut self, generation: Generation) -> Result<(), Stop> {
        self.tell(&json!({ "done": true, "generation": generation })).await
    }

    async fn put(&mut self, message: Message) -> Result<(), Stop> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop::Gone),
        }
    }
}
