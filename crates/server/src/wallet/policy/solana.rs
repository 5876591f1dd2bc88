//! Messages of Solana transactions, legacy and v0, as far as a policy has to know them: who gets how much by transfers of
//! the system program. What calls another program is a transaction of which it cannot be told what it does.
//!
//! Read strictly: what a validator might read in another way is not read at all.

/// What fits into a packet of the network.
const LONGEST: usize = 1232;
/// `Transfer` of the system program.
const TRANSFER: [u8; 4] = 2u32.to_le_bytes();
/// The system program, `11111111111111111111111111111111`.
const SYSTEM: Key = [0; 32];
/// `ComputeBudget111111111111111111111111111111`: limits of the computation and the fee for being early. Fees count
/// nowhere.
const COMPUTE_BUDGET: Key = [
    3, 6, 70, 111, 229, 33, 23, 50, 255, 236, 173, 186, 114, 195, 155, 231, 188, 140, 229, 187, 197, 247, 18, 107, 44,
    67, 155, 58, 64, 0, 0, 0,
];

/// The address of an account.
pub(super) type Key = [u8; 32];

/// So much goes to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transfer {
    pub(super) to: Key,
    pub(super) lamports: u64,
}

/// The message of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// The message itself.
    pub(super) bytes: Vec<u8>,
    /// All that it does, if it does nothing but transfer.
    pub(super) transfers: Option<Vec<Transfer>>,
}

impl Message {
    /// The message, if it is one from the first byte to the last.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LONGEST {
            return None;
        }
        let mut reader = Reader(bytes);
        let versioned = match bytes.first()? {
            0x80 => reader.take::<1>().is_some(),
            0..0x80 => false,
            _ => return None,
        };
        let [signers, read_only_signers, read_only] = reader.take()?;
        let keys = reader.list(Reader::take::<32>)?;
        let others = keys.len().checked_sub(signers.into())?;
        if read_only_signers >= signers || usize::from(read_only) > others {
            return None;
        }
        let _recent_blockhash = reader.take::<32>()?;
        let instructions = reader.list(Reader::instruction)?;
        let loaded = match versioned {
            true => reader.list(Reader::table)?.into_iter().try_fold(0usize, |sum, more| sum.checked_add(more))?,
            false => 0,
        };
        let known = keys.len().checked_add(loaded)?;
        let sound = |instruction: &Instruction<'_>| {
            // neither who pays nor what comes of a table is a program
            let program = usize::from(instruction.program);
            let is_program = program > 0 && program < keys.len();
            is_program && instruction.accounts.iter().all(|account| usize::from(*account) < known)
        };
        if !reader.0.is_empty() || known > 256 || !instructions.iter().all(sound) {
            return None;
        }
        let transfers = instructions.iter().try_fold(Vec::new(), |mut transfers, instruction| {
            transfers.extend(instruction.transfer(&keys)?);
            Some(transfers)
        });
        Some(Self { bytes: bytes.to_vec(), transfers })
    }
}

/// What a transaction asks a program to do.
struct Instruction<'a> {
    program: u8,
    accounts: &'a [u8],
    data: &'a [u8],
}

