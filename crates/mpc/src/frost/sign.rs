//! A signature, in one round trip: the client says its nonces' commitments, the server answers with its own
//! and its share, and the client puts the signature together. The server does not learn it.
//!
//! Nonces are made for one session and moved into the one phase that uses them; none are made in advance.

use std::collections::BTreeMap;

use frost_ed25519::keys::{KeyPackage, PublicKeyPackage};
use frost_ed25519::round1::{SigningCommitments, SigningNonces, commit};
use frost_ed25519::round2::{self, SignatureShare};
use frost_ed25519::{Identifier, SigningPackage, aggregate};
use rand_core_06::OsRng;
use zeroize::Zeroizing;

use super::{curve, failed, identifier, packages};
use crate::backend::Stage;
use crate::error::{Malformed, MpcError};
use crate::half::SigningHalf;
use crate::ids::Party;
use crate::session::turn::Turn;
use crate::signature::{SignRequest, Signature, Signed};
use crate::wire::{decode, encode};

/// The server's only message.
type Second = (SigningCommitments, SignatureShare);

pub(super) fn sign(stage: &Stage, half: &SigningHalf, request: &SignRequest) -> Result<Turn<Signed>, MpcError> {
    let (key, public) = packages(half.share())?;
    let signer = Signer {
        us: identifier(stage.party)?,
        peer: identifier(stage.party.peer())?,
        key,
        public,
        public_key: half.commitments().public_key().to_vec(),
        message: request.content().to_vec(),
    };
    match stage.party {
        Party::Client => client(signer),
        Party::Server => Ok(server(signer)),
    }
}

fn client(signer: Signer) -> Result<Turn<Signed>, MpcError> {
    let (nonces, own) = signer.commit();
    Ok(Turn::say(encode(&own)?, move |second| {
        let (theirs, their_share): Second = decode(second)?;
        let (package, share) = signer.sign(nonces, own, theirs)?;
        let shares = BTreeMap::from([(signer.us, share), (signer.peer, their_share)]);
        let signature = aggregate(&package, &shares, &signer.public).map_err(failed)?;
        let bytes = *signature.serialize().map_err(failed)?.as_array::<64>().ok_or(Malformed::Length)?;
        if !curve::verify(&signer.public_key, &signer.message, &bytes) {
            return Err(MpcError::Recoverable("signature"));
        }
        let signature = Some(Signature { bytes, recovery_id: 0 });
        Ok(Turn::done(Signed { public_key: signer.public_key, signature }))
    }))
}

/// Commits before it hears the client, so that both can do so at the same time.
fn server(signer: Signer) -> Turn<Signed> {
    let (nonces, own) = signer.commit();
    Turn::listen(move |first| {
        let theirs: SigningCommitments = decode(first)?;
        let (_, share) = signer.sign(nonces, own, theirs)?;
        let second: Second = (own, share);
        Ok(Turn::last(encode(&second)?, Signed { public_key: signer.public_key, signature: None }))
    })
}

struct Signer {
    us: Identifier,
    peer: Identifier,
    key: KeyPackage,
    public: PublicKeyPackage,
    public_key: Vec<u8>,
    message: Vec<u8>,
}

impl Signer {
    fn commit(&self) -> (Zeroizing<SigningNonces>, SigningCommitments) {
        let (nonces, commitments) = commit(self.key.signing_share(), &mut OsRng);
        (Zeroizing::new(nonces), commitments)
    }

    /// Takes the nonces: the library only borrows them, and a second signature with them tells the share.
    fn sign(
        &self,
        nonces: Zeroizing<SigningNonces>,
        own: SigningCommitments,
        theirs: SigningCommitments,
    ) -> Result<(SigningPackage, SignatureShare), MpcError> {
        if theirs.hiding() == own.hiding() || theirs.binding() == own.binding() {
            return Err(MpcError::Mirrored);
        }
        let package = SigningPackage::new(BTreeMap::from([(self.us, own), (self.peer, theirs)]), &self.message);
        let share = round2::sign(&package, &nonces, &self.key).map_err(failed)?;
        Ok((package, share))
    }
}
