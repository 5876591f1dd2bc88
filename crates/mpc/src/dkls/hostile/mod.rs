//! A peer that cheats: the findings of `spec/wallet.md` section 4, as tests.

mod making;
mod signing;

use std::sync::LazyLock;

use super::Dkls23;
use crate::backend::{Backend, Fresh, Stage};
use crate::error::MpcError;
use crate::half::SigningHalf;
use crate::ids::{Curve, Party, WalletId};
use crate::session::testing::run;
use crate::session::turn::Payload;

fn stage(session: u8, party: Party) -> Stage {
    Stage { session: [session; 32], party, wallet: WalletId([0; 16]), generation: 1 }
}

fn stages(session: u8) -> [Stage; 2] {
    [Party::Client, Party::Server].map(|party| stage(session, party))
}

fn keygen_with(tamper: impl FnMut(usize, &mut Vec<Payload>)) -> Result<(Fresh, Fresh), MpcError> {
    let [client, server] = stages(1);
    run(Dkls23.keygen(&client)?, Dkls23.keygen(&server)?, tamper)
}

/// One pair for all tests: (client, server).
static PAIR: LazyLock<(SigningHalf, SigningHalf)> = LazyLock::new(|| pair(2));

fn pair(session: u8) -> (SigningHalf, SigningHalf) {
    let [client, server] = stages(session);
    let (own, theirs) = run(Dkls23.keygen(&client).unwrap(), Dkls23.keygen(&server).unwrap(), |_, _| ()).unwrap();
    let half = |stage, fresh| SigningHalf::of(stage, Curve::Secp256k1, fresh).unwrap();
    (half(&client, own), half(&server, theirs))
}

/// What the attacker saw of an earlier message.
fn copy<M: serde::de::DeserializeOwned>(messages: &[Payload]) -> M {
    crate::wire::decode(&messages[0]).unwrap()
}
