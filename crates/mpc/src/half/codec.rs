//! Bytes of stored things: a version first, a checksum last.

use zeroize::Zeroizing;

use crate::error::Malformed;
use crate::hash::{equal, tagged_short};

/// The longest thing that is read, in bytes. A signing half on secp256k1 has 53 kB.
pub const MAX_STORED: usize = 96 * 1024;

const VERSION: u8 = 1;
const CHECKSUM: usize = 16;

/// Writes.
pub(crate) struct Writer(Zeroizing<Vec<u8>>);

impl Default for Writer {
    fn default() -> Self {
        Self(Zeroizing::new(vec![VERSION]))
    }
}

impl Writer {
    /// Room for `length` more bytes, so that secrets are not copied about while it grows.
    pub(crate) fn with_room(length: usize) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(length + CHECKSUM + 1));
        bytes.push(VERSION);
        Self(bytes)
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn finish(mut self) -> Zeroizing<Vec<u8>> {
        let checksum = tagged_short("stored", &[&self.0]);
        self.put(&checksum);
        self.0
    }
}

/// Reads what [`Writer`] wrote.
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self, Malformed> {
        if bytes.len() > MAX_STORED {
            return Err(Malformed::TooLong);
        }
        let (content, checksum) = bytes.split_last_chunk::<CHECKSUM>().ok_or(Malformed::Length)?;
        let (&version, rest) = content.split_first().ok_or(Malformed::Length)?;
        if version != VERSION {
            return Err(Malformed::Version);
        }
        if !equal(checksum, &tagged_short("stored", &[content])) {
            return Err(Malformed::Checksum);
        }
        Ok(Self(rest))
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'b [u8] {
        self.0
    }

    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Length) }
    }
}
