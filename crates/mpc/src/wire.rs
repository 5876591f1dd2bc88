//! Messages of protocols as bytes: postcard, to the last byte.

use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::error::{Malformed, MpcError};
use crate::session::turn::Payload;

pub(crate) fn encode<T: Serialize>(message: &T) -> Result<Payload, MpcError> {
    postcard::to_allocvec(message).map(Zeroizing::new).map_err(|_| MpcError::Recoverable("encoding"))
}

/// What [`encode`] made of it, to the last byte.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok(_) => Err(Malformed::Length),
        Err(_) => Err(Malformed::Value),
    }
}
