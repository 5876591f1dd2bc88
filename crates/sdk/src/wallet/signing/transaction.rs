//! Transactions of EVM chains: legacy ones, bound to their chain (EIP-155), and those with a priority fee (EIP-1559).

use serde_json::Value;

use super::rlp::Rlp;
use super::{InvalidInput, U256, fields, keccak};

/// The first byte of what EIP-1559 defines.
const DYNAMIC_FEE: u8 = 2;

/// A transaction of an EVM chain, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The chain: it counts on no other.
    pub chain_id: u64,
    /// How many transactions the account sent before.
    pub nonce: u64,
    /// The account or contract; nothing makes a new contract.
    pub to: Option<[u8; 20]>,
    /// What is sent, in the smallest unit of the chain.
    pub value: U256,
    /// What the contract is called with.
    pub data: Vec<u8>,
    /// The most gas that it may use.
    pub gas_limit: u64,
    /// What gas costs.
    pub fee: Fee,
}

/// What gas costs, and with it the form of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fee {
    /// A legacy transaction, with one price.
    Legacy {
        /// For a unit of gas.
        gas_price: U256,
    },
    /// A transaction with a fee for whoever makes the block (EIP-1559).
    Dynamic {
        /// The most for a unit of gas, all included.
        max_fee_per_gas: U256,
        /// The most of it that goes to whoever makes the block.
        max_priority_fee_per_gas: U256,
        /// What is accessed, paid for in advance (EIP-2930).
        access_list: Vec<Access>,
    },
}

/// What a transaction says that it accesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The contract.
    pub address: [u8; 20],
    /// Its storage.
    pub storage_keys: Vec<[u8; 32]>,
}

/// A transaction that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedTransaction {
    /// What is sent, `0x` and hexadecimal digits.
    pub raw: String,
    /// By which it is found on the chain.
    pub hash: String,
}

impl Transaction {
    /// What `eth_signTransaction` takes: `chainId`, `nonce`, `to`, `value`, `data` (or `input`), `gas` (or `gasLimit`),
    /// and either `gasPrice` or `maxFeePerGas`, `maxPriorityFeePerGas` and perhaps `accessList`. Nothing is filled in:
    /// a wallet asks no chain.
    ///
    /// # Errors
    /// The field that is missing or wrong.
    pub fn from_json(value: &Value) -> Result<Self, InvalidInput> {
        const NUMBER: &str = "a number";
        let object = value.as_object().ok_or_else(|| InvalidInput::new("", "an object"))?;
        let optional = |name| fields::optional(object, name);
        let required = |name| fields::required(object, name, NUMBER);
        let chain_id = U256::read_u64(required("chainId")?, "chainId")?;
        if chain_id == 0 {
            return Err(InvalidInput::new("chainId", "a number above 0: without a chain it would count on all"));
        }
        let data = match (optional("data"), optional("input")) {
            (Some(data), Some(input)) if data != input => {
                return Err(InvalidInput::new("input", "the same as data, or nothing"));
            }
            (Some(data), _) => fields::bytes(data, "data")?,
            (None, Some(input)) => fields::bytes(input, "input")?,
            (None, None) => Vec::new(),
        };
        let to = optional("to").map(|to| fields::address(to, "to")).transpose()?;
        if to.is_none() && data.is_empty() {
            return Err(InvalidInput::new("to", "an address, unless data makes a contract"));
        }
        let gas = match optional("gasLimit") {
            Some(limit) => U256::read_u64(limit, "gasLimit")?,
            None => U256::read_u64(required("gas")?, "gas")?,
        };
        Ok(Self {
            chain_id,
            nonce: U256::read_u64(required("nonce")?, "nonce")?,
            to,
            value: optional("value").map(|value| U256::read(value, "value")).transpose()?.unwrap_or_default(),
            data,
            gas_limit: gas,
            fee: Fee::read(object)?,
        })
    }

    /// What hashes to the digest that is signed.
    pub(super) fn payload(&self) -> Vec<u8> {
        match &self.fee {
            Fee::Legacy { .. } => self.write([U256::from(self.chain_id), U256::default(), U256::default()]),
            Fee::Dynamic { .. } => self.write([]),
        }
    }

