//! A socket with the server, within the channel (decision 0202 of the project): whoever ends TLS between us sees lengths.

use http::Method;
use keystead_model::wallet::Generation;
use keystead_mpc::Session;
use keystead_mpc::channel::{Channel, ChannelError, Content, Initiator};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::{WalletError, identity};
use crate::api::Core;
use crate::call::Call;
use crate::error::RequestError;
use crate::transport::{Frame, Socket, TransportError};

/// The subprotocol.
const PROTOCOL: &str = "keystead.wallet.v2";
/// The server closes with this code where it cannot read our first message.
const OTHER_KEY: u16 = 4001;

/// A text of the server.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Told {
    Error {
        error: Refusal,
    },
    #[serde(rename_all = "camelCase")]
    Done {
        done: bool,
        generation: Generation,
        /// For another session on this socket.
        server_nonce: Option<String>,
    },
    Begun {
        wallet: String,
        generation: Generation,
    },
}

#[derive(Deserialize)]
pub(super) struct Refusal {
    code: String,
}

/// What comes with the channel.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Welcome {
    owner: String,
    server_nonce: String,
}

/// An open socket with an open channel.
pub(super) struct Link {
    socket: Box<dyn Socket>,
    channel: Channel,
    /// The server's for the next session.
    nonce: [u8; 32],
    /// Whether the server said anything since the last wish.
    heard: bool,
}

impl Link {
    /// Opens a socket for `operation`.
    pub(super) async fn open(core: &Core, operation: &str) -> Result<Self, WalletError> {
        let (device, server) = (identity::device_key(core).await?, identity::server_key(core).await?);
        let prologue = format!("{PROTOCOL} {operation}");
        let begun = Initiator::new(&device, &server, prologue.as_bytes());
        let (initiator, first) = begun.map_err(|_| WalletError::ServerKeyChanged)?;
        let call = Call::new(Method::GET, &["ws", "v2", "wallet", operation]);
        let mut socket = core.caller.socket(call, PROTOCOL).await?;
        socket.send_octets(first).await?;
        let second = match socket.receive().await? {
            Frame::Octets(second) => second,
            Frame::Closed { code: Some(OTHER_KEY), .. } => return Err(WalletError::ServerKeyChanged),
            Frame::Closed { .. } => return Err(TransportError::Interrupted.into()),
            Frame::Text(_) => return Err(unreadable()),
        };
        // whoever cannot read what we sent cannot answer it either
        let (channel, payload) = initiator.finish(&second).map_err(|_| WalletError::ServerKeyChanged)?;
        let Welcome { owner, server_nonce } = serde_json::from_slice(&payload).map_err(|_| unreadable())?;
        if core.owner.as_ref().is_some_and(|(_, id)| *id != owner) {
            // somebody put us before another wallet
            return Err(unreadable());
        }
        Ok(Self { socket, channel, nonce: read_nonce(&server_nonce)?, heard: false })
    }

    /// The server's nonce for the next session.
    pub(super) fn nonce(&self) -> [u8; 32] {
        self.nonce
    }

    /// Whether the server said anything since the last wish.
    pub(super) fn heard(&self) -> bool {
        self.heard
    }

    /// Sends what is wished.
    pub(super) async fn wish(&mut self, wish: &Value) -> Result<(), WalletError> {
        self.heard = false;
        self.put(Content::Text, wish.to_string().as_bytes()).await
    }

    /// Speaks until the session is over.
    pub(super) async fn converse<T: Send + 'static>(&mut self, mut session: Session<T>) -> Result<T, WalletError> {
        let mut message = session.start()?;
        loop {
            if let Some(message) = message.take() {
                self.put(Content::Message, &message).await?;
            }
            let step = session.handle(&self.message().await?)?;
            if let Some(value) = step.outcome {
                if let Some(last) = step.message {
                    self.put(Content::Message, &last).await?;
                }
                return Ok(value);
            }
            message = step.message;
        }
    }

    /// That the server is done, too: until then it may not have stored its part.
    pub(super) async fn done(&mut self, generation: Generation) -> Result<(), WalletError> {
        match self.text().await? {
            Told::Done { done: true, generation: stored, server_nonce } if stored == generation => {
                if let Some(nonce) = server_nonce {
                    self.nonce = read_nonce(&nonce)?;
                }
                Ok(())
            }
            _ => Err(unreadable()),
        }
    }

    /// The next text, unless it says that something failed.
    pub(super) async fn text(&mut self) -> Result<Told, WalletError> {
        match self.next().await? {
            (Content::Text, text) => read(&text),
            (Content::Message, _) => Err(unreadable()),
        }
    }

    /// The next message of the protocol.
    pub(super) async fn message(&mut self) -> Result<Zeroizing<Vec<u8>>, WalletError> {
        match self.next().await? {
            (Content::Message, message) => Ok(message),
            (Content::Text, text) => Err(read(&text).err().unwrap_or_else(unreadable)),
        }
    }

    async fn next(&mut self) -> Result<(Content, Zeroizing<Vec<u8>>), WalletError> {
        match self.socket.receive().await? {
            Frame::Octets(frame) => {
                self.heard = true;
                self.channel.open(&frame).map_err(tampered)
            }
            Frame::Text(_) => Err(unreadable()),
            Frame::Closed { .. } => Err(TransportError::Interrupted.into()),
        }
    }

    async fn put(&mut self, content: Content, plain: &[u8]) -> Result<(), WalletError> {
        let frame = self.channel.seal(content, plain).map_err(tampered)?;
        Ok(self.socket.send_octets(frame).await?)
    }

    /// Closes the socket.
    pub(super) async fn close(mut self) {
        self.socket.close().await;
    }
}

pub(super) fn unreadable() -> WalletError {
    RequestError::Unreadable.into()
}

/// Somebody in between changed something: it is nothing that the server did, and the next try may pass.
fn tampered(_: ChannelError) -> WalletError {
    TransportError::Interrupted.into()
}

fn read_nonce(text: &str) -> Result<[u8; 32], WalletError> {
    let mut nonce = [0; 32];
    hex::decode_to_slice(text, &mut nonce).map_err(|_| unreadable())?;
    Ok(nonce)
}

fn read(text: &[u8]) -> Result<Told, WalletError> {
    match serde_json::from_slice(text) {
        Ok(Told::Error { error }) => Err(WalletError::told(&error.code)),
        Ok(told) => Ok(told),
        Err(_) => Err(unreadable()),
    }
}
