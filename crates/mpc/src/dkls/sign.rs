//! A signature, in two round trips.
//!
//! ```text
//! client                    server
//! phase 1                ->
//!                        <- phase 1, phase 2
//! phase 2, phase 3       ->
//!                        <- phase 3
//! ```
//!
//! Each phase takes what the one before kept by value: it runs once.

use std::collections::BTreeMap;

use dkls23_core::protocols::signing::{
    Broadcast3to4, KeepPhase1to2, KeepPhase2to3, SignData, TransmitPhase1to2, TransmitPhase2to3, UniqueKeep1to2,
    UniqueKeep2to3,
};
use dkls23_core::protocols::{PartiesMessage, Party, PartyIndex};

use super::wire::{SignSecond, SignThird, decode, encode};
use super::{Secp, aborted, child, curve, index, state};
use crate::backend::Stage;
use crate::error::MpcError;
use crate::half::SigningHalf;
use crate::ids::Party as Side;
use crate::session::turn::Turn;
use crate::signature::{SignRequest, Signature, Signed};

pub(super) fn sign(stage: &Stage, half: &SigningHalf, request: &SignRequest) -> Result<Turn<Signed>, MpcError> {
    let message_hash =
        *request.content().as_array::<32>().ok_or(MpcError::Request("secp256k1 signs digests of 32 bytes"))?;
    let signer = Signer {
        party: child::child(state::load(half.share(), half.state())?, request.path())?,
        data: SignData {
            sign_id: stage.session.to_vec(),
            counterparties: vec![index(stage.party.peer())?],
            message_hash,
        },
        from_peer: PartiesMessage { sender: index(stage.party.peer())?, receiver: index(stage.party)? },
    };
    match stage.party {
        Side::Client => client(signer),
        Side::Server => server(signer),
    }
}

fn client(signer: Signer) -> Result<Turn<Signed>, MpcError> {
    let (kept, first) = signer.phase1()?;
    Ok(Turn::say(encode(&first)?, move |second| {
        let (phase1, phase2): SignSecond = decode(second)?;
        let (kept, sent) = signer.phase2(kept, phase1)?;
        let (x, own) = signer.phase3(kept, phase2)?;
        let third: SignThird = (sent, own.clone());
        Ok(Turn::say(encode(&third)?, move |fourth| Ok(Turn::done(signer.finish(&x, own, decode(fourth)?)?))))
    }))
}

/// Its first phase does not wait for the client's, so that both can run at the same time.
fn server(signer: Signer) -> Result<Turn<Signed>, MpcError> {
    let (kept, own_first) = signer.phase1()?;
    Ok(Turn::listen(move |first| {
        let phase1 = decode(first)?;
        let (kept, own_second) = signer.phase2(kept, phase1)?;
        let second: SignSecond = (own_first, own_second);
        Ok(Turn::say(encode(&second)?, move |third| {
            let (phase2, broadcast): SignThird = decode(third)?;
            let (x, own) = signer.phase3(kept, phase2)?;
            let fourth = encode(&own)?;
            Ok(Turn::last(fourth, signer.finish(&x, own, broadcast)?))
        }))
    }))
}

type Kept1 = (UniqueKeep1to2<Secp>, BTreeMap<PartyIndex, KeepPhase1to2<Secp>>);
type Kept2 = (UniqueKeep2to3<Secp>, BTreeMap<PartyIndex, KeepPhase2to3<Secp>>);

struct Signer {
    party: Party<Secp>,
    data: SignData,
    from_peer: PartiesMessage,
}

impl Signer {
    fn phase1(&self) -> Result<(Kept1, TransmitPhase1to2), MpcError> {
        let (unique, kept, transmit) = self.party.sign_phase1(&self.data).map_err(aborted)?;
        Ok(((unique, kept), one(transmit)?))
    }

    fn phase2(
        &self,
        (unique, kept): Kept1,
        mut received: TransmitPhase1to2,
    ) -> Result<(Kept2, TransmitPhase2to3<Secp>), MpcError> {
        received.parties = self.from_peer.clone();
        let (unique, kept, transmit) =
            self.party.sign_phase2(&self.data, unique, kept, &[received]).map_err(aborted)?;
        Ok(((unique, kept), one(transmit)?))
    }

    fn phase3(
        &self,
        (unique, kept): Kept2,
        mut received: TransmitPhase2to3<Secp>,
    ) -> Result<(String, Broadcast3to4<Secp>), MpcError> {
        received.parties = self.from_peer.clone();
        self.party.sign_phase3(&self.data, unique, kept, &[received]).map_err(aborted)
    }

    /// The library checks the signature; so do we, with another implementation.
    fn finish(&self, x: &str, own: Broadcast3to4<Secp>, peer: Broadcast3to4<Secp>) -> Result<Signed, MpcError> {
        let (s, recovery_id) = self.party.sign_phase4(&self.data, x, &[own, peer], true).map_err(aborted)?;
        let mut bytes = [0; 64];
        let (first, second) = bytes.split_at_mut(32);
        let decoded = hex::decode_to_slice(x, first).and_then(|()| hex::decode_to_slice(s, second));
        let public_key = curve::bytes_of(&self.party.pk);
        if decoded.is_err() || !curve::verify(&public_key, &self.data.message_hash, &bytes) {
            return Err(MpcError::Recoverable("signature"));
        }
        Ok(Signed { public_key, signature: Some(Signature { bytes, recovery_id }) })
    }
}

fn one<T>(transmit: Vec<T>) -> Result<T, MpcError> {
    transmit.into_iter().next().ok_or(MpcError::Recoverable("no message"))
}
