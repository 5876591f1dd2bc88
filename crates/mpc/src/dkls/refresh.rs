//! The complete refresh: new shares and new oblivious transfers, for every pair that will sign (duty 6).

use std::collections::BTreeMap;

use dkls23_core::protocols::dkg::{
    KeepInitZeroSharePhase3to4, TransmitInitMulPhase3to4, TransmitInitZeroSharePhase2to4,
    TransmitInitZeroSharePhase3to4,
};
use dkls23_core::protocols::{PartiesMessage, Party};
use k256::{ProjectivePoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use super::exchange::{Flavour, Kept, Peer, Transfers};
use super::wire::Opening;
use super::{Secp, aborted, curve, index, state};
use crate::backend::{Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::half::{PairCommitments, Share};
use crate::ids::Party as Side;

pub(super) struct Complete {
    side: Side,
    session: [u8; 32],
    party: Party<Secp>,
    source: PairCommitments,
}

impl Complete {
    /// From a share of either kind: the old oblivious transfers are not looked at.
    pub(super) fn new(stage: &Stage, source: &Share) -> Result<Self, MpcError> {
        let party = state::without_state(source)?;
        Ok(Self { side: stage.party, session: stage.session, party, source: source.commitments().clone() })
    }
}

impl Flavour for Complete {
    fn fragments(&self) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(self.party.refresh_complete_phase1())
    }

    fn commit(&self, fragments: &[Scalar]) -> Result<Kept, MpcError> {
        let (value, proof, seeds, transmit) = self.party.refresh_complete_phase2(&self.session, fragments);
        let (mut seed, transmit) =
            (seeds.into_values().next()).zip(transmit.into_iter().next()).ok_or(MpcError::Recoverable("no seed"))?;
        let opening = Opening { value: Zeroizing::new(seed.seed), salt: Zeroizing::new(seed.salt) };
        seed.seed.zeroize();
        let seed_commitment = transmit.commitment;
        Ok(Kept { value: Zeroizing::new(value), proof, seed: opening, seed_commitment, chain: None })
    }

    fn set_up(&self, _kept: &Kept) -> Option<(Transfers, TransmitInitMulPhase3to4<Secp>)> {
        let (_, _, transfers, transmit) = self.party.refresh_complete_phase3(&self.session, &BTreeMap::new());
        Some((Transfers(transfers), transmit.into_iter().next()?))
    }

    fn finish(&self, kept: &Kept, transfers: Option<&Transfers>, peer: Peer) -> Result<Fresh, MpcError> {
        let (Some(transfers), Some(received)) = (transfers, peer.transfers) else {
            return Err(Malformed::Value.into());
        };
        let (us, them) = (index(self.side)?, index(self.side.peer())?);
        let parties = PartiesMessage { sender: them, receiver: us };
        let party = self
            .party
            .refresh_complete_phase4(
                &self.session,
                &kept.value,
                &[kept.proof.clone(), peer.proof.clone()],
                &BTreeMap::from([(them, KeepInitZeroSharePhase3to4 { seed: *kept.seed.value })]),
                &[TransmitInitZeroSharePhase2to4 { parties: parties.clone(), commitment: peer.seed_commitment }],
                &[TransmitInitZeroSharePhase3to4 { parties, seed: *peer.seed.value, salt: peer.seed.salt.to_vec() }],
                &transfers.0,
                &[received],
            )
            .map_err(aborted)?;
        refreshed(self.side, &self.source, &party, kept, &peer.proof.proof.point, state::save(&party)?)
    }
}

/// What a refresh of `source` left in `party`: the public points move by what was proven of the corrections.
pub(super) fn refreshed(
    side: Side,
    source: &PairCommitments,
    party: &Party<Secp>,
    kept: &Kept,
    peer_correction: &k256::AffinePoint,
    state: Zeroizing<Vec<u8>>,
) -> Result<Fresh, MpcError> {
    let mut corrections = [kept.proof.proof.point, *peer_correction];
    if side == Side::Server {
        corrections.reverse();
    }
    let moved = |old: &[u8], correction: k256::AffinePoint| {
        let moved = ProjectivePoint::from(curve::point(old)?) + correction;
        curve::bytes_of_sum(moved).filter(|new| new != old)
    };
    let [first, second] = corrections;
    let shares = moved(source.share(Side::Client), first).zip(moved(source.share(Side::Server), second));
    // a correction of zero refreshes nothing
    let (first, second) = shares.ok_or(MpcError::Recoverable("trivial value"))?;
    Ok(Fresh {
        public_key: source.public_key().to_vec(),
        shares: [first, second],
        chain_code: source.chain_code().copied(),
        secret: curve::secret_of(&party.poly_point),
        state,
    })
}
