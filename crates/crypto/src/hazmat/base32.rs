//! Base32 (RFC 4648, section 6) in upper case without padding, as recovery keys are written.

use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub(crate) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8 | u32::from(*byte)) & 0xfff;
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(bits >> held));
        }
    }
    if held > 0 {
        text.push(letter(bits << (5 - held)));
    }
    text
}

fn letter(bits: u32) -> char {
    ALPHABET.get((bits & 31) as usize).map_or('A', |letter| char::from(*letter))
}

/// `None` for other letters, a length that no bytes have, or left-over bits that are not zero.
pub(crate) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() * 5 / 8));
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5 | u32::from(value)) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    let left_over = bits & ((1 << held) - 1);
    (held < 5 && left_over == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // RFC 4648, section 10, without the padding
    #[test]
    fn of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(*encode(bytes.as_bytes()), text);
            assert_eq!(*decode(text).unwrap(), bytes.as_bytes());
        }
        assert!(decode("A").is_none() && decode("MZ").is_none() && decode("my").is_none());
    }

    proptest! {
        #[test]
        fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(&*decode(&encode(&bytes)).unwrap(), &bytes);
        }

        #[test]
        fn decoding_anything(text in ".{0,40}") {
            if let Some(bytes) = decode(&text) {
                prop_assert_eq!(&*encode(&bytes), &text);
            }
        }
    }
}
