//! What a wallet may sign: a pure decision.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::payload::{Address, Payload};
use super::solana;

/// The rules of a group or of a wallet. Whatever is not set restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rules {
    /// If there is any: the only addresses that transactions may be to, and give tokens to.
    pub(super) allow: BTreeSet<String>,
    /// Addresses that no transaction may be to, or give tokens to.
    pub(super) block: BTreeSet<String>,
    /// The most that one transaction of an EVM chain may send, in wei, as a decimal number.
    #[serde(with = "decimal")]
    pub(super) max_value: Option<u128>,
    /// The most that one transaction of Solana may send, in lamports, as a decimal number.
    #[serde(with = "decimal")]
    pub(super) max_lamports: Option<u128>,
    /// How many signatures are given within an hour.
    pub(super) signatures_per_hour: Option<usize>,
    /// Whether something may be signed of which it cannot be told what it is.
    pub(super) blind: bool,
}

/// Amounts do not fit the numbers of JSON.
mod decimal {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<u128>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| value.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u128>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

/// What is to be signed.
pub(super) enum Asked<'a> {
    /// Something that is known.
    Known(&'a Payload),
    /// A digest of which it is not known what it is of, or on Ed25519 something that is no transaction of Solana.
    Blind,
}

/// Why something is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    /// An address is not one of those that are allowed, or is blocked.
    #[error("the policy does not allow this address")]
    Address,
    /// It sends too much.
    #[error("the policy does not allow this amount")]
    Value,
    /// There were too many signatures.
    #[error("the policy does not allow as many signatures within an hour")]
    Rate,
    /// It cannot be told what it is.
    #[error("the policy allows only what can be read: the payload that hashes to the digest, transfers on Solana")]
    Blind,
}

impl Denied {
    /// For clients (portal 5.1).
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Address => "ADDRESS_BLOCKED",
            Self::Value | Self::Rate | Self::Blind => "POLICY_DENIED",
        }
    }
}

impl Rules {
    /// Whether the rules look into what is signed.
    fn look_inside(&self) -> bool {
        !self.allow.is_empty() || !self.block.is_empty() || self.max_value.is_some() || self.max_lamports.is_some()
    }

    /// Whether this may be signed, after so many signatures within the last hour.
    pub(super) fn check(&self, asked: &Asked<'_>, lately: usize) -> Result<(), Denied> {
        if self.signatures_per_hour.is_some_and(|most| lately >= most) {
            return Err(Denied::Rate);
        }
        match asked {
            Asked::Known(Payload::Transaction(transaction)) => {
                self.check_amount((self.max_value, self.max_lamports), transaction.value)?;
                // what makes a contract is to nobody
                let parties = transaction.parties();
                let nobody = transaction.to.is_none().then(String::new);
                self.check_addresses(parties.iter().map(text).chain(nobody))
            }
            Asked::Known(Payload::Solana(solana::Message { transfers: Some(transfers), .. })) => {
                let lamports = transfers.iter().map(|transfer| u128::from(transfer.lamports)).sum();
                self.check_amount((self.max_lamports, self.max_value), lamports)?;
                self.check_addresses(transfers.iter().map(|transfer| bs58::encode(transfer.to).into_string()))
            }
            Asked::Known(Payload::Message(_) | Payload::TypedData(_)) => Ok(()),
            Asked::Blind | Asked::Known(Payload::Solana(_)) => self.check_blind(),
        }
    }

    /// Whether something may be signed of which nothing is known.
    fn check_blind(&self) -> Result<(), Denied> {
        if self.look_inside() && !self.blind { Err(Denied::Blind) } else { Ok(()) }
    }

    /// Where amounts of other chains are limited and those of this one are not, nobody said how much is too much.
    fn check_amount(&self, (most, elsewhere): (Option<u128>, Option<u128>), value: u128) -> Result<(), Denied> {
        match (most, elsewhere) {
            (Some(most), _) if value > most => Err(Denied::Value),
            (None, Some(_)) if !self.blind => Err(Denied::Value),
            _ => Ok(()),
        }
    }

    fn check_addresses(&self, parties: impl Iterator<Item = String>) -> Result<(), Denied> {
        for party in parties {
            if (!self.allow.is_empty() && !self.allow.contains(&party)) || self.block.contains(&party) {
                return Err(Denied::Address);
            }
        }
        Ok(())
    }
}

/// An address as the rules have it: `0x` and lower case.
pub(super) fn text(address: &Address) -> String {
    format!("0x{}", hex::encode(address))
}

/// An address as people write it, of an EVM chain or of Solana; `None` if it is none.
pub(super) fn parse(written: &str) -> Option<String> {
    let Some(hexadecimal) = written.strip_prefix("0x") else { return solana_address(written) };
    let mut address: Address = [0; 20];
    hex::decode_to_slice(hexadecimal, &mut address).ok()?;
    Some(text(&address))
}

/// 32 bytes in base58, as `check` writes them.
fn solana_address(written: &str) -> Option<String> {
    let mut key: solana::Key = [0; 32];
    let length = bs58::decode(written).onto(&mut key).ok()?;
    (length == key.len()).then(|| bs58::encode(key).into_string())
}

#[cfg(test)]
mod tests {
    use super::super::payload::Transaction;
    use super::super::solana::testing::{message, transfer};
    use super::*;

