//! The id of a session: a hash of all that both parties must agree on before they start.

use crate::error::MpcError;
use crate::half::PairCommitments;
use crate::hash::{tagged, tagged_short};
use crate::ids::{Curve, Party, WalletId};

/// A random number that one party contributes to the id of a session: never used twice.
pub type Nonce = [u8; 32];

/// What a session is about, told by the caller of each side. All but the party must be the same on both.
#[derive(Debug, Clone)]
pub struct SessionParams {
    /// Which of the two we are.
    pub party: Party,
    /// The wallet.
    pub wallet: WalletId,
    /// The generation that comes of it: greater than that of the source for a refresh or a recovery, at
    /// least that of the source for a backup, that of the half for signing, any for a new key.
    pub target_generation: u32,
    /// From the client, fresh for this session.
    pub client_nonce: Nonce,
    /// From the server, fresh for this session.
    pub server_nonce: Nonce,
}

/// What a session does. One byte of every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Keygen,
    Refresh,
    Renew,
    BackUp,
    Recover,
    Sign,
    TestSign,
    CreateWallet,
    BackUpWallet,
    RecoverWallet,
    RenewWallet,
}

impl Operation {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Keygen => 1,
            Self::Refresh => 2,
            Self::Renew => 3,
            Self::BackUp => 4,
            Self::Recover => 5,
            Self::Sign => 6,
            Self::TestSign => 7,
            Self::CreateWallet => 8,
            Self::BackUpWallet => 9,
            Self::RecoverWallet => 10,
            Self::RenewWallet => 11,
        }
    }

    /// What it is when a library panics. Where state is reused, whatever cannot be explained is cheating.
    pub(crate) fn panicked(self) -> MpcError {
        match self {
            Self::Sign | Self::TestSign => MpcError::Ban("panic"),
            _ => MpcError::Recoverable("panic"),
        }
    }

    /// What it is when the two parties start from different pairs.
    pub(crate) fn mismatch(self) -> MpcError {
        match self {
            Self::Sign | Self::TestSign => MpcError::SignShareMismatch,
            _ => MpcError::RefreshMismatch,
        }
    }
}

/// The ids of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionIds {
    /// Of all but the source pair: tells a stray message from one whose sender has another pair.
    pub(crate) channel: [u8; 16],
    /// Of everything. Protocols bind their proofs to it.
    pub(crate) session: [u8; 32],
}

impl SessionIds {
    /// `sources` are the pairs that the session starts from, `content` what else both must agree on.
    pub(crate) fn derive(
        params: &SessionParams,
        operation: Operation,
        curve: Option<Curve>,
        sources: &[&PairCommitments],
        content: &[u8],
    ) -> Result<Self, MpcError> {
        if params.client_nonce == params.server_nonce {
            return Err(MpcError::Request("the nonces of client and server are the same"));
        }
        let operation = [operation.to_byte(), curve.map_or(0, Curve::to_byte)];
        let target = params.target_generation.to_be_bytes();
        let common: [&[u8]; 6] =
            [&operation, &params.wallet.0, &target, content, &params.client_nonce, &params.server_nonce];
        let from: Vec<u8> =
            sources.iter().flat_map(|pair| [&pair.pair().0[..], &pair.generation().to_be_bytes()].concat()).collect();
        let session = tagged("session", &[&tagged("session agreed", &common), &from]);
        Ok(Self { channel: tagged_short("channel", &common), session })
    }
}
