//! A socket of which one side speaks at a time, within the channel (decision 0202). Whoever ends TLS in front of us sees
//! lengths.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures_util::SinkExt as _;
use keystead_model::wallet::Generation;
use keystead_mpc::channel::{Channel, ChannelPublic, Content, Responder};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::caller::Caller;
use super::failure::Failure;
use super::socket::Stop;
use super::wish::{Purpose, Wish};
use crate::app::App;

/// How long the client may take for all that it has to say of one wish.
const LIMIT: Duration = Duration::from_secs(45);
/// How long it may take to receive one message, and to say its first.
const PATIENCE: Duration = Duration::from_secs(10);
/// The socket is closed with this code where the client's first message is for another key than ours.
const OTHER_KEY: u16 = 4001;

/// An open socket with an open channel.
pub(super) struct Link {
    socket: WebSocket,
    channel: Channel,
    device: ChannelPublic,
    /// Ours for the next session, once.
    nonce: [u8; 32],
    deadline: Instant,
}

impl Link {
    /// Opens the channel; nothing where the client does not, or has another key for us.
    pub(super) async fn open(app: &App, caller: &Caller, purpose: Purpose, mut socket: WebSocket) -> Option<Self> {
        let first = match timeout(PATIENCE, socket.recv()).await {
            Ok(Some(Ok(Message::Binary(first)))) => first,
            _ => return None,
        };
        let Ok(responder) = Responder::read(app.keys.channel(), purpose.prologue().as_bytes(), &first) else {
            tracing::info!("a wallet session for another channel key than ours");
            let frame = CloseFrame { code: OTHER_KEY, reason: "made for another channel key".into() };
            let _ = timeout(PATIENCE, socket.send(Message::Close(Some(frame)))).await;
            return None;
        };
        let device = responder.device();
        let nonce = app.rng.bytes();
        // whose socket it is, so that nobody in between can put one client's device before another client's wallet
        let payload = json!({ "owner": caller.owner, "serverNonce": hex::encode(nonce) }).to_string();
        let (channel, second) = responder.answer(payload.as_bytes()).ok()?;
        let mut link = Self { socket, channel, device, nonce, deadline: Instant::now() };
        link.put(second).await.ok()?;
        Some(link)
    }

    /// The key of the device.
    pub(super) fn device(&self) -> ChannelPublic {
        self.device
    }

    /// Our nonce for the session that is wished for.
    pub(super) fn nonce(&self) -> [u8; 32] {
        self.nonce
    }

    /// What the client wishes; `None` where it wishes nothing for so long. May be dropped while it waits.
    pub(super) async fn wish(&mut self, patience: Duration) -> Result<Option<Wish>, Stop> {
        self.deadline = Instant::now() + patience;
        let message = match self.next().await {
            Err(Stop::Late) => return Ok(None),
            message => message?,
        };
        self.deadline = Instant::now() + LIMIT;
        match self.open_frame(&message)? {
            (Content::Text, text) => {
                let text = std::str::from_utf8(&text).map_err(|_| Failure::protocol("expected UTF-8"))?;
                Ok(Some(Wish::read(text)?))
            }
            (Content::Message, _) => Err(Failure::protocol("expected a text with what is wished").into()),
        }
    }

    /// The next message of the protocol.
    pub(super) async fn receive(&mut self) -> Result<Zeroizing<Vec<u8>>, Stop> {
        let message = match self.next().await {
            Err(Stop::Late) => return Err(Failure::protocol("the session took too long").into()),
            message => message?,
        };
        match self.open_frame(&message)? {
            (Content::Message, bytes) => Ok(bytes),
            (Content::Text, _) => Err(Failure::protocol("expected a message of the protocol").into()),
        }
    }

    fn open_frame(&mut self, frame: &[u8]) -> Result<(Content, Zeroizing<Vec<u8>>), Stop> {
        self.channel.open(frame).map_err(|error| {
            // whoever is between us can do this: it says nothing about the client, and nobody is told
            tracing::info!(%error, "a wallet session was tampered with");
            Stop::Gone
        })
    }

    async fn next(&mut self) -> Result<bytes::Bytes, Stop> {
        loop {
            match timeout_at(self.deadline, self.socket.recv()).await {
                Err(_) => return Err(Stop::Late),
                Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return Err(Stop::Gone),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Text(_)))) => return Err(Failure::protocol("expected a binary message").into()),
                Ok(Some(Ok(Message::Binary(frame)))) => return Ok(frame),
            }
        }
    }

    /// Sends a message of the protocol.
    pub(super) async fn send(&mut self, message: &[u8]) -> Result<(), Stop> {
        let frame = self.seal(Content::Message, message)?;
        self.put(frame).await
    }

    /// Sends a text.
    pub(super) async fn tell(&mut self, value: &Value) -> Result<(), Stop> {
        let text = Zeroizing::new(value.to_string());
        let frame = self.seal(Content::Text, text.as_bytes())?;
        self.put(frame).await
    }

    /// The last message of the protocol, if there is one, and that it is done.
    pub(super) async fn done(&mut self, last: Option<&[u8]>, generation: Generation) -> Result<(), Stop> {
        self.finish(last, &json!({ "done": true, "generation": generation })).await
    }

    /// The same, and our nonce for the next session on this socket.
    pub(super) async fn done_for_now(
        &mut self,
        app: &App,
        last: Option<&[u8]>,
        generation: Generation,
    ) -> Result<(), Stop> {
        self.nonce = app.rng.bytes();
        let nonce = hex::encode(self.nonce);
        self.finish(last, &json!({ "done": true, "generation": generation, "serverNonce": nonce })).await
    }

    async fn finish(&mut self, last: Option<&[u8]>, done: &Value) -> Result<(), Stop> {
        if let Some(last) = last {
            let frame = self.seal(Content::Message, last)?;
            // leaves with what follows
            let fed = timeout(PATIENCE, self.socket.feed(Message::Binary(frame.into()))).await;
            fed.map_err(|_| Stop::Gone)?.map_err(|_| Stop::Gone)?;
        }
        self.tell(done).await
    }

    /// Closes the socket in good order.
    pub(super) async fn close(mut self) {
        let _ = timeout(PATIENCE, self.socket.send(Message::Close(None))).await;
    }

    fn seal(&mut self, content: Content, plain: &[u8]) -> Result<Vec<u8>, Stop> {
        self.channel.seal(content, plain).map_err(|_| Stop::Gone)
    }

    async fn put(&mut self, frame: Vec<u8>) -> Result<(), Stop> {
        match timeout(PATIENCE, self.socket.send(Message::Binary(frame.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop::Gone),
        }
    }
}
