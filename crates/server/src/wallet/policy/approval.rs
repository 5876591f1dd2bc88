//! Somebody is asked whether something may be signed: `PRE_SIGN_V1` (portal 3.2). Only a clear yes within thirty seconds
//! is one.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::{Curve, SignRequest};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::payload::Payload;
use super::rules::text;
use super::settings::Policies;
use crate::app::App;
use crate::custody::{Question, ask as call};
use crate::wallet::caller::Caller;
use crate::wallet::failure::Failure;

/// How long the answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks everybody who is to be asked.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    policies: &Policies,
    payload: Option<&Payload>,
    request: &SignRequest,
) -> Result<(), Failure> {
    let (chain, method, params) = described(payload, request);
    let body = json!({
        "type": "PRE_SIGN_V1",
        "data": {
            "chainId": chain,
            "clientId": caller.owner,
            "signingRequest": { "method": method, "params": params.to_string() },
        },
        "metadata": { "custodianId": caller.group, "environmentId": caller.group },
    });
    for approval in policies.approvals(app, &caller.group)? {
        let body = Zeroizing::new(body.to_string().into_bytes());
        let question = Question { client: &caller.owner, url: &approval.url, secret: &approval.secret, body };
        if !call(app, &caller.group, question, LIMIT).await {
            return Err(Failure::denied("POLICY_DENIED", "whoever has to agree did not".to_owned()));
        }
    }
    Ok(())
}

/// The chain, the method and its parameters, as a provider of EIP-1193 would be asked.
fn described(payload: Option<&Payload>, request: &SignRequest) -> (Value, &'static str, Value) {
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    match payload {
        Some(Payload::Transaction(transaction)) => {
            let params = json!([{
                "chainId": format!("0x{:x}", transaction.chain),
                "to": transaction.to.as_ref().map(text),
                "value": format!("0x{:x}", transaction.value),
                "data": hex(&transaction.data),
            }]);
            (format!("eip155:{}", transaction.chain).into(), "eth_signTransaction", params)
        }
        Some(Payload::Message(message)) => (Value::Null, "personal_sign", json!([hex(message)])),
        Some(Payload::TypedData(hashes)) => (Value::Null, "eth_signTypedData_v4", json!([hex(hashes)])),
        Some(Payload::Solana(message)) => {
            (Value::Null, "sol_signTransaction", json!([{ "message": STANDARD.encode(&message.bytes) }]))
        }
        None if request.curve() == Curve::Ed25519 => (Value::Null, "sol_signMessage", json!([hex(request.content())])),
        None => (Value::Null, "raw_sign", json!([hex(request.content())])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::payload::Transaction;
    use super::*;

    #[test]
    fn says_what_is_asked_for() {
        let transaction = Transaction { chain: 1, to: Some([0x35; 20]), value: 255, data: vec![1] };
        let request = SignRequest::digest([7; 32]);
        let (chain, method, params) = described(Some(&Payload::Transaction(transaction)), &request);
        assert_eq!((chain, method), ("eip155:1".into(), "eth_signTransaction"));
        let to = format!("0x{}", "35".repeat(20));
        assert_eq!(params, json!([{ "chainId": "0x1", "to": to, "value": "0xff", "data": "0x01" }]));
        let (_, method, params) = described(Some(&Payload::Message(b"hi".to_vec())), &request);
        assert_eq!((method, params), ("personal_sign", json!(["0x6869"])));
        let message = super::super::solana::testing::message(true, &[]);
        let read = super::super::solana::Message::read(&message).map(Payload::Solana).unwrap();
        let (_, method, params) = described(Some(&read), &SignRequest::message(message.as_slice()));
        assert_eq!((method, params), ("sol_signTransaction", json!([{ "message": STANDARD.encode(&message) }])));
        assert_eq!(described(None, &request).1, "raw_sign");
        assert_eq!(described(None, &SignRequest::message(b"hi".as_slice())).1, "sol_signMessage");
    }
}
