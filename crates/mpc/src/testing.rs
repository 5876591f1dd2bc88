//! A client that cheats, for tests of what stands on this crate: it changes what an honest session says, and gives it the
//! envelope of an honest message. Behind the feature `testing`, which no product has.
#![expect(clippy::expect_used, reason = "tests say what is wrong by failing")]

use dkls23_core::protocols::signing::TransmitPhase1to2;
use serde::{Serialize, de::DeserializeOwned};

use crate::dkls::wire::{Second, Third};
use crate::hash::tagged_short;
use crate::session::turn::{Payload, read_parts, write_parts};
use crate::wire::{decode, encode};

/// Version, operation, sender, phase, channel and session.
const HEADER: usize = 4 + 16 + 32;
const CHECKSUM: usize = 16;

/// The first message of a signature on secp256k1, with a false check of the oblivious transfers: what somebody sends who
/// wants to learn a bit of the server's state.
pub fn cheat_in_transfers(first: &[u8]) -> Vec<u8> {
    let (header, mut parts) = open(first);
    edit::<TransmitPhase1to2>(parts.first_mut().expect("a part"), |sent| {
        let first = sent.mul_transmit.verify_x.first_mut().expect("a check");
        *first ^= 1;
    });
    seal(&header, &parts)
}

/// The client's second message of a creation, with the server's commitment to the chain code, from its first answer, as
/// the client's own: with it the chain code would be nought.
pub fn mirror_commitment(second: &[u8], third: &[u8]) -> Vec<u8> {
    let (_, mut theirs) = open(second);
    let seen: Second = decode(&joined(&mut theirs)).expect("the server's fragment and commitments");
    let (header, mut parts) = open(third);
    let mut curves = split(parts.first().expect("a part"));
    let mut of_secp256k1 = split(curves.first().expect("a part for each curve"));
    edit::<Third>(of_secp256k1.first_mut().expect("a part"), |own| own.0.chain = seen.1.chain);
    *curves.first_mut().expect("a part for each curve") = write_parts(&of_secp256k1);
    *parts.first_mut().expect("a part") = write_parts(&curves);
    seal(&header, &parts)
}

/// What is first in the first part, for secp256k1.
fn joined(parts: &mut [Payload]) -> Payload {
    let curves = split(parts.first().expect("a part"));
    split(curves.first().expect("a part for each curve")).into_iter().next().expect("a message")
}

fn split(part: &[u8]) -> Vec<Payload> {
    let parts = read_parts(part).expect("parts");
    parts.into_iter().map(|part| Payload::new(part.to_vec())).collect()
}

fn edit<M: Serialize + DeserializeOwned>(part: &mut Payload, edit: impl FnOnce(&mut M)) {
    let mut message: M = decode(part).expect("the message that was expected");
    edit(&mut message);
    *part = encode(&message).expect("an encoding");
}

fn open(message: &[u8]) -> (Vec<u8>, Vec<Payload>) {
    let (header, rest) = message.split_at(HEADER);
    (header.to_vec(), split(rest.get(CHECKSUM..).expect("a body")))
}

fn seal(header: &[u8], parts: &[Payload]) -> Vec<u8> {
    let body = write_parts(parts);
    let (head, ids) = header.split_at(4);
    let session = ids.get(16..).expect("a session");
    let checksum = tagged_short("frame", &[head, session, &body]);
    [header, &checksum, &body].concat()
}
