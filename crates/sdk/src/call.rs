//! One call of the server's API: what every sub-client is made of.
//!
//! A sub-client builds a [`Call`] and gives it to [`crate::api::Core::read`] or `write`, which add the
//! session and turn the answer into a value or an error of its family.

use std::sync::Arc;

use http::{HeaderName, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::RequestError;
use crate::transport::{Download, Handshake, Repeat, Request, Response, Transport, TransportError, Upload};

/// One call, without server and session.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    has_query: bool,
    headers: Vec<(HeaderName, String)>,
    body: Option<(&'static str, Vec<u8>)>,
    repeat: Repeat,
}

impl Call {
    /// A call of the path with these segments, which may contain anything.
    pub(crate) fn new(method: Method, segments: &[&str]) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            encode(segment, &mut path);
        }
        let repeat = if method == Method::GET { Repeat::Freely } else { Repeat::OnlyIfUnsent };
        Self { method, path, has_query: false, headers: Vec::new(), body: None, repeat }
    }

    /// A `GET` below `/rest/v2`.
    pub(crate) fn get(segments: &[&str]) -> Self {
        Self::rest(Method::GET, segments)
    }

    /// A `POST` below `/rest/v2`.
    pub(crate) fn post(segments: &[&str]) -> Self {
        Self::rest(Method::POST, segments)
    }

    /// A `PUT` below `/rest/v2`.
    pub(crate) fn put(segments: &[&str]) -> Self {
        Self::rest(Method::PUT, segments)
    }

    /// A `DELETE` below `/rest/v2`.
    pub(crate) fn delete(segments: &[&str]) -> Self {
        Self::rest(Method::DELETE, segments)
    }

    /// Any method below `/rest/v2`.
    pub(crate) fn rest(method: Method, segments: &[&str]) -> Self {
        Self::new(method, &[&["rest", "v2"], segments].concat())
    }

    /// Adds a query parameter.
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.path.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        encode(name, &mut self.path);
        self.path.push('=');
        encode(value, &mut self.path);
        self
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((HeaderName::from_static(name), value.to_owned()));
        self
    }

    /// Sets a JSON body.
    pub(crate) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        // what the SDK sends are maps with text keys, which always serialise
        self.body = Some(("application/json", serde_json::to_vec(body).unwrap_or_default()));
        self
    }

    /// Sets a body of another type.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Some((content_type, body));
        self
    }

    /// Lets the call be repeated even when it may have been carried out.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeat = Repeat::Freely;
        self
    }

    /// Never repeats the call when it may have been carried out, although it is a `GET`.
    pub(crate) fn once(mut self) -> Self {
        self.repeat = Repeat::OnlyIfUnsent;
        self
    }
}

/// A server: its address and how to reach it.
#[derive(Clone)]
pub(crate) struct Server {
    base: String,
    transport: Arc<dyn Transport>,
}

impl Server {
    /// The server at `base`, without a slash at its end.
    pub(crate) fn new(base: &str, transport: Arc<dyn Transport>) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), transport }
    }

    /// Sends a call, with a bearer token or without.
    pub(crate) async fn send(&self, call: &Call, bearer: Option<&str>) -> Result<Response, TransportError> {
        self.transport.send(self.request(call, bearer)?).await
    }

    /// Sends a call with a body of octets that comes in pieces.
    pub(crate) async fn upload(&self, call: &Call, bearer: &str, body: Upload) -> Result<Response, TransportError> {
        let mut request = self.request(call, Some(bearer))?;
        request.set_header(http::header::CONTENT_TYPE, "application/octet-stream")?;
        self.transport.upload(request, body).await
    }

    /// Sends a call whose answer comes in pieces.
    pub(crate) async fn download(&self, call: &Call, bearer: &str) -> Result<Download, TransportError> {
        let mut request = self.request(call, Some(bearer))?;
        request.set_header(http::header::ACCEPT, "application/octet-stream")?;
        self.transport.download(request).await
    }

    /// Asks for a web socket.
    pub(crate) async fn socket(&self, call: &Call, bearer: &str, protocol: &str) -> Result<Handshake, TransportError> {
        self.transport.socket(self.request(call, Some(bearer))?, protocol).await
    }

    fn request(&self, call: &Call, bearer: Option<&str>) -> Result<Request, TransportError> {
        let mut request = Request::new(call.method.clone(), format!("{}{}", self.base, call.path));
        request.repeat = call.repeat;
        request.set_header(http::header::ACCEPT, "application/json")?;
        for (name, value) in &call.headers {
            request.add_header(name.clone(), value)?;
        }
        if let Some(bearer) = bearer {
            request.set_header(http::header::AUTHORIZATION, &format!("Bearer {bearer}"))?;
        }
        if let Some((content_type, body)) = &call.body {
            request.set_header(http::header::CONTENT_TYPE, content_type)?;
            request.body = body.clone().into();
        }
        Ok(request)
    }
}

/// The value in a successful answer.
pub(crate) fn parse<T: DeserializeOwned>(response: &Response) -> Result<T, RequestError> {
    serde_json::from_slice(&response.body).map_err(|_| RequestError::Unreadable)
}

/// Percent-encodes what is not unreserved (RFC 3986, 2.3).
fn encode(text: &str, into: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => into.push(char::from(byte)),
            // a segment of dots only would be resolved away
            b'.' if text.bytes().any(|byte| byte != b'.') => into.push('.'),
            _ => into.extend(['%', digit(byte >> 4), digit(byte & 0x0f)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_hold_anything() {
        let call = Call::get(&["user", "a/b c", "é.x", ".."]).query("k&", "1=2").query("z", "");
        assert_eq!(call.path, "/rest/v2/user/a%2Fb%20c/%C3%A9.x/%2E%2E?k%26=1%3D2&z=");
    }
}
