//! `GET wallet`: what is public of the caller's wallet.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_mpc::Standing;
use keystead_mpc::address::{self, Network};
use serde_json::{Map, Value, json};

use super::lifecycle::Kind;
use super::record::{Pairs, Record, load, public_keys};
use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::http::json_body;

pub(super) async fn get(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let owner = session.require_data_owner()?;
    let mut tx = app.store.read().await?;
    let (_, record) = load(&mut *tx, session.group(), owner).await?.ok_or_else(|| ApiError::not_found("wallet"))?;
    json_body(&describe(&record))
}

/// The wallet as its owner sees it.
pub(super) fn describe(record: &Record) -> Value {
    let standing = match record.bans().standing() {
        Standing::Active => "active",
        Standing::Frozen => "frozen",
        Standing::Locked => "locked",
    };
    let lifecycle = &record.lifecycle;
    let pairs = |generation: u32, kind| record.pairs(generation, kind).map(of_pairs);
    let pending: Vec<Value> = lifecycle
        .pending()
        .iter()
        .map(|pending| {
            let generation = pending.generation;
            json!({
                "generation": generation,
                "origin": pending.origin,
                "signing": pairs(generation, Kind::Signing),
                "backup": pairs(generation, Kind::Backup),
            })
        })
        .collect();
    json!({
        "wallet": record.wallet,
        "created": record.created,
        "standing": standing,
        "signing": lifecycle.signing().and_then(|generation| pairs(generation, Kind::Signing)),
        "backup": lifecycle.backup().and_then(|generation| pairs(generation, Kind::Backup)),
        "pending": pending,
        "publicKeys": public_keys(record),
        "addresses": addresses(record),
    })
}

fn of_pairs(pairs: &Pairs) -> Value {
    json!({ "generation": pairs.generation, "secp256k1": pairs.secp256k1.id, "ed25519": pairs.ed25519.id })
}

/// Where others send to, once the wallet is in force.
fn addresses(record: &Record) -> Option<Value> {
    let keys = public_keys(record)?;
    let key = |curve: &str| keys.get(curve).and_then(|key| hex::decode(key).ok()).unwrap_or_default();
    let (secp256k1, ed25519) = (key("secp256k1"), key("ed25519"));
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
