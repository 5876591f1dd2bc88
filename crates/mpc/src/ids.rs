//! Who and what: parties, curves, wallets, pairs.

use serde::{Deserialize, Serialize};

/// A curve, and with it a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Curve {
    /// ECDSA on secp256k1, by DKLs23: EVM chains, Bitcoin, Tron.
    Secp256k1,
    /// Ed25519 (RFC 8032), by FROST (RFC 9591): Solana, Stellar.
    Ed25519,
}

impl Curve {
    /// The byte that stands for it in encodings and hashes.
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Secp256k1 => 1,
            Self::Ed25519 => 2,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Secp256k1, Self::Ed25519].into_iter().find(|curve| curve.to_byte() == byte)
    }

    /// Bytes of an encoded point: compressed SEC 1, or RFC 8032.
    pub fn point_length(self) -> usize {
        match self {
            Self::Secp256k1 => 33,
            Self::Ed25519 => 32,
        }
    }
}

/// One of the two who sign. The number is also the point at which its share is evaluated (Shamir).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Party {
    /// Party A, 1: starts every session.
    Client,
    /// Party B, 2: answers.
    Server,
}

impl Party {
    /// Its index in the protocols: 1 or 2.
    pub fn index(self) -> u8 {
        match self {
            Self::Client => 1,
            Self::Server => 2,
        }
    }

    pub(crate) fn from_index(index: u8) -> Option<Self> {
        [Self::Client, Self::Server].into_iter().find(|party| party.index() == index)
    }

    /// The other one.
    pub fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// What belongs to this party, of two things in order of index.
    pub(crate) fn of<T>(self, two: &[T; 2]) -> &T {
        let [first, second] = two;
        match self {
            Self::Client => first,
            Self::Server => second,
        }
    }
}

/// The id of a wallet, which both parties know beforehand: a UUID, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WalletId(pub [u8; 16]);

/// The id of a pair of halves. Nobody chooses it: it is a hash of the session that made the pair and of
/// all that is public of it, so two halves with one id belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PairId(pub [u8; 16]);

/// What a pair of halves can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PairKind {
    /// Signs.
    Signing,
    /// Cannot sign: makes new pairs, or the whole key.
    Backup,
}

impl PairKind {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Signing => 1,
            Self::Backup => 2,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Signing, Self::Backup].into_iter().find(|kind| kind.to_byte() == byte)
    }
}
