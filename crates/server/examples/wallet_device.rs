//! A device of a client of a custodian, for the interop suite: told what to do in one JSON object a line, it answers in
//! one. What it calls a text is the halves as they are, in base64: how a text is sealed is for real clients.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a peer of tests says what is wrong by failing"
)]

#[path = "../tests/it/portal/device.rs"]
mod device;

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::{BackupHalf, WalletHalves};
use serde_json::{Value, json};

use self::device::Device;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut devices: HashMap<String, Device> = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let told: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |key: &str| told[key].as_str().unwrap_or_default();
        if text("do") == "connect" {
            devices.insert(text("name").to_owned(), Device::new(text("base"), text("bearer")));
        }
        let device = devices.get_mut(text("name")).unwrap_or_else(|| panic!("there is no device {}", text("name")));
        let answer = match obey(device, &told).await {
            Ok(answer) => json!({ "ok": answer }),
            Err(code) => json!({ "error": code }),
        };
        let mut out = std::io::stdout();
        writeln!(out, "{answer}").unwrap();
        out.flush().unwrap();
    }
}

async fn obey(device: &mut Device, told: &Value) -> Result<Value, Value> {
    let text = |key: &str| told[key].as_str().unwrap_or_default();
    match text("do") {
        "connect" => Ok(Value::Null),
        "create" => {
            device.create().await?;
            Ok(json!({ "pairs": device.signing_pairs() }))
        }
        "backup" => {
            device.back_up(text("method")).await?;
            Ok(json!({ "pairs": device.backup_pairs(), "text": sealed(device) }))
        }
        "recover" => {
            device.learn().await;
            device.backup = Some(opened(text("text")));
            device.recover().await?;
            let (signing, backup) = (device.signing_pairs(), device.backup_pairs());
            Ok(json!({ "signing": signing, "pairs": backup, "text": sealed(device) }))
        }
        "sign" => Ok(json!(device.sign().await?)),
        other => panic!("what is {other}?"),
    }
}

fn sealed(device: &Device) -> String {
    let halves = device.backup.as_ref().unwrap();
    [&halves.secp256k1, &halves.ed25519].map(|half| STANDARD.encode(half.to_bytes())).join(".")
}

fn opened(text: &str) -> WalletHalves<BackupHalf> {
    let half = |text: &str| BackupHalf::from_bytes(&STANDARD.decode(text).unwrap()).unwrap();
    let (secp256k1, ed25519) = text.split_once('.').unwrap();
    WalletHalves { secp256k1: half(secp256k1), ed25519: half(ed25519) }
}
