//! Serialized Solana transactions: where the signatures stand, and who has to sign.
//!
//! ```text
//! transaction  n, n signatures of 64 bytes | message
//! message      0x80 for v0, nothing for legacy | signers, read-only signers, other read-only | n, n keys of 32 bytes |
//!              recent block hash 32 | n, n instructions | v0: n, n address tables
//! ```
//! `n` is a number of at most 16 bits, seven in each byte, the lowest first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::address;

use super::InvalidInput;

/// The most bytes of a transaction: what fits into a packet of the network.
const LONGEST: usize = 1232;

/// A transaction with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SolanaTransaction {
    /// The whole transaction, serialized. Others may have to sign it still.
    pub bytes: Vec<u8>,
    /// The signature of this wallet; if its account pays the fee, the transaction's id.
    pub signature: [u8; 64],
}

impl SolanaTransaction {
    /// As `sendTransaction` takes it with the encoding `base64`.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }
}

/// A transaction that was taken apart.
pub(super) struct Unsigned {
    signatures: Vec<[u8; 64]>,
    /// The keys that have to sign, in the order of the signatures.
    signers: Vec<[u8; 32]>,
    message: Vec<u8>,
}

/// Whether the bytes are a Solana transaction or the message of one, from the first to the last.
pub fn is_transaction(bytes: &[u8]) -> bool {
    signers_of(bytes).is_some() || Unsigned::of_transaction(bytes).is_ok()
}

impl Unsigned {
    pub(super) fn of_transaction(bytes: &[u8]) -> Result<Self, InvalidInput> {
        let wrong = || InvalidInput::new("transaction", "a serialized Solana transaction, legacy or v0");
        let mut reader = Reader(bytes);
        let mut read = || {
            let count = reader.count()?;
            let signatures = (0..count).map(|_| reader.take()).collect::<Option<Vec<_>>>()?;
            Some((signatures, reader.0))
        };
        let (signatures, message) = read().filter(|_| bytes.len() <= LONGEST).ok_or_else(wrong)?;
        let signers = signers_of(message).filter(|signers| signers.len() == signatures.len()).ok_or_else(wrong)?;
        Ok(Self { signatures, signers, message: message.to_vec() })
    }

    pub(super) fn of_message(message: &[u8]) -> Result<Self, InvalidInput> {
        let wrong = || InvalidInput::new("message", "the serialized message of a Solana transaction, legacy or v0");
        let signers = signers_of(message).ok_or_else(wrong)?;
        Ok(Self { signatures: vec![[0; 64]; signers.len()], signers, message: message.to_vec() })
    }

    /// What is signed.
    pub(super) fn message(&self) -> &[u8] {
        &self.message
    }

    /// The place of the signature of this account.
    pub(super) fn place_of(&self, account: &str) -> Result<usize, InvalidInput> {
        let ours = |key: &[u8; 32]| address::solana(key).is_ok_and(|other| other == account);
        let place = self.signers.iter().position(ours);
        place.ok_or_else(|| InvalidInput::new("transaction", "this wallet's account among its signers"))
    }

    pub(super) fn signed(mut self, place: usize, signature: [u8; 64]) -> SolanaTransaction {
        if let Some(slot) = self.signatures.get_mut(place) {
            *slot = signature;
        }
        let mut bytes = write_count(self.signatures.len());
        bytes.extend(self.signatures.iter().flatten());
        bytes.extend_from_slice(&self.message);
        SolanaTransaction { bytes, signature }
    }
}

