//! How a request reaches a server: one method to be written, so that a browser, a test or an application with its own
//! HTTP stack can take its place.
//!
//! A transport sends what it is given once and returns what came back, whatever the status. Repeating is
//! the business of [`Retrying`], which wraps every transport the SDK uses.

#[cfg(not(target_family = "wasm"))]
mod native;
mod request;
mod retry;
mod socket;
mod stream;

use async_trait::async_trait;
use keystead_crypto::provider::Platform;

#[cfg(not(target_family = "wasm"))]
pub use native::{HttpTransport, Limits};
pub use request::{Repeat, Request, Response};
pub use retry::{RetryPolicy, Retrying};
pub use socket::{Frame, Handshake, Movable, Socket};
pub use stream::{Download, Pieces, Upload};

/// Sends requests.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Transport: Platform {
    /// Sends `request` once and reads the whole answer. A status of 400 or 500 is an answer, not an error.
    ///
    /// # Errors
    /// There is no answer: see [`TransportError`].
    async fn send(&self, request: Request) -> Result<Response, TransportError>;

    /// Sends `request` once with a body that comes in pieces. A transport that cannot do so sends it as a whole.
    ///
    /// # Errors
    /// As [`Self::send`]; that of a piece.
    async fn upload(&self, mut request: Request, body: Upload) -> Result<Response, TransportError> {
        request.body = body.collect().await?;
        self.send(request).await
    }

    /// Sends `request` once, and gives the body of the answer in pieces. A transport that cannot do so reads it as
    /// a whole.
    ///
    /// # Errors
    /// As [`Self::send`].
    async fn download(&self, request: Request) -> Result<Download, TransportError> {
        let Response { status, headers, body, .. } = self.send(request).await?;
        let pieces = Box::pin(futures_util::stream::once(async { Ok(body) }));
        Ok(Download { status, headers, pieces })
    }

    /// Asks for a web socket that speaks `protocol`. A transport without sockets has no events.
    ///
    /// # Errors
    /// As [`Self::send`]; [`TransportError::Unsupported`].
    async fn socket(&self, _request: Request, _protocol: &str) -> Result<Handshake, TransportError> {
        Err(TransportError::Unsupported)
    }
}

/// Why there is no answer.
///
/// Says nothing about where the request went: addresses carry ids of people and codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection: the request surely did not reach the server.
    #[error("the server cannot be reached")]
    NotSent,
    /// The connection broke: the server may or may not have carried the request out.
    #[error("the connection broke before the answer was complete")]
    Interrupted,
    /// The answer took too long: the server may or may not have carried the request out.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The answer is larger than the transport accepts.
    #[error("the answer is larger than what is accepted")]
    TooLarge,
    /// The address or a header cannot be sent.
    #[error("a request that cannot be sent")]
    Invalid,
    /// The transport cannot do this at all.
    #[error("the transport has no web sockets")]
    Unsupported,
    /// The transport could not be set up, for instance because there are no root certificates.
    #[error("the transport cannot be set up")]
    Setup,
}

impl TransportError {
    /// Whether a later attempt may succeed.
    pub fn retryable(self) -> bool {
        matches!(self, Self::NotSent | Self::Interrupted | Self::TimedOut)
    }

    /// Whether the server may have carried the request out all the same.
    pub fn may_have_arrived(self) -> bool {
        matches!(self, Self::Interrupted | Self::TimedOut | Self::TooLarge)
    }
}
