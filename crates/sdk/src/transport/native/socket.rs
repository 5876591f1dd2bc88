//! Web sockets over the connection that reqwest made: the same TLS, proxies and limits as every request.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, StatusCode, header};
use reqwest::Upgraded;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::HttpTransport;
use crate::transport::{Frame, Handshake, Request, Socket, TransportError};

/// Servers send a keep-alive every few seconds: whoever is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);

/// The largest message that is accepted, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// How long closing may take.
const FAREWELL: Duration = Duration::from_secs(2);

impl HttpTransport {
    /// Asks for a socket that speaks `protocol`.
    pub(super) async fn handshake(&self, mut request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        let key = generate_key();
        let headers = &mut request.headers;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|_| TransportError::Invalid);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value(protocol)?);
        headers.insert(header::SEC_WEBSOCKET_KEY, value(&key)?);
        let incoming = self.begin(request, None).await?;
        if incoming.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Handshake::Refused(self.whole(incoming).await?));
        }
        let answered = |name| incoming.headers().get(name).and_then(|value| value.to_str().ok());
        let accepted = answered(header::SEC_WEBSOCKET_ACCEPT) == Some(derive_accept_key(key.as_bytes()).as_str());
        if !accepted || answered(header::SEC_WEBSOCKET_PROTOCOL) != Some(protocol) {
            return Err(TransportError::Invalid);
        }
        let connection = incoming.upgrade().await.map_err(|_| TransportError::Interrupted)?;
        let config = WebSocketConfig::default().max_message_size(Some(MAX_TEXT)).max_frame_size(Some(MAX_TEXT));
        let stream = WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await;
        Ok(Handshake::Open(Box::new(NativeSocket { stream })))
    }
}

/// An open socket.
struct NativeSocket {
    stream: WebSocketStream<Upgraded>,
}

#[async_trait]
impl Socket for NativeSocket {
    async fn send(&mut self, text: &str) -> Result<(), TransportError> {
        self.stream.send(Message::text(text)).await.map_err(|_| TransportError::Interrupted)
    }

    async fn send_octets(&mut self, octets: Vec<u8>) -> Result<(), TransportError> {
        self.stream.send(Message::binary(octets)).await.map_err(|_| TransportError::Interrupted)
    }

    async fn receive(&mut self) -> Result<Frame, TransportError> {
        loop {
            let next = tokio::time::timeout(SILENCE, self.stream.next());
            match next.await.map_err(|_| TransportError::TimedOut)? {
                Some(Ok(Message::Text(text))) => return Ok(Frame::Text(text.as_str().to_owned())),
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame.map_or((None, String::new()), |frame| {
                        (Some(u16::from(frame.code)), frame.reason.as_str().to_owned())
                    });
                    return Ok(Frame::Closed { code, reason });
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Binary(octets))) => return Ok(Frame::Octets(octets.to_vec())),
                Some(Err(_)) | None => return Err(TransportError::Interrupted),
            }
        }
    }

    async fn close(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        // whoever is gone need not be told
        let _ = tokio::time::timeout(FAREWELL, self.stream.close(Some(frame))).await;
    }
}
