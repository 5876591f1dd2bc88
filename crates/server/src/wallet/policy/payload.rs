//! What is signed on secp256k1, read from what hashes to the digest: a transaction, a message, typed data. On Ed25519, the
//! message of a Solana transaction.
//!
//! Only what is read here can be held against a policy. Whatever else is signed is unknown.

use sha3::{Digest as _, Keccak256};

use super::solana;

/// The longest payload, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;
/// How deep lists are looked into: access lists are two deep.
const DEEPEST: usize = 4;

/// An address of an EVM chain.
pub(super) type Address = [u8; 20];

/// A transaction of an EVM chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) chain: u64,
    /// Nobody: it makes a contract.
    pub(super) to: Option<Address>,
    pub(super) value: u128,
    pub(super) data: Vec<u8>,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Payload {
    Transaction(Transaction),
    /// EIP-191, version 0x45: `personal_sign`.
    Message(Vec<u8>),
    /// EIP-712: the hashes of domain and struct.
    TypedData(Vec<u8>),
    /// A transaction of Solana.
    Solana(solana::Message),
}

impl Payload {
    /// The payload, if it is one that is known.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0x19, [0x01, rest @ ..]) if rest.len() == 64 => Some(Self::TypedData(rest.to_vec())),
            (0x19, rest) => {
                let rest = rest.strip_prefix(b"Ethereum Signed Message:\n")?;
                // the length in decimal digits, then so many bytes
                (1..=rest.len().min(8)).find_map(|digits| {
                    let (length, message) = rest.split_at_checked(digits)?;
                    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
                    (length == message.len() && length.to_string().len() == digits)
                        .then(|| Self::Message(message.to_vec()))
                })
            }
            (0x01, list) => transaction(list, &[0, 4, 5, 6], 8),
            (0x02, list) => transaction(list, &[0, 5, 6, 7], 9),
            (0xc0.., _) => legacy(bytes),
            _ => None,
        }
    }
}

/// The hash that is signed.
pub(super) fn digest(payload: &[u8]) -> [u8; 32] {
    Keccak256::digest(payload).into()
}

impl Transaction {
    /// Whom it is to, and whom it gives tokens or the right to take them (ERC-20).
    pub(super) fn parties(&self) -> Vec<Address> {
        let mut parties: Vec<Address> = self.to.into_iter().collect();
        if let Some((selector, arguments)) = self.data.split_first_chunk::<4>() {
            let words: &[usize] = match selector {
                // transfer, approve, increaseAllowance
                [0xa9, 0x05, 0x9c, 0xbb] | [0x09, 0x5e, 0xa7, 0xb3] | [0x39, 0x50, 0x93, 0x51] => &[0],
                // transferFrom
                [0x23, 0xb8, 0x72, 0xdd] => &[1],
                _ => &[],
            };
            let addresses = words.iter().filter_map(|word| arguments.chunks_exact(32).nth(*word));
            parties.extend(addresses.filter_map(|word| word.last_chunk::<20>().copied()));
        }
        parties
    }
}

fn transaction(list: &[u8], [chain, to, value, data]: &[usize; 4], length: usize) -> Option<Payload> {
    let items = Item::whole(list)?.list()?;
    if items.len() != length {
        return None;
    }
    read_transaction(items.get(*chain)?.number()?, &items, [*to, *value, *data])
}

/// Nonce, gas price, gas, to, value, data, and with EIP-155 the chain and two zeros.
fn legacy(bytes: &[u8]) -> Option<Payload> {
    let items = Item::whole(bytes)?.list()?;
    let chain = match items.get(6..)? {
        [] => 0,
        [chain, Item::Bytes([]), Item::Bytes([])] => chain.number()?,
        _ => return None,
    };
    read_transaction(chain, &items, [3, 4, 5])
}

