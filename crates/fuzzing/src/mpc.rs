//! `crates/mpc`: halves on a disk, messages of the other party, public keys.

use std::cell::RefCell;
use std::sync::LazyLock;

use keystead_mpc::address::{Network, bitcoin, evm, solana, stellar, tron};
use keystead_mpc::channel::{ChannelKey, Content, Initiator, Responder};
use keystead_mpc::{
    BackupHalf, Curve, MpcError, PairCommitments, Party, Session, SessionParams, SignRequest, SigningHalf, WalletId,
    back_up, derive_public, keygen, recover, refresh, sign,
};

/// A half or commitments, as stored. What is read is written as it was.
pub fn mpc_halves(data: &[u8]) {
    if let Ok(half) = SigningHalf::from_bytes(data) {
        assert_eq!(&half.to_bytes()[..], data);
    }
    if let Ok(half) = BackupHalf::from_bytes(data) {
        assert_eq!(&half.to_bytes()[..], data);
    }
    if let Ok(commitments) = PairCommitments::from_bytes(data) {
        assert_eq!(commitments.to_bytes(), data);
    }
}

/// A public key; commitments with a path behind them.
pub fn mpc_addresses(data: &[u8]) {
    let _ = (bitcoin(data, Network::Main), bitcoin(data, Network::Test));
    let _ = (evm(data), solana(data), stellar(data), tron(data));
    let (path, rest) = data.split_at(data.len().min(8));
    if let Ok(commitments) = PairCommitments::from_bytes(rest) {
        let path: Vec<u32> = path.as_chunks::<4>().0.iter().map(|number| u32::from_be_bytes(*number)).collect();
        let _ = derive_public(&commitments, &path);
    }
}

const WALLET: WalletId = WalletId([7; 16]);

fn params(party: Party, target_generation: u32) -> SessionParams {
    thread_local!(static COUNT: RefCell<u64> = const { RefCell::new(0) });
    let count = COUNT.with(|count| {
        // both parties of a session have the same nonces: two calls to a session
        *count.borrow_mut() += 1;
        (*count.borrow() - 1) / 2
    });
    let mut client_nonce = [1; 32];
    client_nonce[..8].copy_from_slice(&count.to_be_bytes());
    SessionParams { party, wallet: WALLET, target_generation, client_nonce, server_nonce: [2; 32] }
}

fn two(target: u32) -> [SessionParams; 2] {
    [params(Party::Client, target), params(Party::Server, target)]
}

/// Carries messages between two sessions, with `tamper` on the way.
fn drive<T: Send + 'static>(
    sessions: Result<(Session<T>, Session<T>), MpcError>,
    mut tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Option<[T; 2]> {
    let (mut client, mut server) = sessions.ok()?;
    let (mut of_client, mut of_server) = (None, None);
    server.start().ok()?;
    let mut next = client.start().ok()?;
    let mut turn = 0;
    while let Some(mut message) = next.take() {
        tamper(turn, &mut message);
        let step = if turn % 2 == 0 { server.handle(&message) } else { client.handle(&message) };
        let step = step.ok()?;
        next = step.message;
        if turn % 2 == 0 {
            of_server = step.outcome.or(of_server)
        } else {
            of_client = step.outcome.or(of_client)
        }
        turn += 1;
    }
    Some([of_client?, of_server?])
}

fn pair<T: Send + 'static>(
    target: u32,
    mut make: impl FnMut(usize, &SessionParams) -> Result<Session<T>, MpcError>,
    tamper: impl FnMut(usize, &mut Vec<u8>),
) -> Option<[T; 2]> {
    let [client, server] = two(target);
    drive(make(0, &client).and_then(|first| Ok((first, make(1, &server)?))), tamper)
}

struct Pairs {
    signing: [SigningHalf; 2],
    backup: [BackupHalf; 2],
}

fn pairs(curve: Curve) -> Pairs {
    let signing = pair(1, |_, params| keygen(params, curve), |_, _| ()).unwrap();
    let backup = pair(1, |at, params| back_up(params, &signing[at]), |_, _| ()).unwrap();
    Pairs { signing, backup }
}

static PAIRS: LazyLock<[Pairs; 2]> = LazyLock::new(|| [pairs(Curve::Ed25519), pairs(Curve::Secp256k1)]);