    /// The whole of it, with its signature.
    pub(super) fn signed(&self, signature: &[u8; 64], y_parity: u8) -> SignedTransaction {
        let (r, s) = signature
            .split_first_chunk::<32>()
            .map_or(([0; 32], [0; 32]), |(r, s)| (*r, s.first_chunk::<32>().copied().unwrap_or_default()));
        let [r, s] = [r, s].map(U256::from_be_bytes);
        let v = match self.fee {
            Fee::Legacy { .. } => U256::from(u128::from(self.chain_id) * 2 + 35 + u128::from(y_parity)),
            Fee::Dynamic { .. } => U256::from(u64::from(y_parity)),
        };
        let raw = self.write([v, r, s]);
        SignedTransaction { raw: format!("0x{}", hex::encode(&raw)), hash: format!("0x{}", hex::encode(keccak(&raw))) }
    }

    /// The fields in their order, and what comes after them.
    fn write(&self, last: impl IntoIterator<Item = U256>) -> Vec<u8> {
        let number = |number: U256| Rlp::bytes(number.shortest());
        let to = Rlp::bytes(self.to.as_ref().map_or(&[][..], |to| to));
        let (nonce, gas) = (number(self.nonce.into()), number(self.gas_limit.into()));
        let mut items = match &self.fee {
            Fee::Legacy { gas_price } => vec![nonce, number(*gas_price), gas],
            Fee::Dynamic { max_fee_per_gas, max_priority_fee_per_gas, .. } => {
                vec![
                    number(self.chain_id.into()),
                    nonce,
                    number(*max_priority_fee_per_gas),
                    number(*max_fee_per_gas),
                    gas,
                ]
            }
        };
        items.extend([to, number(self.value), Rlp::bytes(&self.data)]);
        if let Fee::Dynamic { access_list, .. } = &self.fee {
            items.push(Rlp::List(access_list.iter().map(Access::to_rlp).collect()));
        }
        items.extend(last.into_iter().map(number));
        let list = Rlp::List(items).encode();
        match self.fee {
            Fee::Legacy { .. } => list,
            Fee::Dynamic { .. } => [vec![DYNAMIC_FEE], list].concat(),
        }
    }
}

impl Fee {
    fn read(object: &serde_json::Map<String, Value>) -> Result<Self, InvalidInput> {
        let optional = |name| fields::optional(object, name);
        let number = |name: &'static str| {
            U256::read(fields::required(object, name, "a number: what a unit of gas may cost")?, name)
        };
        let form = optional("type").map(|form| U256::read_u64(form, "type")).transpose()?;
        let legacy = match (form, optional("gasPrice"), optional("maxFeePerGas").or(optional("maxPriorityFeePerGas"))) {
            (Some(0), _, None) | (None, Some(_), None) => true,
            (Some(2) | None, None, _) => false,
            (Some(0), _, Some(_)) | (None, Some(_), Some(_)) => {
                return Err(InvalidInput::new("maxFeePerGas", "nothing beside gasPrice"));
            }
            (Some(2), Some(_), _) => return Err(InvalidInput::new("gasPrice", "nothing beside maxFeePerGas")),
            (Some(_), ..) => return Err(InvalidInput::new("type", "0x0 (legacy) or 0x2 (EIP-1559)")),
        };
        let accesses = optional("accessList");
        if legacy {
            return match accesses {
                Some(_) => Err(InvalidInput::new("accessList", "nothing in a legacy transaction")),
                None => Ok(Self::Legacy { gas_price: number("gasPrice")? }),
            };
        }
        let (max_fee_per_gas, max_priority_fee_per_gas) = (number("maxFeePerGas")?, number("maxPriorityFeePerGas")?);
        if max_priority_fee_per_gas > max_fee_per_gas {
            return Err(InvalidInput::new("maxPriorityFeePerGas", "at most maxFeePerGas, of which it is a part"));
        }
        let access_list = accesses.map(Access::read_list).transpose()?.unwrap_or_default();
        Ok(Self::Dynamic { max_fee_per_gas, max_priority_fee_per_gas, access_list })
    }
}

