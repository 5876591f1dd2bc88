//! What a wallet is doing, in the words and the order that applications know (portal 4.4).

use std::fmt;
use std::sync::Arc;

use super::Wallet;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// A key, or a half, is read.
    Reading,
    /// New halves are made, with the server.
    Generating,
    /// Halves are checked.
    Parsing,
    /// A backup is sealed.
    Encrypting,
    /// A backup is opened.
    Decrypting,
    /// The new signing pair is made.
    RecoveringSigning,
    /// The new backup is made.
    RecoveringBackup,
    /// Something is stored.
    Storing,
    /// All of it is done.
    Done,
}

impl Status {
    /// The words of Portal's SDKs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reading => "Reading share",
            Self::Generating => "Generating share",
            Self::Parsing => "Parsing share",
            Self::Encrypting => "Encrypting share",
            Self::Decrypting => "Decrypting share",
            Self::RecoveringSigning => "Recovering signing share",
            Self::RecoveringBackup => "Recovering backup share",
            Self::Storing => "Storing share",
            Self::Done => "Done",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalletProgress {
    /// What is being done.
    pub status: Status,
    /// Whether it was the last.
    pub done: bool,
}

/// Who is told.
#[derive(Clone, Default)]
pub(super) struct Progress(Option<Arc<dyn Fn(WalletProgress) + Send + Sync>>);

impl Wallet {
    /// The same wallet, whose operations tell `callback` how far they are. It must be quick.
    #[must_use]
    pub fn on_progress(mut self, callback: impl Fn(WalletProgress) + Send + Sync + 'static) -> Self {
        self.progress = Progress(Some(Arc::new(callback)));
        self
    }

    pub(super) fn tell(&self, status: Status) {
        if let Progress(Some(callback)) = &self.progress {
            callback(WalletProgress { status, done: status == Status::Done });
        }
    }

    /// A recovery makes both new pairs in one session; applications expect to hear of one after the other.
    pub(super) fn tell_both_made(&self) {
        use Status::{Generating, Parsing, RecoveringBackup, Storing};
        for status in [Parsing, Storing, RecoveringBackup, Generating, Parsing] {
            self.tell(status);
        }
    }
}
