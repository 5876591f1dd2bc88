//! Cheating while a pair is made.

use proptest::prelude::*;

use super::{PAIR, copy, keygen_with, pair, stages};
use crate::backend::{Backend, Fresh, Stage};
use crate::dkls::exchange::{Flavour, Kept, Peer, Transfers, exchange};
use crate::dkls::wire::{Committed, Opened, Second, Third};
use crate::dkls::{Dkls23, Secp, index, refresh, state};
use crate::error::{Malformed, MpcError};
use crate::half::{BackupHalf, SigningHalf};
use crate::ids::{Curve, Party};
use crate::op::checked_signing;
use crate::session::testing::{damage, edit, run};
use crate::signature::SignRequest;

#[test]
fn mirrored_commitments_are_refused() {
    type Mirror = fn(&Committed, &mut Committed);
    let mirrors: [Mirror; 3] =
        [|from, to| to.chain = from.chain, |from, to| to.proof = from.proof, |from, to| to.seed = from.seed];
    for mirror in mirrors {
        let mut seen = None;
        let result = keygen_with(|count, messages| match count {
            2 => seen = Some(copy::<Second>(messages).1),
            3 => edit::<Third>(messages, |third| mirror(seen.as_ref().unwrap(), &mut third.0)),
            _ => (),
        });
        assert_eq!(result.err(), Some(MpcError::Mirrored));
    }
}

#[test]
fn our_own_openings_and_proofs_are_refused() {
    type Replay = fn(&Opened, &mut Opened);
    let replays: [Replay; 4] = [
        |from, to| to.proof = from.proof.clone(),
        |from, to| to.proof.rand_commitments = from.proof.rand_commitments.clone(),
        |from, to| to.seed = from.seed.clone(),
        |from, to| to.chain = from.chain.clone(),
    ];
    for replay in replays {
        let mut seen = None;
        let result = keygen_with(|count, messages| match count {
            3 => seen = Some(copy::<Third>(messages).1),
            4 => edit::<Opened>(messages, |fourth| replay(seen.as_ref().unwrap(), fourth)),
            _ => (),
        });
        assert_eq!(result.err(), Some(MpcError::Mirrored));
    }
}

/// What the server opens in a key generation.
fn server_openings(session: u8) -> Opened {
    let [client, server] = stages(session);
    let mut seen = None;
    run(Dkls23.keygen(&client).unwrap(), Dkls23.keygen(&server).unwrap(), |count, messages| {
        if count == 4 {
            seen = Some(copy(messages));
        }
    })
    .unwrap();
    seen.unwrap()
}

/// Transfers are not committed to. Those of another run of the same session would leave a pair that looks
/// right and cannot sign.
#[test]
fn transfers_of_another_run_are_found_by_the_test_signature() {
    let foreign = server_openings(1);
    let [client, server] = stages(1);
    let fresh = |stage: &Stage| checked_signing(stage, Curve::Secp256k1, Dkls23.keygen(stage).unwrap()).unwrap();
    let result = run(fresh(&client), fresh(&server), |count, messages| {
        if count == 4 {
            edit::<Opened>(messages, |opened| opened.transfers = foreign.transfers.clone());
        }
    });
    assert_eq!(result.err(), Some(MpcError::SignShareMismatch));
}

