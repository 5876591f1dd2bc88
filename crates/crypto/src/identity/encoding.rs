//! Reading and writing our small binary formats: a version byte, then fields in order.

use super::IdentityError;

/// The rest of an encoding that is being read.
pub(crate) struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// Behind the version byte, which must be `version`.
    pub(crate) fn of_version(bytes: &'a [u8], version: u8) -> Result<Self, IdentityError> {
        match bytes.split_first() {
            Some((found, rest)) if *found == version => Ok(Self(rest)),
            _ => Err(IdentityError::Unreadable),
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], IdentityError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(IdentityError::Unreadable)?;
        self.0 = rest;
        Ok(*array)
    }

    /// Bytes behind their length in two bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], IdentityError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(IdentityError::Unreadable)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, IdentityError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| IdentityError::Unreadable)
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), IdentityError> {
        if self.0.is_empty() { Ok(()) } else { Err(IdentityError::Unreadable) }
    }
}

/// Appends bytes behind their length in two bytes; what is longer is cut, and then does not read back.
pub(crate) fn push(to: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    to.extend_from_slice(&length.to_be_bytes());
    to.extend_from_slice(bytes);
}
