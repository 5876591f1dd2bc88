//! HTTP by reqwest and rustls, for everything that is not a browser.

use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;

use super::{Request, Response, Transport, TransportError};

/// How long and how much to wait for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// For the whole answer, where the request does not say.
    pub whole: Duration,
    /// The largest body of an answer, in bytes.
    pub body: usize,
}

impl Default for Limits {
    /// Ten seconds, sixty seconds, 256 MiB: the largest attachment that a server accepts, and then some.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_secs(60), body: 256 << 20 }
    }
}

/// HTTP over TCP, with TLS by rustls. Follows no redirect and keeps connections open.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    limits: Limits,
}

impl HttpTransport {
    /// A transport with the default limits.
    ///
    /// # Errors
    /// [`TransportError::Setup`]: there are no root certificates to trust.
    pub fn new() -> Result<Self, TransportError> {
        Self::with_limits(Limits::default())
    }

    /// A transport with these limits.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_limits(limits: Limits) -> Result<Self, TransportError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect)
            .timeout(limits.whole)
            .pool_max_idle_per_host(8)
            .tcp_nodelay(true)
            .user_agent(concat!("keystead-sdk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| TransportError::Setup)?;
        Ok(Self { client, limits })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut outgoing = self.client.request(request.method, request.url).headers(request.headers);
        if !request.body.is_empty() {
            outgoing = outgoing.body(request.body);
        }
        if let Some(timeout) = request.timeout {
            outgoing = outgoing.timeout(timeout);
        }
        let mut incoming = outgoing.send().await.map_err(failure)?;
        let too_large = |length: usize| length > self.limits.body;
        let announced = incoming.content_length().and_then(|length| usize::try_from(length).ok());
        if announced.is_some_and(too_large) {
            return Err(TransportError::TooLarge);
        }
        let status = incoming.status().as_u16();
        let headers = std::mem::take(incoming.headers_mut());
        let mut body = BytesMut::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = incoming.chunk().await.map_err(failure)? {
            if too_large(body.len().saturating_add(chunk.len())) {
                return Err(TransportError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(status, headers, body.freeze()))
    }
}

/// What became of a request. Drops the error of reqwest, which names the address.
fn failure(error: reqwest::Error) -> TransportError {
    if error.is_builder() {
        TransportError::Invalid
    } else if error.is_connect() {
        TransportError::NotSent
    } else if error.is_timeout() {
        TransportError::TimedOut
    } else {
        TransportError::Interrupted
    }
}
