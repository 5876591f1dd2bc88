//! The envelope of a message: version, operation, sender, phase, session, checksum.
//!
//! The checksum keeps damage away from the protocols, which could not tell it from cheating
//! (`spec/wallet.md` 4, no. 2). It is no authentication: that is the channel's duty (5.2), under the same
//! session id.

use crate::error::{Malformed, MpcError};
use crate::hash::{equal, tagged_short};
use crate::ids::Party;
use crate::session::id::{Operation, SessionIds};
use crate::session::turn::{Payload, read_parts, write_parts};

/// The longest message that is looked at, in bytes. The longest that we send has 148 kB (key generation).
pub const MAX_MESSAGE: usize = 160 * 1024;

const VERSION: u8 = 1;
const CHECKSUM: usize = 16;

/// What all messages of a session have in common.
pub(crate) struct Frames {
    pub(crate) ids: SessionIds,
    pub(crate) operation: Operation,
}

impl Frames {
    /// The message that says `parts`.
    pub(crate) fn seal(&self, sender: Party, phase: u8, parts: &[Payload]) -> Vec<u8> {
        let body = write_parts(parts);
        let header = [VERSION, self.operation.to_byte(), sender.index(), phase];
        let checksum = self.checksum(&header, &body);
        [header.as_slice(), &self.ids.channel, &self.ids.session, &checksum, &body].concat()
    }

    /// The parts of `message`, if it is the one that `sender` sends in `phase`.
    pub(crate) fn open<'m>(&self, message: &'m [u8], sender: Party, phase: u8) -> Result<Vec<&'m [u8]>, MpcError> {
        if message.len() > MAX_MESSAGE {
            return Err(Malformed::TooLong.into());
        }
        let (header, rest) = message.split_first_chunk::<4>().ok_or(Malformed::Length)?;
        let (channel, rest) = rest.split_first_chunk::<16>().ok_or(Malformed::Length)?;
        let (session, rest) = rest.split_first_chunk::<32>().ok_or(Malformed::Length)?;
        let (checksum, body) = rest.split_first_chunk::<CHECKSUM>().ok_or(Malformed::Length)?;
        let [version, operation, from, number] = *header;
        if version != VERSION {
            return Err(Malformed::Version.into());
        }
        if operation != self.operation.to_byte() || *channel != self.ids.channel {
            return Err(MpcError::WrongSession);
        }
        if *session != self.ids.session {
            // all but the source pair agrees
            return Err(self.operation.mismatch());
        }
        if from != sender.index() || number != phase {
            return Err(MpcError::WrongSession);
        }
        if !equal(checksum, &self.checksum(header, body)) {
            return Err(Malformed::Checksum.into());
        }
        Ok(read_parts(body)?)
    }

    fn checksum(&self, header: &[u8; 4], body: &[u8]) -> [u8; CHECKSUM] {
        tagged_short("frame", &[header, &self.ids.session, body])
    }
}
