//! Protocols as values: a turn is what a party says now, and what it does when it is answered.
//!
//! What waits is a closure that runs once and owns its state, so a phase can neither run twice nor be
//! copied, and what it kept is dropped, hence wiped, with it. Nothing here knows of frames or curves.

use zeroize::Zeroizing;

use crate::error::{Malformed, MpcError};

/// The bytes of one message of one protocol.
pub(crate) type Payload = Zeroizing<Vec<u8>>;

/// What a party says, and what comes next.
pub(crate) struct Turn<T> {
    /// What it says now, in order.
    pub(crate) messages: Vec<Payload>,
    /// What comes next.
    pub(crate) then: Then<T>,
}

/// What comes next.
pub(crate) enum Then<T> {
    /// It waits for the peer.
    Wait(Wait<T>),
    /// It is done.
    Done(T),
}

/// What a phase does with the answer of the peer.
type Phase<T> = Box<dyn FnOnce(&[u8]) -> Result<Turn<T>, MpcError> + Send>;

/// The next phase, with all that it kept.
pub(crate) struct Wait<T>(Phase<T>);

impl<T: Send + 'static> Wait<T> {
    /// Runs `phase` with the next message of the peer.
    pub(crate) fn new(phase: impl FnOnce(&[u8]) -> Result<Turn<T>, MpcError> + Send + 'static) -> Self {
        Self(Box::new(phase))
    }

    /// The peer answered.
    ///
    /// # Errors
    /// The protocol failed.
    pub(crate) fn handle(self, message: &[u8]) -> Result<Turn<T>, MpcError> {
        (self.0)(message)
    }
}

impl<T: Send + 'static> Turn<T> {
    /// Says nothing and waits.
    pub(crate) fn listen(phase: impl FnOnce(&[u8]) -> Result<Self, MpcError> + Send + 'static) -> Self {
        Self { messages: Vec::new(), then: Then::Wait(Wait::new(phase)) }
    }

    /// Says something and waits.
    pub(crate) fn say(message: Payload, phase: impl FnOnce(&[u8]) -> Result<Self, MpcError> + Send + 'static) -> Self {
        Self { messages: vec![message], then: Then::Wait(Wait::new(phase)) }
    }

    /// Is done, with nothing to say.
    pub(crate) fn done(output: T) -> Self {
        Self { messages: Vec::new(), then: Then::Done(output) }
    }

    /// Is done, with a last message.
    pub(crate) fn last(message: Payload, output: T) -> Self {
        Self { messages: vec![message], then: Then::Done(output) }
    }

    /// Another protocol after this one. Where this one ends, both parties go on with what `next` makes of
    /// its output; the first message of the next protocol travels with the last of this one.
    ///
    /// # Errors
    /// Those of `next`, if this one is done already.
    pub(crate) fn and_then<U: Send + 'static>(
        self,
        next: impl FnOnce(T) -> Result<Turn<U>, MpcError> + Send + 'static,
    ) -> Result<Turn<U>, MpcError> {
        let mut messages = self.messages;
        let then = match self.then {
            Then::Done(output) => {
                let turn = next(output)?;
                messages.extend(turn.messages);
                turn.then
            }
            Then::Wait(wait) => Then::Wait(Wait::new(move |message| wait.handle(message)?.and_then(next))),
        };
        Ok(Turn { messages, then })
    }

    /// Another output.
    pub(crate) fn map<U: Send + 'static>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Turn<U> {
        let then = match self.then {
            Then::Done(output) => Then::Done(map(output)),
            Then::Wait(wait) => Then::Wait(Wait::new(move |message| Ok(wait.handle(message)?.map(map)))),
        };
        Turn { messages: self.messages, then }
    }
}

/// Two protocols side by side, in the same messages. Both must begin with the same party.
pub(crate) fn join<T: Send + 'static, U: Send + 'static>(left: Turn<T>, right: Turn<U>) -> Turn<(T, U)> {
    let mut messages = Vec::new();
    if !(left.messages.is_empty() && right.messages.is_empty()) {
        messages.push(write_parts(&[write_parts(&left.messages), write_parts(&right.messages)]));
    }
    let then = match (left.then, right.then) {
        (Then::Done(left), Then::Done(right)) => Then::Done((left, right)),
        (left, right) => Then::Wait(Wait::new(move |message| {
            let parts = read_parts(message)?;
            let [for_left, for_right] = parts.as_slice() else { return Err(Malformed::Length.into()) };
            let left = feed(left, &read_parts(for_left)?)?;
            Ok(join(left, feed(right, &read_parts(for_right)?)?))
        })),
    };
    Turn { messages, then }
}

