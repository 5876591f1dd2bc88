//! Typed data (EIP-712), as `eth_signTypedData_v4` takes it.
//!
//! Two rules of version 4 that the EIP leaves open: a struct that is `null` counts as 32 zero bytes, and so types may
//! contain themselves; an array counts as the hash of its elements, of structs as well.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{InvalidInput, U256, fields, keccak};

const DOMAIN: &str = "EIP712Domain";

/// Typed data: types, a domain and a message.
#[derive(Debug, Clone, PartialEq)]
pub struct TypedData {
    types: BTreeMap<String, Vec<Member>>,
    primary_type: String,
    domain: Value,
    message: Value,
}

#[derive(Debug, Clone, PartialEq)]
struct Member {
    name: String,
    kind: String,
}

/// A type that is no struct and no array.
enum Atom {
    Address,
    Bool,
    Text,
    Bytes,
    FixedBytes(usize),
    Number { bits: u32, signed: bool },
}

impl Atom {
    fn of(kind: &str) -> Option<Self> {
        // no leading zeros: the name is a part of what is signed
        let size = |digits: &str| digits.parse().ok().filter(|size: &u32| size.to_string() == digits);
        let bits = |digits: &str| match digits {
            "" => Some(256),
            digits => size(digits).filter(|bits| (8..=256).contains(bits) && bits % 8 == 0),
        };
        Some(match kind {
            "address" => Self::Address,
            "bool" => Self::Bool,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            kind => match (kind.strip_prefix("bytes"), kind.strip_prefix("uint"), kind.strip_prefix("int")) {
                (Some(digits), ..) => {
                    Self::FixedBytes(usize::try_from(size(digits).filter(|size| (1..=32).contains(size))?).ok()?)
                }
                (_, Some(digits), _) => Self::Number { bits: bits(digits)?, signed: false },
                (.., Some(digits)) => Self::Number { bits: bits(digits)?, signed: true },
                _ => return None,
            },
        })
    }

    fn encode(&self, value: &Value) -> Result<[u8; 32], InvalidInput> {
        let mut word = [0; 32];
        match self {
            Self::Address => {
                if let Some(place) = word.last_chunk_mut::<20>() {
                    *place = fields::address(value, "")?;
                }
            }
            Self::Bool => {
                let truth = value.as_bool().ok_or_else(|| InvalidInput::new("", "true or false"))?;
                if let Some(last) = word.last_mut() {
                    *last = u8::from(truth);
                }
            }
            Self::Text => {
                let text = value.as_str().ok_or_else(|| InvalidInput::new("", "a text"))?;
                word = keccak(text.as_bytes());
            }
            Self::Bytes => word = keccak(&fields::bytes(value, "")?),
            Self::FixedBytes(length) => {
                let bytes = fields::bytes(value, "")?;
                let wrong = || InvalidInput::new("", "as many bytes as its type has");
                let place = word.get_mut(..bytes.len()).filter(|place| place.len() == *length).ok_or_else(wrong)?;
                place.copy_from_slice(&bytes);
            }
            Self::Number { bits, signed } => word = U256::read_word(value, *bits, *signed, "")?,
        }
        Ok(word)
    }
}

/// The type of the elements and their number, of the type of an array.
fn array_of(kind: &str) -> Option<(&str, Option<usize>)> {
    let (element, length) = kind.strip_suffix(']')?.rsplit_once('[')?;
    match length {
        "" => Some((element, None)),
        digits => Some((element, Some(digits.parse().ok()?))),
    }
}

/// The type without its brackets.
fn base_of(mut kind: &str) -> &str {
    while let Some((element, _)) = array_of(kind) {
        kind = element;
    }
    kind
}

fn is_name(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_$".contains(letter);
    text.chars().all(plain) && text.starts_with(|first: char| !first.is_ascii_digit())
}