impl Instruction<'_> {
    /// What it transfers, which may be nothing; `None` if it cannot be told.
    fn transfer(&self, keys: &[Key]) -> Option<Option<Transfer>> {
        match *keys.get(usize::from(self.program))? {
            SYSTEM => {
                let (kind, lamports) = self.data.split_first_chunk::<4>()?;
                let lamports = u64::from_le_bytes(lamports.try_into().ok()?);
                let [_from, to] = self.accounts else { return None };
                let to = *keys.get(usize::from(*to))?;
                (*kind == TRANSFER).then_some(Some(Transfer { to, lamports }))
            }
            COMPUTE_BUDGET => Some(None),
            _ => None,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number of at most 16 bits, seven in each byte, the lowest first, in its shortest form.
    fn count(&mut self) -> Option<usize> {
        let mut number = 0usize;
        for shift in [0, 7, 14] {
            let [byte] = self.take()?;
            if byte == 0 && shift > 0 {
                return None;
            }
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (number <= usize::from(u16::MAX)).then_some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// So many items; none of them is empty, so that what is left bounds them.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        if count > self.0.len() {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }

    fn instruction(&mut self) -> Option<Instruction<'a>> {
        let [program] = self.take()?;
        Some(Instruction { program, accounts: self.bytes()?, data: self.bytes()? })
    }

    /// A table of addresses: how many are taken of it.
    fn table(&mut self) -> Option<usize> {
        let _table = self.take::<32>()?;
        let writable = self.bytes()?.len();
        writable.checked_add(self.bytes()?.len())
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::{COMPUTE_BUDGET, SYSTEM};

    /// A message with the accounts 1, 2, 3, the two known programs, and one more; instructions as they are.
    pub(in crate::wallet::policy) fn message(versioned: bool, instructions: &[&[u8]]) -> Vec<u8> {
        let mut message = if versioned { vec![0x80] } else { vec![] };
        message.extend([1, 0, 3, 6]);
        for key in [[1; 32], [2; 32], [3; 32], SYSTEM, COMPUTE_BUDGET, [9; 32], [7; 32]] {
            message.extend(key);
        }
        message.push(instructions.len() as u8);
        message.extend(instructions.concat());
        if versioned {
            message.push(1);
            message.extend([5; 32]);
            message.extend([1, 7, 0]);
        }
        message
    }

    /// A transfer from the first account to another.
    pub(in crate::wallet::policy) fn transfer(to: u8, lamports: u64) -> Vec<u8> {
        [&[3, 2, 0, to, 12, 2, 0, 0, 0][..], &lamports.to_le_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{message, transfer};
    use super::*;

    fn transfers(versioned: bool, instructions: &[&[u8]]) -> Option<Vec<Transfer>> {
        let message = message(versioned, instructions);
        let read = Message::read(&message).unwrap();
        assert_eq!(read.bytes, message);
        read.transfers
    }

    #[test]
    fn transfers_are_read_and_nothing_else() {
        let budget = [4, 0, 9, 3, 1, 0, 0, 0, 0, 0, 0, 0];
        for versioned in [false, true] {
            let both = [&budget[..], &transfer(1, 5), &transfer(2, u64::MAX)];
            let expected =
                [Transfer { to: [2; 32], lamports: 5 }, Transfer { to: [3; 32], lamports: u64::MAX }].to_vec();
            assert_eq!(transfers(versioned, &both), Some(expected));
            assert_eq!(transfers(versioned, &[]), Some(Vec::new()));
            // another program, another instruction, more or less than a transfer has
            for wrong in [
                &[5, 0, 0][..],
                &[3, 2, 0, 1, 12, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
                &[3, 1, 0, 12, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
                &[3, 3, 0, 1, 2, 12, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
                &[3, 2, 0, 1, 11, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0],
                &[3, 2, 0, 1, 13, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
                &[3, 2, 0, 1, 0],
            ] {
                assert_eq!(transfers(versioned, &[&transfer(1, 5), wrong]), None, "{wrong:?}");
            }
        }
        // to an account of a table, whose address is not in the message
        assert_eq!(transfers(true, &[&transfer(6, 5)]), None);
    }

    #[test]
    fn what_is_no_message_is_none() {
        let whole = message(true, &[&transfer(1, 5)]);
        for length in 0..whole.len() {
            assert_eq!(Message::read(&whole[..length]), None, "{length}");
        }
        assert_eq!(Message::read(&[whole.clone(), vec![0]].concat()), None);
        // another version; an account and a program that are not there; who pays is no program
        let changed = |at: usize, byte: u8| {
            let mut changed = whole.clone();
            changed[at] = byte;
            Message::read(&changed)
        };
        let instruction = 1 + 4 + 7 * 32 + 1;
        assert!(changed(instruction, 3).is_some());
        for (at, byte) in
            [(0, 0x81), (1, 0), (1, 7), (2, 1), (3, 6), (instruction, 0), (instruction, 7), (instruction + 3, 7)]
        {
            assert_eq!(changed(at, byte), None, "{at} {byte}");
        }
        assert_eq!(Message::read(b"Sign in to example.org"), None);
        assert_eq!(Message::read(&[0; 2_000]), None);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = Message::read(&bytes);
        }

        #[test]
        fn a_message_with_a_wrong_byte_is_read_without_a_panic(at in 0usize..280, byte: u8, versioned: bool) {
            let mut message = message(versioned, &[&transfer(1, 5), &transfer(2, 7)]);
            if let Some(changed) = message.get_mut(at) {
                *changed = byte;
            }
            let _ = Message::read(&message);
        }
    }
}
