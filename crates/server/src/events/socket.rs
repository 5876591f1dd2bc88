//! One open web socket: its subscription, its queue, its keep-alive.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::sessions::Attached;
use super::subscriber::Subscriber;
use super::wanted::Wanted;
use super::{Events, Place};
use crate::app::App;
use crate::auth::Session;

/// How long a client may take to receive one message, and to close.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// After this silence a socket is taken for one that replaces a broken one.
const SILENCE: Duration = Duration::from_millis(1_500);
/// How long a socket may stay without a subscription.
const UNDECIDED: Duration = Duration::from_secs(30);
/// The keep-alive; official clients expect one every 20 seconds once they saw the first.
const PING: Duration = Duration::from_secs(8);
/// Keep-alives that may stay unanswered.
const UNANSWERED: u32 = 3;

/// A subscription and what was not yet sent of it.
pub(super) struct Subscription {
    pub(super) subscriber: Arc<Subscriber>,
    waiting: mpsc::Receiver<Utf8Bytes>,
}

/// Why a socket ends.
enum End {
    /// The client closed it.
    Closed,
    /// It broke.
    Broken,
    /// The server closes it, and says why.
    Because(u16, &'static str),
    /// As above, in words of its own.
    Refused(String),
}

/// Serves a socket to its end.
pub(super) async fn serve(app: Arc<App>, session: Session, envelopes: bool, place: Place, mut socket: WebSocket) {
    let (end, subscription) = match subscribe(&app, &session, envelopes, &mut socket).await {
        Ok(mut subscription) => {
            let end = forward(&app, &session, &mut subscription, &mut socket).await;
            (end, Some(subscription))
        }
        Err(end) => (end, None),
    };
    if let Some(subscription) = subscription {
        settle(&app, &session, &end, subscription);
    }
    let close = match end {
        End::Closed | End::Broken => None,
        End::Because(code, reason) => Some(CloseFrame { code, reason: reason.into() }),
        End::Refused(reason) => Some(CloseFrame { code: close_code::POLICY, reason: short(reason).into() }),
    };
    if let Some(close) = close {
        // a client that is gone need not be told
        let _ = timeout(PATIENCE, socket.send(Message::Close(Some(close)))).await;
    }
    drop(place);
}

/// A close frame holds 123 bytes of reason.
fn short(mut reason: String) -> String {
    let end = (0..=123).rev().find(|end| reason.is_char_boundary(*end)).unwrap_or(0);
    reason.truncate(end);
    reason
}

/// Forgets a subscription, or keeps it for the next socket if this one broke.
fn settle(app: &App, session: &Session, end: &End, subscription: Subscription) {
    let gone = match end {
        End::Broken => app.events.sessions.park(&session.claims.session, subscription, app.now()),
        _ => vec![subscription],
    };
    forget(&app.events, gone);
}

fn forget(events: &Events, gone: Vec<Subscription>) {
    for subscription in gone {
        events.remove(&subscription.subscriber);
    }
}

/// Waits for the first message. A socket that stays silent gets the subscription of one that broke.
async fn subscribe(
    app: &Arc<App>,
    session: &Session,
    envelopes: bool,
    socket: &mut WebSocket,
) -> Result<Subscription, End> {
    let mut stopping = app.events.stopping.subscribe();
    let first = async {
        match timeout(SILENCE, text(socket)).await {
            Ok(first) => return first.map(Some),
            Err(_silent) => {}
        }
        let (attached, gone) = app.events.sessions.attach(&session.claims.session, app.now());
        forget(&app.events, gone);
        match attached {
            Attached::This(subscription) => return Err(First::Attached(subscription)),
            Attached::Ambiguous => {
                let reason = "several subscriptions of this session broke: subscribe to each again";
                return Err(First::End(End::Because(close_code::POLICY, reason)));
            }
            Attached::Nothing => {}
        }
        match timeout(UNDECIDED, text(socket)).await {
            Ok(first) => first.map(Some),
            Err(_silent) => Ok(None),
        }
    };
    let first = tokio::select! {
        first = first => first,
        () = stopped(&mut stopping) => return Err(restarting()),
    };
    let message = match first {
        Ok(Some(message)) => message,
        Ok(None) => return Err(End::Because(close_code::POLICY, "expected a subscription as the first message")),
        Err(First::Attached(subscription)) => return Ok(*subscription),
        Err(First::End(end)) => return Err(end),
    };
    let wanted = Wanted::read(&message).map_err(|error| End::Refused(error.message))?;
    let (queue, waiting) = mpsc::channel(app.config.events.queue);
    let subscriber = Subscriber::new(&app.events, session.clone(), envelopes, wanted, queue);
    let subscriber = Arc::new(subscriber.map_err(|error| End::Refused(error.to_string()))?);
    app.events.start(app);
    app.events.add(&subscriber);
    if let Some(acknowledgement) = subscriber.acknowledgement() {
        send(socket, acknowledgement).await?;
    }
    Ok(Subscription { subscriber, waiting })
}

enum First {
    Attached(Box<Subscription>),
    End(End),
}

/// The next text of the client.
async fn text(socket: &mut WebSocket) -> Result<Utf8Bytes, First> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => {
                return Err(First::End(End::Because(close_code::UNSUPPORTED, "expected text")));
            }
            Some(Ok(Message::Close(frame))) => return Err(First::End(closed(frame))),
            Some(Err(_)) | None => return Err(First::End(End::Broken)),
        }
    }
}

/// Sends what is in the queue until the socket, the session or the server ends.
async fn forward(app: &App, session: &Session, subscription: &mut Subscription, socket: &mut WebSocket) -> End {
    let mut stopping = app.events.stopping.subscribe();
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unanswered = 0;
    loop {
        let sent = tokio::select! {
            event = subscription.waiting.recv() => match event {
                Some(event) => {
                    app.metrics.told();
                    send(socket, event).await
                }
                None => Err(End::Because(close_code::AGAIN, "events were missed: read again, then subscribe")),
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) if text.as_str() == "pong" => { unanswered = 0; Ok(()) }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
                Some(Ok(Message::Close(frame))) => Err(closed(frame)),
                Some(Ok(_)) => Err(End::Because(close_code::POLICY, "a socket has one subscription")),
                Some(Err(_)) | None => Err(End::Broken),
            },
            _ = pings.tick() => match lives(app, session).await {
                false => Err(End::Because(close_code::POLICY, "the session has ended: log in again")),
                true if unanswered >= UNANSWERED => Err(End::Broken),
                true => { unanswered += 1; send(socket, Utf8Bytes::from_static("ping")).await }
            },
            () = stopped(&mut stopping) => Err(restarting()),
        };
        if let Err(end) = sent {
            return end;
        }
    }
}

async fn send(socket: &mut WebSocket, text: Utf8Bytes) -> Result<(), End> {
    match timeout(PATIENCE, socket.send(Message::Text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Broken),
    }
}

/// Whether the session was not ended. A store that cannot be asked ends nothing.
async fn lives(app: &App, session: &Session) -> bool {
    let Ok(mut view) = app.store.look().await else { return true };
    view.session_lives(&session.claims.session, app.now()).await.unwrap_or(true)
}

fn closed(frame: Option<CloseFrame>) -> End {
    match frame {
        Some(frame) if frame.code != close_code::NORMAL => End::Broken,
        _ => End::Closed,
    }
}

/// Waits until the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

fn restarting() -> End {
    End::Because(close_code::RESTART, "the server restarts: come back in a moment")
}
