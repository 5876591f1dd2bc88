//! Four messages that key generation and both refreshes have in common.
//!
//! ```text
//! client                                  server
//! fragment                             ->
//!                                      <- fragment, commitments
//! commitments, openings, transfers     ->
//!                                      <- openings, transfers
//! ```
//!
//! Nobody opens before the other committed (duty 5): the server sends its commitments in an earlier message
//! than its openings, and is held to them; the client commits and opens at once, after the server committed.

use std::collections::BTreeMap;

use dkls23_core::protocols::PartyIndex;
use dkls23_core::protocols::dkg::{KeepInitMulPhase3to4, ProofCommitment, TransmitInitMulPhase3to4};
use k256::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::wire::{Committed, Fragment, Opened, Opening, Second, Third, decode, encode, proof_commitment};
use super::{Secp, index};
use crate::backend::Fresh;
use crate::error::{Malformed, MpcError};
use crate::ids::Party;
use crate::session::turn::Turn;

/// Key generation or one of the refreshes.
pub(super) trait Flavour: Send + 'static {
    /// Our polynomial at 1 and 2.
    fn fragments(&self) -> Zeroizing<Vec<Scalar>>;
    /// Both polynomials are known at our index.
    fn commit(&self, fragments: &[Scalar]) -> Result<Kept, MpcError>;
    /// Fresh oblivious transfers, if this flavour makes them.
    fn set_up(&self, kept: &Kept) -> Option<(Transfers, TransmitInitMulPhase3to4<Secp>)>;
    /// All is opened.
    fn finish(&self, kept: &Kept, transfers: Option<&Transfers>, peer: Peer) -> Result<Fresh, MpcError>;
}

/// What we committed to.
pub(super) struct Kept {
    /// Our new share, or what is added to the old one.
    pub(super) value: Zeroizing<Scalar>,
    pub(super) proof: ProofCommitment<Secp>,
    pub(super) seed: Opening,
    pub(super) seed_commitment: [u8; 32],
    pub(super) chain: Option<(Opening, [u8; 32])>,
}

/// What the peer committed to and opened.
pub(super) struct Peer {
    pub(super) proof: ProofCommitment<Secp>,
    pub(super) seed: Opening,
    pub(super) seed_commitment: [u8; 32],
    pub(super) chain: Option<(Opening, [u8; 32])>,
    pub(super) transfers: Option<TransmitInitMulPhase3to4<Secp>>,
}

/// Secrets of the oblivious transfers, as the library wants them, which does not wipe them itself (duty 8).
pub(super) struct Transfers(pub(super) BTreeMap<PartyIndex, KeepInitMulPhase3to4<Secp>>);

impl Drop for Transfers {
    fn drop(&mut self) {
        for kept in self.0.values_mut() {
            kept.ot_sender.s.zeroize();
            kept.nonce.zeroize();
            kept.ot_receiver.seed.zeroize();
            kept.correlation.zeroize();
            kept.vec_r.zeroize();
        }
    }
}

/// The exchange, as `party`.
pub(super) fn exchange<F: Flavour>(party: Party, flavour: F) -> Result<Turn<Fresh>, MpcError> {
    match party {
        Party::Client => client(flavour),
        Party::Server => Ok(server(flavour)),
    }
}

fn client<F: Flavour>(flavour: F) -> Result<Turn<Fresh>, MpcError> {
    let fragments = flavour.fragments();
    let (own, first) = own_and_sent(&fragments, Party::Client)?;
    Ok(Turn::say(encode(&first)?, move |second| {
        let (fragment, committed): Second = decode(second)?;
        let kept = flavour.commit(&[*own, *fragment.0])?;
        check_not_mirrored(&kept, &committed)?;
        let (transfers, opened) = open(&flavour, &kept);
        let third: Third = (commitments(&kept), opened);
        Ok(Turn::say(encode(&third)?, move |fourth| {
            let opened: Opened = decode(fourth)?;
            let peer = join(&kept, committed, opened, Party::Server)?;
            Ok(Turn::done(flavour.finish(&kept, transfers.as_ref(), peer)?))
        }))
    }))
}

