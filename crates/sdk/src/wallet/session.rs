//! One protocol session with the server, over one socket.

use std::time::Duration;

use http::Method;
use keystead_model::wallet::Generation;
use keystead_mpc::{MpcError, Party, Session, SessionParams, WalletId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::WalletError;
use crate::api::Core;
use crate::call::Call;
use crate::error::RequestError;
use crate::transport::{Frame, Socket, TransportError};

/// The subprotocol.
const PROTOCOL: &str = "keystead.wallet.v1";
/// How often a wallet that is busy is tried.
const ATTEMPTS: u32 = 6;
/// The wait before the second attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A text of the server.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Error {
        error: Refusal,
    },
    Done {
        done: bool,
        generation: Generation,
    },
    #[serde(rename_all = "camelCase")]
    Begun {
        wallet: String,
        generation: Generation,
        server_nonce: String,
    },
}

#[derive(Deserialize)]
struct Refusal {
    code: String,
}

/// What came of a session, for which generation of which wallet.
pub(super) struct Outcome<T> {
    pub(super) value: T,
    pub(super) wallet: String,
    pub(super) generation: Generation,
}

/// Runs `operation`, as often as the wallet is busy with another.
pub(super) async fn run<T: Send + 'static>(
    core: &Core,
    operation: &str,
    wish: &Value,
    make: impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    let mut attempt = 0;
    loop {
        match once(core, operation, wish.clone(), &make).await {
            Err(WalletError::Busy) if attempt + 1 < ATTEMPTS => {
                core.parts.time.sleep(FIRST_WAIT.saturating_mul(1 << attempt)).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn once<T: Send + 'static>(
    core: &Core,
    operation: &str,
    mut wish: Value,
    make: &impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    let mut client_nonce = [0; 32];
    core.parts.random.fill(&mut client_nonce);
    if let Some(object) = wish.as_object_mut() {
        object.insert("clientNonce".to_owned(), json!(hex::encode(client_nonce)));
    }
    let call = Call::new(Method::GET, &["ws", "v2", "wallet", operation]);
    let mut socket = core.caller.socket(call, PROTOCOL).await?;
    let done = speak(&mut *socket, &wish, client_nonce, make).await;
    socket.close().await;
    done
}

async fn speak<T: Send + 'static>(
    socket: &mut dyn Socket,
    wish: &Value,
    client_nonce: [u8; 32],
    make: &impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    socket.send(&wish.to_string()).await?;
    let Told::Begun { wallet, generation, server_nonce } = text(socket).await? else { return Err(unreadable()) };
    let (mut id, mut nonce) = ([0; 16], [0; 32]);
    hex::decode_to_slice(&wallet, &mut id).map_err(|_| unreadable())?;
    hex::decode_to_slice(&server_nonce, &mut nonce).map_err(|_| unreadable())?;
    let mut session = make(&SessionParams {
        party: Party::Client,
        wallet: WalletId(id),
        target_generation: generation.0,
        client_nonce,
        server_nonce: nonce,
    })?;
    let mut message = session.start()?;
    let value = loop {
        if let Some(message) = message.take() {
            socket.send_octets(message).await?;
        }
        let step = session.handle(&octets(socket).await?)?;
        if let Some(value) = step.outcome {
            if let Some(last) = step.message {
                socket.send_octets(last).await?;
            }
            break value;
        }
        message = step.message;
    };
    // until the server says so it may not have stored its part
    match text(socket).await? {
        Told::Done { done: true, generation: stored } if stored == generation => {
            Ok(Outcome { value, wallet, generation })
        }
        _ => Err(unreadable()),
    }
}

fn unreadable() -> WalletError {
    RequestError::Unreadable.into()
}

/// The next text, unless it says that something failed.
async fn text(socket: &mut dyn Socket) -> Result<Told, WalletError> {
    match socket.receive().await? {
        Frame::Text(text) => read(&text),
        Frame::Octets(_) => Err(unreadable()),
        Frame::Closed { .. } => Err(TransportError::Interrupted.into()),
    }
}

/// The next message of the protocol.
async fn octets(socket: &mut dyn Socket) -> Result<Vec<u8>, WalletError> {
    match socket.receive().await? {
        Frame::Octets(octets) => Ok(octets),
        Frame::Text(text) => Err(read(&text).err().unwrap_or_else(unreadable)),
        Frame::Closed { .. } => Err(TransportError::Interrupted.into()),
    }
}

fn read(text: &str) -> Result<Told, WalletError> {
    match serde_json::from_str(text) {
        Ok(Told::Error { error }) => Err(WalletError::told(&error.code)),
        Ok(told) => Ok(told),
        Err(_) => Err(unreadable()),
    }
}
