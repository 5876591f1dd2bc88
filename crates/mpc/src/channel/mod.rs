//! The channel that messages travel in, end to end: from the device to the server, through whoever ends TLS between
//! them.
//!
//! Messages of protocols tell how new shares differ from old ones, and one flipped bit looks like cheating
//! (`spec/wallet.md` 4, no. 2, and 5.2). So both sides have a key: the device one of its own, which the server remembers
//! with the pairs that were made with it; the server one that the device knows beforehand. The handshake is that of
//! Noise, `IK` (<https://noiseprotocol.org>), by `snow`; what it stands on is in [`primitives`].
//!
//! ```text
//! client                                   server
//! message 1: e, es, s, ss               ->            who the device is, readable for this server only
//!                                       <- message 2: e, ee, se, and a payload
//! frames, each under its own number    <->
//! ```
//!
//! Message 1 can be recorded and sent again. It asks for nothing: whoever does so gets a message 2 that only the device
//! could read, and cannot say another word.
//!
//! A frame is a row of Noise messages, since one of those has at most 65,535 octets. All but the last are full. What is
//! sealed ends with an octet that tells what it is, and whether the frame goes on; so a frame can neither be cut nor
//! joined with another.

mod primitives;

use core::fmt;
use core::str::FromStr;

use rand_core_06::{OsRng, RngCore as _};
use snow::{Builder, HandshakeState, TransportState};
use zeroize::Zeroizing;

use crate::session::frame::MAX_MESSAGE;
use primitives::Primitives;

/// The handshake and what it stands on.
const NOISE: &str = "Noise_IK_25519_ChaChaPoly_SHA256";
/// The longest Noise message.
const PIECE: usize = 65_535;
/// What a Noise message adds.
const TAG: usize = 16;
/// What one of them carries for us, without the octet at its end.
const CONTENT: usize = PIECE - TAG - 1;
/// Marks that the frame goes on.
const GOES_ON: u8 = 0x80;
/// The length of message 1: two public keys, one of them sealed, and a seal on nothing.
const FIRST: usize = 32 + (32 + TAG) + TAG;
/// The longest payload of message 2.
const MAX_PAYLOAD: usize = 4096;

/// The longest frame that is looked at: [`MAX_MESSAGE`], sealed.
pub const MAX_SEALED: usize = MAX_MESSAGE + (MAX_MESSAGE / CONTENT + 1) * (TAG + 1);

/// Why the channel did not open, or is over. Says nothing about keys and contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// A message of the handshake does not open: it was made for another key or another purpose, or changed.
    #[error("the handshake does not open: made for another key, or changed on the way")]
    Handshake,
    /// A frame was changed, cut, repeated, left out or joined with another. The channel is over.
    #[error("a frame is not the next one of this channel")]
    Frame,
    /// Longer than anything we exchange.
    #[error("longer than what a channel carries")]
    TooLong,
    /// No key.
    #[error("expected a key of 64 hexadecimal digits")]
    Key,
    /// The machine gives no randomness.
    #[error("no randomness")]
    Random,
}

/// A side's own key of the channel. Wiped when it is dropped; its `Debug` says nothing.
#[derive(Clone)]
pub struct ChannelKey {
    secret: Zeroizing<[u8; 32]>,
    public: ChannelPublic,
}

impl ChannelKey {
    /// A new one.
    ///
    /// # Errors
    /// [`ChannelError::Random`].
    pub fn generate() -> Result<Self, ChannelError> {
        let mut secret = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(&mut *secret).map_err(|_| ChannelError::Random)?;
        Ok(Self::new(&secret))
    }

    /// The one with these 32 random octets.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { secret: Zeroizing::new(*secret), public: ChannelPublic(primitives::public_of(secret)) }
    }

    /// Its octets, to be kept where only its owner reads.
    pub fn expose(&self) -> &[u8; 32] {
        &self.secret
    }

    /// What the other side knows it by.
    pub fn public(&self) -> ChannelPublic {
        self.public
    }
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelKey(..)")
    }
}

