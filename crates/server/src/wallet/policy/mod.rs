//! What a wallet may sign, beside what its owner wishes: rules of the group and of the single wallet, and somebody who
//! is asked for each signature (portal 3.2). Decided before the server says anything of which a signature could be made.
//!
//! The rules look into transactions of EVM chains and into transfers on Solana. For the former, the client sends what
//! hashes to the digest; without it, or with something that cannot be read, rules that look inside refuse. Typed data and
//! messages (EIP-191) are no transactions, and pass.

mod approval;
mod payload;
mod rules;
mod settings;
mod solana;

use keystead_mpc::{Curve, SignRequest};

use self::payload::Payload;
use self::rules::Asked;
pub(super) use self::settings::{Policies, get, put};
use super::caller::Caller;
use super::failure::Failure;
use super::wish::Wish;
use crate::app::App;

impl Policies {
    /// Whether signatures are to be counted.
    pub(super) fn counts(&self) -> bool {
        self.rules().any(|rules| rules.signatures_per_hour.is_some())
    }

    /// Whether this may be signed, after so many signatures within the last hour.
    pub(super) async fn check(
        &self,
        app: &App,
        caller: &Caller,
        wish: &Wish,
        request: &SignRequest,
        lately: usize,
    ) -> Result<(), Failure> {
        let payload = match wish.payload()? {
            Some(bytes) if request.curve() == Curve::Secp256k1 => {
                if bytes.len() > payload::LONGEST || payload::digest(&bytes) != *request.content() {
                    return Err(Failure::field("payload", "what hashes to the digest, at most 65536 bytes"));
                }
                Payload::read(&bytes)
            }
            Some(_) => return Err(Failure::field("payload", "nothing: on Ed25519 the message itself is signed")),
            None if request.curve() == Curve::Ed25519 => solana::Message::read(request.content()).map(Payload::Solana),
            None => None,
        };
        let asked = payload.as_ref().map_or(Asked::Blind, Asked::Known);
        for rules in self.rules() {
            rules.check(&asked, lately).map_err(|denied| Failure::denied(denied.code(), denied.to_string()))?;
        }
        approval::ask(app, caller, self, payload.as_ref(), request).await
    }
}
