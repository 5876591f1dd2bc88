//! The fast refresh, of which only the share is kept: a backup half cannot sign.
//!
//! What the library calls a fast refresh reuses the oblivious transfers, and with them all that leaked of
//! them (duty 6). That does not matter here: they are dropped.

use std::collections::BTreeMap;

use dkls23_core::protocols::dkg::TransmitInitMulPhase3to4;
use dkls23_core::protocols::refresh::{KeepRefreshPhase3to4, TransmitRefreshPhase2to4, TransmitRefreshPhase3to4};
use dkls23_core::protocols::{PartiesMessage, Party};
use k256::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::exchange::{Flavour, Kept, Peer, Transfers};
use super::refresh::refreshed;
use super::wire::Opening;
use super::{Secp, aborted, index, state};
use crate::backend::{Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::half::{PairCommitments, SigningHalf};
use crate::ids::Party as Side;

pub(super) struct Fast {
    side: Side,
    session: [u8; 32],
    party: Party<Secp>,
    source: PairCommitments,
}

impl Fast {
    pub(super) fn new(stage: &Stage, source: &SigningHalf) -> Result<Self, MpcError> {
        let party = state::load(source.share(), source.state())?;
        Ok(Self { side: stage.party, session: stage.session, party, source: source.commitments().clone() })
    }
}

impl Flavour for Fast {
    fn fragments(&self) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(self.party.refresh_phase1())
    }

    fn commit(&self, fragments: &[Scalar]) -> Result<Kept, MpcError> {
        let (value, proof, seeds, transmit) = self.party.refresh_phase2(&self.session, fragments);
        let (mut seed, transmit) =
            (seeds.into_values().next()).zip(transmit.into_iter().next()).ok_or(MpcError::Recoverable("no seed"))?;
        let opening = Opening { value: Zeroizing::new(seed.seed), salt: Zeroizing::new(seed.salt) };
        seed.seed.zeroize();
        let seed_commitment = transmit.commitment;
        Ok(Kept { value: Zeroizing::new(value), proof, seed: opening, seed_commitment, chain: None })
    }

    fn set_up(&self, _kept: &Kept) -> Option<(Transfers, TransmitInitMulPhase3to4<Secp>)> {
        None
    }

    fn finish(&self, kept: &Kept, _transfers: Option<&Transfers>, peer: Peer) -> Result<Fresh, MpcError> {
        if peer.transfers.is_some() {
            return Err(Malformed::Value.into());
        }
        let (us, them) = (index(self.side)?, index(self.side.peer())?);
        let parties = PartiesMessage { sender: them, receiver: us };
        let party = self
            .party
            .refresh_phase4(
                &self.session,
                &kept.value,
                &[kept.proof.clone(), peer.proof.clone()],
                &BTreeMap::from([(them, KeepRefreshPhase3to4 { seed: *kept.seed.value })]),
                &[TransmitRefreshPhase2to4 { parties: parties.clone(), commitment: peer.seed_commitment }],
                &[TransmitRefreshPhase3to4 { parties, seed: *peer.seed.value, salt: peer.seed.salt.to_vec() }],
            )
            .map_err(aborted)?;
        refreshed(self.side, &self.source, &party, kept, &peer.proof.proof.point, Zeroizing::new(Vec::new()))
    }
}