#[test]
fn nobody_opens_anything_but_what_was_committed() {
    let foreign = server_openings(9);
    type Change<'c> = &'c dyn Fn(&mut Opened);
    let changes: [(&str, Change<'_>); 4] = [
        ("proof of knowledge", &|opened| opened.proof = foreign.proof.clone()),
        ("commitment", &|opened| opened.seed.value[0] ^= 1),
        ("commitment", &|opened| opened.chain.as_mut().unwrap().value[0] ^= 1),
        ("multiplication", &|opened| opened.transfers = foreign.transfers.clone()),
    ];
    for (why, change) in changes {
        for count in [3, 4] {
            let result = keygen_with(|now, messages| match (now == count, count) {
                (true, 3) => edit::<Third>(messages, |third| change(&mut third.1)),
                (true, _) => edit::<Opened>(messages, change),
                (false, _) => (),
            });
            assert_eq!(result.err(), Some(MpcError::Recoverable(why)), "{why} in message {count}");
        }
    }
    let without: [fn(&mut Opened); 2] = [|opened| opened.chain = None, |opened| opened.transfers = None];
    for change in without {
        let result = keygen_with(|count, messages| {
            if count == 4 {
                edit::<Opened>(messages, change);
            }
        });
        assert!(matches!(result.err(), Some(MpcError::Malformed(_))));
    }
}

#[test]
fn the_chain_code_is_of_both_and_the_same_on_both_sides() {
    let (client, server) = keygen_with(|_, _| ()).unwrap();
    assert_eq!(client.chain_code, server.chain_code);
    assert_ne!(client.chain_code, Some([0; 32]));
    assert_ne!(client.chain_code, keygen_with(|_, _| ()).unwrap().0.chain_code);
}

/// A party that adds nothing to a refresh.
struct Lazy(refresh::Complete);

impl Flavour for Lazy {
    fn fragments(&self) -> zeroize::Zeroizing<Vec<k256::Scalar>> {
        zeroize::Zeroizing::new(vec![k256::Scalar::ZERO; 2])
    }

    fn commit(&self, fragments: &[k256::Scalar]) -> Result<Kept, MpcError> {
        self.0.commit(fragments)
    }

    fn set_up(&self, kept: &Kept) -> Option<(Transfers, dkls23_core::protocols::dkg::TransmitInitMulPhase3to4<Secp>)> {
        self.0.set_up(kept)
    }

    fn finish(&self, kept: &Kept, transfers: Option<&Transfers>, peer: Peer) -> Result<Fresh, MpcError> {
        self.0.finish(kept, transfers, peer)
    }
}

#[test]
fn a_refresh_that_refreshes_nothing_is_refused() {
    let [client, server] = stages(3);
    let lazy = |stage: &Stage, half: &SigningHalf| {
        exchange(stage.party, Lazy(refresh::Complete::new(stage, half.share()).unwrap())).unwrap()
    };
    // one of two is enough
    let honest = Dkls23.refresh(&server, PAIR.1.share()).unwrap();
    let (fresh, _) = run(lazy(&client, &PAIR.0), honest, |_, _| ()).unwrap();
    assert_ne!(&fresh.secret, PAIR.0.share().secret());
    assert!(run(lazy(&client, &PAIR.0), lazy(&server, &PAIR.1), |_, _| ()).is_err());
}

#[test]
fn halves_of_two_pairs_are_neither_refreshed_nor_sign_even_in_one_session() {
    let (client, server) = stages(4).into();
    let made =
        run(Dkls23.back_up(&client, &PAIR.0).unwrap(), Dkls23.back_up(&server, &PAIR.1).unwrap(), |_, _| ()).unwrap();
    let backup = BackupHalf::of(&server, Curve::Secp256k1, made.1).unwrap();
    let mixed = run(
        Dkls23.refresh(&client, PAIR.0.share()).unwrap(),
        Dkls23.refresh(&server, backup.share()).unwrap(),
        |_, _| (),
    );
    assert_eq!(mixed.err(), Some(MpcError::Recoverable("commitment")));

    let other = pair(5);
    let request = SignRequest::digest([1; 32]);
    for (own, theirs) in [(&PAIR.0, &other.1), (&other.0, &PAIR.1)] {
        let mixed = run(
            Dkls23.sign(&client, own, &request).unwrap(),
            Dkls23.sign(&server, theirs, &request).unwrap(),
            |_, _| (),
        );
        assert_eq!(mixed.err(), Some(MpcError::SignShareMismatch));
    }
}

#[test]
fn a_share_on_the_transfers_of_another_is_no_half() {
    let other = pair(5);
    for state in [other.0.state(), other.1.state(), PAIR.1.state()] {
        assert_eq!(state::load(PAIR.0.share(), state).err(), Some(Malformed::Inconsistent));
    }
    assert_eq!(state::load(PAIR.0.share(), &[]).err(), Some(Malformed::Value));
    assert!(state::load(PAIR.0.share(), PAIR.0.state()).is_ok());
}

/// The library skips a missing seed, and shares that no longer add up to zero are signed with (duty 10).
#[test]
fn exactly_one_seed_of_the_right_peer_is_loaded() {
    use dkls23_core::utilities::multiplication::{MulReceiver, MulSender};
    use dkls23_core::utilities::zero_shares::ZeroShare;
    type State = (Option<Vec<u8>>, Vec<u8>, ZeroShare, MulSender<Secp>, MulReceiver<Secp>);
    let change = |change: fn(&mut State)| {
        let mut state: State = crate::wire::decode(PAIR.0.state()).unwrap();
        change(&mut state);
        state::load(PAIR.0.share(), &crate::wire::encode(&state).unwrap()).is_ok()
    };
    assert!(change(|_| ()));
    assert!(!change(|state| state.2.seeds.clear()));
    assert!(!change(|state| state.2.seeds.push(state.2.seeds[0].clone())));
    assert!(!change(|state| state.2.seeds[0].lowest_index ^= true));
    assert!(!change(|state| state.2.seeds[0].index_counterparty = index(Party::Client).unwrap()));
    assert!(!change(|state| state.3.ote_sender.seeds.truncate(3)));
    assert!(!change(|state| state.4.ote_receiver.seeds0.clear()));
    assert!(!change(|state| state.1.clear()));
}

#[test]
fn both_sides_of_a_new_pair_are_compared() {
    let [client, server] = stages(6);
    let fresh = |stage: &Stage| checked_signing(stage, Curve::Secp256k1, Dkls23.keygen(stage).unwrap()).unwrap();
    let result = run(fresh(&client), fresh(&server), |count, messages| {
        // the fifth message is that of the comparison, beside the test signature
        if count == 5 {
            damage(messages, 12, 1, 2);
        }
    });
    assert_eq!(result.err(), Some(MpcError::RefreshMismatch));
}

#[test]
fn damaged_messages_of_a_key_generation_never_make_a_key() {
    let strategy = (2..=4_usize, any::<usize>(), 1..=255_u8, 0..8_u8);
    proptest!(ProptestConfig::with_cases(8), |((which, at, mask, how) in strategy)| {
        let made = keygen_with(|count, messages| if count == which { damage(messages, at, mask, how) });
        if let Ok((client, server)) = made {
            prop_assert_eq!(client.public_key, server.public_key);
        }
    });
}
