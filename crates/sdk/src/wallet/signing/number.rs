//! Numbers of 256 bits, as EVM chains have them.

use std::fmt;

use serde_json::Value;

use super::InvalidInput;

/// A number from 0 to 2²⁵⁶ - 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct U256([u8; 32]);

impl U256 {
    /// From 32 bytes, the most significant first.
    pub fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// 32 bytes, the most significant first.
    pub fn to_be_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Without zeros in front: nothing for zero.
    pub(super) fn shortest(&self) -> &[u8] {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..).unwrap_or_default()
    }

    /// How many bits it takes.
    fn bits(&self) -> u32 {
        let shortest = self.shortest();
        let top = shortest.first().map_or(0, |top| 8 - top.leading_zeros());
        u32::try_from(shortest.len().saturating_sub(1)).unwrap_or(u32::MAX).saturating_mul(8).saturating_add(top)
    }

    /// Decimal digits, or hexadecimal ones after `0x`.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, base) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        if digits.is_empty() {
            return None;
        }
        let mut number = Self::default();
        for digit in digits.chars() {
            let mut carry = digit.to_digit(base)?;
            for byte in number.0.iter_mut().rev() {
                let value = u32::from(*byte) * base + carry;
                let [low, ..] = value.to_le_bytes();
                *byte = low;
                carry = value >> 8;
            }
            if carry != 0 {
                return None;
            }
        }
        Some(number)
    }

    /// A number or text of JSON.
    pub(super) fn read(value: &Value, field: &str) -> Result<Self, InvalidInput> {
        let read = match value {
            Value::Number(number) => number.as_u64().map(Self::from),
            Value::String(text) => Self::parse(text),
            _ => None,
        };
        read.ok_or_else(|| InvalidInput::new(field, "a number: decimal digits, or hexadecimal ones after 0x"))
    }

    /// The same, up to 64 bits.
    pub(super) fn read_u64(value: &Value, field: &str) -> Result<u64, InvalidInput> {
        let number = Self::read(value, field)?;
        let (high, low) = number.0.split_last_chunk::<8>().unwrap_or((&[], &[0; 8]));
        match high.iter().all(|byte| *byte == 0) {
            true => Ok(u64::from_be_bytes(*low)),
            false => Err(InvalidInput::new(field, "a number below 2^64")),
        }
    }

    /// The 32 bytes of a number of a type with so many bits, as contracts have it.
    pub(super) fn read_word(value: &Value, bits: u32, signed: bool, field: &str) -> Result<[u8; 32], InvalidInput> {
        let negative = match value {
            Value::Number(number) => {
                number.as_i64().filter(|number| *number < 0).map(|number| Self::from(number.unsigned_abs()))
            }
            Value::String(text) => text.strip_prefix('-').and_then(Self::parse),
            _ => None,
        };
        let too_large = || InvalidInput::new(field, "a number that its type can hold");
        match negative {
            None => {
                let number = Self::read(value, field)?;
                let most = if signed { bits.saturating_sub(1) } else { bits };
                if number.bits() <= most { Ok(number.0) } else { Err(too_large()) }
            }
            Some(size) => {
                // the smallest number of a type has no positive counterpart: 2^(bits - 1) itself is allowed
                let below = size.minus_one().map_or(0, |size| size.bits());
                if signed && below < bits { Ok(size.negated()) } else { Err(too_large()) }
            }
        }
    }

    fn minus_one(mut self) -> Option<Self> {
        for byte in self.0.iter_mut().rev() {
            let (less, borrowed) = byte.overflowing_sub(1);
            *byte = less;
            if !borrowed {
                return Some(self);
            }
        }
        None
    }

    /// Two's complement.
    fn negated(self) -> [u8; 32] {
        self.minus_one().map_or([0; 32], |less| less.0.map(|byte| !byte))
    }
}

impl From<u128> for U256 {
    fn from(number: u128) -> Self {
        let mut bytes = [0; 32];
        if let Some(low) = bytes.last_chunk_mut::<16>() {
            *low = number.to_be_bytes();
        }
        Self(bytes)
    }
}

impl From<u64> for U256 {
    fn from(number: u64) -> Self {
        Self::from(u128::from(number))
    }
}

impl fmt::Display for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(self.0);
        let digits = digits.trim_start_matches('0');
        write!(f, "0x{}", if digits.is_empty() { "0" } else { digits })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_in_both_bases() {
        for (text, shown) in [
            ("0", "0x0"),
            ("255", "0xff"),
            ("0x0100", "0x100"),
            ("1000000000000000000", "0xde0b6b3a7640000"),
            (
                "115792089237316195423570985008687907853269984665640564039457584007913129639935",
                "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            ),
        ] {
            assert_eq!(U256::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "0x",
            "-1",
            "1.5",
            "0xfg",
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        ] {
            assert_eq!(U256::parse(text), None, "{text}");
        }
        assert!(U256::from(0_u64).shortest().is_empty());
        assert_eq!(U256::from(256_u64).shortest(), [1, 0]);
    }

    #[test]
    fn words_have_the_range_of_their_type() {
        let word = |value, bits, signed| U256::read_word(&value, bits, signed, "x").map(hex::encode);
        assert_eq!(word(json!(-1), 8, true).unwrap(), "f".repeat(64));
        assert_eq!(word(json!("-128"), 8, true).unwrap(), format!("{}80", "f".repeat(62)));
        assert_eq!(word(json!(127), 8, true).unwrap(), format!("{}7f", "0".repeat(62)));
        let smallest = "-57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(word(json!(smallest), 256, true).unwrap(), format!("8{}", "0".repeat(63)));
        for (value, bits, signed) in [
            (json!(128), 8, true),
            (json!(-129), 8, true),
            (json!(256), 8, false),
            (json!(-1), 8, false),
            (json!(1.5), 8, false),
            (json!(1e30), 256, false),
            (json!(null), 8, false),
        ] {
            assert!(word(value.clone(), bits, signed).is_err(), "{value} in {bits}");
        }
        assert_eq!(U256::read_u64(&json!("18446744073709551615"), "x"), Ok(u64::MAX));
        assert!(U256::read_u64(&json!("18446744073709551616"), "x").is_err());
    }
}
