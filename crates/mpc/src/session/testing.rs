//! Two protocols in one process, without frames: what an attacker who holds the channel's keys can do.

use zeroize::Zeroizing;

use super::turn::{Payload, Then, Turn, feed};
use crate::error::MpcError;

/// Runs both; `tamper` may change each list of messages on its way, 1 being the client's first.
pub(crate) fn run<T: Send + 'static, U: Send + 'static>(
    client: Turn<T>,
    server: Turn<U>,
    mut tamper: impl FnMut(usize, &mut Vec<Payload>),
) -> Result<(T, U), MpcError> {
    let (mut client, mut server, mut count) = (client, server, 0);
    loop {
        let (client_then, server_then) = match (client.then, server.then) {
            (Then::Done(client), Then::Done(server)) => return Ok((client, server)),
            both => both,
        };
        count += 1;
        tamper(count, &mut client.messages);
        server = feed(server_then, &slices(&client.messages))?;
        if server.messages.is_empty() {
            client = Turn { messages: Vec::new(), then: client_then };
            continue;
        }
        count += 1;
        tamper(count, &mut server.messages);
        client = feed(client_then, &slices(&server.messages))?;
    }
}

fn slices(messages: &[Payload]) -> Vec<&[u8]> {
    messages.iter().map(|message| message.as_slice()).collect()
}

/// Changes one message, as what it is.
pub(crate) fn edit<M: serde::Serialize + serde::de::DeserializeOwned>(
    messages: &mut [Payload],
    edit: impl FnOnce(&mut M),
) {
    let mut message: M = crate::wire::decode(&messages[0]).expect("the message that was expected");
    edit(&mut message);
    messages[0] = crate::wire::encode(&message).expect("an encoding");
}

/// Damages one message: flips bits, cuts, or adds.
pub(crate) fn damage(messages: &mut [Payload], at: usize, mask: u8, how: u8) {
    let mut bytes = messages[0].to_vec();
    let at = at % bytes.len();
    match how {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, mask),
        _ => bytes[at] ^= mask,
    }
    messages[0] = Zeroizing::new(bytes);
}
