//! What a wallet signs, end to end, checked against its addresses with other libraries than those that signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Verifier as _;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::signing::SigningError;
use keystead_sdk::wallet::{Wallet, WalletError};
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

use crate::support::TestServer;

/// The address of whoever signed a digest: `0x` and 65 bytes.
fn signer(digest: [u8; 32], signature: &str) -> String {
    let bytes = hex::decode(signature.strip_prefix("0x").unwrap()).unwrap();
    assert_eq!(bytes.len(), 65);
    recovered(digest, &bytes[..64], bytes[64] - 27)
}

fn recovered(digest: [u8; 32], signature: &[u8], parity: u8) -> String {
    let signature = k256::ecdsa::Signature::from_slice(signature).unwrap();
    assert_eq!(signature.normalize_s(), signature, "low-S");
    let id = k256::ecdsa::RecoveryId::from_byte(parity).unwrap();
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&digest, &signature, id).unwrap();
    keystead_mpc::address::evm(key.to_sec1_point(true).as_bytes()).unwrap()
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// The strings in a list of more than 55 bytes.
fn rlp_fields(list: &[u8]) -> Vec<Vec<u8>> {
    assert_eq!((list[0], usize::from(list[1])), (0xf8, list.len() - 2));
    let (mut rest, mut fields) = (&list[2..], Vec::new());
    while let Some((&first, after)) = rest.split_first() {
        let length = if first < 0x80 { 0 } else { usize::from(first - 0x80) };
        fields.push(if first < 0x80 { vec![first] } else { after[..length].to_vec() });
        rest = &after[length..];
    }
    fields
}

fn padded(number: &[u8]) -> Vec<u8> {
    [vec![0; 32 - number.len()], number.to_vec()].concat()
}

