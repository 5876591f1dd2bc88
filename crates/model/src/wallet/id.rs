//! What names the parts of a wallet: curves, pairs, operations, generations (portal 1.1, 1.2).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The two curves of every wallet (portal 1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Curve {
    /// secp256k1: Ethereum, Bitcoin, Tron.
    #[serde(rename = "SECP256K1")]
    Secp256k1,
    /// Ed25519: Solana, Stellar.
    #[serde(rename = "ED25519")]
    Ed25519,
}

impl Curve {
    /// Both, in the order in which they are listed everywhere.
    pub const ALL: [Self; 2] = [Self::Secp256k1, Self::Ed25519];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secp256k1 => "SECP256K1",
            Self::Ed25519 => "ED25519",
        }
    }
}

/// One of something for each curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PerCurve<T> {
    /// For secp256k1.
    #[serde(rename = "SECP256K1")]
    pub secp256k1: T,
    /// For Ed25519.
    #[serde(rename = "ED25519")]
    pub ed25519: T,
}

impl<T> PerCurve<T> {
    /// What belongs to a curve.
    pub const fn get(&self, curve: Curve) -> &T {
        match curve {
            Curve::Secp256k1 => &self.secp256k1,
            Curve::Ed25519 => &self.ed25519,
        }
    }

    /// What belongs to a curve, to change it.
    pub const fn get_mut(&mut self, curve: Curve) -> &mut T {
        match curve {
            Curve::Secp256k1 => &mut self.secp256k1,
            Curve::Ed25519 => &mut self.ed25519,
        }
    }

    /// Both, with their curves.
    pub fn iter(&self) -> impl Iterator<Item = (Curve, &T)> {
        Curve::ALL.into_iter().map(|curve| (curve, self.get(curve)))
    }

    /// The same for what each becomes.
    pub fn map<U>(&self, change: impl Fn(Curve, &T) -> U) -> PerCurve<U> {
        PerCurve {
            secp256k1: change(Curve::Secp256k1, &self.secp256k1),
            ed25519: change(Curve::Ed25519, &self.ed25519),
        }
    }
}

impl<T: PartialEq> PerCurve<T> {
    /// The curve of a value.
    pub fn curve_of(&self, value: &T) -> Option<Curve> {
        self.iter().find(|(_, other)| *other == value).map(|(curve, _)| curve)
    }
}

impl PerCurve<bool> {
    /// Whether it is so for every curve.
    pub const fn both(&self) -> bool {
        self.secp256k1 && self.ed25519
    }
}

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20 of them")]
pub struct NotAnId;

fn format_id(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            f.write_str("-")?;
        }
        write!(f, "{byte:02x}")?;
    }
    Ok(())
}

fn parse_id(text: &str) -> Result<[u8; 16], NotAnId> {
    let hyphens = text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23));
    if text.len() != 36 || !hyphens {
        return Err(NotAnId);
    }
    let digits: String = text.chars().filter(|digit| *digit != '-').collect();
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| NotAnId)?;
    Ok(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                format_id(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_id(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
            }
        }
    };
}

id! {
    /// Names a pair of halves of one curve. It stands in both halves, so that the right one is chosen
    /// among several (portal 3.1, 7.3).
    PairId
}
id! {
    /// Names one try at an operation; chosen by the client, never used twice (wallet 5.2).
    OperationId
}

/// The pairs of both curves that were made together.
pub type PairIds = PerCurve<PairId>;

impl PairIds {
    /// Both ids.
    pub fn to_set(&self) -> BTreeSet<PairId> {
        self.iter().map(|(_, pair)| *pair).collect()
    }
}

/// Counts the tries at making pairs for a wallet. Every operation gets a number of its own, whether it
/// is carried through or not, so that no number ever names two things (wallet 5.3: no rollback).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// Before the first operation.
    pub const NONE: Self = Self(0);

    /// The number after this one; `None` when there are no more.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

/// What every event of an operation carries, so that a late or repeated one is told from a current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fence {
    /// Which try.
    pub operation: OperationId,
    /// The generation that it makes.
    pub generation: Generation,
}

/// A moment, in milliseconds since 1970.
pub type Millis = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_as_uuids_and_read_back() {
        let id = PairId(*b"0123456789abcdef");
        assert_eq!(id.to_string(), "30313233-3435-3637-3839-616263646566");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<PairId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        for text in ["", "30313233", "3031323334353637383961626364656600", "30313233-3435-3637-3839-61626364656g"] {
            assert_eq!(text.parse::<PairId>(), Err(NotAnId), "{text}");
        }
    }

    #[test]
    fn curves_have_the_names_of_the_wire() {
        for curve in Curve::ALL {
            assert_eq!(serde_json::to_value(curve).unwrap(), curve.as_str());
        }
        let both = PerCurve { secp256k1: 1, ed25519: 2 };
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"SECP256K1":1,"ED25519":2}"#);
        assert_eq!(both.curve_of(&2), Some(Curve::Ed25519));
    }
}
