//! `GET /ws/v2/wallet/{operation}`: what a client does with its wallet, over one socket.
//!
//! Everything is a binary message of the channel ([`super::link`]), which the client opens. Then it says in a text what
//! it wishes, with its nonce; ours came with the channel. To sign, it goes on at once with the messages of the protocol;
//! otherwise a text of ours comes first, with the wallet and the generation. The last text is ours: `{"done": true,
//! "generation": n}` or `{"error": {code, message, field}}`. A session that breaks is begun again from the start, with
//! new nonces, under the same id of the operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, State};
use axum::response::Response;
use http::request::Parts;
use keystead_model::error::ErrorCode;
use keystead_model::wallet::{Event, Generation, OperationId};
use keystead_mpc::MpcError;
use keystead_mpc::channel::MAX_SEALED;
use keystead_store::accounts::Account;
use parking_lot::Mutex;

use super::caller::{Caller, StepUp};
use super::change::{Missing, change};
use super::failure::Failure;
use super::link::Link;
use super::running::Running;
use super::wish::Purpose;
use super::{eject, operations, signing};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::http::Path;

/// The subprotocol.
const PROTOCOL: &str = "keystead.wallet.v2";
/// How long the first wish may be waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a session ends without an outcome.
pub(super) enum Stop {
    /// The client is gone, or somebody between us tampers.
    Gone,
    /// It says nothing for too long.
    Late,
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

/// The handshake.
pub(super) async fn upgrade(
    State(app): State<Arc<App>>,
    caller: Caller,
    StepUp(stepped_up): StepUp,
    Path(purpose): Path<String>,
    mut parts: Parts,
) -> ApiResult<Response> {
    let purpose = Purpose::named(&purpose).ok_or_else(|| ApiError::not_found("endpoint"))?;
    let asked_with = parts.clone();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| {
        ApiError::malformed("expected a web socket handshake (RFC 6455): Connection, Upgrade, Sec-WebSocket-Key")
    })?;
    if app.events.is_stopping() {
        return Err(ApiError::new(ErrorCode::Unavailable, "the server restarts: come back in a moment"));
    }
    let account = Account { group: caller.group.clone(), user: caller.account.clone() };
    let place = app.events.enter(&account, app.config.events.sockets_per_user);
    let place = place.ok_or_else(|| ApiError::too_many("the user has too many sockets open: close some", 60_000))?;
    let upgrade = upgrade.max_message_size(MAX_SEALED).max_frame_size(MAX_SEALED).protocols([PROTOCOL]);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let lease = app.rng.bytes::<16>();
        let (parts, session) = (&asked_with, hex::encode(lease));
        let (uses, looked) = (AtomicU32::new(0), Mutex::new(None));
        let running = Running { app: &app, caller: &caller, parts, stepped_up, lease: session, uses, looked };
        serve(&running, OperationId(lease), purpose, socket).await;
        drop(place);
    }))
}

async fn serve(running: &Running<'_>, session: OperationId, purpose: Purpose, socket: WebSocket) {
    let Some(mut link) = Link::open(running.app, running.caller, purpose, socket).await else { return };
    let stop = match run(running, purpose, &mut link).await {
        Ok(()) => None,
        Err(stop) => {
            // stored before anything is answered (`spec/wallet.md` 5.4)
            settle(running, session, &stop).await;
            Some(stop)
        }
    };
    let failure = match stop {
        None | Some(Stop::Gone | Stop::Late) => None,
        Some(Stop::Failed(failure)) => Some(failure),
        Some(Stop::Protocol(error)) => Some(error.into()),
    };
    if let Some(failure) = failure {
        tracing::info!(code = failure.code(), internal = failure.internal(), "a wallet session failed");
        let _ = link.tell(&failure.to_json()).await;
    }
    link.close().await;
}

async fn run(running: &Running<'_>, purpose: Purpose, link: &mut Link) -> Result<(), Stop> {
    if purpose == Purpose::Sign {
        return signing::run(running, link).await;
    }
    let Some(wish) = link.wish(PATIENCE).await? else { return Err(Stop::Late) };
    match (purpose, wish.kind(purpose)?) {
        (Purpose::Eject, _) => eject::release(running, link, &wish).await,
        (_, Some(kind)) => operations::run(running, link, &wish, kind).await,
        (_, None) => Err(Failure::protocol("signatures have a socket of their own").into()),
    }
}

/// Gives the wallet free, and counts what a cheater did to the pair in force, whoever has the wallet by now. What is done
/// to a pair that is being made ends with the session.
async fn settle(running: &Running<'_>, session: OperationId, stop: &Stop) {
    let Running { app, lease, uses, .. } = running;
    let uses = Generation(uses.load(Ordering::Relaxed));
    let banned = matches!(stop, Stop::Protocol(error) if error.is_ban());
    let settled = change(app, running.whose(), Missing::Refuse, |record| {
        record.release(lease);
        if matches!(stop, Stop::Protocol(_)) {
            record.aborted(app.now());
        }
        let generation = record.state.active_signing().map(|set| set.generation);
        let hurt = generation.filter(|generation| banned && *generation == uses);
        Ok(hurt.map(|generation| Event::BanReported { generation, session }))
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