/// The public part of a [`ChannelKey`]: 64 hexadecimal digits as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelPublic([u8; 32]);

impl ChannelPublic {
    /// Its octets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ChannelPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ChannelPublic {
    type Err = ChannelError;

    fn from_str(text: &str) -> Result<Self, ChannelError> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| ChannelError::Key)?;
        Ok(Self(key))
    }
}

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A text: what is wished, and what came of it.
    Text,
    /// A message of a protocol.
    Message,
}

impl Content {
    fn to_byte(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Message => 2,
        }
    }

    fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Text),
            2 => Some(Self::Message),
            _ => None,
        }
    }
}

fn builder<'a>(key: &'a ChannelKey, prologue: &'a [u8]) -> Result<Builder<'a>, ChannelError> {
    let params = NOISE.parse().map_err(|_| ChannelError::Handshake)?;
    let builder = Builder::with_resolver(params, Box::new(Primitives));
    let builder = builder.local_private_key(key.expose()).map_err(|_| ChannelError::Handshake)?;
    builder.prologue(prologue).map_err(|_| ChannelError::Handshake)
}

/// The client, once it sent message 1.
pub struct Initiator(Box<HandshakeState>);

impl Initiator {
    /// A channel from the device's key to the server's, and message 1. The `prologue` says what the channel is for, and
    /// has to be the same on both sides.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`]: the server's key is none. [`ChannelError::Random`].
    pub fn new(key: &ChannelKey, server: &ChannelPublic, prologue: &[u8]) -> Result<(Self, Vec<u8>), ChannelError> {
        let builder = builder(key, prologue)?.remote_public_key(server.as_bytes());
        let built = builder.and_then(Builder::build_initiator);
        let mut handshake = built.map_err(|_| ChannelError::Handshake)?;
        let mut message = vec![0; FIRST];
        let length = handshake.write_message(&[], &mut message).map_err(|error| match error {
            snow::Error::Rng => ChannelError::Random,
            _ => ChannelError::Handshake,
        })?;
        message.truncate(length);
        Ok((Self(Box::new(handshake)), message))
    }

    /// The channel, and the payload of the server's message 2.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`]: it is not the answer of the server with that key, to this message 1.
    pub fn finish(mut self, message: &[u8]) -> Result<(Channel, Vec<u8>), ChannelError> {
        if message.len() > 32 + MAX_PAYLOAD + TAG {
            return Err(ChannelError::TooLong);
        }
        let mut payload = vec![0; message.len()];
        let length = self.0.read_message(message, &mut payload).map_err(|_| ChannelError::Handshake)?;
        payload.truncate(length);
        Ok((Channel::new(*self.0)?, payload))
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initiator(..)")
    }
}

/// The server, once it read message 1.
pub struct Responder {
    handshake: Box<HandshakeState>,
    device: ChannelPublic,
}

impl Responder {
    /// What a device wishes that sent message 1.
    ///
    /// # Errors
    /// [`ChannelError::Handshake`]: it is not for this key, or not for what the `prologue` says.
    pub fn read(key: &ChannelKey, prologue: &[u8], message: &[u8]) -> Result<Self, ChannelError> {
        if message.len() != FIRST {
            return Err(ChannelError::Handshake);
        }
        let built = builder(key, prologue)?.build_responder();
        let mut handshake = built.map_err(|_| ChannelError::Handshake)?;
        handshake.read_message(message, &mut [0; FIRST]).map_err(|_| ChannelError::Handshake)?;
        let device = handshake.get_remote_static().and_then(|key| key.try_into().ok());
        let device = ChannelPublic(device.ok_or(ChannelError::Handshake)?);
        Ok(Self { handshake: Box::new(handshake), device })
    }

    /// The key of the device. That it has it is proven by the first frame that opens.
    pub fn device(&self) -> ChannelPublic {
        self.device
    }

