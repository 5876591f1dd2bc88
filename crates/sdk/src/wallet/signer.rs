//! The socket that signatures go over. It stays open after one, for the next: that takes one round trip on Ed25519 and
//! two on secp256k1, and the halves are not read again.

use futures_util::lock::Mutex;
use keystead_model::wallet::{Generation, PairIds};
use keystead_mpc::{Curve, Party, SessionParams, SignRequest, Signature, SigningHalf, sign};
use serde_json::Value;

use super::WalletError;
use super::device::Device;
use super::link::{Link, unreadable};
use super::session::{ATTEMPTS, nonce, wait};
use crate::api::Core;
use crate::error::RequestError;

/// How long a socket is used again, in milliseconds. The server closes it after a minute.
const FRESH_MS: i64 = 45_000;

/// The socket that is open, if one is. Whoever has it signs.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<Signer>>);

impl Kept {
    /// Closes it: the wallet is needed for something else, or is gone.
    pub(super) async fn close(&self) {
        if let Some(signer) = self.0.lock().await.take() {
            signer.link.close().await;
        }
    }

    /// Signs, over the socket that is open or a new one.
    pub(super) async fn sign(
        &self,
        core: &Core,
        device: &Device,
        pairs: PairIds,
        (request, mut wish): (&SignRequest, Value),
    ) -> Result<Signature, WalletError> {
        let mut slot = self.0.lock().await;
        let mut attempt = 0;
        loop {
            let (mut signer, is_new) = match slot.take() {
                Some(signer) if signer.fits(core, pairs) => (signer, false),
                other => {
                    if let Some(signer) = other {
                        signer.link.close().await;
                    }
                    (Signer::open(core, pairs).await?, true)
                }
            };
            match signer.sign(core, device, request, &mut wish).await {
                Ok(signature) => {
                    signer.used = core.parts.time.now();
                    *slot = Some(signer);
                    return Ok(signature);
                }
                Err(error) => {
                    let closed = !is_new && signer.was_closed(&error);
                    signer.link.close().await;
                    match error {
                        _ if closed => {}
                        WalletError::Busy if attempt + 1 < ATTEMPTS => {
                            core.parts.time.sleep(wait(attempt)).await;
                            attempt += 1;
                        }
                        error => return Err(error),
                    }
                }
            }
        }
    }
}

/// An open socket that signs with these pairs.
struct Signer {
    link: Link,
    pairs: PairIds,
    secp256k1: Option<SigningHalf>,
    ed25519: Option<SigningHalf>,
    used: i64,
}

impl Signer {
    async fn open(core: &Core, pairs: PairIds) -> Result<Self, WalletError> {
        let link = Link::open(core, "sign").await?;
        Ok(Self { link, pairs, secp256k1: None, ed25519: None, used: core.parts.time.now() })
    }

    fn fits(&self, core: &Core, pairs: PairIds) -> bool {
        let age = core.parts.time.now().saturating_sub(self.used);
        self.pairs == pairs && (0..FRESH_MS).contains(&age)
    }

    /// Whether the server had closed the socket, or the session of the user ended, before it heard the wish.
    fn was_closed(&self, error: &WalletError) -> bool {
        match error {
            WalletError::Request(RequestError::Unreachable(_)) => !self.link.heard(),
            WalletError::Refused(code) => code == "UNAUTHORIZED",
            _ => false,
        }
    }

    async fn sign(
        &mut self,
        core: &Core,
        device: &Device,
        request: &SignRequest,
        wish: &mut Value,
    ) -> Result<Signature, WalletError> {
        let (slot, pair) = match request.curve() {
            Curve::Secp256k1 => (&mut self.secp256k1, self.pairs.secp256k1),
            Curve::Ed25519 => (&mut self.ed25519, self.pairs.ed25519),
        };
        let half = match slot {
            Some(half) => half,
            None => slot.insert(device.half(core, pair).await?),
        };
        let client_nonce = nonce(core, wish);
        // the server looks whether it may be signed while we compute what we say first
        self.link.wish(wish).await?;
        let generation = half.commitments().generation();
        let params = SessionParams {
            party: Party::Client,
            wallet: half.commitments().wallet(),
            target_generation: generation,
            client_nonce,
            server_nonce: self.link.nonce(),
        };
        let session = sign(&params, half, request)?;
        let signed = self.link.converse(session).await?;
        self.link.done(Generation(generation)).await?;
        signed.signature.ok_or_else(unreadable)
    }
}
