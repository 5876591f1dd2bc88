//! Bodies that come in pieces, for what is too large to be in memory as a whole.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use http::HeaderMap;

use super::{Response, TransportError};

/// Pieces of a body.
#[cfg(not(target_family = "wasm"))]
pub type Pieces = futures_util::stream::BoxStream<'static, Result<Bytes, TransportError>>;
/// Pieces of a body.
#[cfg(target_family = "wasm")]
pub type Pieces = futures_util::stream::LocalBoxStream<'static, Result<Bytes, TransportError>>;

/// A body to be sent in pieces.
pub struct Upload {
    /// How many bytes the pieces have together.
    pub length: u64,
    /// The pieces. An error in them ends the request.
    pub pieces: Pieces,
}

impl Upload {
    /// All of it, for a transport that cannot send pieces.
    ///
    /// # Errors
    /// That of a piece.
    pub async fn collect(mut self) -> Result<Bytes, TransportError> {
        let mut whole = BytesMut::with_capacity(usize::try_from(self.length).unwrap_or_default());
        while let Some(piece) = self.pieces.try_next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} bytes)", self.length)
    }
}

/// An answer whose body comes in pieces.
pub struct Download {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The pieces of the body.
    pub pieces: Pieces,
}

impl Download {
    /// The answer read whole, at most `limit` bytes of body.
    ///
    /// # Errors
    /// [`TransportError::TooLarge`], or that of a piece.
    pub async fn collect(mut self, limit: usize) -> Result<Response, TransportError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.pieces.try_next().await? {
            if whole.len().saturating_add(piece.len()) > limit {
                return Err(TransportError::TooLarge);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Response::new(self.status, self.headers, whole.freeze()))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Download({})", self.status)
    }
}