    /// The channel, and message 2 with a payload that only the device reads.
    ///
    /// # Errors
    /// [`ChannelError::TooLong`], [`ChannelError::Random`].
    pub fn answer(mut self, payload: &[u8]) -> Result<(Channel, Vec<u8>), ChannelError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(ChannelError::TooLong);
        }
        let mut message = vec![0; 32 + payload.len() + TAG];
        let length = self.handshake.write_message(payload, &mut message).map_err(|_| ChannelError::Random)?;
        message.truncate(length);
        Ok((Channel::new(*self.handshake)?, message))
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("device", &self.device).finish_non_exhaustive()
    }
}

/// An open channel.
pub struct Channel {
    transport: Box<TransportState>,
    over: bool,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("over", &self.over).finish_non_exhaustive()
    }
}

impl Channel {
    fn new(handshake: HandshakeState) -> Result<Self, ChannelError> {
        let transport = handshake.into_transport_mode().map_err(|_| ChannelError::Handshake)?;
        Ok(Self { transport: Box::new(transport), over: false })
    }

    /// The next frame to send.
    ///
    /// # Errors
    /// [`ChannelError::TooLong`]: longer than [`MAX_MESSAGE`]. [`ChannelError::Frame`]: the channel is over.
    pub fn seal(&mut self, content: Content, plain: &[u8]) -> Result<Vec<u8>, ChannelError> {
        if self.over {
            return Err(ChannelError::Frame);
        }
        if plain.len() > MAX_MESSAGE {
            return Err(ChannelError::TooLong);
        }
        let pieces = plain.len().div_ceil(CONTENT).max(1);
        let mut frame = vec![0; plain.len() + pieces * (TAG + 1)];
        let mut piece = Zeroizing::new(Vec::with_capacity(CONTENT.min(plain.len()) + 1));
        let mut rest = plain;
        for (index, sealed) in frame.chunks_mut(PIECE).enumerate() {
            let (now, later) = rest.split_at(rest.len().min(CONTENT));
            let goes_on = if index + 1 < pieces { GOES_ON } else { 0 };
            piece.clear();
            piece.extend_from_slice(now);
            piece.push(content.to_byte() | goes_on);
            self.transport.write_message(&piece, sealed).map_err(|_| self.end())?;
            rest = later;
        }
        Ok(frame)
    }

    /// What the next frame that came carries. Whatever is not that frame ends the channel.
    ///
    /// # Errors
    /// [`ChannelError::Frame`], [`ChannelError::TooLong`].
    pub fn open(&mut self, frame: &[u8]) -> Result<(Content, Zeroizing<Vec<u8>>), ChannelError> {
        if self.over {
            return Err(ChannelError::Frame);
        }
        if frame.len() > MAX_SEALED {
            self.over = true;
            return Err(ChannelError::TooLong);
        }
        // each piece is opened to where the octet at the end of the one before is
        let mut plain = Zeroizing::new(vec![0; frame.len()]);
        let (mut length, mut content) = (0_usize, None);
        let mut pieces = frame.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            let room = plain.get_mut(length..).ok_or(ChannelError::Frame)?;
            let opened = self.transport.read_message(piece, room).map_err(|_| self.end())?;
            let last = opened.checked_sub(1).and_then(|last| room.get(last)).copied();
            let (goes_on, now) = match last {
                Some(mark) => (mark & GOES_ON != 0, Content::of(mark & !GOES_ON)),
                None => return Err(self.end()),
            };
            if goes_on != pieces.peek().is_some() || now.is_none() || content.is_some_and(|before| before != now) {
                return Err(self.end());
            }
            content = Some(now);
            length += opened - 1;
        }
        plain.truncate(length);
        match content.flatten() {
            Some(content) => Ok((content, plain)),
            None => Err(self.end()),
        }
    }

    fn end(&mut self) -> ChannelError {
        self.over = true;
        ChannelError::Frame
    }
}

#[cfg(test)]
mod tests;
