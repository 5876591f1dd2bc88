//! Cheating while signing, where state is reused.

use proptest::prelude::*;

use super::{PAIR, stages};
use crate::backend::Backend;
use crate::dkls::Dkls23;
use crate::dkls::wire::{SignSecond, SignThird};
use crate::error::MpcError;
use crate::session::testing::{damage, edit, run};
use crate::session::turn::Payload;
use crate::signature::SignRequest;

fn sign_with(tamper: impl FnMut(usize, &mut Vec<Payload>)) -> Result<(), MpcError> {
    let [client, server] = stages(7);
    let request = SignRequest::digest([1; 32]);
    run(Dkls23.sign(&client, &PAIR.0, &request)?, Dkls23.sign(&server, &PAIR.1, &request)?, tamper).map(|_| ())
}

#[test]
fn cheating_in_the_oblivious_transfers_is_a_ban() {
    use dkls23_core::protocols::signing::TransmitPhase1to2;
    let in_first = sign_with(|count, messages| {
        if count == 1 {
            edit::<TransmitPhase1to2>(messages, |first| first.mul_transmit.verify_x[0] ^= 1);
        }
    });
    assert_eq!(in_first, Err(MpcError::Ban("multiplication")));
    let in_second = sign_with(|count, messages| {
        if count == 2 {
            edit::<SignSecond>(messages, |second| second.1.gamma_u = k256::AffinePoint::GENERATOR);
        }
    });
    assert_eq!(in_second, Err(MpcError::Ban("consistency of the instance")));
    let in_third = sign_with(|count, messages| {
        if count == 3 {
            edit::<SignThird>(messages, |third| third.0.gamma_v = k256::AffinePoint::GENERATOR);
        }
    });
    assert_eq!(in_third, Err(MpcError::Ban("consistency of the oblivious transfers")));
    // a wrong end is no ban: nothing was learnt
    let in_third = sign_with(|count, messages| {
        if count == 3 {
            edit::<SignThird>(messages, |third| third.1.w += k256::Scalar::ONE);
        }
    });
    assert_eq!(in_third, Err(MpcError::Recoverable("signature")));
}

/// Selective failure: one guessed bit of the peer's correlation is caught half of the time, and then banned.
#[test]
fn selective_failure_bans_or_passes() {
    use dkls23_core::protocols::signing::TransmitPhase1to2;
    let mut banned = 0;
    for bit in 0..24 {
        let result = sign_with(|count, messages| {
            if count == 1 {
                edit::<TransmitPhase1to2>(messages, |first| first.mul_transmit.u[bit][0] ^= 1);
            }
        });
        match result {
            Err(MpcError::Ban(_)) => banned += 1,
            Ok(()) | Err(MpcError::Recoverable(_)) => (),
            Err(other) => panic!("{other}"),
        }
    }
    assert!(banned > 3, "{banned} of 24");
}

#[test]
fn damaged_messages_of_a_signature_never_panic() {
    let strategy = (1..=4_usize, any::<usize>(), 1..=255_u8, 0..8_u8);
    proptest!(ProptestConfig::with_cases(96), |((which, at, mask, how) in strategy)| {
        // a change that the protocol cannot see leaves a valid signature
        let _ = sign_with(|count, messages| if count == which { damage(messages, at, mask, how) });
    });
}
