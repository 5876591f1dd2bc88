//! What a wallet may sign: a pure decision.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::payload::{Address, Payload};

/// The rules of a group or of a wallet. Whatever is not set restricts nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rules {
    /// If there is any: the only addresses that transactions may be to, and give tokens to.
    pub(super) allow: BTreeSet<String>,
    /// Addresses that no transaction may be to, or give tokens to.
    pub(super) block: BTreeSet<String>,
    /// The most that one transaction may send, in wei, as a decimal number.
    #[serde(with = "decimal")]
    pub(super) max_value: Option<u128>,
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
    /// On secp256k1, something that is known.
    Known(&'a Payload),
    /// A digest of which it is not known what it is of, or anything on Ed25519, where transactions are not read.
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
    #[error("the policy allows only what can be read: send the payload that hashes to the digest")]
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
        !self.allow.is_empty() || !self.block.is_empty() || self.max_value.is_some()
    }

    /// Whether this may be signed, after so many signatures within the last hour.
    pub(super) fn check(&self, asked: &Asked<'_>, lately: usize) -> Result<(), Denied> {
        if self.signatures_per_hour.is_some_and(|most| lately >= most) {
            return Err(Denied::Rate);
        }
        let transaction = match asked {
            Asked::Blind if self.look_inside() && !self.blind => return Err(Denied::Blind),
            Asked::Known(Payload::Transaction(transaction)) => transaction,
            Asked::Blind | Asked::Known(_) => return Ok(()),
        };
        if self.max_value.is_some_and(|most| transaction.value > most) {
            return Err(Denied::Value);
        }
        let parties: Vec<String> = transaction.parties().iter().map(text).collect();
        let allowed = self.allow.is_empty()
            || (transaction.to.is_some() && parties.iter().all(|party| self.allow.contains(party)));
        let blocked = parties.iter().any(|party| self.block.contains(party));
        if allowed && !blocked { Ok(()) } else { Err(Denied::Address) }
    }
}

/// An address as the rules have it: `0x` and lower case.
pub(super) fn text(address: &Address) -> String {
    format!("0x{}", hex::encode(address))
}

/// An address as people write it; `None` if it is none.
pub(super) fn parse(written: &str) -> Option<String> {
    let mut address: Address = [0; 20];
    hex::decode_to_slice(written.strip_prefix("0x")?, &mut address).ok()?;
    Some(text(&address))
}

#[cfg(test)]
mod tests {
    use super::super::payload::Transaction;
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
    fn addresses_are_read_in_any_case() {
        let written = format!("0x{}", "Ab".repeat(20));
        assert_eq!(parse(&written), Some(format!("0x{}", "ab".repeat(20))));
        for wrong in ["", "0x", "0xab", &written[2..]] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