impl TypedData {
    /// An object with `types` (with `EIP712Domain` among them), `primaryType`, `domain` and `message`, or its text.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn from_json(value: &Value) -> Result<Self, InvalidInput> {
        const EXPECTED: &str = "an object with types, primaryType, domain and message";
        let read;
        let object = match value {
            Value::Object(object) => object,
            Value::String(text) => {
                read = serde_json::from_str::<Map<_, _>>(text).map_err(|_| InvalidInput::new("", EXPECTED))?;
                &read
            }
            _ => return Err(InvalidInput::new("", EXPECTED)),
        };
        let types = read_types(fields::required(object, "types", "an object")?)?;
        let primary_type = fields::required(object, "primaryType", "the name of one of the types")?;
        let primary_type = primary_type.as_str().filter(|name| types.contains_key(*name));
        let primary_type =
            primary_type.ok_or_else(|| InvalidInput::new("primaryType", "the name of one of the types"))?;
        let message = match primary_type {
            DOMAIN => &Value::Null,
            _ => fields::required(object, "message", "an object")?,
        };
        let data = Self {
            primary_type: primary_type.to_owned(),
            domain: fields::required(object, "domain", "an object")?.clone(),
            message: message.clone(),
            types,
        };
        data.payload()?;
        Ok(data)
    }

    /// What hashes to the digest that is signed.
    pub(super) fn payload(&self) -> Result<Vec<u8>, InvalidInput> {
        let mut signed = vec![0x19, 0x01];
        signed.extend_from_slice(&self.hash_struct(DOMAIN, &self.domain).map_err(|error| error.within("domain"))?);
        if self.primary_type != DOMAIN {
            let hash = self.hash_struct(&self.primary_type, &self.message);
            signed.extend_from_slice(&hash.map_err(|error| error.within("message"))?);
        }
        Ok(signed)
    }

    fn hash_struct(&self, name: &str, value: &Value) -> Result<[u8; 32], InvalidInput> {
        let object = value.as_object().ok_or_else(|| InvalidInput::new("", "an object"))?;
        let mut encoded = keccak(self.encode_type(name).as_bytes()).to_vec();
        for Member { name, kind } in self.members(name) {
            let encode = || self.encode(kind, object.get(name).ok_or_else(|| InvalidInput::new("", "a value"))?);
            encoded.extend_from_slice(&encode().map_err(|error| error.within(name))?);
        }
        Ok(keccak(&encoded))
    }

    fn encode(&self, kind: &str, value: &Value) -> Result<[u8; 32], InvalidInput> {
        if let Some((element, length)) = array_of(kind) {
            let list = value.as_array().filter(|list| length.is_none_or(|length| length == list.len()));
            let list = list.ok_or_else(|| InvalidInput::new("", "a list, as long as its type says"))?;
            let mut encoded = Vec::with_capacity(list.len().saturating_mul(32));
            for (position, value) in list.iter().enumerate() {
                let word = self.encode(element, value).map_err(|error| error.within(&format!("[{position}]")))?;
                encoded.extend_from_slice(&word);
            }
            return Ok(keccak(&encoded));
        }
        match (self.types.contains_key(kind), value) {
            (true, Value::Null) => Ok([0; 32]),
            (true, value) => self.hash_struct(kind, value),
            (false, value) => Atom::of(kind).ok_or_else(|| InvalidInput::new("", "a known type"))?.encode(value),
        }
    }

    fn members(&self, name: &str) -> &[Member] {
        self.types.get(name).map_or(&[], Vec::as_slice)
    }

    /// The type, then those that it needs in the order of their names.
    fn encode_type(&self, name: &str) -> String {
        let (mut needed, mut next) = (BTreeSet::new(), vec![name]);
        while let Some(name) = next.pop() {
            let structs = self.members(name).iter().map(|member| base_of(&member.kind));
            next.extend(structs.filter(|kind| self.types.contains_key(*kind) && needed.insert(*kind)));
        }
        needed.remove(name);
        std::iter::once(name).chain(needed).map(|name| self.write_type(name)).collect()
    }

    fn write_type(&self, name: &str) -> String {
        let members: Vec<_> =
            self.members(name).iter().map(|member| format!("{} {}", member.kind, member.name)).collect();
        format!("{name}({})", members.join(","))
    }
}

