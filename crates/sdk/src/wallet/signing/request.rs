//! `request(method, params)`, as providers of wallets have it (EIP-1193).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::Curve;
use serde_json::{Value, json};

use super::super::{Wallet, WalletError};
use super::{InvalidInput, SigningError, SolanaTransaction, Transaction, TypedData, fields, message};

/// The methods that are known.
pub(super) const METHODS: [&str; 8] = [
    "personal_sign",
    "eth_sign",
    "eth_signTransaction",
    "eth_signTypedData",
    "eth_signTypedData_v4",
    "sol_signMessage",
    "sol_signTransaction",
    "raw_sign",
];

/// The parameters of a request.
struct Params<'v>(&'v [Value]);

impl Params<'_> {
    fn get(&self, position: usize, expected: &'static str) -> Result<&Value, InvalidInput> {
        let value = self.0.get(position).filter(|value| !value.is_null());
        value.ok_or_else(|| InvalidInput::new(name(position), expected))
    }
}

fn name(position: usize) -> String {
    format!("params[{position}]")
}

impl Wallet {
    /// Signs what an application asks for in the words of a provider:
    ///
    /// | method | params | result |
    /// |---|---|---|
    /// | `personal_sign` | message (a text, or bytes after `0x`), address | `0x` and 65 bytes |
    /// | `eth_sign` | address, message; the same as `personal_sign` | the same |
    /// | `eth_signTransaction` | transaction | the raw transaction |
    /// | `eth_signTypedData_v4`, `eth_signTypedData` | address, typed data (an object or its text) | `0x` and 65 bytes |
    /// | `sol_signMessage` | message: a text, or `{"message", "encoding": "base64" or "hex"}` | base58 |
    /// | `sol_signTransaction` | `{"transaction"}` or `{"message"}`, base64, or the transaction alone | `{"transaction", "signature"}`, base64 and base58 |
    /// | `raw_sign` | digest of 32 bytes, hexadecimal, or `{"curve", "param"}` | 65 bytes, on Ed25519 64 |
    ///
    /// An address may be left out (`null`); if it is of another wallet, the request is refused.
    ///
    /// # Errors
    /// See [`SigningError`].
    pub async fn request(&self, method: &str, params: &Value) -> Result<Value, SigningError> {
        if !METHODS.contains(&method) {
            return Err(SigningError::UnknownMethod);
        }
        let params = Params(params.as_array().ok_or_else(|| InvalidInput::new("params", "a list"))?);
        match method {
            "personal_sign" => {
                self.check_account(params.0.get(1), &name(1)).await?;
                let message = message::read(params.get(0, "a message")?, &name(0))?;
                Ok(json!(self.sign_message(&message).await?))
            }
            "eth_sign" => {
                self.check_account(params.0.first(), &name(0)).await?;
                let message = message::read(params.get(1, "a message")?, &name(1))?;
                Ok(json!(self.sign_message(&message).await?))
            }
            "eth_signTransaction" => {
                let value = params.get(0, "a transaction")?;
                let transaction = Transaction::from_json(value).map_err(|error| error.within(&name(0)))?;
                self.check_account(value.get("from"), "params[0].from").await?;
                Ok(json!(self.sign_transaction(&transaction).await?.raw))
            }
            "eth_signTypedData" | "eth_signTypedData_v4" => {
                self.check_account(params.0.first(), &name(0)).await?;
                let data =
                    TypedData::from_json(params.get(1, "typed data")?).map_err(|error| error.within(&name(1)))?;
                Ok(json!(self.sign_typed_data(&data).await?))
            }
            "sol_signMessage" => {
                let message = solana_message(params.get(0, "a message")?)?;
                let signature = self.sign_solana_message(&message).await?;
                Ok(json!(bs58::encode(signature).into_string()))
            }
            "sol_signTransaction" => Ok(written(&self.sign_solana_request(params.get(0, "a transaction")?).await?)),
            // raw_sign
            _ => self.sign_raw_request(params.get(0, "a digest")?).await,
        }
    }

