//! Ids and sealed texts that look random and are the same in every run.
//!
//! Whoever fills a database and whoever measures it agree on every id without telling each other.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What an id is for: the same number gives different ids for different things.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Contact,
    Service,
    Patient,
    Delegation,
    Request,
    Text,
}

/// A stream of numbers (SplitMix64), well spread even for neighbouring seeds.
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) fn new(kind: Kind, number: u64) -> Self {
        Self((kind as u64 + 1) << 56 ^ number)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A text of `length` characters that is base64; `length` is a multiple of four.
    pub(crate) fn sealed(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let mut bits = self.next();
            for _ in 0..10 {
                let index = usize::try_from(bits & 63).unwrap_or_default();
                text.extend(ALPHABET.get(index).map(|byte| char::from(*byte)).filter(|_| text.len() < length));
                bits >>= 6;
            }
        }
        text
    }
}

/// A UUID (version 4) for the thing `number` of a kind.
pub(crate) fn uuid(kind: Kind, number: u64) -> String {
    let mut stream = Stream::new(kind, number);
    let (high, low) = (stream.next(), stream.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    )
}

/// A SHA-256 in hex, as far as one can see.
pub(crate) fn digest(kind: Kind, number: u64) -> String {
    let mut stream = Stream::new(kind, number);
    format!("{:016x}{:016x}{:016x}{:016x}", stream.next(), stream.next(), stream.next(), stream.next())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_random_and_repeat() {
        let ids: HashSet<String> = (0..1000).map(|number| uuid(Kind::Contact, number)).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
        assert_eq!(uuid(Kind::Patient, 7), uuid(Kind::Patient, 7));
        assert_ne!(uuid(Kind::Patient, 7), uuid(Kind::Contact, 7));
        assert_eq!(digest(Kind::Delegation, 1).len(), 64);
        assert_eq!(Stream::new(Kind::Text, 1).sealed(88).len(), 88);
    }
}