fn read_transaction(chain: u128, items: &[Item<'_>], [to, value, data]: [usize; 3]) -> Option<Payload> {
    let to = match items.get(to)?.bytes()? {
        [] => None,
        address => Some(address.try_into().ok()?),
    };
    let value = items.get(value)?.number()?;
    let data = items.get(data)?.bytes()?.to_vec();
    Some(Payload::Transaction(Transaction { chain: chain.try_into().ok()?, to, value, data }))
}

/// An item of RLP.
#[derive(Debug)]
enum Item<'a> {
    Bytes(&'a [u8]),
    List(Vec<Item<'a>>),
}

impl<'a> Item<'a> {
    /// The item that is all of `bytes`.
    fn whole(bytes: &'a [u8]) -> Option<Self> {
        let (item, rest) = Self::next(bytes, DEEPEST)?;
        rest.is_empty().then_some(item)
    }

    fn next(bytes: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let (first, rest) = bytes.split_first()?;
        match first {
            0..=0x7f => Some((Self::Bytes(bytes.get(..1)?), rest)),
            0x80..=0xb7 => {
                let (item, rest) = rest.split_at_checked(usize::from(first.checked_sub(0x80)?))?;
                // a small byte is its own encoding
                let minimal = !matches!(item, [0..=0x7f]);
                minimal.then_some((Self::Bytes(item), rest))
            }
            0xb8..=0xbf => {
                let (item, rest) = long(rest, usize::from(first.checked_sub(0xb7)?))?;
                Some((Self::Bytes(item), rest))
            }
            0xc0..=0xf7 => {
                let (items, rest) = rest.split_at_checked(usize::from(first.checked_sub(0xc0)?))?;
                Some((Self::items(items, depth)?, rest))
            }
            0xf8..=0xff => {
                let (items, rest) = long(rest, usize::from(first.checked_sub(0xf7)?))?;
                Some((Self::items(items, depth)?, rest))
            }
        }
    }

    fn items(mut bytes: &'a [u8], depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        let mut items = Vec::new();
        while !bytes.is_empty() {
            let (item, rest) = Self::next(bytes, depth)?;
            items.push(item);
            bytes = rest;
        }
        Some(Self::List(items))
    }

    fn list(self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Bytes(_) => None,
        }
    }

    fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::List(_) => None,
        }
    }

    /// A number without leading zeros. What is greater than any amount there is counts as the greatest.
    fn number(&self) -> Option<u128> {
        match self.bytes()? {
            [0, ..] => None,
            bytes if bytes.len() > 32 => None,
            bytes if bytes.len() > 16 => Some(u128::MAX),
            bytes => Some(bytes.iter().fold(0, |number, byte| (number << 8) | u128::from(*byte))),
        }
    }
}

/// So many bytes that tell a length above 55, without leading zeros, and what has that length.
fn long(bytes: &[u8], digits: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(digits)?;
    let minimal = length.first().is_some_and(|first| *first != 0) && digits <= 4;
    let length = length.iter().fold(0usize, |length, byte| (length << 8) | usize::from(*byte));
    if minimal && length > 55 { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Payload> {
        Payload::read(&hex::decode(text).unwrap())
    }

    /// From EIP-155: the example of its signing data.
    #[test]
    fn reads_the_example_of_eip_155() {
        let text = "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080";
        let Some(Payload::Transaction(transaction)) = read(text) else { panic!() };
        assert_eq!(transaction.chain, 1);
        assert_eq!(transaction.to, Some([0x35; 20]));
        assert_eq!(transaction.value, 1_000_000_000_000_000_000);
        assert_eq!(transaction.parties(), [[0x35; 20]]);
        let hash = "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53";
        assert_eq!(hex::encode(digest(&hex::decode(text).unwrap())), hash);
    }

    /// A transfer of tokens on Sepolia, fees after EIP-1559.
    #[test]
    fn reads_a_transfer_of_tokens() {
        let data = format!("a9059cbb{:0>64}{:0>64}", "22".repeat(20), "01");
        let body = format!("83aa36a7018203e88207d0825208 94{} 80 b844{data} c0", "11".repeat(20)).replace(' ', "");
        let list = format!("f8{:02x}{body}", body.len() / 2);
        let Some(Payload::Transaction(transaction)) = read(&format!("02{list}")) else { panic!() };
        assert_eq!((transaction.chain, transaction.value), (11_155_111, 0));
        assert_eq!(transaction.parties(), [[0x11; 20], [0x22; 20]]);
        // an item more or less, or something behind it
        assert_eq!(read(&format!("01{list}")), None);
        assert_eq!(read(&format!("02{list}00")), None);
        assert_eq!(read(&format!("03{list}")), None);
    }

    #[test]
    fn reads_messages_and_typed_data() {
        let message = [b"\x19Ethereum Signed Message:\n12".as_slice(), b"12 monkeys !"].concat();
        assert_eq!(Payload::read(&message), Some(Payload::Message(b"12 monkeys !".to_vec())));
        assert_eq!(Payload::read(&[b"\x19Ethereum Signed Message:\n12".as_slice(), b"short"].concat()), None);
        assert_eq!(Payload::read(&[b"\x19Ethereum Signed Message:\n05".as_slice(), b"hello"].concat()), None);
        assert!(matches!(Payload::read(&[&[0x19, 0x01], [7; 64].as_slice()].concat()), Some(Payload::TypedData(_))));
        assert_eq!(Payload::read(&[&[0x19, 0x01], [7; 63].as_slice()].concat()), None);
    }

    #[test]
    fn what_is_no_transaction_is_none() {
        for text in ["", "00", "c0", "02", "02c0", "f8", "f800", "c88080808080808080", "ff", "02ffffffffffffffffff"] {
            assert_eq!(read(text), None, "{text}");
        }
        // lists within lists, without end
        assert_eq!(Payload::read(&vec![0xc1; 1_000]), None);
        assert_eq!(Item::Bytes(&[0, 1]).number(), None);
        assert_eq!(Item::Bytes(&[1; 17]).number(), Some(u128::MAX));
    }
}
