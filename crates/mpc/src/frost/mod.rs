//! Ed25519 with FROST (RFC 9591), by `frost-ed25519`.
//!
//! The library makes no fast refresh: every refresh is complete, and cheap.

mod curve;
mod exchange;
#[cfg(test)]
mod hostile;
mod sign;

use std::collections::BTreeMap;

use frost_ed25519::Identifier;
use frost_ed25519::keys::{KeyPackage, PublicKeyPackage, SigningShare, VerifyingShare};

use crate::backend::{Backend, Challenge, Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::half::{Share, SigningHalf};
use crate::ids::Party;
use crate::secret::SecretScalar;
use crate::session::turn::Turn;
use crate::signature::{SignRequest, Signed};

pub(crate) use curve::public_of;

/// The backend.
pub(crate) struct Frost;

impl Backend for Frost {
    fn keygen(&self, stage: &Stage) -> Result<Turn<Fresh>, MpcError> {
        exchange::exchange(stage, exchange::Flavour::Keygen)
    }

    fn refresh(&self, stage: &Stage, source: &Share) -> Result<Turn<Fresh>, MpcError> {
        let (key, public) = packages(source)?;
        exchange::exchange(stage, exchange::Flavour::Refresh(Box::new((key, public))))
    }

    fn back_up(&self, stage: &Stage, source: &SigningHalf) -> Result<Turn<Fresh>, MpcError> {
        self.refresh(stage, source.share())
    }

    fn sign(&self, stage: &Stage, half: &SigningHalf, request: &SignRequest) -> Result<Turn<Signed>, MpcError> {
        sign::sign(stage, half, request)
    }

    fn verify(&self, public_key: &[u8], content: &[u8], signature: &[u8; 64]) -> bool {
        curve::verify(public_key, content, signature)
    }

    fn public_of(&self, secret: &SecretScalar) -> Option<Vec<u8>> {
        curve::public_of(secret)
    }

    fn combine_points(&self, points: &[Vec<u8>; 2]) -> Option<Vec<u8>> {
        curve::combine_points(points)
    }

    fn combine(&self, secrets: [&SecretScalar; 2]) -> Option<SecretScalar> {
        curve::combine(secrets)
    }

    fn respond(&self, nonce: &SecretScalar, challenge: &Challenge, secret: &SecretScalar) -> Option<[u8; 32]> {
        curve::respond(nonce, challenge, secret)
    }

    fn responds(&self, nonce: &[u8], challenge: &Challenge, public: &[u8], response: &[u8; 32]) -> bool {
        curve::responds(nonce, challenge, public, response).unwrap_or_default()
    }

    fn check_state(&self, _share: &Share, state: &[u8]) -> Result<(), Malformed> {
        if state.is_empty() { Ok(()) } else { Err(Malformed::Length) }
    }

    fn has_chain_code(&self) -> bool {
        false
    }
}

/// The library's name of a party.
fn identifier(party: Party) -> Result<Identifier, MpcError> {
    Identifier::try_from(u16::from(party.index())).map_err(|_| MpcError::Request("no such party"))
}

/// The share and what is public of it, as the library wants them.
fn packages(share: &Share) -> Result<(KeyPackage, PublicKeyPackage), MpcError> {
    let commitments = share.commitments();
    let key = curve::verifying_key(commitments.public_key()).ok_or(Malformed::Value)?;
    let point = |party| {
        let point = VerifyingShare::deserialize(commitments.share(party)).map_err(|_| Malformed::Value)?;
        Ok::<_, MpcError>((identifier(party)?, point))
    };
    let points = BTreeMap::from([point(Party::Client)?, point(Party::Server)?]);
    let (own, own_point) = point(share.party())?;
    let secret = SigningShare::deserialize(share.secret().expose()).map_err(|_| Malformed::Value)?;
    Ok((KeyPackage::new(own, secret, own_point, key, 2), PublicKeyPackage::new(points, key, Some(2))))
}

/// What an error of the library means for us. No state is reused, so nothing can be learnt: no bans.
fn failed(error: frost_ed25519::Error) -> MpcError {
    use frost_ed25519::Error;
    match error {
        Error::InvalidSignatureShare { .. } => MpcError::SignShareMismatch,
        Error::InvalidProofOfKnowledge { .. } => MpcError::Recoverable("proof of knowledge"),
        Error::InvalidSecretShare { .. } => MpcError::Recoverable("polynomial"),
        Error::InvalidSignature => MpcError::Recoverable("signature"),
        Error::IdentityCommitment => MpcError::Recoverable("trivial value"),
        _ => MpcError::Recoverable("other"),
    }
}