impl Access {
    fn read_list(value: &Value) -> Result<Vec<Self>, InvalidInput> {
        let list = value.as_array().ok_or_else(|| InvalidInput::new("accessList", "a list"))?;
        let read =
            |(position, entry)| Self::read(entry).map_err(|error| error.within(&format!("accessList[{position}]")));
        list.iter().enumerate().map(read).collect()
    }

    fn read(entry: &Value) -> Result<Self, InvalidInput> {
        let object = entry.as_object().ok_or_else(|| InvalidInput::new("", "an object"))?;
        let address = fields::address(fields::required(object, "address", "an address")?, "address")?;
        let keys = fields::required(object, "storageKeys", "a list")?;
        let keys = keys.as_array().ok_or_else(|| InvalidInput::new("storageKeys", "a list"))?;
        let key = |key| {
            <[u8; 32]>::try_from(fields::bytes(key, "storageKeys")?)
                .map_err(|_| InvalidInput::new("storageKeys", "32 bytes each"))
        };
        Ok(Self { address, storage_keys: keys.iter().map(key).collect::<Result<_, _>>()? })
    }

    fn to_rlp(&self) -> Rlp {
        Rlp::List(vec![Rlp::bytes(self.address), Rlp::List(self.storage_keys.iter().map(Rlp::bytes).collect())])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of EIP-155.
    #[test]
    fn the_example_of_eip_155() {
        let transaction = Transaction::from_json(&json!({
            "nonce": 9, "gasPrice": "20000000000", "gas": 21000, "to": "0x3535353535353535353535353535353535353535",
            "value": "0xde0b6b3a7640000", "data": "0x", "chainId": 1,
        }))
        .unwrap();
        assert_eq!(
            hex::encode(keccak(&transaction.payload())),
            "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
        );
        let signature = "28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276\
                         67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
        let signed = transaction.signed(&hex::decode(signature).unwrap().try_into().unwrap(), 0);
        assert_eq!(
            signed.raw,
            "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939\
             bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1\
             966a3b6d83"
        );
    }

    #[test]
    fn refusals_name_the_field() {
        let right = json!({
            "chainId": "0x7a69", "nonce": 0, "to": "0x3535353535353535353535353535353535353535", "gas": 21000,
            "maxFeePerGas": 10, "maxPriorityFeePerGas": 1,
            "accessList": [{ "address": "0x3535353535353535353535353535353535353535", "storageKeys": [format!("0x{}", "11".repeat(32))] }],
        });
        assert!(Transaction::from_json(&right).is_ok());
        for (field, value, wrong) in [
            ("chainId", json!(0), "chainId"),
            ("chainId", json!(null), "chainId"),
            ("chainId", json!("0x10000000000000000"), "chainId"),
            ("nonce", json!("one"), "nonce"),
            ("to", json!("0x35"), "to"),
            ("to", json!(null), "to"),
            ("gas", json!(null), "gas"),
            ("value", json!(-1), "value"),
            ("data", json!("0x0"), "data"),
            ("type", json!(1), "type"),
            ("type", json!("0x0"), "maxFeePerGas"),
            ("gasPrice", json!(1), "maxFeePerGas"),
            ("maxFeePerGas", json!(null), "maxFeePerGas"),
            ("maxPriorityFeePerGas", json!(11), "maxPriorityFeePerGas"),
            ("accessList", json!([{ "address": "0x" }]), "accessList[0].address"),
            (
                "accessList",
                json!([{ "address": "0x3535353535353535353535353535353535353535", "storageKeys": ["0x1"] }]),
                "accessList[0].storageKeys",
            ),
        ] {
            let mut transaction = right.clone();
            transaction[field] = value.clone();
            let error = Transaction::from_json(&transaction).unwrap_err();
            assert_eq!(error.field(), wrong, "{field} = {value}: {error}");
        }
        assert_eq!(Transaction::from_json(&json!("0x")).unwrap_err().to_string(), "expected an object");
    }
}