/// Octets: which operation, which of its messages, where in it, how; then what is put there. Everything before is
/// honest. No session ends well on both sides with a message that was changed, unless it says the same.
pub fn mpc_messages(data: &[u8]) {
    let Some(([operation, at, high, low, how], patch)) = data.split_first_chunk() else { return };
    let (at, offset) = (usize::from(*at % 12), usize::from(*high) << 8 | usize::from(*low));
    let mut changed = false;
    let tamper = |turn: usize, message: &mut Vec<u8>| {
        if turn != at {
            return;
        }
        let before = message.clone();
        let from = if message.is_empty() { 0 } else { offset % message.len() };
        match how % 4 {
            0 => message.splice(.., patch.iter().copied()).for_each(drop),
            1 => message.splice(from.., patch.iter().copied()).for_each(drop),
            2 => message.iter_mut().skip(from).zip(patch).for_each(|(byte, mask)| *byte ^= mask),
            _ => message.splice(from..from, patch.iter().copied()).for_each(drop),
        }
        changed = *message != before;
    };
    let [ed25519, secp256k1] = &*PAIRS;
    let digest = SignRequest::digest([0x5a; 32]);
    let message = SignRequest::message(b"a transaction".as_slice());
    let ended = match operation % 8 {
        0 => pair(1, |_, params| keygen(params, Curve::Ed25519), tamper).is_some(),
        1 => pair(1, |at, params| sign(params, &ed25519.signing[at], &message), tamper).is_some(),
        2 => pair(2, |at, params| refresh(params, &ed25519.signing[at]), tamper).is_some(),
        3 => pair(1, |at, params| back_up(params, &ed25519.signing[at]), tamper).is_some(),
        4 => pair(2, |at, params| recover(params, &ed25519.backup[at]), tamper).is_some(),
        5 => pair(1, |at, params| sign(params, &secp256k1.signing[at], &digest), tamper).is_some(),
        6 => pair(1, |at, params| back_up(params, &secp256k1.signing[at]), tamper).is_some(),
        _ => pair(2, |at, params| refresh(params, &secp256k1.signing[at]), tamper).is_some(),
    };
    assert!(!(ended && changed), "both sides ended well, though a message was changed");
}

static KEYS: LazyLock<[ChannelKey; 2]> = LazyLock::new(|| [ChannelKey::new(&[1; 32]), ChannelKey::new(&[2; 32])]);

/// Octets in the hands of somebody between the two sides of a channel: which of its messages, where in it, how; then what
/// is put there. What opens is what was said next, and behind what does not open nothing does.
pub fn mpc_channel(data: &[u8]) {
    let Some(([at, high, middle, low, how], patch)) = data.split_first_chunk() else { return };
    let (at, offset) = (usize::from(*at % 6), u32::from_be_bytes([0, *high, *middle, *low]) as usize);
    let tamper = |turn: usize, message: &mut Vec<u8>| {
        let from = if message.is_empty() { 0 } else { offset % message.len() };
        match how % 4 {
            _ if turn != at => (),
            0 => message.splice(.., patch.iter().copied()).for_each(drop),
            1 => message.splice(from.., patch.iter().copied()).for_each(drop),
            2 => message.iter_mut().skip(from).zip(patch).for_each(|(byte, mask)| *byte ^= mask),
            _ => message.splice(from..from, patch.iter().copied()).for_each(drop),
        }
    };
    let [device, server] = &*KEYS;
    let (initiator, mut first) = Initiator::new(device, &server.public(), b"fuzzed").unwrap();
    let honest = first.clone();
    tamper(0, &mut first);
    let Ok(responder) = Responder::read(server, b"fuzzed", &first) else { return };
    assert!(first == honest && responder.device() == device.public(), "another message 1 was read");
    let (mut theirs, mut second) = responder.answer(b"payload").unwrap();
    let honest = second.clone();
    tamper(1, &mut second);
    let Ok((mut ours, _)) = initiator.finish(&second) else { return };
    assert_eq!(second, honest, "another message 2 was read");
    let said: [&[u8]; 4] = [b"a wish", &[7; 70_000], b"", b"the end"];
    let mut frames: Vec<_> = said.iter().map(|text| ours.seal(Content::Message, text).unwrap()).collect();
    match how >> 2 {
        1 => drop(frames.remove(offset % 4)),
        2 => frames.swap(offset % 4, at % 4),
        3 => frames.insert(at % 4, frames[offset % 4].clone()),
        _ => (),
    }
    let mut over = false;
    for (turn, mut frame) in frames.into_iter().enumerate() {
        tamper(turn + 2, &mut frame);
        match theirs.open(&frame) {
            Ok((content, plain)) => {
                assert!(!over, "it went on after its end");
                assert!(content == Content::Message && *plain == *said[turn], "something else was said");
            }
            Err(_) => over = true,
        }
    }
}
