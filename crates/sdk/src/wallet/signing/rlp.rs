//! RLP, in which EVM transactions are written (Ethereum's yellow paper, appendix B).

/// A string of bytes, or a list of such things.
pub(super) enum Rlp {
    Bytes(Vec<u8>),
    List(Vec<Self>),
}

impl Rlp {
    pub(super) fn bytes(bytes: impl AsRef<[u8]>) -> Self {
        Self::Bytes(bytes.as_ref().to_vec())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => match bytes.as_slice() {
                [single @ 0..0x80] => vec![*single],
                bytes => with_length(0x80, bytes),
            },
            Self::List(items) => with_length(0xc0, &items.iter().flat_map(Self::encode).collect::<Vec<_>>()),
        }
    }
}

/// A first byte that says what it is and how long, then its bytes.
fn with_length(first: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = match u8::try_from(bytes.len()) {
        Ok(length @ 0..=55) => vec![first + length],
        _ => {
            let length = bytes.len().to_be_bytes();
            let shortest: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            let digits = u8::try_from(shortest.len()).unwrap_or_default();
            [vec![first + 55 + digits], shortest].concat()
        }
    };
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of Ethereum's documentation of RLP.
    #[test]
    fn known_encodings() {
        let text = |text: &str| Rlp::bytes(text);
        for (item, encoded) in [
            (text("dog"), "83646f67"),
            (Rlp::List(vec![text("cat"), text("dog")]), "c88363617483646f67"),
            (text(""), "80"),
            (Rlp::List(Vec::new()), "c0"),
            (Rlp::bytes([0]), "00"),
            (Rlp::bytes([0x0f]), "0f"),
            (Rlp::bytes([0x04, 0x00]), "820400"),
            (Rlp::bytes([0x80]), "8180"),
            (
                Rlp::List(vec![
                    Rlp::List(vec![]),
                    Rlp::List(vec![Rlp::List(vec![])]),
                    Rlp::List(vec![Rlp::List(vec![]), Rlp::List(vec![Rlp::List(vec![])])]),
                ]),
                "c7c0c1c0c3c0c1c0",
            ),
        ] {
            assert_eq!(hex::encode(item.encode()), encoded);
        }
        let long = text("Lorem ipsum dolor sit amet, consectetur adipisicing elit").encode();
        assert_eq!(long[..3], [0xb8, 56, b'L']);
        let longer = Rlp::bytes([7; 1024]).encode();
        assert_eq!(longer[..4], [0xb9, 4, 0, 7]);
        assert_eq!(Rlp::bytes([7; 55]).encode()[0], 0xb7);
    }
}
