//! One operation with the server, over a socket of its own.

use std::time::Duration;

use keystead_model::wallet::Generation;
use keystead_mpc::{MpcError, Party, Session, SessionParams, WalletId};
use serde_json::{Value, json};

use super::WalletError;
use super::link::{Link, Told, unreadable};
use crate::api::Core;

/// How often a wallet that is busy is tried.
pub(super) const ATTEMPTS: u32 = 6;
/// The wait before the second attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long to wait after so many attempts.
pub(super) fn wait(attempts: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempts)
}

/// What came of a session, for which generation of which wallet.
pub(super) struct Outcome<T> {
    pub(super) value: T,
    pub(super) wallet: String,
    pub(super) generation: Generation,
}

/// Runs `operation`, as often as the wallet is busy with another.
pub(super) async fn run<T: Send + 'static>(
    core: &Core,
    operation: &str,
    wish: &Value,
    make: impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    // the wallet is needed for something else
    core.signer.close().await;
    let mut attempt = 0;
    loop {
        match once(core, operation, wish.clone(), &make).await {
            Err(WalletError::Busy) if attempt + 1 < ATTEMPTS => {
                core.parts.time.sleep(wait(attempt)).await;
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn once<T: Send + 'static>(
    core: &Core,
    operation: &str,
    mut wish: Value,
    make: &impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    let client_nonce = nonce(core, &mut wish);
    let mut link = Link::open(core, operation).await?;
    let done = speak(&mut link, &wish, client_nonce, make).await;
    link.close().await;
    done
}

/// A nonce of ours for one session, which the wish tells.
pub(super) fn nonce(core: &Core, wish: &mut Value) -> [u8; 32] {
    let mut nonce = [0; 32];
    core.parts.random.fill(&mut nonce);
    if let Some(object) = wish.as_object_mut() {
        object.insert("clientNonce".to_owned(), json!(hex::encode(nonce)));
    }
    nonce
}

async fn speak<T: Send + 'static>(
    link: &mut Link,
    wish: &Value,
    client_nonce: [u8; 32],
    make: &impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
) -> Result<Outcome<T>, WalletError> {
    link.wish(wish).await?;
    let Told::Begun { wallet, generation } = link.text().await? else { return Err(unreadable()) };
    let session = make(&SessionParams {
        party: Party::Client,
        wallet: wallet_id(&wallet)?,
        target_generation: generation.0,
        client_nonce,
        server_nonce: link.nonce(),
    })?;
    let value = link.converse(session).await?;
    link.done(generation).await?;
    Ok(Outcome { value, wallet, generation })
}

/// The id of a wallet, of 32 hexadecimal digits.
pub(super) fn wallet_id(text: &str) -> Result<WalletId, WalletError> {
    let mut id = [0; 16];
    hex::decode_to_slice(text, &mut id).map_err(|_| unreadable())?;
    Ok(WalletId(id))
}