    fn to(address: Option<u8>, value: u128, token_for: Option<u8>) -> Payload {
        let data = token_for
            .map(|party| [[0xa9, 0x05, 0x9c, 0xbb].as_slice(), &[0; 12], &[party; 20], &[0; 31], &[1]].concat());
        let to = address.map(|address| [address; 20]);
        Payload::Transaction(Transaction { chain: 1, to, value, data: data.unwrap_or_default() })
    }

    fn set(addresses: &[u8]) -> BTreeSet<String> {
        addresses.iter().map(|address| text(&[*address; 20])).collect()
    }

    #[test]
    fn what_may_be_signed() {
        let none = Rules::default();
        let allow = Rules { allow: set(&[1, 2]), ..Rules::default() };
        let block = Rules { block: set(&[2]), ..Rules::default() };
        let value = Rules { max_value: Some(10), ..Rules::default() };
        let message = Payload::Message(b"hello".to_vec());
        for (rules, payload, expected) in [
            (&none, to(Some(9), u128::MAX, None), Ok(())),
            (&allow, to(Some(1), 5, None), Ok(())),
            (&allow, to(Some(9), 5, None), Err(Denied::Address)),
            (&allow, to(None, 5, None), Err(Denied::Address)),
            (&allow, to(Some(1), 0, Some(2)), Ok(())),
            (&allow, to(Some(1), 0, Some(9)), Err(Denied::Address)),
            (&block, to(Some(1), 5, None), Ok(())),
            (&block, to(Some(2), 5, None), Err(Denied::Address)),
            (&block, to(Some(1), 0, Some(2)), Err(Denied::Address)),
            (&value, to(Some(1), 10, None), Ok(())),
            (&value, to(Some(1), 11, None), Err(Denied::Value)),
            (&allow, message, Ok(())),
        ] {
            assert_eq!(rules.check(&Asked::Known(&payload), 0), expected, "{rules:?} {payload:?}");
        }
        assert_eq!(none.check(&Asked::Blind, 1_000), Ok(()));
        for rules in [allow, block, value] {
            assert_eq!(rules.check(&Asked::Blind, 0), Err(Denied::Blind));
            assert_eq!(Rules { blind: true, ..rules }.check(&Asked::Blind, 0), Ok(()));
        }
        let rate = Rules { signatures_per_hour: Some(2), ..Rules::default() };
        assert_eq!(rate.check(&Asked::Blind, 1), Ok(()));
        assert_eq!(rate.check(&Asked::Blind, 2), Err(Denied::Rate));
    }

    #[test]
    fn what_may_be_signed_on_solana() {
        let solana = |versioned, instructions: &[&[u8]]| {
            Payload::Solana(solana::Message::read(&message(versioned, instructions)).unwrap())
        };
        let key = |number: u8| bs58::encode([number; 32]).into_string();
        let rules = |change: fn(&mut Rules)| {
            let mut rules = Rules::default();
            change(&mut rules);
            rules
        };
        let allow = Rules { allow: [key(2)].into(), ..Rules::default() };
        let block = Rules { block: [key(3)].into(), ..Rules::default() };
        let lamports = rules(|rules| rules.max_lamports = Some(10));
        let wei = rules(|rules| rules.max_value = Some(10));
        let transfer_to = |account, lamports| solana(true, &[&transfer(account, lamports)]);
        let both = solana(false, &[&transfer(1, 6), &transfer(2, 5)]);
        for (rules, payload, expected) in [
            (&Rules::default(), both.clone(), Ok(())),
            (&allow, transfer_to(1, u64::MAX), Ok(())),
            (&allow, transfer_to(2, 1), Err(Denied::Address)),
            (&allow, both.clone(), Err(Denied::Address)),
            (&block, transfer_to(1, 1), Ok(())),
            (&block, both.clone(), Err(Denied::Address)),
            (&lamports, transfer_to(1, 10), Ok(())),
            (&lamports, transfer_to(1, 11), Err(Denied::Value)),
            (&lamports, both, Err(Denied::Value)),
            // limits of other chains say nothing of this one
            (&wei, transfer_to(1, 1), Err(Denied::Value)),
            (&lamports, to(Some(1), 1, None), Err(Denied::Value)),
        ] {
            assert_eq!(rules.check(&Asked::Known(&payload), 0), expected, "{rules:?} {payload:?}");
        }
        // another program
        let unknown = solana(true, &[&transfer(1, 1), &[5, 0, 0]]);
        assert_eq!(Rules::default().check(&Asked::Known(&unknown), 0), Ok(()));
        for rules in [allow, block, lamports, wei] {
            assert_eq!(rules.check(&Asked::Known(&unknown), 0), Err(Denied::Blind));
            assert_eq!(Rules { blind: true, ..rules }.check(&Asked::Known(&unknown), 0), Ok(()));
        }
    }

    #[test]
    fn addresses_of_solana_are_read() {
        let system = "1".repeat(32);
        for address in ["FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z", &system] {
            assert_eq!(parse(address).as_deref(), Some(address));
        }
        for wrong in ["FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS9", "0OIl", &"1".repeat(33), &"z".repeat(44)] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_are_read_in_any_case() {
        let written = format!("0x{}", "Ab".repeat(20));
        assert_eq!(parse(&written), Some(format!("0x{}", "ab".repeat(20))));
        for wrong in ["", "0x", "0xab", &written[2..]] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
