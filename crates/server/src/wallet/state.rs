//! `GET wallet`: what is public of the caller's wallet, and how its operation stands.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::wallet::{BackupSet, PairStatus};
use keystead_mpc::address::{self, Network};
use serde_json::{Map, Value, json};

use super::caller::Caller;
use super::record::{Record, load};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::http::json_body;

pub(super) async fn get(State(app): State<Arc<App>>, caller: Caller) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let found = load(&mut *tx, &caller.group, &caller.owner).await?;
    let (_, record) = found.ok_or_else(|| ApiError::not_found("wallet"))?;
    json_body(&describe(&record))
}

/// The wallet as its owner sees it.
pub(super) fn describe(record: &Record) -> Value {
    let state = &record.state;
    let standing = match state.frozen() {
        None => "active",
        Some(_) if state.needs_review() => "locked",
        Some(_) => "frozen",
    };
    let live = state.backup_sets().iter().filter(|set| set.status != PairStatus::Retired);
    json!({
        "wallet": record.wallet,
        "created": record.created,
        "standing": standing,
        "view": state.view(),
        "backups": live.map(of_backup).collect::<Vec<_>>(),
        "ejectedAt": state.ejected_at(),
        "publicKeys": public_keys(record).map(|keys| {
            keys.into_iter().map(|(curve, key)| (curve, hex::encode(key))).collect::<BTreeMap<_, _>>()
        }),
        "addresses": addresses(record),
    })
}

fn of_backup(set: &BackupSet) -> Value {
    json!({ "generation": set.generation, "method": set.method, "status": set.status, "pairs": set.pairs })
}

/// The public keys by curve, once the wallet is in force.
fn public_keys(record: &Record) -> Option<BTreeMap<&'static str, Vec<u8>>> {
    let pairs = record.state.active_signing()?.pairs;
    let key = |pair| Some(record.public(pair)?.public_key().to_vec());
    Some(BTreeMap::from([("secp256k1", key(pairs.secp256k1)?), ("ed25519", key(pairs.ed25519)?)]))
}

/// Where others send to, once the wallet is in force.
fn addresses(record: &Record) -> Option<Value> {
    let mut keys = public_keys(record)?;
    let (secp256k1, ed25519) = (keys.remove("secp256k1")?, keys.remove("ed25519")?);
    let all = [
        ("evm", address::evm(&secp256k1)),
        ("bitcoin", address::bitcoin(&secp256k1, Network::Main)),
        ("bitcoinTestnet", address::bitcoin(&secp256k1, Network::Test)),
        ("tron", address::tron(&secp256k1)),
        ("solana", address::solana(&ed25519)),
        ("stellar", address::stellar(&ed25519)),
    ];
    let all = all.into_iter().filter_map(|(name, address)| Some((name.to_owned(), Value::from(address.ok()?))));
    Some(Value::Object(all.collect::<Map<_, _>>()))
}
