//! Two-party wallets: the server's part of making keys, signing, backing up and recovering (`spec/wallet.md`).
//!
//! An owner has one wallet, with a key on each curve. The server has one half of each pair, sealed in the store; the
//! device has the other, and whoever has one of them has nothing. The protocols are those of `keystead-mpc`, and which
//! pairs count is said by [`keystead_model::wallet`]. Here is what these leave to their callers: who may ([`caller`]),
//! one session at a time and one transaction for each change ([`record`], [`change`]), what a change asks for
//! ([`effects`], [`halves`], [`work`], [`custodian`]), the messages ([`socket`], [`link`], [`running`], [`signing`], [`operations`]), what may be signed
//! ([`policy`]), what the client says of its own half ([`confirm`]), the restore drill ([`drill`]), and the way out
//! ([`eject`]).
//!
//! The half that stands against the client's backup is with the custodian, see [`crate::custody`]. It signs with
//! nothing that the server has.

pub(crate) mod access;
pub mod caller;
mod change;
mod channel_key;
mod confirm;
mod custodian;
mod drill;
mod effects;
mod eject;
mod failure;
pub(crate) mod halves;
mod holders;
mod link;
mod operations;
#[cfg(feature = "testing")]
mod pause;
mod policy;
mod record;
pub(crate) mod release;
mod running;
mod signing;
mod socket;
mod state;
mod wish;
pub(crate) mod work;

pub use holders::Holders;

use axum::routing::{get, post, put};
use http::Method;

use crate::http::{Access, Route, Shape};

/// The endpoints of wallets.
pub fn routes() -> Vec<Route> {
    let wallet = || Shape::Json("{wallet, created, standing, view, backups, ejectedAt?, publicKeys?, addresses?}");
    let policy = || Shape::Json("{allow, block, maxValue, maxLamports, signaturesPerHour, blind, approval?: {url}}");
    vec![
        Route::new(
            Method::GET,
            "/ws/v2/wallet/{operation}",
            "Create, sign with, back up, recover or eject a wallet (web socket)",
            get(socket::upgrade),
        ),
        Route::new(
            Method::GET,
            "/rest/v2/wallet/channel-key",
            "The server's key of the channels that wallets travel in, for clients to pin",
            get(channel_key::get),
        )
        .access(Access::Public)
        .gives(Shape::Json("{key}")),
        Route::new(Method::GET, "/rest/v2/wallet", "The wallet of the caller", get(state::get)).gives(wallet()),
        Route::new(
            Method::POST,
            "/rest/v2/wallet/confirm",
            "Say whether the client's part of an operation is stored",
            post(confirm::confirm),
        )
        .takes(Shape::Json("{operation, generation, what: signing or key or backup, pairs, stored}"))
        .gives(wallet()),
        Route::new(
            Method::POST,
            "/rest/v2/wallet/drill/challenge",
            "A challenge for a restore drill",
            post(drill::challenge),
        )
        .gives(Shape::Json("{challenge, expires}")),
        Route::new(
            Method::POST,
            "/rest/v2/wallet/drill",
            "Show that both halves of the backup in force are there, without using them",
            post(drill::drill),
        )
        .takes(Shape::Json("{challenge, clientNonce, pairs, proofs}"))
        .gives(Shape::Json("{statement, signature, serverKey}")),
        Route::new(Method::POST, "/rest/v2/wallet/abandon", "Give an operation up", post(confirm::abandon))
            .takes(Shape::Json("{operation, generation}"))
            .gives(wallet()),
        Route::new(
            Method::GET,
            "/rest/v2/wallet/policy",
            "What wallets of the group, or that of one owner, may sign",
            get(policy::get),
        )
        .query(&["owner"])
        .gives(policy()),
        Route::new(
            Method::PUT,
            "/rest/v2/wallet/policy",
            "Set what wallets of the group, or that of one owner, may sign",
            put(policy::put),
        )
        .takes(Shape::Json(
            "{owner?, allow?, block?, maxValue?, maxLamports?, signaturesPerHour?, blind?, approval?: {url, secret}}",
        ))
        .gives(policy()),
        Route::new(
            Method::POST,
            "/rest/v2/wallet/eject/window",
            "Let an owner take the keys of the wallet out for a while, as an administrator",
            post(eject::window),
        )
        .takes(Shape::Json("{owner, ejectableUntil?}"))
        .gives(Shape::Json("{ejectableUntil}")),
        Route::new(Method::POST, "/rest/v2/wallet/eject/done", "Say that the keys are out", post(eject::done))
            .takes(Shape::Json("{operation, generation}"))
            .gives(wallet()),
    ]
}
