//! Both curves at once: the sessions of single curves, in the same messages.

use super::recover::{self, Recovered};
use super::{backup, check, check_source};
use crate::backend::{Stage, backend};
use crate::error::MpcError;
use crate::half::{BackupHalf, SigningHalf};
use crate::ids::Curve;
use crate::session::id::{Operation, SessionParams};
use crate::session::turn::{Turn, join};
use crate::session::{Plan, Session};

/// A signing pair and a backup pair of one curve.
pub type NewPairs = Recovered;

/// What belongs to a wallet, per curve.
#[derive(Debug)]
pub struct WalletHalves<T> {
    /// For EVM chains, Bitcoin, Tron.
    pub secp256k1: T,
    /// For Solana, Stellar.
    pub ed25519: T,
}

/// What comes of a creation or a recovery.
pub type NewWallet = WalletHalves<NewPairs>;

/// What comes of a backup.
pub type WalletBackup = WalletHalves<BackupHalf>;

/// A new wallet: two keys, each with a signing pair and a backup pair.
///
/// # Errors
/// As [`keygen`](super::keygen).
pub fn create_wallet(params: &SessionParams) -> Result<Session<NewWallet>, MpcError> {
    let plan = Plan { params, operation: Operation::CreateWallet, curve: None, sources: &[], content: &[] };
    Session::new(&plan, |stage| {
        both(stage, |stage, curve| check::with_backup(stage, curve, backend(curve).keygen(stage)?))
    })
}

/// A backup pair for each key.
///
/// # Errors
/// As [`back_up`](super::back_up); [`MpcError::Request`] if the halves are not of these curves.
pub fn back_up_wallet(
    params: &SessionParams,
    halves: WalletHalves<&SigningHalf>,
) -> Result<Session<WalletBackup>, MpcError> {
    let WalletHalves { secp256k1, ed25519 } = halves;
    let sources = [secp256k1.commitments(), ed25519.commitments()];
    for half in [secp256k1, ed25519] {
        check_source(params, half.party(), half.commitments(), false)?;
    }
    check_curves(secp256k1.curve(), ed25519.curve())?;
    let plan = Plan { params, operation: Operation::BackUpWallet, curve: None, sources: &sources, content: &[] };
    Session::new(&plan, |stage| {
        both(stage, |stage, curve| match curve {
            Curve::Secp256k1 => backup::turn(stage, secp256k1),
            Curve::Ed25519 => backup::turn(stage, ed25519),
        })
    })
}

/// A new signing pair and a new backup pair for each key.
///
/// # Errors
/// As [`recover`](super::recover()); [`MpcError::Request`] if the halves are not of these curves.
pub fn recover_wallet(
    params: &SessionParams,
    halves: WalletHalves<&BackupHalf>,
) -> Result<Session<NewWallet>, MpcError> {
    let WalletHalves { secp256k1, ed25519 } = halves;
    let sources = [secp256k1.commitments(), ed25519.commitments()];
    for half in [secp256k1, ed25519] {
        check_source(params, half.party(), half.commitments(), true)?;
    }
    check_curves(secp256k1.curve(), ed25519.curve())?;
    let plan = Plan { params, operation: Operation::RecoverWallet, curve: None, sources: &sources, content: &[] };
    Session::new(&plan, |stage| {
        both(stage, |stage, curve| match curve {
            Curve::Secp256k1 => recover::turn(stage, secp256k1.share()),
            Curve::Ed25519 => recover::turn(stage, ed25519.share()),
        })
    })
}

/// A new signing pair for each key. The backup pairs stay as they are.
///
/// # Errors
/// As [`renew`](super::renew); [`MpcError::Request`] if the halves are not of these curves.
pub fn renew_wallet(
    params: &SessionParams,
    halves: WalletHalves<&BackupHalf>,
) -> Result<Session<WalletHalves<SigningHalf>>, MpcError> {
    let WalletHalves { secp256k1, ed25519 } = halves;
    let sources = [secp256k1.commitments(), ed25519.commitments()];
    for half in [secp256k1, ed25519] {
        check_source(params, half.party(), half.commitments(), true)?;
    }
    check_curves(secp256k1.curve(), ed25519.curve())?;
    let plan = Plan { params, operation: Operation::RenewWallet, curve: None, sources: &sources, content: &[] };
    Session::new(&plan, |stage| {
        both(stage, |stage, curve| {
            let half = match curve {
                Curve::Secp256k1 => secp256k1,
                Curve::Ed25519 => ed25519,
            };
            check::signing(stage, curve, backend(curve).refresh(stage, half.share())?)
        })
    })
}

fn check_curves(secp256k1: Curve, ed25519: Curve) -> Result<(), MpcError> {
    match (secp256k1, ed25519) {
        (Curve::Secp256k1, Curve::Ed25519) => Ok(()),
        _ => Err(MpcError::Request("the halves are of other curves")),
    }
}

fn both<T: Send + 'static>(
    stage: &Stage,
    make: impl Fn(&Stage, Curve) -> Result<Turn<T>, MpcError>,
) -> Result<Turn<WalletHalves<T>>, MpcError> {
    let secp256k1 = make(&stage.part("secp256k1"), Curve::Secp256k1)?;
    let ed25519 = make(&stage.part("ed25519"), Curve::Ed25519)?;
    Ok(join(secp256k1, ed25519).map(|(secp256k1, ed25519)| WalletHalves { secp256k1, ed25519 }))
}
