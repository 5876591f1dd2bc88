//! What a signing half holds beside its share: the oblivious transfers, and the seed of zero shares.

use std::collections::BTreeMap;

use dkls23_core::protocols::derivation::DerivData;
use dkls23_core::protocols::{Parameters, Party};
use dkls23_core::utilities::multiplication::{MulReceiver, MulSender};
use dkls23_core::utilities::zero_shares::ZeroShare;
use zeroize::Zeroizing;

use super::wire::{decode, encode};
use super::{Secp, curve, index};
use crate::error::{Malformed, MpcError};
use crate::half::Share;
use crate::ids::Party as Side;

/// Writes what [`load`] reads. The public point of the share says to which share it belongs.
pub(super) fn save(party: &Party<Secp>) -> Result<Zeroizing<Vec<u8>>, MpcError> {
    let sender = party.mul_senders.values().next();
    let receiver = party.mul_receivers.values().next();
    let (Some(sender), Some(receiver)) = (sender, receiver) else {
        return Err(MpcError::Recoverable("no oblivious transfers"));
    };
    let share = curve::public_of(&curve::secret_of(&party.poly_point));
    encode(&(share, &party.session_id, &party.zero_share, sender, receiver))
}

/// The party of the library that holds `share`. All that is public in it comes from the commitments of the
/// share; of the state, everything is checked that can be (duties 2 and 10).
pub(super) fn load(share: &Share, state: &[u8]) -> Result<Party<Secp>, Malformed> {
    type State = (Option<Vec<u8>>, Vec<u8>, ZeroShare, MulSender<Secp>, MulReceiver<Secp>);
    let (of, session_id, zero_share, sender, receiver): State = decode(state)?;
    if of.as_deref() != Some(share.commitments().share(share.party())) {
        return Err(Malformed::Inconsistent);
    }
    let peer = index(share.party().peer()).map_err(|_| Malformed::Value)?;
    let [seed] = zero_share.seeds.as_slice() else { return Err(Malformed::Value) };
    if seed.index_counterparty != peer
        || seed.lowest_index != (share.party() == Side::Client)
        || session_id.len() != 32
        || sender.check_state().is_err()
        || receiver.check_state(None).is_err()
    {
        return Err(Malformed::Value);
    }
    let mut party = without_state(share)?;
    party.session_id = session_id;
    party.zero_share = zero_share;
    party.mul_senders = BTreeMap::from([(peer, sender)]);
    party.mul_receivers = BTreeMap::from([(peer, receiver)]);
    Ok(party)
}

/// The party of the library that holds `share` and cannot sign. Its session is the pair, so that two parties
/// with different pairs never agree on anything.
pub(super) fn without_state(share: &Share) -> Result<Party<Secp>, Malformed> {
    let commitments = share.commitments();
    let poly_point = curve::scalar(share.secret().expose()).ok_or(Malformed::Value)?;
    let pk = curve::point(commitments.public_key()).ok_or(Malformed::Value)?;
    let chain_code = *commitments.chain_code().ok_or(Malformed::Value)?;
    Ok(Party {
        parameters: Parameters::new(2, 2).map_err(|_| Malformed::Value)?,
        party_index: index(share.party()).map_err(|_| Malformed::Value)?,
        session_id: commitments.digest().to_vec(),
        poly_point: *poly_point,
        pk,
        zero_share: ZeroShare::initialize(Vec::new()),
        mul_senders: BTreeMap::new(),
        mul_receivers: BTreeMap::new(),
        derivation_data: DerivData {
            depth: 0,
            child_number: 0,
            parent_fingerprint: [0; 4],
            poly_point: *poly_point,
            pk,
            chain_code,
        },
        address: String::new(),
    })
}