/// The keys that have to sign a message, if it is one from its first byte to its last.
fn signers_of(message: &[u8]) -> Option<Vec<[u8; 32]>> {
    let mut reader = Reader(message);
    let versioned = match *message.first()? {
        0x80 => true,
        0..0x80 => false,
        _ => return None,
    };
    if versioned {
        reader.take::<1>()?;
    }
    let [signers, read_only_signers, read_only] = reader.take()?;
    let count = reader.count()?;
    let keys = (0..count).map(|_| reader.take()).collect::<Option<Vec<[u8; 32]>>>()?;
    let (signers, others) = keys.split_at_checked(signers.into())?;
    if signers.is_empty() || signers.len() <= read_only_signers.into() || others.len() < read_only.into() {
        return None;
    }
    reader.take::<32>()?;
    for _ in 0..reader.count()? {
        reader.take::<1>()?;
        reader.skip_list(1)?;
        reader.skip_list(1)?;
    }
    if versioned {
        for _ in 0..reader.count()? {
            reader.take::<32>()?;
            reader.skip_list(1)?;
            reader.skip_list(1)?;
        }
    }
    (reader.0.is_empty() && message.len() <= LONGEST).then(|| signers.to_vec())
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number in its one shortest form.
    fn count(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for position in 0..3_u32 {
            let [byte] = self.take()?;
            if byte == 0 && position > 0 {
                return None;
            }
            number |= usize::from(byte & 0x7f) << (7 * position);
            if byte < 0x80 {
                return (number <= usize::from(u16::MAX)).then_some(number);
            }
        }
        None
    }

    fn skip_list(&mut self, width: usize) -> Option<()> {
        let length = self.count()?.checked_mul(width)?;
        self.0 = self.0.get(length..)?;
        Some(())
    }
}

fn write_count(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        match number {
            0 => {
                bytes.push(low);
                return bytes;
            }
            _ => bytes.push(low | 0x80),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A transfer from one account to another, by the system program.
    fn transfer(from: [u8; 32], versioned: bool) -> Vec<u8> {
        let mut message = if versioned { vec![0x80] } else { vec![] };
        message.extend([1, 0, 1, 3]);
        for key in [from, [2; 32], [0; 32], [9; 32]] {
            message.extend(key);
        }
        message.extend([1, 2, 2, 0, 1, 12, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        if versioned {
            message.extend([1]);
            message.extend([5; 32]);
            message.extend([1, 7, 0]);
        }
        message
    }

    #[test]
    fn the_signature_gets_into_its_place() {
        // a point of the curve
        let ours = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").unwrap();
        let ours: [u8; 32] = ours.try_into().unwrap();
        let account = address::solana(&ours).unwrap();
        for versioned in [false, true] {
            let message = transfer(ours, versioned);
            let unsigned = Unsigned::of_message(&message).unwrap();
            assert_eq!(unsigned.message(), message);
            let place = unsigned.place_of(&account).unwrap();
            let signed = unsigned.signed(place, [7; 64]);
            let (head, rest) = signed.bytes.split_at(65);
            assert_eq!((head[0], &head[1..], rest), (1, &[7; 64][..], message.as_slice()));
            // and replaces what stood there
            let again = Unsigned::of_transaction(&signed.bytes).unwrap();
            assert_eq!(again.signed(place, [8; 64]).bytes[1..65], [8; 64]);
            assert!(is_transaction(&message) && is_transaction(&signed.bytes));
            let others = Unsigned::of_message(&transfer([2; 32], versioned)).unwrap();
            assert_eq!(others.place_of(&account).unwrap_err().field(), "transaction");
        }
        assert!(!is_transaction(b"Sign in to example.org"));
        assert!(!is_transaction(b""));
    }

    #[test]
    fn nothing_is_left_over_and_nothing_is_missing() {
        let message = transfer([1; 32], true);
        for length in 0..message.len() {
            assert!(signers_of(&message[..length]).is_none(), "{length}");
        }
        assert!(signers_of(&[message.clone(), vec![0]].concat()).is_none());
        let mut unknown = message;
        unknown[0] = 0x81;
        assert!(signers_of(&unknown).is_none());
        assert!(Unsigned::of_transaction(&transfer([1; 32], false)).is_err());
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = is_transaction(&bytes);
        }

        #[test]
        fn counts_are_read_back(number in 0_usize..=0xffff) {
            let bytes = write_count(number);
            let mut reader = Reader(&bytes);
            prop_assert_eq!(reader.count(), Some(number));
        }
    }
}
