//! The restore drill: client and custodian show that each has its half of the backup in force, without showing it and
//! without using it.
//!
//! 1. The client asks for a challenge, which carries its time and a digest that only we can make: nothing is kept.
//! 2. It opens its backup, and proves that it has its halves ([`keystead_mpc::prove_share`]) for this challenge and a
//!    nonce of its own. We compare with what is public of the pairs in force, fetch the custodian's halves, and prove
//!    the same of them.
//! 3. The answer is a statement, dated and signed with the server's Ed25519 key. It proves that this server saw valid
//!    proofs of both sides for these pairs at that time; not that any of it will be there tomorrow.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::wallet::{PairIds, PairStatus, PerCurve, choose};
use keystead_mpc::{BackupHalf, Party, prove_share, verify_share};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::caller::Caller;
use super::change::Whose;
use super::custodian::halves_of;
use super::failure::Failure;
use super::halves::damaged;
use super::record::load;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, json_body};
use crate::keys::Purpose;

/// How long a challenge may be answered, in milliseconds.
const LIVES_MS: i64 = 120_000;

/// Of a challenge: the time, random bytes, and our digest of both.
const CHALLENGE: usize = 8 + 16 + 32;

pub(super) async fn challenge(State(app): State<Arc<App>>, caller: Caller) -> ApiResult<Response> {
    let (now, random) = (app.now().to_be_bytes(), app.rng.bytes::<16>());
    let digest = digest_of(&app, &caller, &now, &random);
    let challenge = [now.as_slice(), &random, &digest].concat();
    json_body(&json!({ "challenge": hex::encode(challenge), "expires": app.now().saturating_add(LIVES_MS) }))
}

fn digest_of(app: &App, Caller { group, owner, .. }: &Caller, time: &[u8], random: &[u8]) -> Vec<u8> {
    app.keys.digest(Purpose::Drill, &[group.as_bytes(), owner.as_bytes(), time, random])
}

/// What a client sends.
struct Answer {
    challenge: Vec<u8>,
    nonce: [u8; 32],
    pairs: PairIds,
    proofs: PerCurve<Vec<u8>>,
}

impl Answer {
    fn read(body: &Value) -> Result<Self, FieldError> {
        let bytes = |name: &str, value: &Value, length: usize| {
            let text = value.as_str().filter(|text| text.len() <= 2 * length);
            let bytes = text.and_then(|text| hex::decode(text).ok());
            bytes.ok_or_else(|| FieldError::new(name, format!("at most {length} bytes in hexadecimal digits")))
        };
        let field = |name| body.get(name).unwrap_or(&Value::Null);
        let nonce = bytes("clientNonce", field("clientNonce"), 32)?;
        let proofs = |curve: &str| bytes("proofs", field("proofs").get(curve).unwrap_or(&Value::Null), 65);
        Ok(Self {
            challenge: bytes("challenge", field("challenge"), CHALLENGE)?,
            nonce: nonce.try_into().map_err(|_| FieldError::new("clientNonce", "32 bytes in hexadecimal digits"))?,
            pairs: serde_json::from_value(field("pairs").clone())
                .map_err(|_| FieldError::new("pairs", "an id for SECP256K1 and for ED25519"))?,
            proofs: PerCurve { secp256k1: proofs("SECP256K1")?, ed25519: proofs("ED25519")? },
        })
    }

    /// Whether the challenge is ours, for this caller, and of now.
    fn check_challenge(&self, app: &App, caller: &Caller) -> Result<(), FieldError> {
        let wrong = || FieldError::new("challenge", "one that was asked for in the last two minutes");
        let (time, rest) = self.challenge.split_first_chunk::<8>().ok_or_else(wrong)?;
        let (random, digest) = rest.split_first_chunk::<16>().ok_or_else(wrong)?;
        let (Caller { group, owner, .. }, age) = (caller, app.now().saturating_sub(i64::from_be_bytes(*time)));
        let parts: [&[u8]; 4] = [group.as_bytes(), owner.as_bytes(), time, random];
        match app.keys.verify(Purpose::Drill, &parts, digest) && (0..=LIVES_MS).contains(&age) {
            true => Ok(()),
            false => Err(wrong()),
        }
    }

    /// What both sides prove their halves for.
    fn bound(&self) -> [u8; 32] {
        let hash = Sha256::new().chain_update(b"keystead wallet drill 1").chain_update(self.nonce);
        hash.chain_update(&self.challenge).finalize().into()
    }
}

pub(super) async fn drill(State(app): State<Arc<App>>, caller: Caller, Json(body): Json) -> ApiResult<Response> {
    let answer = Answer::read(&body)?;
    answer.check_challenge(&app, &caller)?;
    let Caller { group, owner, .. } = &caller;
    let (_, record) = load(&mut *app.store.read().await?, group, owner).await?.ok_or_else(Failure::no_wallet)?;
    let set = choose::backup_held(&record.state, answer.pairs).map_err(Failure::from)?;
    if set.status != PairStatus::Active {
        return Err(conflict("pairs", "the backup is not in force yet: say that it is stored"));
    }
    let bound = answer.bound();
    for (curve, pair) in set.pairs.iter() {
        let public = record.public(*pair).ok_or_else(damaged)?;
        if !verify_share(&public, Party::Client, &bound, answer.proofs.get(curve)) {
            return Err(FieldError::new("proofs", "a proof of the client's half of each pair").into());
        }
    }
    let halves = halves_of(&app, Whose { group, owner }, &record, set).await;
    let halves = halves.map_err(|_| conflict("custodian", "the custodian does not show its half"))?;
    let prove = |half: &BackupHalf| prove_share(half, &bound).map(hex::encode).map_err(Failure::from);
    let proofs = json!({ "SECP256K1": prove(&halves.secp256k1)?, "ED25519": prove(&halves.ed25519)? });
    // a text, so that what is signed is what is read
    let statement = json!({
        "drill": 1,
        "at": app.now(),
        "wallet": record.wallet,
        "generation": set.generation,
        "method": set.method,
        "pairs": set.pairs,
        "challenge": hex::encode(&answer.challenge),
        "clientNonce": hex::encode(answer.nonce),
        "proofs": proofs,
    })
    .to_string();
    let signature = app.keys.sign("wallet drill", statement.as_bytes());
    json_body(&json!({
        "statement": statement,
        "signature": hex::encode(signature),
        "serverKey": hex::encode(app.keys.public_key()),
    }))
}

fn conflict(field: &str, message: &str) -> ApiError {
    let mut error = ApiError::new(ErrorCode::RevisionConflict, message);
    error.field = Some(field.to_owned());
    error
}
