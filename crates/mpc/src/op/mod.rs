//! Operations: each makes a session of what the backends do, what both sides compare, and a test signature.

mod backup;
mod check;
mod eject;
mod keygen;
mod recover;
mod refresh;
mod sign;
mod wallet;

pub use backup::back_up;
#[cfg(test)]
pub(crate) use check::signing as checked_signing;
pub use eject::{EjectedKey, eject};
pub use keygen::keygen;
pub use recover::{Recovered, recover};
pub use refresh::{refresh, renew};
pub use sign::{sign, test_sign};
pub use wallet::{
    NewPairs, NewWallet, WalletBackup, WalletHalves, back_up_wallet, create_wallet, recover_wallet, renew_wallet,
};

use crate::error::MpcError;
use crate::half::PairCommitments;
use crate::ids::Party;
use crate::session::id::SessionParams;

/// Whose half it is must be who we are; and generations go up, strictly for what replaces.
fn check_source(
    params: &SessionParams,
    party: Party,
    source: &PairCommitments,
    replaces: bool,
) -> Result<(), MpcError> {
    if party != params.party {
        return Err(MpcError::Request("the half is of the other party"));
    }
    let least = source.generation().saturating_add(u32::from(replaces));
    if params.target_generation < least || (replaces && source.generation() == u32::MAX) {
        return Err(MpcError::Request("the generation does not go up"));
    }
    Ok(())
}
