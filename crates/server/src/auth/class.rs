//! How strongly a user has logged in (wire 3.3).

/// Authentication classes, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthClass {
    /// A token that lives longer than ten minutes.
    LongLivedToken,
    /// A password.
    Password,
    /// An external identity provider.
    External,
    /// A token of at most ten minutes: a one-time code.
    ShortLivedToken,
    /// A password and a second factor.
    TwoFactor,
    /// A digital identity.
    DigitalId,
}

impl AuthClass {
    /// The level in tokens (`tac`) and in `Icure-Minimum-Required-Auth-Level`.
    pub fn level(self) -> u8 {
        match self {
            Self::LongLivedToken => 10,
            Self::Password => 20,
            Self::External => 30,
            Self::ShortLivedToken => 40,
            Self::TwoFactor => 50,
            Self::DigitalId => 60,
        }
    }
}
