//! A new key: the phases of the library's distributed key generation.

use std::collections::BTreeMap;

use dkls23_core::protocols::dkg::{
    self, BroadcastDerivationPhase2to4, BroadcastDerivationPhase3to4, KeepInitZeroSharePhase2to3,
    KeepInitZeroSharePhase3to4, SessionData, TransmitInitMulPhase3to4, TransmitInitZeroSharePhase2to4,
    TransmitInitZeroSharePhase3to4, UniqueKeepDerivationPhase2to3,
};
use dkls23_core::protocols::{Parameters, PartiesMessage};
use k256::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::exchange::{Flavour, Kept, Peer, Transfers};
use super::wire::Opening;
use super::{Secp, aborted, curve, index, state};
use crate::backend::{Fresh, Stage};
use crate::error::{Malformed, MpcError};
use crate::hash::tagged;
use crate::ids::Party;

pub(super) struct Keygen {
    party: Party,
    data: SessionData,
}

impl Keygen {
    pub(super) fn new(stage: &Stage) -> Result<Self, MpcError> {
        let parameters = Parameters::new(2, 2).map_err(|_| MpcError::Request("two of two"))?;
        let data = SessionData { parameters, party_index: index(stage.party)?, session_id: stage.session.to_vec() };
        Ok(Self { party: stage.party, data })
    }
}

impl Flavour for Keygen {
    fn fragments(&self) -> Zeroizing<Vec<Scalar>> {
        Zeroizing::new(dkg::phase1::<Secp>(&self.data))
    }

    fn commit(&self, fragments: &[Scalar]) -> Result<Kept, MpcError> {
        let (value, proof, seeds, transmit, chain, chain_transmit) = dkg::phase2::<Secp>(&self.data, fragments);
        let (mut seed, transmit) = one_seed(seeds, transmit)?;
        let opening = Opening { value: Zeroizing::new(seed.seed), salt: Zeroizing::new(seed.salt) };
        seed.seed.zeroize();
        let mut aux = chain;
        let chain = Opening { value: Zeroizing::new(aux.aux_chain_code), salt: Zeroizing::new(aux.cc_salt) };
        aux.aux_chain_code.zeroize();
        Ok(Kept {
            value: Zeroizing::new(value),
            proof,
            seed: opening,
            seed_commitment: transmit.commitment,
            chain: Some((chain, chain_transmit.cc_commitment)),
        })
    }

    fn set_up(&self, kept: &Kept) -> Option<(Transfers, TransmitInitMulPhase3to4<Secp>)> {
        // seeds and chain codes pass through this phase unchanged: we keep them ourselves
        let (opening, _) = kept.chain.as_ref()?;
        let aux = UniqueKeepDerivationPhase2to3 { aux_chain_code: *opening.value, cc_salt: opening.salt.to_vec() };
        let (_, _, transfers, transmit, _) = dkg::phase3::<Secp>(&self.data, &BTreeMap::new(), &aux);
        Some((Transfers(transfers), transmit.into_iter().next()?))
    }

    fn finish(&self, kept: &Kept, transfers: Option<&Transfers>, peer: Peer) -> Result<Fresh, MpcError> {
        let (Some(transfers), Some(received)) = (transfers, peer.transfers) else {
            return Err(Malformed::Value.into());
        };
        let (Some((own_aux, own_aux_commitment)), Some((aux, aux_commitment))) = (&kept.chain, &peer.chain) else {
            return Err(Malformed::Value.into());
        };
        let other = self.party.peer();
        let (us, them) = (index(self.party)?, index(other)?);
        let parties = PartiesMessage { sender: them, receiver: us };
        let both = [(us, own_aux, *own_aux_commitment), (them, aux, *aux_commitment)];
        let (mut party, _) = dkg::phase4::<Secp>(
            &self.data,
            &kept.value,
            &[kept.proof.clone(), peer.proof.clone()],
            &BTreeMap::from([(them, KeepInitZeroSharePhase3to4 { seed: *kept.seed.value })]),
            &[TransmitInitZeroSharePhase2to4 { parties: parties.clone(), commitment: peer.seed_commitment }],
            &[TransmitInitZeroSharePhase3to4 { parties, seed: *peer.seed.value, salt: peer.seed.salt.to_vec() }],
            &transfers.0,
            &[received],
            &both
                .iter()
                .map(|(of, _, cc_commitment)| {
                    (*of, BroadcastDerivationPhase2to4 { sender_index: *of, cc_commitment: *cc_commitment })
                })
                .collect(),
            &both
                .iter()
                .map(|(of, opening, _)| {
                    let (aux_chain_code, cc_salt) = (*opening.value, opening.salt.to_vec());
                    (*of, BroadcastDerivationPhase3to4 { sender_index: *of, aux_chain_code, cc_salt })
                })
                .collect(),
            |_| String::new(),
        )
        .map_err(aborted)?;

        // The library xors the two halves, which a mirrored one makes zero (duty 3).
        let mut aux_in_order = [*own_aux.value, *aux.value];
        let mut points = [kept.proof.proof.point, peer.proof.proof.point];
        if self.party == Party::Server {
            aux_in_order.reverse();
            points.reverse();
        }
        let [first, second] = aux_in_order;
        let public_key = curve::bytes_of(&party.pk);
        let chain_code = tagged("chain code", &[&self.data.session_id, &first, &second, &public_key]);
        party.derivation_data.chain_code = chain_code;
        Ok(Fresh {
            public_key,
            shares: points.map(|point| curve::bytes_of(&point)),
            chain_code: Some(chain_code),
            secret: curve::secret_of(&party.poly_point),
            state: state::save(&party)?,
        })
    }
}

fn one_seed(
    seeds: BTreeMap<dkls23_core::protocols::PartyIndex, KeepInitZeroSharePhase2to3>,
    transmit: Vec<TransmitInitZeroSharePhase2to4>,
) -> Result<(KeepInitZeroSharePhase2to3, TransmitInitZeroSharePhase2to4), MpcError> {
    seeds.into_values().next().zip(transmit.into_iter().next()).ok_or(MpcError::Recoverable("no seed"))
}
