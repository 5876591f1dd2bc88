//! Web sockets (RFC 6455), as far as events and wallets need them: texts and octets both ways.

use std::fmt;

use async_trait::async_trait;

use super::{Response, TransportError};

/// What a server did with the wish for a socket.
pub enum Handshake {
    /// It opened one.
    Open(Box<dyn Socket>),
    /// It answered otherwise.
    Refused(Response),
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(_) => f.write_str("Open"),
            Self::Refused(response) => write!(f, "Refused({})", response.status),
        }
    }
}

/// What came over a socket.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
    /// The other side closes, and may say why.
    Closed {
        /// The code (RFC 6455, 7.4).
        code: Option<u16>,
        /// The reason.
        reason: String,
    },
}

impl fmt::Debug for Frame {
    /// Without contents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Octets(octets) => write!(f, "Octets({} bytes)", octets.len()),
            Self::Closed { code, .. } => write!(f, "Closed({code:?})"),
        }
    }
}

/// What one task can hand to another, where there are several.
#[cfg(not(target_family = "wasm"))]
pub trait Movable: Send {}
#[cfg(not(target_family = "wasm"))]
impl<T: Send> Movable for T {}

/// What one task can hand to another, where there are several.
#[cfg(target_family = "wasm")]
pub trait Movable {}
#[cfg(target_family = "wasm")]
impl<T> Movable for T {}

/// An open web socket.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Socket: Movable {
    /// Sends a text.
    ///
    /// # Errors
    /// The socket is broken.
    async fn send(&mut self, text: &str) -> Result<(), TransportError>;

    /// Sends octets.
    ///
    /// # Errors
    /// The socket is broken. [`TransportError::Unsupported`]: it has texts only, so there are no wallets.
    async fn send_octets(&mut self, _octets: Vec<u8>) -> Result<(), TransportError> {
        Err(TransportError::Unsupported)
    }

    /// Waits for what comes next. May be dropped while it waits: nothing is lost.
    ///
    /// # Errors
    /// The socket is broken, or the other side is silent for longer than it should be.
    async fn receive(&mut self) -> Result<Frame, TransportError>;

    /// Closes it in good order; what is dropped without is broken for the other side.
    async fn close(&mut self);
}