fn server<F: Flavour>(flavour: F) -> Turn<Fresh> {
    Turn::listen(move |first| {
        let fragment: Fragment = decode(first)?;
        let (own, sent) = own_and_sent(&flavour.fragments(), Party::Server)?;
        let kept = flavour.commit(&[*fragment.0, *own])?;
        let second: Second = (sent, commitments(&kept));
        Ok(Turn::say(encode(&second)?, move |third| {
            let (committed, opened): Third = decode(third)?;
            check_not_mirrored(&kept, &committed)?;
            let peer = join(&kept, committed, opened, Party::Client)?;
            let (transfers, opened) = open(&flavour, &kept);
            let fresh = flavour.finish(&kept, transfers.as_ref(), peer)?;
            Ok(Turn::last(encode(&opened)?, fresh))
        }))
    })
}

/// Our polynomial where we are, and where the peer is.
fn own_and_sent(fragments: &[Scalar], party: Party) -> Result<(Zeroizing<Scalar>, Fragment), MpcError> {
    let [first, second] = fragments else { return Err(MpcError::Recoverable("polynomial")) };
    let both = [Zeroizing::new(*first), Zeroizing::new(*second)];
    Ok((party.of(&both).clone(), Fragment(party.peer().of(&both).clone())))
}

fn commitments(kept: &Kept) -> Committed {
    Committed {
        proof: kept.proof.commitment,
        seed: kept.seed_commitment,
        chain: kept.chain.as_ref().map(|(_, commitment)| *commitment),
    }
}

fn open<F: Flavour>(flavour: &F, kept: &Kept) -> (Option<Transfers>, Opened) {
    let (transfers, transmit) = flavour.set_up(kept).unzip();
    let opened = Opened {
        proof: kept.proof.proof.clone(),
        seed: kept.seed.clone(),
        chain: kept.chain.as_ref().map(|(opening, _)| opening.clone()),
        transfers: transmit,
    };
    (transfers, opened)
}

/// A peer that repeats our commitments could open them with what we open (duties 3 and 4).
fn check_not_mirrored(kept: &Kept, peer: &Committed) -> Result<(), MpcError> {
    let own = commitments(kept);
    if own.chain.is_some() != peer.chain.is_some() {
        return Err(Malformed::Value.into());
    }
    let mirrored = own.proof == peer.proof || own.seed == peer.seed || (own.chain.is_some() && own.chain == peer.chain);
    if mirrored { Err(MpcError::Mirrored) } else { Ok(()) }
}

/// What the peer opened, beside what it had committed to. Its party is ours to say, not its own.
fn join(kept: &Kept, committed: Committed, opened: Opened, peer: Party) -> Result<Peer, MpcError> {
    if opened.proof.point == kept.proof.proof.point
        || opened.proof.rand_commitments == kept.proof.proof.rand_commitments
        || opened.seed.value == kept.seed.value
    {
        return Err(MpcError::Mirrored);
    }
    let chain = match (opened.chain, committed.chain, &kept.chain) {
        (Some(opening), Some(commitment), Some((own, _))) => {
            if opening.value == own.value {
                return Err(MpcError::Mirrored);
            }
            Some((opening, commitment))
        }
        (None, None, None) => None,
        _ => return Err(Malformed::Value.into()),
    };
    let mut transfers = opened.transfers;
    if let Some(transfers) = &mut transfers {
        transfers.parties.sender = index(peer)?;
        transfers.parties.receiver = index(peer.peer())?;
    }
    Ok(Peer {
        proof: proof_commitment(peer, opened.proof, committed.proof)?,
        seed: opened.seed,
        seed_commitment: committed.seed,
        chain,
        transfers,
    })
}