async fn refused(wallet: &Wallet, method: &str, params: Value) -> String {
    let error = wallet.request(method, &params).await.unwrap_err();
    assert!(matches!(error, SigningError::Input(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn requests_of_applications_are_signed() {
    let server = TestServer::new().await;
    let api = server.by_code(&MemoryStorage::new()).await.api;
    let wallet = api.wallet();
    let addresses = wallet.create().await.unwrap();
    let text = |value: Value| value.as_str().unwrap().to_owned();

    let prefixed = keccak(b"\x19Ethereum Signed Message:\n5hello");
    for params in [json!(["hello", addresses.evm]), json!(["0x68656c6c6f"])] {
        let signed = text(wallet.request("personal_sign", &params).await.unwrap());
        assert_eq!(signer(prefixed, &signed), addresses.evm);
    }
    let signed = wallet.request("eth_sign", &json!([addresses.evm.to_lowercase(), "hello"])).await.unwrap();
    assert_eq!(signer(prefixed, &text(signed)), addresses.evm);
    let signed = wallet.request("raw_sign", &json!(["07".repeat(32)])).await.unwrap();
    assert_eq!(signer([7; 32], &text(signed)), addresses.evm);

    // a legacy transaction: its last three fields are v, r and s
    let transaction = json!({
        "from": addresses.evm, "to": "0x3535353535353535353535353535353535353535", "value": "0x1", "nonce": 0,
        "gas": 21000, "gasPrice": 7, "chainId": 5,
    });
    let raw = text(wallet.request("eth_signTransaction", &json!([transaction])).await.unwrap());
    let raw = hex::decode(raw.strip_prefix("0x").unwrap()).unwrap();
    let fields = rlp_fields(&raw);
    let (v, r, s) = (fields[6][0], padded(&fields[7]), padded(&fields[8]));
    let unsigned = format!("df800782520894{}0180058080", "35".repeat(20));
    let digest = keccak(&hex::decode(unsigned).unwrap());
    assert_eq!(recovered(digest, &[r, s].concat(), v - 35 - 10), addresses.evm);

    let data = json!({
        "types": { "EIP712Domain": [{ "name": "name", "type": "string" }], "Vote": [{ "name": "yes", "type": "bool" }] },
        "primaryType": "Vote", "domain": { "name": "council" }, "message": { "yes": true },
    });
    let domain = [keccak(b"EIP712Domain(string name)"), keccak(b"council")].concat();
    let mut vote = keccak(b"Vote(bool yes)").to_vec();
    vote.extend([0; 31]);
    vote.push(1);
    let digest = keccak(&[b"\x19\x01".as_slice(), &keccak(&domain), &keccak(&vote)].concat());
    for data in [data.clone(), json!(data.to_string())] {
        let signed = wallet.request("eth_signTypedData_v4", &json!([addresses.evm, data])).await.unwrap();
        assert_eq!(signer(digest, &text(signed)), addresses.evm);
    }

    let key = bs58::decode(&addresses.solana).into_vec().unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.as_slice().try_into().unwrap()).unwrap();
    let verify = |message: &[u8], signature: &str| {
        let signature = bs58::decode(signature).into_vec().unwrap();
        key.verify(message, &ed25519_dalek::Signature::from_slice(&signature).unwrap()).unwrap();
    };
    let signed = wallet.request("sol_signMessage", &json!(["hello"])).await.unwrap();
    verify(b"hello", &text(signed));
    let mut message = vec![1, 0, 0, 1];
    message.extend(key.as_bytes());
    message.extend([9; 32]);
    message.push(0);
    let params = json!([{ "message": STANDARD.encode(&message) }]);
    let signed = wallet.request("sol_signTransaction", &params).await.unwrap();
    verify(&message, signed["signature"].as_str().unwrap());
    let bytes = STANDARD.decode(signed["transaction"].as_str().unwrap()).unwrap();
    assert_eq!((bytes[0], &bytes[65..]), (1, message.as_slice()));
    let again =
        wallet.request("sol_signTransaction", &json!([{ "transaction": signed["transaction"] }])).await.unwrap();
    verify(&message, again["signature"].as_str().unwrap());

    // what is refused, and which field is wrong
    let other = "0x3535353535353535353535353535353535353535";
    let as_text = json!([{ "message": STANDARD.encode(&message), "encoding": "base64" }]);
    let mut of_others = message.clone();
    of_others[4..36].fill(8);
    let of_others = json!([{ "message": STANDARD.encode(&of_others) }]);
    for (method, params, says) in [
        ("personal_sign", json!("hello"), "params: expected a list"),
        ("personal_sign", json!([]), "params[0]: expected a message"),
        ("personal_sign", json!(["hello", other]), "params[1]: expected the address of this wallet"),
        (
            "eth_signTransaction",
            json!([{ "chainId": 1 }]),
            "params[0].to: expected an address, unless data makes a contract",
        ),
        ("eth_signTypedData_v4", json!([other, data]), "params[0]: expected the address of this wallet"),
        (
            "eth_signTypedData_v4",
            json!([null, { "types": {} }]),
            "params[1].types.EIP712Domain: expected the fields of the domain",
        ),
        ("sol_signMessage", as_text, "message: expected something that is not a transaction"),
        ("sol_signTransaction", json!(["AAAA"]), "params[0]: expected a serialized Solana transaction, legacy or v0"),
        ("sol_signTransaction", of_others, "params[0].message: expected this wallet's account among its signers"),
        ("raw_sign", json!(["07"]), "params[0]: expected a digest of 32 bytes"),
        ("raw_sign", json!([{ "curve": "P256", "param": "07" }]), "params[0].curve: expected SECP256K1 or ED25519"),
    ] {
        assert_eq!(refused(&wallet, method, params).await, says, "{method}");
    }
    let unknown = wallet.request("eth_sendTransaction", &json!([])).await.unwrap_err();
    assert!(matches!(unknown, SigningError::UnknownMethod), "{unknown}");
}

/// The server is shown what is signed, so that a policy can look into it.
#[tokio::test]
async fn a_policy_sees_what_is_signed() {
    let server = TestServer::new().await;
    let api = server.by_code(&MemoryStorage::new()).await.api;
    let wallet = api.wallet();
    wallet.create().await.unwrap();
    let receiver = "0x3535353535353535353535353535353535353535";
    let http = keystead_server::http::outgoing().unwrap();
    let credentials = json!({ "username": "jorah", "password": "dragonstone" });
    let tokens = http.post(format!("{}/rest/v2/auth/login", server.base)).json(&credentials).send().await.unwrap();
    let tokens: Value = tokens.json().await.unwrap();
    let policy =
        http.put(format!("{}/rest/v2/wallet/policy", server.base)).bearer_auth(tokens["token"].as_str().unwrap());
    let policy = policy.json(&json!({ "allow": [receiver], "maxValue": "10" })).send().await.unwrap();
    assert_eq!(policy.status(), 200);

    let legacy = json!({ "chainId": 5, "nonce": 0, "gas": 21000, "gasPrice": 7, "to": receiver, "value": 10 });
    let mut dynamic = json!({
        "chainId": 5, "nonce": 0, "gas": 21000, "maxFeePerGas": 7, "maxPriorityFeePerGas": 1, "to": receiver,
        "accessList": [{ "address": receiver, "storageKeys": [format!("0x{}", "01".repeat(32))] }],
    });
    for transaction in [&legacy, &dynamic] {
        wallet.request("eth_signTransaction", &json!([transaction])).await.unwrap();
    }
    let data = json!({ "types": { "EIP712Domain": [] }, "primaryType": "EIP712Domain", "domain": {} });
    let signed = wallet.request("eth_signTypedData_v4", &json!([null, data])).await;
    // a domain alone is no envelope that the policy knows
    assert!(matches!(signed, Err(SigningError::Wallet(WalletError::Denied("POLICY_DENIED")))), "{signed:?}");
    let vote = json!({
        "types": { "EIP712Domain": [], "Vote": [] }, "primaryType": "Vote", "domain": {}, "message": {},
    });
    wallet.request("eth_signTypedData_v4", &json!([null, vote])).await.unwrap();

    dynamic["value"] = json!(11);
    let denied = wallet.request("eth_signTransaction", &json!([dynamic])).await;
    assert!(matches!(denied, Err(SigningError::Wallet(WalletError::Denied("POLICY_DENIED")))), "{denied:?}");
    let mut elsewhere = legacy;
    elsewhere["to"] = json!("0x3636363636363636363636363636363636363636");
    let denied = wallet.request("eth_signTransaction", &json!([elsewhere])).await;
    assert!(matches!(denied, Err(SigningError::Wallet(WalletError::Denied("ADDRESS_BLOCKED")))), "{denied:?}");
}