/// Types of which every one is known and has a name that can stand in a type.
fn read_types(value: &Value) -> Result<BTreeMap<String, Vec<Member>>, InvalidInput> {
    let wrong = |name: &str, expected| InvalidInput::new(format!("types.{name}"), expected);
    let object = value.as_object().ok_or_else(|| InvalidInput::new("types", "an object"))?;
    let mut types = BTreeMap::new();
    for (name, members) in object {
        if !is_name(name) || Atom::of(name).is_some() {
            return Err(InvalidInput::new("types", "names of letters and digits that are no other types"));
        }
        let list = members.as_array().ok_or_else(|| wrong(name, "a list of fields"))?;
        let text = |member: &Value, field| member.get(field).and_then(Value::as_str).map(str::to_owned);
        let read = |member| Some(Member { name: text(member, "name")?, kind: text(member, "type")? });
        let members: Option<Vec<_>> = list.iter().map(read).collect();
        let members = members.ok_or_else(|| wrong(name, "a name and a type of every field"))?;
        let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
        if names.len() != members.len() || !names.iter().all(|name| is_name(name)) {
            return Err(wrong(name, "different names of letters and digits"));
        }
        types.insert(name.clone(), members);
    }
    if !types.contains_key(DOMAIN) {
        return Err(wrong(DOMAIN, "the fields of the domain"));
    }
    for (name, members) in &types {
        for member in members {
            let base = base_of(&member.kind);
            if !types.contains_key(base) && Atom::of(base).is_none() {
                return Err(wrong(&format!("{name}.{}", member.name), "a type of Solidity, or one of the types"));
            }
        }
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mail() -> Value {
        json!({
            "types": {
                "EIP712Domain": [
                    { "name": "name", "type": "string" }, { "name": "version", "type": "string" },
                    { "name": "chainId", "type": "uint256" }, { "name": "verifyingContract", "type": "address" },
                ],
                "Person": [{ "name": "name", "type": "string" }, { "name": "wallet", "type": "address" }],
                "Mail": [
                    { "name": "from", "type": "Person" }, { "name": "to", "type": "Person" },
                    { "name": "contents", "type": "string" },
                ],
            },
            "primaryType": "Mail",
            "domain": {
                "name": "Ether Mail", "version": "1", "chainId": 1,
                "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
            },
            "message": {
                "from": { "name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826" },
                "to": { "name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB" },
                "contents": "Hello, Bob!",
            },
        })
    }

    /// The example of the EIP.
    #[test]
    fn the_example_of_eip_712() {
        let data = TypedData::from_json(&mail()).unwrap();
        assert_eq!(
            data.encode_type("Mail"),
            "Mail(Person from,Person to,string contents)Person(string name,address wallet)"
        );
        for (found, expected) in [
            (
                data.hash_struct(DOMAIN, &data.domain),
                "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f",
            ),
            (
                data.hash_struct("Mail", &data.message),
                "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e",
            ),
            (
                data.payload().map(|payload| keccak(&payload)),
                "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2",
            ),
        ] {
            assert_eq!(hex::encode(found.unwrap()), expected);
        }
        assert_eq!(TypedData::from_json(&json!(mail().to_string())).unwrap(), data);
    }

    /// A family tree, from the tests of MetaMask's eth-sig-util: types that contain themselves.
    #[test]
    fn types_may_contain_themselves() {
        let person = json!([
            { "name": "name", "type": "string" }, { "name": "mother", "type": "Person" }, { "name": "father", "type": "Person" },
        ]);
        let mut data = mail();
        data["types"]["Person"] = person;
        data["types"].as_object_mut().unwrap().remove("Mail");
        data["primaryType"] = json!("Person");
        data["domain"]["name"] = json!("Family Tree");
        let leaf = |name: &str| json!({ "name": name, "mother": null, "father": null });
        data["message"] = json!({
            "name": "Jon",
            "mother": { "name": "Lyanna", "mother": null, "father": leaf("Rickard") },
            "father": { "name": "Rhaegar", "mother": null, "father": leaf("Aeris II") },
        });
        let data = TypedData::from_json(&data).unwrap();
        assert_eq!(data.encode_type("Person"), "Person(string name,Person mother,Person father)");
        for (found, expected) in [
            (
                data.hash_struct("Person", &data.message),
                "fdc7b6d35bbd81f7fa78708604f57569a10edff2ca329c8011373f0667821a45",
            ),
            (
                data.payload().map(|payload| keccak(&payload)),
                "807773b9faa9879d4971b43856c4d60c2da15c6f8c062bd9d33afefb756de19c",
            ),
        ] {
            assert_eq!(hex::encode(found.unwrap()), expected);
        }
    }

    #[test]
    fn refusals_name_the_field() {
        for (pointer, value, field) in [
            ("/types/EIP712Domain", json!(null), "types.EIP712Domain"),
            ("/types/Mail/0/type", json!("Human"), "types.Mail.from"),
            ("/types/Mail/0/type", json!("Human[2]"), "types.Mail.from"),
            ("/types/Mail/0/name", json!("to"), "types.Mail"),
            ("/types/Mail/0/name", json!("a,b"), "types.Mail"),
            ("/types/Person/1/type", json!("uint7"), "types.Person.wallet"),
            ("/types/Person/1/type", json!("uint08"), "types.Person.wallet"),
            ("/types/Person/1/type", json!("bytes33"), "types.Person.wallet"),
            ("/types/Person/1/type", json!("uint8"), "message.from.wallet"),
            ("/types/Person/1/type", json!("bytes20[2]"), "message.from.wallet"),
            ("/types/Person/1/type", json!("bytes19"), "message.from.wallet"),
            ("/types/Mail/1/type", json!("Person[]"), "message.to"),
            ("/primaryType", json!("Letter"), "primaryType"),
            ("/domain/chainId", json!("one"), "domain.chainId"),
            ("/message", json!(null), "message"),
            ("/message/from", json!("Cow"), "message.from"),
            ("/message/from/name", json!(1), "message.from.name"),
            ("/message/from/wallet", json!("0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"), "message.from.wallet"),
        ] {
            let mut data = mail();
            *data.pointer_mut(pointer).unwrap() = value.clone();
            let error = TypedData::from_json(&data).unwrap_err();
            assert_eq!(error.field(), field, "{pointer} = {value}: {error}");
        }
        let mut data = mail();
        data["message"].as_object_mut().unwrap().remove("contents");
        assert_eq!(TypedData::from_json(&data).unwrap_err().field(), "message.contents");
        assert_eq!(TypedData::from_json(&json!(1)).unwrap_err().field(), "");
        // only the domain is signed
        let mut data = mail();
        data["primaryType"] = json!(DOMAIN);
        assert!(TypedData::from_json(&data).is_ok());
    }
}
