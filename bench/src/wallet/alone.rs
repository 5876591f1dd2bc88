//! The protocols with both parties in one process, one after the other: what is left is arithmetic.

use std::time::Instant;

use anyhow::{Context as _, anyhow};
use keystead_mpc::{
    MpcError, NewWallet, Party, Session, SessionParams, SignRequest, SigningHalf, WalletBackup, WalletHalves, WalletId,
    back_up_wallet, create_wallet, recover_wallet, sign,
};

/// What an operation cost, every time; messages and octets of the last time.
#[derive(Debug, Default)]
pub(super) struct Operation {
    pub(super) milliseconds: Vec<f64>,
    pub(super) messages: f64,
    pub(super) up: f64,
    pub(super) down: f64,
}

/// What all operations cost.
#[derive(Debug, Default)]
pub(super) struct Cost {
    pub(super) create: Operation,
    pub(super) sign_secp256k1: Operation,
    pub(super) sign_ed25519: Operation,
    pub(super) back_up: Operation,
    pub(super) recover: Operation,
}

/// Both parties of a wallet.
#[derive(Default)]
pub(super) struct Parties {
    sessions: u8,
}

impl Parties {
    /// Every operation once, and so many signatures.
    pub(super) fn all(&mut self, signatures: usize, cost: &mut Cost) -> anyhow::Result<()> {
        let (client, server) = self.run(1, &mut cost.create, create_wallet)?;
        for number in 0..signatures {
            let digest = [u8::try_from(number % 250).unwrap_or_default(); 32];
            let (ours, theirs) = (signing(&client), signing(&server));
            let request = SignRequest::digest(digest);
            self.sign(&mut cost.sign_secp256k1, ours.secp256k1, theirs.secp256k1, &request)?;
            let request = SignRequest::message(digest.as_slice());
            self.sign(&mut cost.sign_ed25519, ours.ed25519, theirs.ed25519, &request)?;
        }
        let (ours, theirs): (WalletBackup, WalletBackup) = {
            let half = |party| match party {
                Party::Client => signing(&client),
                Party::Server => signing(&server),
            };
            self.run(2, &mut cost.back_up, |params| back_up_wallet(params, half(params.party)))?
        };
        let half = |party| match party {
            Party::Client => WalletHalves { secp256k1: &ours.secp256k1, ed25519: &ours.ed25519 },
            Party::Server => WalletHalves { secp256k1: &theirs.secp256k1, ed25519: &theirs.ed25519 },
        };
        self.run(3, &mut cost.recover, |params| recover_wallet(params, half(params.party)))?;
        Ok(())
    }

    fn sign(
        &mut self,
        operation: &mut Operation,
        ours: &SigningHalf,
        theirs: &SigningHalf,
        request: &SignRequest,
    ) -> anyhow::Result<()> {
        let (signed, _) = self.run(1, operation, |params| match params.party {
            Party::Client => sign(params, ours, request),
            Party::Server => sign(params, theirs, request),
        })?;
        signed.signature.context("a client without a signature")?;
        Ok(())
    }

    fn run<T: Send + 'static>(
        &mut self,
        generation: u32,
        operation: &mut Operation,
        make: impl Fn(&SessionParams) -> Result<Session<T>, MpcError>,
    ) -> anyhow::Result<(T, T)> {
        self.sessions = self.sessions.wrapping_add(1);
        let params = |party| SessionParams {
            party,
            wallet: WalletId([7; 16]),
            target_generation: generation,
            client_nonce: [self.sessions; 32],
            server_nonce: [255 - self.sessions; 32],
        };
        let (mut at_client, mut at_server) = (None, None);
        (operation.messages, operation.up, operation.down) = (0.0, 0.0, 0.0);
        let began = Instant::now();
        let (mut client, mut server) = (make(&params(Party::Client))?, make(&params(Party::Server))?);
        let mut message = client.start()?;
        while let Some(up) = message.take() {
            operation.messages += 1.0;
            operation.up += up.len() as f64;
            let step = server.handle(&up)?;
            at_server = step.outcome.or(at_server);
            if let Some(down) = step.message {
                operation.messages += 1.0;
                operation.down += down.len() as f64;
                let step = client.handle(&down)?;
                at_client = step.outcome.or(at_client);
                message = step.message;
            }
        }
        operation.milliseconds.push(began.elapsed().as_secs_f64() * 1e3);
        at_client.zip(at_server).ok_or_else(|| anyhow!("a protocol without an outcome"))
    }
}

fn signing(wallet: &NewWallet) -> WalletHalves<&SigningHalf> {
    WalletHalves { secp256k1: &wallet.secp256k1.signing, ed25519: &wallet.ed25519.signing }
}
