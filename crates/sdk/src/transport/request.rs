//! What is sent and what comes back.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::TransportError;

/// Whether a request may be sent again when nobody knows whether the first one was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Carrying it out twice is like carrying it out once, or the second time is refused with 409.
    Freely,
    /// Only when it surely did not reach the server.
    OnlyIfUnsent,
}

/// A request: method, address, headers, body.
///
/// `Debug` shows the method and the size only: addresses, headers and bodies carry secrets.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty where there is none.
    pub body: Bytes,
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// How long to wait for the whole answer; the transport's own limit where there is none.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A request without headers and body. What only reads may be repeated.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        let repeat = if method == Method::GET { Repeat::Freely } else { Repeat::OnlyIfUnsent };
        Self { method, url: url.into(), headers: HeaderMap::new(), body: Bytes::new(), repeat, timeout: None }
    }

    /// Sets a header, and marks it as not to be shown.
    ///
    /// # Errors
    /// [`TransportError::Invalid`]: the value cannot stand in a header.
    pub fn set_header(&mut self, name: HeaderName, value: &str) -> Result<(), TransportError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| TransportError::Invalid)?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// Adds a header beside those of the same name, and marks it as not to be shown.
    ///
    /// # Errors
    /// [`TransportError::Invalid`]: the value cannot stand in a header.
    pub fn add_header(&mut self, name: HeaderName, value: &str) -> Result<(), TransportError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| TransportError::Invalid)?;
        value.set_sensitive(true);
        self.headers.append(name, value);
        Ok(())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes)", self.method, self.body.len())
    }
}

/// An answer, read whole.
///
/// `Debug` shows the status and the size only.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether an earlier attempt of the same request may have been carried out: then "there is already
    /// one" or "the revision is not the current one" may speak of our own work. Set by [`super::Retrying`].
    pub repeated: bool,
}

impl Response {
    /// An answer to a first attempt.
    pub fn new(status: u16, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { status, headers, body: body.into(), repeated: false }
    }

    /// Whether the request was carried out.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// When to try again, as the server says it: `Retry-After` in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self.header("retry-after")?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}
