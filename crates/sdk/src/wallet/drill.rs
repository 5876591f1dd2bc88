//! The restore drill: whether the backup would bring the wallet back, tried without using it up.
//!
//! The text is opened; then this side and the custodian each prove that it has its half of the pairs in force, for a
//! challenge that the other just made. Nothing is revealed, nothing is stored, no pair is replaced.

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use keystead_model::wallet::{Generation, PairIds, PerCurve};
use keystead_mpc::{Party, prove_share, verify_share};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::device::backup_pairs;
use super::engine::keys;
use super::methods::{self, MethodName};
use super::{BackupMethod, Wallet, WalletError};
use crate::call::Call;
use crate::error::{RequestError, WriteError};

/// A drill that went well.
///
/// What it proves: at that time, whoever asked could open the backup of this generation and had the client's halves, and
/// the custodian's halves were at hand. What it does not: that any of it will be there tomorrow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrillReport {
    /// When, in milliseconds since 1970, by the server's clock.
    pub at: i64,
    /// The generation of the backup.
    pub generation: u32,
    /// Its method.
    pub method: MethodName,
    /// What the server signed: JSON, with the proofs of the custodian.
    pub statement: String,
    /// The server's Ed25519 signature of `keystead wallet drill`, a zero byte and the statement, hexadecimal.
    pub signature: String,
    /// The server's key, hexadecimal. It stays the same: keep it, and compare it with that of the next drill.
    pub server_key: String,
}

#[derive(Deserialize)]
struct Challenge {
    challenge: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    statement: String,
    signature: String,
    server_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    at: i64,
    wallet: String,
    generation: Generation,
    method: MethodName,
    pairs: PairIds,
    challenge: String,
    client_nonce: String,
    proofs: PerCurve<String>,
}

impl Wallet {
    /// Tries a backup without using it up.
    ///
    /// # Errors
    /// Why the backup does not bring the wallet back: [`WalletError::WrongPassword`], [`WalletError::Method`],
    /// [`WalletError::DamagedBackup`], [`WalletError::BackupRetired`], [`WalletError::CustodianFailed`],
    /// [`WalletError::DrillFailed`]. Others: it is not known; see [`WalletError::retryable`].
    pub async fn drill(&self, text: &str, method: &BackupMethod) -> Result<DrillReport, WalletError> {
        let core = &*self.core;
        let halves = methods::open(&self.core, method, text).await?;
        let ours = PerCurve { secp256k1: &halves.secp256k1, ed25519: &halves.ed25519 };
        let device = self.device().await?;
        if let Some(signing) = device.state.active() {
            let signing = device.halves(core, signing.pairs).await?;
            let backup = (ours.secp256k1.commitments().public_key(), ours.ed25519.commitments().public_key());
            if keys(&signing) != backup {
                return Err(WalletError::DrillFailed("the backup is of another wallet than this device's"));
            }
        }
        let call = Call::post(&["wallet", "drill", "challenge"]).repeatable();
        let Challenge { challenge } = core.caller.write(call).await?;
        let challenge_bytes = hex::decode(&challenge).map_err(|_| RequestError::Unreadable)?;
        let mut nonce = [0; 32];
        core.parts.random.fill(&mut nonce);
        let hash = Sha256::new().chain_update(b"keystead wallet drill 1").chain_update(nonce);
        let bound: [u8; 32] = hash.chain_update(challenge_bytes).finalize().into();

        let pairs = backup_pairs(&halves);
        let [secp256k1, ed25519] = [ours.secp256k1, ours.ed25519].map(|half| prove_share(half, &bound));
        let body = json!({
            "challenge": challenge,
            "clientNonce": hex::encode(nonce),
            "pairs": pairs,
            "proofs": { "SECP256K1": hex::encode(secp256k1?), "ED25519": hex::encode(ed25519?) },
        });
        let answer = core.caller.write(Call::post(&["wallet", "drill"]).json(&body).repeatable()).await;
        let answer: Answer = answer.map_err(refused)?;

        let said: Statement = serde_json::from_str(&answer.statement).map_err(|_| RequestError::Unreadable)?;
        let commitments = ours.secp256k1.commitments();
        let same = said.wallet == hex::encode(commitments.wallet().0)
            && said.generation.0 == commitments.generation()
            && (said.pairs, said.challenge, said.client_nonce) == (pairs, challenge, hex::encode(nonce))
            && said.method == method.name();
        if !same {
            return Err(WalletError::DrillFailed("the server speaks of another backup or another challenge"));
        }
        for (curve, proof) in said.proofs.iter() {
            let proof = hex::decode(proof).unwrap_or_default();
            if !verify_share(ours.get(curve).commitments(), Party::Server, &bound, &proof) {
                return Err(WalletError::DrillFailed("the custodian's proof is wrong: it does not have its half"));
            }
        }
        if !is_signed(&answer) {
            return Err(WalletError::DrillFailed("the server's signature is wrong"));
        }
        Ok(DrillReport {
            at: said.at,
            generation: said.generation.0,
            method: said.method,
            statement: answer.statement,
            signature: answer.signature,
            server_key: answer.server_key,
        })
    }
}

/// Why a server refuses a drill.
fn refused(error: WriteError) -> WalletError {
    let field = error.refusal().and_then(|refusal| refusal.field().map(str::to_owned));
    match field.as_deref() {
        Some("custodian") => WalletError::CustodianFailed,
        Some("pairs") => WalletError::BackupRetired,
        Some("proofs") => WalletError::DrillFailed("the server has other halves on record than the backup's"),
        _ => error.into(),
    }
}

fn is_signed(answer: &Answer) -> bool {
    let read = || {
        let key = <[u8; 32]>::try_from(hex::decode(&answer.server_key).ok()?).ok()?;
        let signature = Signature::from_slice(&hex::decode(&answer.signature).ok()?).ok()?;
        let signed = [b"keystead wallet drill\0".as_slice(), answer.statement.as_bytes()].concat();
        VerifyingKey::from_bytes(&key).ok()?.verify(&signed, &signature).ok()
    };
    read().is_some()
}