/// The peer said all of `parts`. Whoever waits must be told something, and whoever is done, nothing.
pub(crate) fn feed<T: Send + 'static>(then: Then<T>, parts: &[&[u8]]) -> Result<Turn<T>, MpcError> {
    let mut turn = Turn { messages: Vec::new(), then };
    if parts.is_empty() && matches!(turn.then, Then::Wait(_)) {
        return Err(Malformed::Length.into());
    }
    for part in parts {
        let Then::Wait(wait) = turn.then else { return Err(Malformed::Length.into()) };
        let next = wait.handle(part)?;
        turn.messages.extend(next.messages);
        turn.then = next.then;
    }
    Ok(turn)
}

/// Several strings of bytes as one: how many, then each behind its length.
pub(crate) fn write_parts(parts: &[Payload]) -> Payload {
    let length = 1 + parts.iter().map(|part| 4 + part.len()).sum::<usize>();
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    bytes.push(parts.len() as u8);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// What [`write_parts`] wrote.
pub(crate) fn read_parts(bytes: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let (&count, mut rest) = bytes.split_first().ok_or(Malformed::Length)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.split_first_chunk::<4>().ok_or(Malformed::Length)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Malformed::Length)?;
        let (part, after) = after.split_at_checked(length).ok_or(Malformed::Length)?;
        parts.push(part);
        rest = after;
    }
    if rest.is_empty() { Ok(parts) } else { Err(Malformed::Length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Payload {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    /// Says `count` messages, and is done when it heard as many: with what it heard.
    fn speaker(name: &'static str, count: usize, heard: String) -> Turn<String> {
        if count == 0 {
            return Turn::done(heard);
        }
        Turn::say(bytes(name), move |message| {
            Ok(speaker(name, count - 1, heard + core::str::from_utf8(message).unwrap()))
        })
    }

    fn listener(name: &'static str, count: usize, heard: String) -> Turn<String> {
        Turn::listen(move |message| {
            let heard = heard + core::str::from_utf8(message).unwrap();
            Ok(match count {
                1 => Turn::last(bytes(name), heard),
                _ => {
                    let next = listener(name, count - 1, heard);
                    Turn { messages: vec![bytes(name)], then: next.then }
                }
            })
        })
    }

    fn run<T: Send + 'static, U: Send + 'static>(mut client: Turn<T>, mut server: Turn<U>) -> (T, U, usize) {
        let mut rounds = 0;
        loop {
            match (client.then, server.then) {
                (Then::Done(client), Then::Done(server)) => return (client, server, rounds),
                (client_then, server_then) => {
                    rounds += 1;
                    let parts: Vec<&[u8]> = client.messages.iter().map(|part| part.as_slice()).collect();
                    server = feed(server_then, &parts).unwrap();
                    let parts: Vec<&[u8]> = server.messages.iter().map(|part| part.as_slice()).collect();
                    client = feed(client_then, &parts).unwrap();
                }
            }
        }
    }

    #[test]
    fn protocols_follow_each_other_and_run_side_by_side() {
        let client = join(speaker("a", 1, String::new()), speaker("b", 3, String::new()))
            .and_then(|(left, right)| Ok(speaker("c", 1, left + &right)))
            .unwrap();
        let server = join(listener("x", 1, String::new()), listener("y", 3, String::new()))
            .and_then(|(left, right)| Ok(listener("z", 1, left + &right)))
            .unwrap();
        let (client, server, rounds) = run(client, server);
        assert_eq!((client.as_str(), server.as_str(), rounds), ("xyyyz", "abbbc", 4));
    }

    #[test]
    fn whoever_waits_must_be_told_and_whoever_is_done_must_not() {
        let wait = listener("x", 1, String::new()).then;
        assert_eq!(feed(wait, &[]).err(), Some(MpcError::Malformed(Malformed::Length)));
        assert_eq!(feed(Then::Done(()), &[b"more"]).err(), Some(MpcError::Malformed(Malformed::Length)));
    }

    #[test]
    fn parts_survive_and_nothing_else_does() {
        let parts = [bytes("one"), bytes(""), bytes("three")];
        let written = write_parts(&parts);
        assert_eq!(read_parts(&written).unwrap(), [b"one".as_slice(), b"", b"three"]);
        for length in 0..written.len() {
            assert_eq!(read_parts(&written[..length]), Err(Malformed::Length));
        }
        assert_eq!(read_parts(&[written.as_slice(), b"x"].concat()), Err(Malformed::Length));
        assert_eq!(read_parts(&[1, 255, 255, 255, 255]), Err(Malformed::Length));
    }
}
