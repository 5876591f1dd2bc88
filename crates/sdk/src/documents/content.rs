//! What attachments are made of.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use keystead_crypto::provider::Platform;

use crate::transport::Pieces;

/// Bytes in a piece of content that is in memory.
const PIECE: usize = 64 * 1024;

/// The content cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the content cannot be read")]
pub struct ContentError;

/// The content of an attachment. It is read twice: once for the tag by which readers know that it is whole and
/// unchanged, once to seal it.
pub trait Content: Platform {
    /// How many bytes it has.
    fn length(&self) -> u64;

    /// Its pieces, from the beginning. A piece that cannot be read is an error of any kind.
    ///
    /// # Errors
    /// It cannot be read.
    fn open(&self) -> Result<Pieces, ContentError>;
}

impl Content for Vec<u8> {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> Result<Pieces, ContentError> {
        Bytes::copy_from_slice(self).open()
    }
}

impl Content for Bytes {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> Result<Pieces, ContentError> {
        let mut rest = self.clone();
        let pieces = std::iter::from_fn(move || {
            let piece = rest.split_to(PIECE.min(rest.len()));
            (!piece.is_empty()).then_some(Ok(piece))
        });
        Ok(stream::iter(pieces).boxed())
    }
}

/// The content of a file, which is never in memory as a whole.
#[cfg(not(target_family = "wasm"))]
pub struct FileContent {
    path: std::path::PathBuf,
    length: u64,
}

#[cfg(not(target_family = "wasm"))]
impl FileContent {
    /// The content of the file at `path`, which must not change until it is sent.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(path: impl Into<std::path::PathBuf>) -> Result<Self, ContentError> {
        let path = path.into();
        let length = std::fs::metadata(&path).map_err(|_| ContentError)?.len();
        Ok(Self { path, length })
    }
}

#[cfg(not(target_family = "wasm"))]
impl Content for FileContent {
    fn length(&self) -> u64 {
        self.length
    }

    fn open(&self) -> Result<Pieces, ContentError> {
        use std::io::Read as _;

        let mut file = std::fs::File::open(&self.path).map_err(|_| ContentError)?;
        // what grew meanwhile is cut; what shrank is noticed by its tag
        let mut left = self.length;
        let pieces = std::iter::from_fn(move || {
            let mut piece = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
            if piece.is_empty() {
                return None;
            }
            match file.read(&mut piece) {
                Ok(0) => None,
                Ok(read) => {
                    piece.truncate(read);
                    left -= read as u64;
                    Some(Ok(Bytes::from(piece)))
                }
                Err(_) => Some(Err(crate::transport::TransportError::Interrupted)),
            }
        });
        Ok(stream::iter(pieces).boxed())
    }
}
