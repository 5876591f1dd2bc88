//! HTTP by reqwest and rustls, for everything that is not a browser.

mod socket;

use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use futures_util::{StreamExt as _, stream};
use http::header::CONTENT_LENGTH;
use reqwest::Body;

use super::{Download, Handshake, Request, Response, Transport, TransportError, Upload};

/// How long and how much to wait for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// For the whole answer, where the request does not say.
    pub whole: Duration,
    /// For the whole of what is sent or read in pieces, where the request does not say.
    pub pieces: Duration,
    /// The largest body of an answer that is read whole, in bytes.
    pub body: usize,
}

impl Default for Limits {
    /// Ten seconds, sixty seconds, an hour, 256 MiB.
    fn default() -> Self {
        let (connect, whole) = (Duration::from_secs(10), Duration::from_secs(60));
        Self { connect, whole, pieces: Duration::from_secs(3_600), body: 256 << 20 }
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

impl HttpTransport {
    /// Sends a request, with `body` in place of its own, and waits for the head of the answer.
    async fn begin(&self, request: Request, body: Option<Body>) -> Result<reqwest::Response, TransportError> {
        let mut outgoing = self.client.request(request.method, request.url).headers(request.headers);
        match body {
            Some(body) => outgoing = outgoing.body(body),
            None if request.body.is_empty() => {}
            None => outgoing = outgoing.body(request.body),
        }
        if let Some(timeout) = request.timeout {
            outgoing = outgoing.timeout(timeout);
        }
        outgoing.send().await.map_err(failure)
    }

    /// Reads an answer whole.
    async fn whole(&self, mut incoming: reqwest::Response) -> Result<Response, TransportError> {
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

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let incoming = self.begin(request, None).await?;
        self.whole(incoming).await
    }

    async fn upload(&self, mut request: Request, body: Upload) -> Result<Response, TransportError> {
        request.headers.insert(CONTENT_LENGTH, body.length.into());
        request.timeout.get_or_insert(self.limits.pieces);
        let incoming = self.begin(request, Some(Body::wrap_stream(body.pieces))).await?;
        self.whole(incoming).await
    }

    async fn download(&self, mut request: Request) -> Result<Download, TransportError> {
        request.timeout.get_or_insert(self.limits.pieces);
        let mut incoming = self.begin(request, None).await?;
        let status = incoming.status().as_u16();
        let headers = std::mem::take(incoming.headers_mut());
        let pieces = stream::unfold(Some(incoming), |incoming| async {
            let mut incoming = incoming?;
            match incoming.chunk().await {
                Ok(piece) => Some((Ok(piece?), Some(incoming))),
                Err(error) => Some((Err(failure(error)), None)),
            }
        });
        Ok(Download { status, headers, pieces: pieces.boxed() })
    }

    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        self.handshake(request, protocol).await
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
