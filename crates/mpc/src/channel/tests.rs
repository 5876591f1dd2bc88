use super::*;

fn keys() -> (ChannelKey, ChannelKey) {
    (ChannelKey::generate().unwrap(), ChannelKey::generate().unwrap())
}

fn open() -> (Channel, Channel) {
    let (device, server) = keys();
    let (client, first) = Initiator::new(&device, &server.public(), b"sign").unwrap();
    assert_eq!(first.len(), FIRST);
    let responder = Responder::read(&server, b"sign", &first).unwrap();
    assert_eq!(responder.device(), device.public());
    let (theirs, second) = responder.answer(b"nonce").unwrap();
    let (ours, payload) = client.finish(&second).unwrap();
    assert_eq!(payload, b"nonce");
    (ours, theirs)
}

#[test]
fn what_is_said_arrives_in_both_directions() {
    let (mut client, mut server) = open();
    for length in [0, 1, CONTENT - 1, CONTENT, CONTENT + 1, 2 * CONTENT, MAX_MESSAGE] {
        let text: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        for content in [Content::Text, Content::Message] {
            let frame = client.seal(content, &text).unwrap();
            assert!(frame.len() <= MAX_SEALED);
            let (told, opened) = server.open(&frame).unwrap();
            assert_eq!((told, *opened == text), (content, true), "{length}");
            let frame = server.seal(content, &text).unwrap();
            assert_eq!(&**client.open(&frame).unwrap().1, text);
        }
    }
    assert_eq!(client.seal(Content::Text, &vec![0; MAX_MESSAGE + 1]), Err(ChannelError::TooLong));
}

#[test]
fn another_key_or_purpose_opens_nothing() {
    let ((device, server), (_, other)) = (keys(), keys());
    let (client, first) = Initiator::new(&device, &server.public(), b"sign").unwrap();
    assert_eq!(Responder::read(&other, b"sign", &first).err(), Some(ChannelError::Handshake));
    assert_eq!(Responder::read(&server, b"recover", &first).err(), Some(ChannelError::Handshake));
    // somebody else answers: with another key, to another message 1, or what they saw before
    let (_, elsewhere) = Initiator::new(&device, &server.public(), b"sign").unwrap();
    let (_, second) = Responder::read(&server, b"sign", &elsewhere).unwrap().answer(b"").unwrap();
    assert_eq!(client.finish(&second).err(), Some(ChannelError::Handshake));
    let (client, for_other) = Initiator::new(&device, &other.public(), b"sign").unwrap();
    let (_, second) = Responder::read(&other, b"sign", &for_other).unwrap().answer(b"").unwrap();
    for at in 0..second.len() {
        let (client, _) = Initiator::new(&device, &other.public(), b"sign").unwrap();
        let mut changed = second.clone();
        changed[at] ^= 1;
        assert!(client.finish(&changed).is_err());
    }
    assert!(client.finish(&second).is_ok());
}

#[test]
fn whatever_is_not_message_1_is_refused() {
    let (device, server) = keys();
    let (_, first) = Initiator::new(&device, &server.public(), b"sign").unwrap();
    for at in 0..first.len() {
        let mut changed = first.clone();
        changed[at] ^= 1;
        assert!(Responder::read(&server, b"sign", &changed).is_err(), "{at}");
        assert!(Responder::read(&server, b"sign", &first[..at]).is_err(), "{at}");
    }
    assert!(Responder::read(&server, b"sign", &[&first[..], b"x"].concat()).is_err());
    // points of small order
    for point in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        assert!(Initiator::new(&device, &ChannelPublic(point), b"").is_err());
        assert!(Responder::read(&server, b"sign", &[&point, &first[32..]].concat()).is_err());
    }
}

/// Message 1 sent again: its sender can say nothing, since it cannot read what comes back.
#[test]
fn a_recorded_message_1_leads_nowhere() {
    let (device, server) = keys();
    let (client, first) = Initiator::new(&device, &server.public(), b"sign").unwrap();
    let (mut theirs, second) = Responder::read(&server, b"sign", &first).unwrap().answer(b"one").unwrap();
    let (mut ours, _) = client.finish(&second).unwrap();
    let wish = ours.seal(Content::Text, b"wish").unwrap();
    let (mut again, _) = Responder::read(&server, b"sign", &first).unwrap().answer(b"two").unwrap();
    assert_eq!(again.open(&wish).err(), Some(ChannelError::Frame), "nor does what was said after it");
    assert!(theirs.open(&wish).is_ok());
}

fn refused(spoil: impl Fn(&mut Vec<Vec<u8>>)) {
    let (mut client, mut server) = open();
    let large = vec![7; CONTENT + 100];
    let mut frames: Vec<_> = [&large[..], &large[..CONTENT], b"short"]
        .into_iter()
        .map(|text| client.seal(Content::Message, text).unwrap())
        .collect();
    let good = frames.clone();
    spoil(&mut frames);
    let opened: Vec<_> = frames.iter().map(|frame| server.open(frame)).collect();
    let at = opened.iter().position(Result::is_err).expect("something is wrong");
    assert!(opened[at..].iter().all(Result::is_err), "it is over then");
    assert_eq!(server.open(&good[at]).err(), Some(ChannelError::Frame));
    assert!(server.seal(Content::Text, b"").is_err());
}

#[test]
fn frames_that_were_tampered_with_end_the_channel() {
    for at in [0, 15, CONTENT, PIECE - 1, PIECE, PIECE + 5] {
        refused(|frames| frames[0][at] ^= 1);
    }
    // cut: at the end, between two pieces, to nothing
    for length in [0, 1, TAG, PIECE - 1, PIECE, PIECE + 1, PIECE + TAG + 100] {
        refused(|frames| frames[0].truncate(length));
    }
    // a piece moved to the next frame; two frames joined; in another order; one left out; one repeated
    refused(|frames| {
        let end = frames[0].split_off(PIECE);
        frames[1].splice(0..0, end);
    });
    refused(|frames| {
        let next = frames.remove(2);
        frames[1].extend(next);
    });
    refused(|frames| frames.swap(0, 1));
    refused(|frames| drop(frames.remove(0)));
    refused(|frames| frames.insert(1, frames[0].clone()));
    refused(|frames| frames[0].resize(MAX_SEALED + 1, 0));
}

#[test]
fn a_frame_of_the_other_direction_does_not_open() {
    let (mut client, _) = open();
    let own = client.seal(Content::Text, b"hello").unwrap();
    assert_eq!(client.open(&own).err(), Some(ChannelError::Frame));
}

#[test]
fn what_is_secret_is_not_for_logs() {
    let key = ChannelKey::new(&[0xab; 32]);
    let (client, first) = Initiator::new(&key, &key.public(), b"").unwrap();
    let responder = Responder::read(&key, b"", &first).unwrap();
    let told = format!("{key:?} {client:?} {responder:?}");
    let (channel, _) = responder.answer(b"").unwrap();
    let told = format!("{told} {channel:?}");
    assert!(!told.contains("171") && !told.contains("abab"), "{told}");
}

/// RFC 7748, 5.2: the first of a row of multiplications.
#[test]
fn keys_are_those_of_x25519() {
    let mut secret = [0; 32];
    secret[0] = 9;
    let public = "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079";
    assert_eq!(ChannelKey::new(&secret).public().to_string(), public);
    assert_eq!(public.parse(), Ok(ChannelKey::new(&secret).public()));
    assert_eq!("zz".parse::<ChannelPublic>(), Err(ChannelError::Key));
}
