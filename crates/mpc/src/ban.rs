//! What happens to a pair whose peer was caught cheating (`spec/wallet.md` 5.4).
//!
//! Signing with DKLs23 reuses oblivious transfers. A cheater may learn one bit of them per try, and is
//! caught half of the time; so whoever is caught may try no more. With two parties there is nobody else to
//! sign with: the pair is frozen, and only new transfers (a refresh from the backup pair, after step-up
//! authentication) bring it back. After [`BanCounter::CAP`] times a person has to look.

use crate::error::MpcError;

/// Whether a pair may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, until a [complete refresh](crate::renew) from the backup pair.
    Frozen,
    /// It may not: too many ban-class aborts. Manual review, or eject.
    Locked,
}

/// The pair may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// [`Standing::Frozen`].
    #[error("the pair is frozen: it needs a complete refresh from the backup pair")]
    Frozen,
    /// [`Standing::Locked`].
    #[error("the pair is locked after repeated cheating: it needs a manual review, or to be ejected")]
    Locked,
}

/// Counts the ban-class aborts of a wallet. Pure policy: the caller stores [`to_bytes`](Self::to_bytes)
/// **before** it answers the message that failed, kills all other sessions of the pair, and allows one
/// signing session per pair at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BanCounter {
    bans: u8,
    frozen: bool,
}

impl BanCounter {
    /// How many ban-class aborts a wallet survives without a person looking at it.
    pub const CAP: u8 = 3;

    /// Whether the pair may sign.
    pub fn standing(self) -> Standing {
        match (self.bans >= Self::CAP, self.frozen) {
            (true, _) => Standing::Locked,
            (false, true) => Standing::Frozen,
            (false, false) => Standing::Active,
        }
    }

    /// Asked before each session of the pair.
    ///
    /// # Errors
    /// [`NotUsable`] unless it is [`Standing::Active`].
    pub fn check(self) -> Result<(), NotUsable> {
        match self.standing() {
            Standing::Active => Ok(()),
            Standing::Frozen => Err(NotUsable::Frozen),
            Standing::Locked => Err(NotUsable::Locked),
        }
    }

    /// Told of each failure; says whether there is something new to store.
    #[must_use = "the counter must be stored before the error is answered"]
    pub fn record(&mut self, error: &MpcError) -> bool {
        if error.is_ban() {
            self.bans = self.bans.saturating_add(1);
            self.frozen = true;
        }
        error.is_ban()
    }

    /// A complete refresh from the backup pair is active, after step-up authentication. The count stays.
    ///
    /// # Errors
    /// [`NotUsable::Locked`] at the cap.
    pub fn unfreeze(&mut self) -> Result<(), NotUsable> {
        match self.standing() {
            Standing::Locked => Err(NotUsable::Locked),
            Standing::Active | Standing::Frozen => {
                self.frozen = false;
                Ok(())
            }
        }
    }

    /// How many ban-class aborts there were.
    pub fn bans(self) -> u8 {
        self.bans
    }

    /// For the store.
    pub fn to_bytes(self) -> [u8; 2] {
        [self.bans, u8::from(self.frozen)]
    }

    /// From the store. Whatever is not a plain "not frozen" is frozen.
    pub fn from_bytes([bans, frozen]: [u8; 2]) -> Self {
        Self { bans, frozen: frozen != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_freezes_and_a_refresh_unfreezes_up_to_the_cap() {
        let mut counter = BanCounter::default();
        assert_eq!(counter.check(), Ok(()));
        for mild in [MpcError::Recoverable("x"), MpcError::WrongSession, MpcError::SignShareMismatch, MpcError::Over] {
            assert!(!counter.record(&mild));
        }
        assert_eq!(counter, BanCounter::default());

        for expected in 1..BanCounter::CAP {
            assert!(counter.record(&MpcError::Ban("x")));
            assert_eq!((counter.bans(), counter.check()), (expected, Err(NotUsable::Frozen)));
            assert_eq!(BanCounter::from_bytes(counter.to_bytes()), counter);
            counter.unfreeze().unwrap();
            assert_eq!(counter.check(), Ok(()));
        }
        assert!(counter.record(&MpcError::Ban("x")));
        assert_eq!(counter.standing(), Standing::Locked);
        assert_eq!(counter.unfreeze(), Err(NotUsable::Locked));
        assert_eq!(counter.check(), Err(NotUsable::Locked));
    }

    #[test]
    fn the_count_never_wraps() {
        let mut counter = BanCounter::from_bytes([255, 0]);
        assert!(counter.record(&MpcError::Ban("x")));
        assert_eq!(counter.standing(), Standing::Locked);
    }
}
