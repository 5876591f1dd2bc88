//! Calls with the session of the user.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::call::{Call, Server, parse};
use crate::error::{Refusal, RequestError, WriteError};
use crate::session::Session;
use crate::transport::{Handshake, Pieces, Response, Socket, Upload};

/// Bytes of a refusal that are read.
const REFUSAL: usize = 64 * 1024;

/// A server and a session.
#[derive(Clone)]
pub(crate) struct Caller {
    server: Server,
    session: Arc<Session>,
}

impl Caller {
    pub(crate) fn new(server: Server, session: Arc<Session>) -> Self {
        Self { server, session }
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// A call whose answer is a value, and that changes nothing which others could change meanwhile.
    pub(crate) async fn read<T: DeserializeOwned>(&self, call: Call) -> Result<T, RequestError> {
        let response = self.send(&call).await?;
        if response.is_success() { parse(&response) } else { Err(Refusal::read(&response).into()) }
    }

    /// A call that writes, whose answer is a value.
    pub(crate) async fn write<T: DeserializeOwned>(&self, call: Call) -> Result<T, WriteError> {
        let response = self.send(&call).await?;
        if response.is_success() { Ok(parse(&response)?) } else { Err(Refusal::read(&response).into()) }
    }

    /// A call whose answer is a raw text (wire 1.2).
    pub(crate) async fn text(&self, call: Call) -> Result<String, RequestError> {
        let response = self.send(&call).await?;
        if !response.is_success() {
            return Err(Refusal::read(&response).into());
        }
        String::from_utf8(response.body.to_vec()).map_err(|_| RequestError::Unreadable)
    }

    /// A call that writes octets which come in pieces, whose answer is a value. The bearer is fresh for long enough
    /// to begin; pieces cannot be sent twice, so a session that ended is the caller's to begin again.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, call: Call, body: Upload) -> Result<T, WriteError> {
        let bearer = self.session.bearer().await.map_err(RequestError::from)?;
        let response = self.server.upload(&call, bearer.text.expose(), body).await?;
        if response.is_success() { Ok(parse(&response)?) } else { Err(Refusal::read(&response).into()) }
    }

    /// A call whose answer is octets, in pieces.
    pub(crate) async fn download(&self, call: Call) -> Result<Pieces, RequestError> {
        let mut bearer = self.session.bearer().await?;
        for last in [false, true] {
            let answer = self.server.download(&call, bearer.text.expose()).await?;
            if (200..300).contains(&answer.status) {
                return Ok(answer.pieces);
            }
            let refused = answer.status == 401 && !last;
            let refusal = Refusal::read(&answer.collect(REFUSAL).await?);
            if !refused || refusal.minimum_level().is_some() {
                return Err(refusal.into());
            }
            bearer = self.session.renew(bearer.generation).await?;
        }
        Err(RequestError::Unreadable)
    }

    /// Opens a web socket that speaks `protocol`.
    pub(crate) async fn socket(&self, call: Call, protocol: &str) -> Result<Box<dyn Socket>, RequestError> {
        let mut bearer = self.session.bearer().await?;
        for last in [false, true] {
            let answer = match self.server.socket(&call, bearer.text.expose(), protocol).await? {
                Handshake::Open(socket) => return Ok(socket),
                Handshake::Refused(answer) => answer,
            };
            if answer.status != 401 || last {
                return Err(Refusal::read(&answer).into());
            }
            bearer = self.session.renew(bearer.generation).await?;
        }
        Err(RequestError::Unreadable)
    }

    /// Sends a call with a bearer that is not over by our clock; if the server thinks otherwise, once more
    /// with a new one. A stronger login is another matter: a new bearer does not help.
    async fn send(&self, call: &Call) -> Result<Response, RequestError> {
        let bearer = self.session.bearer().await?;
        let response = self.server.send(call, Some(bearer.text.expose())).await?;
        if response.status != 401 || Refusal::read(&response).minimum_level().is_some() {
            return Ok(response);
        }
        let bearer = self.session.renew(bearer.generation).await?;
        Ok(self.server.send(call, Some(bearer.text.expose())).await?)
    }
}
