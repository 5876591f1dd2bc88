//! Signing, with the pairs that fit those of the server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::wallet::PairIds;
use keystead_mpc::{Curve, SignRequest, Signature};
use serde_json::json;

use super::device::Device;
use super::{Wallet, WalletError};

impl Wallet {
    pub(super) async fn sign(&self, request: &SignRequest, payload: Option<&[u8]>) -> Result<Signature, WalletError> {
        let mut device = self.device().await?;
        let pairs = device.state.active().map(|half| half.pairs).ok_or(WalletError::NotOnDevice);
        let refused = match pairs {
            Ok(pairs) => self.sign_with(&mut device, pairs, request, payload).await,
            Err(error) => Err(error),
        };
        match refused {
            // what waited may be in force: the answer that said so was lost
            Err(error @ (WalletError::ShareMismatch(_) | WalletError::NotOnDevice)) => {
                let view = self.status().await?.view;
                match device.state.fitting(&view).map(|half| half.pairs) {
                    Some(pairs) => self.sign_with(&mut device, pairs, request, payload).await,
                    None => Err(error),
                }
            }
            signed => signed,
        }
    }

    async fn sign_with(
        &self,
        device: &mut Device,
        pairs: PairIds,
        request: &SignRequest,
        payload: Option<&[u8]>,
    ) -> Result<Signature, WalletError> {
        let core = &*self.core;
        device.bans().check()?;
        let curve = match request.curve() {
            Curve::Secp256k1 => "SECP256K1",
            Curve::Ed25519 => "ED25519",
        };
        let payload = payload.map(|payload| STANDARD.encode(payload));
        let content = STANDARD.encode(request.content());
        let wish = json!({ "curve": curve, "content": content, "payload": payload, "pairs": pairs });
        match core.signer.sign(core, device, pairs, (request, wish)).await {
            Err(WalletError::Protocol(error)) => {
                // stored before anything else happens (`spec/wallet.md` 5.4)
                let mut bans = device.bans();
                if bans.record(&error) {
                    device.set_bans(bans);
                    device.save(core).await?;
                }
                Err(WalletError::Protocol(error))
            }
            signed => signed,
        }
    }
}