    async fn sign_solana_request(&self, value: &Value) -> Result<SolanaTransaction, SigningError> {
        const BASE64: &str = "base64 of a serialized transaction";
        let decode = |value: &Value, field: &str| {
            let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            bytes.ok_or_else(|| InvalidInput::new(field, BASE64))
        };
        let (field, signed) = match (value.get("transaction"), value.get("message")) {
            (Some(_), Some(_)) => {
                return Err(InvalidInput::new("params[0].message", "nothing beside transaction").into());
            }
            (None, Some(message)) => {
                let field = "params[0].message";
                (field, self.sign_solana_transaction_message(&decode(message, field)?).await)
            }
            (transaction, None) => {
                let field = if transaction.is_some() { "params[0].transaction" } else { "params[0]" };
                (field, self.sign_solana_transaction(&decode(transaction.unwrap_or(value), field)?).await)
            }
        };
        signed.map_err(|error| match error {
            SigningError::Input(error) => InvalidInput::new(field, error.expected()).into(),
            error => error,
        })
    }

    async fn sign_raw_request(&self, value: &Value) -> Result<Value, SigningError> {
        let (curve, content, field) = match value.as_object() {
            Some(object) => {
                let curve = match object.get("curve").and_then(Value::as_str) {
                    Some("SECP256K1") | None => Curve::Secp256k1,
                    Some("ED25519") => Curve::Ed25519,
                    Some(_) => return Err(InvalidInput::new("params[0].curve", "SECP256K1 or ED25519").into()),
                };
                let content = fields::required(object, "param", "hexadecimal digits");
                (curve, content.map_err(|error| error.within("params[0]"))?, "params[0].param")
            }
            None => (Curve::Secp256k1, value, "params[0]"),
        };
        let digits = content.as_str().map(|text| text.strip_prefix("0x").unwrap_or(text));
        let bytes = digits.and_then(|digits| hex::decode(digits).ok());
        let bytes = bytes.ok_or_else(|| InvalidInput::new(field, "hexadecimal digits"))?;
        match curve {
            Curve::Secp256k1 => {
                let digest = bytes.try_into().map_err(|_| InvalidInput::new(field, "a digest of 32 bytes"))?;
                Ok(json!(self.sign_raw(digest).await?))
            }
            Curve::Ed25519 => Ok(json!(hex::encode(self.sign_solana(&bytes).await?))),
        }
    }

    /// Refuses what is asked of another account than this wallet's.
    async fn check_account(&self, account: Option<&Value>, field: &str) -> Result<(), SigningError> {
        let Some(account) = account.filter(|account| !account.is_null()) else { return Ok(()) };
        let account = fields::address(account, field)?;
        let ours = self.addresses().await?.ok_or(WalletError::NoWallet)?;
        match hex::encode(account).eq_ignore_ascii_case(ours.evm.trim_start_matches("0x")) {
            true => Ok(()),
            false => Err(InvalidInput::new(field, "the address of this wallet").into()),
        }
    }
}

fn solana_message(value: &Value) -> Result<Vec<u8>, InvalidInput> {
    let Some(object) = value.as_object() else {
        let text = value.as_str().ok_or_else(|| InvalidInput::new("params[0]", "a text"))?;
        return Ok(text.as_bytes().to_vec());
    };
    let within = |error: InvalidInput| error.within("params[0]");
    let text = fields::required(object, "message", "a text").map_err(within)?;
    let text = text.as_str().ok_or_else(|| InvalidInput::new("params[0].message", "a text"))?;
    let decoded = match object.get("encoding").and_then(Value::as_str) {
        None | Some("utf8") => Some(text.as_bytes().to_vec()),
        Some("base64") => STANDARD.decode(text).ok(),
        Some("hex") => hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok(),
        Some(_) => return Err(InvalidInput::new("params[0].encoding", "utf8, base64 or hex")),
    };
    decoded.ok_or_else(|| InvalidInput::new("params[0].message", "a text in its encoding"))
}

fn written(signed: &SolanaTransaction) -> Value {
    json!({
        "transaction": STANDARD.encode(&signed.bytes),
        "signature": bs58::encode(signed.signature).into_string(),
    })
}
