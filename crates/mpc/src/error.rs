//! What can go wrong, sorted by what the caller must do about it.

/// A message or a stored half that does not decode. Nothing was computed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Longer than anything we exchange.
    #[error("too long")]
    TooLong,
    /// It ends too early, or goes on after its end.
    #[error("of the wrong length")]
    Length,
    /// A version that this build does not speak.
    #[error("of an unknown version")]
    Version,
    /// The checksum does not fit: damaged on the way or on the disk.
    #[error("damaged: the checksum does not fit")]
    Checksum,
    /// A field has a value that it cannot have.
    #[error("with an impossible value")]
    Value,
    /// The public points do not belong to the share, or not to the public key.
    #[error("inconsistent: share, commitments and public key do not belong together")]
    Inconsistent,
}

/// A session failed, or refused a message.
///
/// A message that was refused for its envelope (of another session, damaged, too long) leaves the session as it
/// was; [`Session::is_over`](crate::Session::is_over) tells. One that is over is started again, with new nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MpcError {
    /// What came does not decode.
    #[error("a message or a half is {0}")]
    Malformed(#[from] Malformed),
    /// The message is of another session, phase or direction: stray, repeated, or meant for somebody else.
    /// The session goes on.
    #[error("the message is not the next one of this session")]
    WrongSession,
    /// The protocol failed, and nothing leaked. Try again in a new session; limit the rate of tries.
    #[error("the protocol failed: {0}")]
    Recoverable(&'static str),
    /// The peer did what a cheater does to learn bits of reused state. The pair must be frozen, durably,
    /// before anything is answered (`spec/wallet.md` 5.4, [`BanCounter`](crate::BanCounter)).
    #[error("the peer failed a check that protects long-term state: {0}")]
    Ban(&'static str),
    /// The halves are not of one pair, so they cannot sign. Portal's `SIGN_SHARE_MISMATCH`.
    #[error("the halves are not of one pair (SIGN_SHARE_MISMATCH)")]
    SignShareMismatch,
    /// The halves are not of one pair, so they cannot be refreshed; or the two sides of a new pair differ.
    /// Portal's `DKG_REFRESH_MISMATCH`.
    #[error("the halves are not of one pair (DKG_REFRESH_MISMATCH)")]
    RefreshMismatch,
    /// The peer repeated our own commitment, point or proof.
    #[error("the peer mirrored what we sent")]
    Mirrored,
    /// The session is over: it finished, or failed before.
    #[error("the session is over")]
    Over,
    /// The caller asks for something impossible.
    #[error("{0}")]
    Request(&'static str),
}

impl MpcError {
    /// Whether the pair must be frozen.
    pub fn is_ban(&self) -> bool {
        matches!(self, Self::Ban(_))
    }

    /// A stable code, for answers and logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "MPC_MALFORMED",
            Self::WrongSession => "MPC_WRONG_SESSION",
            Self::Recoverable(_) => "MPC_FAILED",
            Self::Ban(_) => "MPC_BAN",
            Self::SignShareMismatch => "SIGN_SHARE_MISMATCH",
            Self::RefreshMismatch => "DKG_REFRESH_MISMATCH",
            Self::Mirrored => "MPC_MIRRORED",
            Self::Over => "MPC_OVER",
            Self::Request(_) => "MPC_REQUEST",
        }
    }
}
